-- All of it, also what the way down from the retries has kept.

DROP INDEX IF EXISTS idx_notification_events_pending;
DROP TABLE IF EXISTS notification_events;
DROP TABLE IF EXISTS notification_retries;
