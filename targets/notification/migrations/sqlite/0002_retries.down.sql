-- Back to the table without retries. What is dead stays dead; what is being sent waits again, since the release
-- before this one knows no claims. A table that release does not know keeps the state of the retries until the way up.

DROP TABLE IF EXISTS notification_retries;

CREATE TABLE notification_retries (
    id TEXT NOT NULL PRIMARY KEY,
    retry_count BIGINT NOT NULL,
    next_retry_at BIGINT,
    last_error TEXT,
    failed_at BIGINT,
    attempts BIGINT NOT NULL
);

INSERT INTO notification_retries (id, retry_count, next_retry_at, last_error, failed_at, attempts)
SELECT id, retry_count, next_retry_at, last_error, failed_at, attempts
FROM notification_events
WHERE attempts > 0;

DROP TABLE IF EXISTS notification_events_next;

CREATE TABLE notification_events_next (
    id TEXT NOT NULL PRIMARY KEY,
    type TEXT NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    message TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending',
    created_at BIGINT NOT NULL,
    sent_at BIGINT
);

INSERT INTO notification_events_next (id, type, channel, recipient, message, status, created_at,
    sent_at)
SELECT id, type, channel, recipient, message,
    CASE WHEN status = 'sending' THEN 'pending' ELSE status END, created_at, sent_at
FROM notification_events;

DROP INDEX IF EXISTS idx_notification_events_claims;
DROP INDEX IF EXISTS idx_notification_events_retry_sweep;
DROP TABLE notification_events;
ALTER TABLE notification_events_next RENAME TO notification_events;

CREATE INDEX idx_notification_events_pending ON notification_events (created_at, id)
    WHERE status = 'pending';
