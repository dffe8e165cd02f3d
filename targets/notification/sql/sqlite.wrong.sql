-- The wrong forms of statements, for planted defects; each under the name of the right one.

-- name: notifications.pending
SELECT id, attempts, retry_count, created_at AS place FROM notification_events
WHERE status = 'pending'
ORDER BY created_at DESC, id DESC
LIMIT 50

-- name: notifications.claim
UPDATE notification_events
SET status = 'sending', attempts = attempts + 1, claimed_by = $1, claimed_until = $2,
    next_retry_at = NULL
WHERE id = $3
RETURNING attempts, retry_count, type, channel, recipient, message

-- name: notifications.sent
UPDATE notification_events
SET status = 'sent', sent_at = $1, claimed_by = NULL, claimed_until = NULL
WHERE id = $2

-- name: notifications.failed
UPDATE notification_events
SET status = $5, failed_at = $1, retry_count = retry_count + 1, next_retry_at = $6,
    last_error = $7, claimed_by = NULL, claimed_until = NULL
WHERE id = $2

-- name: notifications.sent_late
UPDATE notification_events
SET status = 'sent', sent_at = $1, claimed_by = NULL, claimed_until = NULL
WHERE id = $2 AND status = 'sending' AND claimed_by = $4

-- name: notifications.failed_late
UPDATE notification_events
SET status = $5, failed_at = $1, retry_count = retry_count + 1, next_retry_at = $6,
    last_error = $7, claimed_by = NULL, claimed_until = NULL
WHERE id = $2 AND status = 'sending' AND claimed_by = $4

-- name: notifications.undeliverable_late
UPDATE notification_events
SET status = 'undeliverable', failed_at = $1, last_error = $5, claimed_by = NULL,
    claimed_until = NULL
WHERE id = $2 AND status = 'sending' AND claimed_by = $4

-- name: notifications.sent_fresh
UPDATE notification_events
SET status = 'sent', sent_at = $1, retry_count = 0, claimed_by = NULL, claimed_until = NULL
WHERE id = $2 AND status = 'sending' AND attempts = $3 AND claimed_by = $4

-- name: notifications.failed_zero
UPDATE notification_events
SET status = $5, failed_at = $1, retry_count = retry_count + 1, next_retry_at = $6,
    last_error = $7, sent_at = 0, claimed_by = NULL, claimed_until = NULL
WHERE id = $2 AND status = 'sending' AND attempts = $3 AND claimed_by = $4

-- name: notifications.failed_uncounted
UPDATE notification_events
SET status = $5, failed_at = $1, next_retry_at = $6, last_error = $7, claimed_by = NULL,
    retry_count = retry_count + CASE WHEN $5 = 'dead' THEN 0 ELSE 1 END, claimed_until = NULL
WHERE id = $2 AND status = 'sending' AND attempts = $3 AND claimed_by = $4

-- name: notifications.reap
UPDATE notification_events
SET status = 'failed', next_retry_at = $4, claimed_by = NULL, claimed_until = NULL
WHERE id = $1 AND attempts = $2 AND status = 'sending' AND claimed_until <= $4

-- name: notifications.undeliverable
UPDATE notification_events
SET status = 'undeliverable', failed_at = $1, last_error = $5, claimed_by = NULL,
    claimed_until = NULL
WHERE id = $2

-- name: notifications.requeue
UPDATE notification_events SET status = 'pending'
WHERE id = $1 AND status IN ('dead', 'failed', 'undeliverable')

-- name: notifications.requeue_rest
UPDATE notification_events
SET retry_count = 0, next_retry_at = NULL, last_error = NULL, failed_at = NULL
WHERE id = $1

-- name: notifications.requeue_any
UPDATE notification_events
SET status = 'pending', retry_count = 0, next_retry_at = NULL, last_error = NULL, failed_at = NULL,
    sent_at = NULL
WHERE id = $1

-- name: notifications.read
UPDATE notification_events SET status = 'read' WHERE id = $1

-- name: notifications.due
SELECT id, attempts, retry_count, next_retry_at AS place FROM notification_events
WHERE status || '' = 'failed' AND next_retry_at IS NOT NULL AND next_retry_at <= $4
  AND retry_count < $5 AND (next_retry_at > $1 OR (next_retry_at = $1 AND id > $2))
ORDER BY next_retry_at, id
LIMIT $3

-- name: notifications.list
SELECT counted.total, shown.*
FROM (
    SELECT COUNT(*) AS total FROM notification_events WHERE status = $1 OR ($1 = '' AND status <> 'dead')
) AS counted
LEFT JOIN (
    SELECT id, type, channel, recipient, message, status, created_at, sent_at, retry_count,
        next_retry_at, last_error
    FROM notification_events
    WHERE status = $1 OR ($1 = '' AND status <> 'dead')
    ORDER BY created_at DESC, id DESC
    LIMIT $2 OFFSET $3
) AS shown ON TRUE
ORDER BY shown.created_at DESC, shown.id DESC

-- name: notifications.total
SELECT COUNT(*) FROM notification_events WHERE status = $1 OR $1 = ''

-- name: dashboard.count
SELECT status, COUNT(*) AS notifications
FROM (SELECT status FROM notification_events ORDER BY created_at DESC LIMIT 50)
GROUP BY status ORDER BY status

-- name: metrics.dead
SELECT COUNT(*) FROM notification_events WHERE status = 'failed' AND next_retry_at IS NULL

-- name: dashboard.oldest
SELECT MAX(created_at) FROM notification_events WHERE status = 'pending'
