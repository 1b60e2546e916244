-- The embedded store: one file. Times are epoch seconds (UTC). Version 9, with shares.sql and webhooks.sql.

-- What is known of every URL. `state` is JSON (schedulers.model.UrlState).
CREATE TABLE urls (
    key     TEXT PRIMARY KEY,
    status  TEXT NOT NULL,
    page_id INTEGER,
    domain  TEXT NOT NULL,
    at      REAL NOT NULL,
    state   BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX urls_by_domain ON urls (domain, at);
CREATE INDEX urls_by_time ON urls (at, key);

-- Every fetched version of a page by its Snowflake id, hence in the order of time. `head` is JSON; `metadata` and
-- `provenance` are the JSON that look-ups pass through, in the shape that `version` numbers.
CREATE TABLE pages (
    id         INTEGER PRIMARY KEY,
    key        TEXT NOT NULL,
    url        TEXT NOT NULL,
    fetched_at REAL NOT NULL,
    version    INTEGER NOT NULL,
    head       BLOB NOT NULL,
    metadata   BLOB NOT NULL,
    provenance BLOB NOT NULL
);
CREATE INDEX pages_by_key ON pages (key, id);

-- Which pictures do the pages of a site show that were seen last? `seen` is 640 bytes at most: digests of pages and pictures.
CREATE TABLE site_pictures (
    site TEXT PRIMARY KEY,
    seen BLOB NOT NULL,
    at   REAL NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX site_pictures_by_time ON site_pictures (at);

-- Redirect edges, asked from either end.
CREATE TABLE redirects (
    from_key    TEXT NOT NULL,
    to_key      TEXT NOT NULL,
    status_code INTEGER NOT NULL,
    at          REAL NOT NULL,
    PRIMARY KEY (from_key, to_key)
) WITHOUT ROWID;
CREATE INDEX redirects_by_target ON redirects (to_key);

-- One row per event and URL that came to its end; `id` is the notice's.
CREATE TABLE finished (
    id BLOB PRIMARY KEY,
    at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX finished_by_time ON finished (at);

-- The outbox, which is a log: each durable subscriber is a position in it.
CREATE TABLE notices (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL,
    type     TEXT NOT NULL,
    host     TEXT NOT NULL,
    status   TEXT NOT NULL,
    outcome  TEXT NOT NULL,
    at       REAL NOT NULL,
    body     BLOB NOT NULL
);
-- `position` is acknowledged, `handed` was given to a reader; `at` is when the queue was used last.
CREATE TABLE subscribers (
    name       TEXT PRIMARY KEY,
    position   INTEGER NOT NULL,
    at         REAL NOT NULL,
    handed     INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- The events queue. `claimed` in `marks` is the highest id handed out: what lies below it at a start was in flight.
CREATE TABLE messages (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id   TEXT NOT NULL,
    kind       TEXT NOT NULL,
    url        TEXT,
    deferrals  INTEGER NOT NULL DEFAULT 0,
    errors     INTEGER NOT NULL DEFAULT 0,
    deliveries INTEGER NOT NULL DEFAULT 1,
    body       BLOB NOT NULL
);
CREATE TABLE deferred (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    due       REAL NOT NULL,
    event_id  TEXT NOT NULL,
    kind      TEXT NOT NULL,
    url       TEXT,
    deferrals INTEGER NOT NULL,
    body      BLOB NOT NULL
);
CREATE INDEX deferred_by_due ON deferred (due);
CREATE TABLE dead (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        REAL NOT NULL,
    reason    TEXT NOT NULL,
    event_id  TEXT NOT NULL,
    kind      TEXT NOT NULL,
    url       TEXT,
    body      BLOB NOT NULL
);
CREATE TABLE marks (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

-- Event ids accepted in the last days.
CREATE TABLE event_ids (
    id TEXT PRIMARY KEY,
    at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX event_ids_by_time ON event_ids (at);

-- Politeness that outlives a restart: back-off and what goes with it, by registrable domain. JSON.
CREATE TABLE host_states (
    domain TEXT PRIMARY KEY,
    at     REAL NOT NULL,
    state  BLOB NOT NULL
) WITHOUT ROWID;

-- What was taken down and stays so. `body` is JSON (spiderduck.takedowns.model.Takedown); the mark `takedowns` counts changes.
CREATE TABLE takedowns (
    id   TEXT PRIMARY KEY,
    body BLOB NOT NULL
) WITHOUT ROWID;

-- When was a registrable domain first met?
CREATE TABLE domains (
    domain     TEXT PRIMARY KEY,
    first_seen REAL NOT NULL
) WITHOUT ROWID;
