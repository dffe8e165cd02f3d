-- The statements that settle a message, under any attempt of the worker.
-- For planted defects; each under the name of the right one.

-- name: outbox.complete
UPDATE outbox_messages
SET status = 'published', claimed_by = NULL, claimed_until = NULL, published_at = $1,
    last_error = NULL
WHERE message_id = $2 AND claimed_by = $3 AND status = 'in_flight' AND claimed_until > $1

-- name: outbox.release
UPDATE outbox_messages
SET status = 'pending', claimed_by = NULL, claimed_until = NULL, next_available_at = $5,
    last_error = $6
WHERE message_id = $2 AND claimed_by = $3 AND status = 'in_flight' AND claimed_until > $1

-- name: outbox.fail
UPDATE outbox_messages
SET status = 'failed', claimed_by = NULL, claimed_until = NULL, failed_at = $1, last_error = $5
WHERE message_id = $2 AND claimed_by = $3 AND status = 'in_flight' AND claimed_until > $1
