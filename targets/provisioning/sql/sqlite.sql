-- The statements of the pipeline, for SQLite.

-- name: resources.latest
SELECT resource_id, request_id, attempt, team, resource_type, tier, env, log_prefix, status,
    key_prefix, connection_url, provider_resource_id, holder, lease_until, doomed, created_at,
    failed_stage, last_error, close_as
FROM resources WHERE request_id = $1 ORDER BY attempt DESC LIMIT 1

-- name: resources.look
SELECT resource_id, request_id, attempt, team, resource_type, tier, env, log_prefix, status,
    key_prefix, connection_url, provider_resource_id, holder, lease_until, doomed, created_at,
    failed_stage, last_error, close_as
FROM resources WHERE resource_id = $1

-- name: resources.insert
INSERT INTO resources (resource_id, request_id, attempt, team, resource_type, tier, env,
    log_prefix, status, holder, lease_until, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)

-- name: resources.heartbeat
UPDATE resources SET lease_until = $1
WHERE resource_id = $2 AND holder = $3 AND status = 'pending'

-- name: resources.set_prefix
UPDATE resources SET key_prefix = $1
WHERE resource_id = $2 AND holder = $3 AND status = 'pending' AND doomed = 0

-- name: resources.set_url
UPDATE resources SET connection_url = $1
WHERE resource_id = $2 AND holder = $3 AND status = 'pending' AND doomed = 0

-- name: resources.set_provider
UPDATE resources SET provider_resource_id = $1
WHERE resource_id = $2 AND holder = $3 AND status = 'pending' AND doomed = 0

-- name: resources.activate
UPDATE resources SET status = 'active', settled_by = $1
WHERE resource_id = $2 AND holder = $3 AND status = 'pending' AND doomed = 0

-- name: resources.doom
UPDATE resources
SET doomed = 1, failed_stage = $1, last_error = $2, lease_until = $3,
    provider_resource_id = COALESCE(provider_resource_id, $4)
WHERE resource_id = $5 AND holder = $6 AND status = 'pending'

-- name: resources.take
UPDATE resources SET doomed = 1, lease_until = $1, holder = $2
WHERE resource_id = $3 AND holder = $4 AND lease_until <= $5 AND status = 'pending'
RETURNING resource_id, request_id, attempt, team, resource_type, tier, env, log_prefix, status,
    key_prefix, connection_url, provider_resource_id, holder, lease_until, doomed, created_at,
    failed_stage, last_error, close_as

-- name: resources.promote
UPDATE resources
SET status = 'active', settled_by = 'reconciler',
    provider_resource_id = COALESCE(provider_resource_id, $1)
WHERE resource_id = $2 AND holder = $3 AND lease_until <= $4 AND status = 'pending'
  AND doomed = 0

-- name: resources.fail
UPDATE resources
SET status = 'failed', connection_url = NULL, failed_stage = $1, last_error = $2, settled_by = $3
WHERE resource_id = $4 AND holder = $5 AND status = 'pending'

-- name: resources.hold
UPDATE resources SET status = $1 WHERE resource_id = $2 AND status = 'active'

-- name: resources.close
UPDATE resources SET status = 'expired', close_as = $1
WHERE resource_id = $2 AND status IN ('active', 'paused', 'suspended')

-- name: reconcile.candidates
SELECT resource_id, request_id, attempt, team, resource_type, tier, env, log_prefix, status,
    key_prefix, connection_url, provider_resource_id, holder, lease_until, doomed, created_at,
    failed_stage, last_error, close_as
FROM resources
WHERE status = 'pending' AND created_at < $1 AND lease_until <= $2
  AND (last_reconciled_at IS NULL OR last_reconciled_at <= $3)
ORDER BY COALESCE(last_reconciled_at, created_at), resource_id LIMIT $4

-- name: reconcile.stamp
UPDATE resources SET last_reconciled_at = $1 WHERE resource_id = $2 AND status = 'pending'

-- name: reaper.due
SELECT resource_id, request_id, attempt, team, resource_type, tier, env, log_prefix, status,
    key_prefix, connection_url, provider_resource_id, holder, lease_until, doomed, created_at,
    failed_stage, last_error, close_as
FROM resources
WHERE status IN ('active', 'paused', 'suspended') AND expires_at <= $1
ORDER BY created_at, resource_id LIMIT $2

-- name: reaper.closed
SELECT resource_id, request_id, attempt, team, resource_type, tier, env, log_prefix, status,
    key_prefix, connection_url, provider_resource_id, holder, lease_until, doomed, created_at,
    failed_stage, last_error, close_as
FROM resources LEFT JOIN turns ON turns.queue = 'teardown' AND turns.item = resource_id
WHERE status = 'expired'
ORDER BY COALESCE(tried_at, created_at), resource_id LIMIT $1

-- name: reaper.finish
UPDATE resources SET status = close_as WHERE resource_id = $1 AND status = 'expired'

-- name: sweep.live
SELECT resource_id FROM resources
WHERE status IN ('pending', 'active', 'paused', 'suspended', 'expired')

-- name: leaks.record
INSERT INTO leaks (token, resource_type, reason, recorded_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (token) DO UPDATE SET reason = excluded.reason, cleared_at = NULL

-- name: leaks.open
SELECT token, resource_type
FROM leaks LEFT JOIN turns ON turns.queue = 'leak' AND turns.item = token
WHERE cleared_at IS NULL
ORDER BY COALESCE(tried_at, recorded_at), token LIMIT $1

-- name: leaks.tried
UPDATE leaks SET tries = tries + 1, cleared_at = $1 WHERE token = $2

-- name: quota.charge
INSERT INTO quotas (team, used) VALUES ($1, 1)
ON CONFLICT (team) DO UPDATE SET used = quotas.used + 1 WHERE quotas.used < $2
RETURNING used

-- name: quota.key
INSERT INTO quota_refunds (resource_id, team, refunded_at) VALUES ($1, $2, $3)
ON CONFLICT (resource_id) DO NOTHING

-- name: quota.refund
UPDATE quotas SET used = used - 1 WHERE team = $1

-- name: audit.append
INSERT INTO audit_log (kind, resource_id, actor, metadata, created_at)
VALUES ($1, $2, 'system', $3, $4)
ON CONFLICT (kind, resource_id) DO NOTHING

-- name: audit.missing
SELECT resource_id, request_id, attempt, team, resource_type, tier, env, log_prefix, status,
    key_prefix, connection_url, provider_resource_id, holder, lease_until, doomed, created_at,
    failed_stage, last_error, close_as
FROM resources LEFT JOIN turns ON turns.queue = 'audit' AND turns.item = resource_id
WHERE status = 'failed' AND failed_stage IN ('create', 'finalize') AND NOT EXISTS (
    SELECT 1 FROM audit_log WHERE audit_log.resource_id = resources.resource_id
)
ORDER BY COALESCE(tried_at, created_at), resource_id LIMIT $1

-- name: forwards.open
SELECT audit_log.resource_id, resources.team
FROM audit_log JOIN resources ON resources.resource_id = audit_log.resource_id
LEFT JOIN turns ON turns.queue = audit_log.kind AND turns.item = audit_log.resource_id
WHERE audit_log.kind = $1 AND resources.team <> '' AND NOT EXISTS (
    SELECT 1 FROM forwards
    WHERE forwards.kind = audit_log.kind AND forwards.resource_id = audit_log.resource_id
)
ORDER BY COALESCE(tried_at, audit_log.created_at), audit_log.resource_id LIMIT $2

-- name: forwards.record
INSERT INTO forwards (kind, resource_id, forwarded_at) VALUES ($1, $2, $3)
ON CONFLICT (kind, resource_id) DO NOTHING

-- name: turns.put_behind
INSERT INTO turns (queue, item, tried_at) VALUES ($1, $2, $3)
ON CONFLICT (queue, item) DO UPDATE SET tried_at = excluded.tried_at
