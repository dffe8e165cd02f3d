-- Notifications, as they were before there were retries. A status is kept by the statements; no CHECK ties it.

CREATE TABLE IF NOT EXISTS notification_events (
    id TEXT NOT NULL PRIMARY KEY,
    type TEXT NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    message TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending',
    created_at BIGINT NOT NULL,
    sent_at BIGINT
);

CREATE INDEX IF NOT EXISTS idx_notification_events_pending ON notification_events (created_at, id)
    WHERE status = 'pending';
