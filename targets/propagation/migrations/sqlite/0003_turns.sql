-- The turns of resources at the reconciler: those that were looked at longest ago come first.

ALTER TABLE resources ADD COLUMN looked_at BIGINT NOT NULL DEFAULT 0;
