-- name: migrate.0006
-- When background work was last tried that failed: it goes behind everything else of its queue.
CREATE TABLE IF NOT EXISTS turns (
    queue TEXT NOT NULL,
    item TEXT NOT NULL,
    tried_at BIGINT NOT NULL,
    PRIMARY KEY (queue, item)
);
