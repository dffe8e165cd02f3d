-- The statements of the pipeline, for SQLite. A page begins after the last row of the page before.

-- name: notifications.create
INSERT INTO notification_events (id, type, channel, recipient, message, status, created_at)
VALUES ($1, $2, $3, $4, $5, 'pending', $6)
ON CONFLICT (id) DO NOTHING

-- name: notifications.find
SELECT type, channel, recipient, message, status FROM notification_events WHERE id = $1

-- name: notifications.pending
SELECT id, attempts, retry_count, created_at AS place FROM notification_events
WHERE status = 'pending' AND (created_at > $1 OR (created_at = $1 AND id > $2))
ORDER BY created_at, id
LIMIT $3

-- name: notifications.due
SELECT id, attempts, retry_count, next_retry_at AS place FROM notification_events
WHERE status = 'failed' AND next_retry_at IS NOT NULL AND next_retry_at <= $4 AND retry_count < $5
  AND (next_retry_at > $1 OR (next_retry_at = $1 AND id > $2))
ORDER BY next_retry_at, id
LIMIT $3

-- name: notifications.lapsed
SELECT id, attempts, retry_count, claimed_until AS place FROM notification_events
WHERE status = 'sending' AND claimed_until <= $4
  AND (claimed_until > $1 OR (claimed_until = $1 AND id > $2))
ORDER BY claimed_until, id
LIMIT $3

-- name: notifications.claim
UPDATE notification_events
SET status = 'sending', attempts = attempts + 1, claimed_by = $1, claimed_until = $2,
    next_retry_at = NULL
WHERE id = $3 AND attempts = $4
  AND (status = 'pending' OR (status = 'failed' AND next_retry_at <= $5))
RETURNING attempts, retry_count, type, channel, recipient, message

-- name: notifications.sent
UPDATE notification_events
SET status = 'sent', sent_at = $1, claimed_by = NULL, claimed_until = NULL
WHERE id = $2 AND status = 'sending' AND attempts = $3 AND claimed_by = $4

-- name: notifications.failed
UPDATE notification_events
SET status = $5, failed_at = $1, retry_count = retry_count + 1, next_retry_at = $6,
    last_error = $7, claimed_by = NULL, claimed_until = NULL
WHERE id = $2 AND status = 'sending' AND attempts = $3 AND claimed_by = $4

-- name: notifications.undeliverable
UPDATE notification_events
SET status = 'undeliverable', failed_at = $1, last_error = $5, claimed_by = NULL,
    claimed_until = NULL
WHERE id = $2 AND status = 'sending' AND attempts = $3 AND claimed_by = $4

-- name: notifications.reap
UPDATE notification_events
SET status = $3, failed_at = $4, retry_count = retry_count + 1, next_retry_at = $5,
    last_error = $6, claimed_by = NULL, claimed_until = NULL
WHERE id = $1 AND attempts = $2 AND status = 'sending' AND claimed_until <= $4

-- name: notifications.requeue
UPDATE notification_events
SET status = 'pending', retry_count = 0, next_retry_at = NULL, last_error = NULL, failed_at = NULL
WHERE id = $1 AND status IN ('dead', 'failed', 'undeliverable')

-- name: notifications.read
UPDATE notification_events SET status = 'read' WHERE id = $1 AND status = 'sent'

-- name: notifications.list
SELECT counted.total, shown.*
FROM (
    SELECT COUNT(*) AS total FROM notification_events WHERE status = $1 OR $1 = ''
) AS counted
LEFT JOIN (
    SELECT id, type, channel, recipient, message, status, created_at, sent_at, retry_count,
        next_retry_at, last_error
    FROM notification_events
    WHERE status = $1 OR $1 = ''
    ORDER BY created_at DESC, id DESC
    LIMIT $2 OFFSET $3
) AS shown ON TRUE
ORDER BY shown.created_at DESC, shown.id DESC

-- name: dashboard.count
SELECT status, COUNT(*) AS notifications FROM notification_events GROUP BY status ORDER BY status

-- name: dashboard.oldest
SELECT MIN(created_at) FROM notification_events WHERE status = 'pending'

-- name: metrics.dead
SELECT COUNT(*) FROM notification_events WHERE status = 'dead'
