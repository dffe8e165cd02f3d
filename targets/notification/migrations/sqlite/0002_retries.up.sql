-- Retries and claims. SQLite has no ADD COLUMN IF NOT EXISTS, so the table is built anew; that this may run over a
-- schema that has the columns already is due to the inner queries: a name that `own` lacks is found in `old`. That has
-- what the way down has kept, if the schema was this far before.

CREATE TABLE IF NOT EXISTS notification_retries (
    id TEXT NOT NULL PRIMARY KEY,
    retry_count BIGINT NOT NULL,
    next_retry_at BIGINT,
    last_error TEXT,
    failed_at BIGINT,
    attempts BIGINT NOT NULL
);

DROP TABLE IF EXISTS notification_events_next;

CREATE TABLE notification_events_next (
    id TEXT NOT NULL PRIMARY KEY,
    type TEXT NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    message TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending',
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    retry_count BIGINT NOT NULL DEFAULT 0,
    next_retry_at BIGINT,
    last_error TEXT,
    failed_at BIGINT,
    attempts BIGINT NOT NULL DEFAULT 0,
    claimed_by TEXT,
    claimed_until BIGINT
);

-- What an older release left as failed has never been armed: it is due since it was created. So is what was tried
-- again when the way down came, if the older release has not sent it.
INSERT INTO notification_events_next (id, type, channel, recipient, message, status, created_at,
    sent_at, retry_count, next_retry_at, last_error, failed_at, attempts, claimed_by, claimed_until)
SELECT id, type, channel, recipient, message, status, created_at, sent_at,
    (SELECT retry_count FROM notification_events AS own WHERE own.id = old.id),
    CASE WHEN status = 'failed' THEN COALESCE(
        (SELECT next_retry_at FROM notification_events AS own WHERE own.id = old.id), created_at)
    END,
    (SELECT last_error FROM notification_events AS own WHERE own.id = old.id),
    (SELECT failed_at FROM notification_events AS own WHERE own.id = old.id),
    (SELECT attempts FROM notification_events AS own WHERE own.id = old.id),
    (SELECT claimed_by FROM notification_events AS own WHERE own.id = old.id),
    (SELECT claimed_until FROM notification_events AS own WHERE own.id = old.id)
FROM (
    SELECT events.id, type, channel, recipient, message,
        CASE WHEN status = 'pending' AND kept.retry_count > 0 THEN 'failed' ELSE status END
            AS status,
        created_at, sent_at, COALESCE(kept.retry_count, 0) AS retry_count, kept.next_retry_at,
        kept.last_error, kept.failed_at, COALESCE(kept.attempts, 0) AS attempts,
        NULL AS claimed_by, NULL AS claimed_until
    FROM notification_events AS events
    LEFT JOIN notification_retries AS kept ON kept.id = events.id
) AS old;

DROP TABLE notification_retries;
DROP TABLE notification_events;
ALTER TABLE notification_events_next RENAME TO notification_events;

CREATE INDEX idx_notification_events_pending ON notification_events (created_at, id)
    WHERE status = 'pending';
CREATE INDEX idx_notification_events_retry_sweep ON notification_events (next_retry_at)
    WHERE status = 'failed' AND next_retry_at IS NOT NULL;
CREATE INDEX idx_notification_events_claims ON notification_events (claimed_until)
    WHERE status = 'sending';
