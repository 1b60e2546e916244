-- What people share: since version 6. A page under its own key, and what was counted for it; `recount` makes that anew.
CREATE TABLE IF NOT EXISTS share_pages (
    number   INTEGER PRIMARY KEY,
    page     TEXT NOT NULL UNIQUE,
    url      TEXT NOT NULL,
    domain   TEXT NOT NULL,
    language TEXT NOT NULL,
    total    INTEGER NOT NULL DEFAULT 0,
    sharers  INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS share_pages_by_domain ON share_pages (domain);
-- Every URL that was shared, and the page it leads to.
CREATE TABLE IF NOT EXISTS share_links (
    number INTEGER PRIMARY KEY,
    key    TEXT NOT NULL UNIQUE,
    page   INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS share_links_by_page ON share_links (page);
-- The log: one row per event and URL. `id` is the notice's; `event` the event's address, if its id is one.
CREATE TABLE IF NOT EXISTS shares (
    link   INTEGER NOT NULL,
    at     REAL NOT NULL,
    id     BLOB NOT NULL,
    sharer BLOB,
    event  TEXT,
    PRIMARY KEY (link, at, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS shares_by_id ON shares (id);
-- Who shared a page, and how often: since version 11.
CREATE TABLE IF NOT EXISTS share_sharers (
    page   INTEGER NOT NULL,
    sharer BLOB NOT NULL,
    shares INTEGER NOT NULL,
    PRIMARY KEY (page, sharer)
) WITHOUT ROWID;
-- The highest score of what is trending (spiderduck.shares.trends). `place` orders them at every moment.
CREATE TABLE IF NOT EXISTS trends (
    kind     TEXT NOT NULL,
    span     TEXT NOT NULL,
    item     TEXT NOT NULL,
    score    REAL NOT NULL,
    at       REAL NOT NULL,
    language TEXT NOT NULL,
    place    REAL NOT NULL,
    PRIMARY KEY (kind, span, item)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS trends_by_place ON trends (kind, span, place);
