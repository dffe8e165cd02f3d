-- The statements of the pipeline, for SQLite.

-- name: teams.create
INSERT INTO teams (team_id, tier, created_at) VALUES ($1, $2, $3)
ON CONFLICT (team_id) DO NOTHING

-- name: teams.tier
SELECT tier FROM teams WHERE team_id = $1

-- name: teams.upgrade
UPDATE teams SET tier = $2 WHERE team_id = $1

-- name: resources.create
INSERT INTO resources (token, team_id, resource_type, provider_resource_id, status, tier)
VALUES ($1, $2, $3, $4, 'active', $5)
ON CONFLICT (token) DO NOTHING

-- name: resources.find
SELECT team_id, resource_type FROM resources WHERE token = $1

-- name: resources.upgrade
UPDATE resources SET tier = $2, generation = generation + 1
WHERE team_id = $1 AND status = 'active'

-- name: resources.of_team
SELECT token, resource_type, provider_resource_id, tier, generation FROM resources
WHERE team_id = $1 AND status = 'active'
ORDER BY token

-- name: resources.applied
UPDATE resources SET applied_generation = $2, applied_conn_limit = COALESCE($3, applied_conn_limit)
WHERE token = $1 AND applied_generation <= $2

-- name: resources.drifted
SELECT token, resource_type, provider_resource_id, tier, generation FROM resources
WHERE status = 'active' AND applied_generation < generation
  AND resource_type IN ('postgres', 'redis', 'mongodb', 'vector')
  AND tier NOT IN ('anonymous', 'free')
  AND NOT EXISTS (
      SELECT 1 FROM pending_propagations
      WHERE pending_propagations.team_id = resources.team_id
        AND pending_propagations.applied_at IS NULL AND pending_propagations.failed_at IS NULL
  )
ORDER BY looked_at, token
LIMIT $1

-- name: resources.looked_at
UPDATE resources SET looked_at = $2 WHERE token = $1

-- name: kinds.declared
SELECT kind FROM propagation_kinds WHERE since <= $1 ORDER BY kind

-- name: upgrades.find
SELECT team_id, tier, kind FROM upgrades WHERE request_id = $1

-- name: upgrades.record
INSERT INTO upgrades (request_id, team_id, tier, kind, created_at) VALUES ($1, $2, $3, $4, $5)

-- name: propagation.enqueue
INSERT INTO pending_propagations (id, kind, team_id, target_tier, next_attempt_at, created_at)
VALUES ($1, $2, $3, $4, $5, $5)

-- name: propagation.due
SELECT id, kind, team_id, attempts, picks, created_at FROM pending_propagations
WHERE applied_at IS NULL AND failed_at IS NULL AND next_attempt_at <= $1
ORDER BY next_attempt_at, id
LIMIT $2

-- name: propagation.pick
SELECT id, kind, team_id, attempts, picks, created_at FROM pending_propagations
WHERE applied_at IS NULL AND failed_at IS NULL AND next_attempt_at <= $1
ORDER BY next_attempt_at, id
LIMIT $2

-- name: propagation.lease
UPDATE pending_propagations SET next_attempt_at = $2, claimed_by = $3, claim_token = $4
WHERE id = $1 AND applied_at IS NULL AND failed_at IS NULL

-- name: propagation.begin
UPDATE pending_propagations
SET next_attempt_at = $3, picks = picks + CASE WHEN id = $1 THEN $4 ELSE 0 END
WHERE claim_token = $2 AND applied_at IS NULL AND failed_at IS NULL
  AND id IN (SELECT value FROM json_each($5))
RETURNING id

-- name: propagation.release
UPDATE pending_propagations SET next_attempt_at = $2, claimed_by = NULL, claim_token = NULL
WHERE claim_token = $1 AND applied_at IS NULL AND failed_at IS NULL

-- name: propagation.retry
UPDATE pending_propagations
SET attempts = attempts + 1, last_attempt_at = $3, last_error = $4, next_attempt_at = $5,
    claimed_by = NULL, claim_token = NULL
WHERE id = $1 AND claim_token = $2 AND applied_at IS NULL AND failed_at IS NULL

-- name: propagation.apply
UPDATE pending_propagations
SET applied_at = $3, last_attempt_at = $3, last_error = NULL, claimed_by = NULL, claim_token = NULL
WHERE id = $1 AND claim_token = $2 AND applied_at IS NULL AND failed_at IS NULL

-- name: propagation.fail
UPDATE pending_propagations
SET attempts = attempts + $5, failed_at = $3, last_attempt_at = $3, last_error = $4,
    claimed_by = NULL, claim_token = NULL
WHERE id = $1 AND claim_token = $2 AND applied_at IS NULL AND failed_at IS NULL

-- name: propagation.requeue
UPDATE pending_propagations
SET failed_at = NULL, attempts = 0, picks = 0, next_attempt_at = $2
WHERE id = $1 AND failed_at IS NOT NULL
RETURNING team_id

-- name: requeues.find
SELECT propagation_id FROM requeues WHERE request_id = $1

-- name: requeues.record
INSERT INTO requeues (request_id, propagation_id, created_at) VALUES ($1, $2, $3)

-- name: audit.append
INSERT INTO audit_log (propagation_id, team_id, actor, kind, summary, metadata, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: counters.add
INSERT INTO counters (series, metric, value) VALUES ($1, $2, 1)
ON CONFLICT (series) DO UPDATE SET value = counters.value + 1

-- name: jobs.enqueue
INSERT INTO jobs (job_id, kind, state, scheduled_at) VALUES ($1, $2, 'available', $3)
ON CONFLICT (job_id) DO NOTHING

-- name: jobs.claim
UPDATE jobs SET state = 'running', attempt = attempt + 1, attempted_by = $2, attempted_at = $1
WHERE state = 'available' AND job_id IN (
    SELECT job_id FROM jobs WHERE state = 'available' AND scheduled_at <= $1
    ORDER BY scheduled_at, job_id LIMIT $3
)
RETURNING job_id, kind, attempt

-- name: jobs.finish
UPDATE jobs SET state = 'completed', error = $3
WHERE job_id = $1 AND attempt = $2 AND state = 'running'

-- name: jobs.rescue
UPDATE jobs
SET state = CASE WHEN attempt < $2 AND kind IN ('propagation_runner', 'entitlement_reconciler')
    THEN 'available' ELSE 'discarded' END
WHERE state = 'running' AND attempted_at < $1
RETURNING job_id, attempt, state

-- name: jobs.clean
DELETE FROM jobs WHERE state IN ('completed', 'discarded') AND scheduled_at < $1
