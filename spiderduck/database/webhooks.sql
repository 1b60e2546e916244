-- Webhooks, since version 8 (msgpack of spiderduck.webhooks.model), and what became of each delivery; `due` is when it is tried again.
CREATE TABLE IF NOT EXISTS webhooks (
    id         TEXT PRIMARY KEY,
    created_at REAL NOT NULL,
    data       BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS webhook_deliveries (
    webhook TEXT NOT NULL,
    id      TEXT NOT NULL,
    at      REAL NOT NULL,
    due     REAL,
    data    BLOB NOT NULL,
    PRIMARY KEY (webhook, id)
);
CREATE INDEX IF NOT EXISTS webhook_deliveries_by_time ON webhook_deliveries (webhook, at);
CREATE INDEX IF NOT EXISTS webhook_deliveries_by_age ON webhook_deliveries (at);
CREATE INDEX IF NOT EXISTS webhook_deliveries_due ON webhook_deliveries (webhook, due) WHERE due IS NOT NULL;
