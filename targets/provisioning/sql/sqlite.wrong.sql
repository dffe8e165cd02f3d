-- The wrong forms of statements, for planted defects; each under the name of the right one.

-- name: resources.activate
UPDATE resources SET status = 'active', settled_by = $1
WHERE resource_id = $2 AND $3 <> ''

-- name: sweep.live
SELECT resource_id FROM resources WHERE status IN ('active', 'paused', 'suspended')
