-- All of it.

DROP INDEX IF EXISTS idx_notification_events_pending;
DROP TABLE IF EXISTS notification_events;
