-- The wrong forms of statements, for planted defects: a row at rest is guarded, and the claim is not asked for.

-- name: propagation.retry
UPDATE pending_propagations
SET attempts = attempts + 1, last_attempt_at = $3, last_error = $4, next_attempt_at = $5,
    claimed_by = NULL, claim_token = NULL
WHERE id = $1 AND applied_at IS NULL AND failed_at IS NULL

-- name: propagation.apply
UPDATE pending_propagations
SET applied_at = $3, last_attempt_at = $3, last_error = NULL, claimed_by = NULL, claim_token = NULL
WHERE id = $1 AND applied_at IS NULL AND failed_at IS NULL

-- name: propagation.fail
UPDATE pending_propagations
SET attempts = attempts + $5, failed_at = $3, last_attempt_at = $3, last_error = $4,
    claimed_by = NULL, claim_token = NULL
WHERE id = $1 AND applied_at IS NULL AND failed_at IS NULL
