-- The statements of the queue, for SQLite. A name is a site: the drill knows `jobs.claim` as `sql:jobs.claim`.

-- name: jobs.add
INSERT INTO jobs (recipient, body) VALUES ($1, $2)
RETURNING id;

-- name: jobs.claim
UPDATE jobs
   SET attempt = attempt + 1, worker = $1, leased_until_ms = $2
 WHERE id = (SELECT id FROM jobs
              WHERE status = 'pending' AND leased_until_ms <= $3
              ORDER BY id LIMIT 1)
RETURNING id, attempt, recipient, body;

-- name: jobs.settle
UPDATE jobs
   SET status = 'sent', settled_attempt = $2, receipt = $3
 WHERE id = $1 AND attempt = $2;
