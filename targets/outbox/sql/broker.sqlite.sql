-- What the broker keeps on its own disk, for SQLite.

-- name: broker.table
CREATE TABLE IF NOT EXISTS broker_messages (
    message_id TEXT NOT NULL PRIMARY KEY,
    envelope TEXT NOT NULL,
    publishes BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    acknowledged_at BIGINT
)

-- name: broker.receive
INSERT INTO broker_messages (message_id, envelope, publishes, accepted)
VALUES ($1, $2, 1, CASE WHEN $3 < 1 THEN 1 ELSE 0 END)
ON CONFLICT (message_id) DO UPDATE
SET publishes = broker_messages.publishes + 1, envelope = excluded.envelope,
    acknowledged_at = NULL,
    accepted = broker_messages.accepted
        + CASE WHEN $3 < broker_messages.publishes + 1 THEN 1 ELSE 0 END
RETURNING publishes, accepted

-- name: broker.owed
SELECT message_id, envelope, publishes FROM broker_messages
WHERE accepted > 0 AND acknowledged_at IS NULL
ORDER BY message_id

-- name: broker.acknowledge
UPDATE broker_messages SET acknowledged_at = $1 WHERE message_id = $2 AND publishes = $3
