-- The wrong forms of statements, for planted defects; each under the name of the right one.

-- name: resources.activate
UPDATE resources SET status = 'active', settled_by = $1
WHERE resource_id = $2 AND $3 <> ''

-- name: sweep.live
SELECT resource_id FROM resources WHERE status IN ('active', 'paused', 'suspended')

-- name: forwards.open
SELECT audit_log.resource_id, resources.team
FROM audit_log JOIN resources ON resources.resource_id = audit_log.resource_id
LEFT JOIN turns ON turns.queue = audit_log.kind AND turns.item = audit_log.resource_id
WHERE audit_log.kind = $1 AND NOT EXISTS (
    SELECT 1 FROM forwards
    WHERE forwards.kind = audit_log.kind AND forwards.resource_id = audit_log.resource_id
)
ORDER BY COALESCE(tried_at, audit_log.created_at), audit_log.resource_id LIMIT $2
