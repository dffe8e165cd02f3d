-- What the notifier keeps on its own disk, for SQLite.

-- name: notifier.asks_table
CREATE TABLE IF NOT EXISTS notifier_asks (
    notification TEXT NOT NULL PRIMARY KEY,
    asks BIGINT NOT NULL
)

-- name: notifier.deliveries_table
CREATE TABLE IF NOT EXISTS notifier_deliveries (
    delivery_key TEXT NOT NULL PRIMARY KEY,
    notification TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    channel TEXT NOT NULL,
    type TEXT NOT NULL,
    recipient TEXT NOT NULL,
    message TEXT NOT NULL,
    accepted_at BIGINT NOT NULL
)

-- name: notifier.ask
INSERT INTO notifier_asks (notification, asks) VALUES ($1, 1)
ON CONFLICT (notification) DO UPDATE SET asks = notifier_asks.asks + 1
RETURNING asks

-- name: notifier.accept
INSERT INTO notifier_deliveries (delivery_key, notification, attempt, channel, type, recipient,
    message, accepted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (delivery_key) DO NOTHING
