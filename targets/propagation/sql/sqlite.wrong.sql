-- The wrong forms of statements, for planted defects: a row is settled by its id alone.

-- name: propagation.retry
UPDATE pending_propagations
SET attempts = attempts + 1, last_attempt_at = $3, last_error = $4, next_attempt_at = $5,
    applied_at = NULL, failed_at = NULL
WHERE id = $1

-- name: propagation.apply
UPDATE pending_propagations
SET applied_at = $3, last_attempt_at = $3, last_error = NULL, failed_at = NULL
WHERE id = $1

-- name: propagation.fail
UPDATE pending_propagations
SET attempts = attempts + $5, failed_at = $3, last_attempt_at = $3, last_error = $4,
    applied_at = NULL
WHERE id = $1
