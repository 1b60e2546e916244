"""The CQL of the share log, for one keyspace. Every write carries its own timestamp (microseconds), so that it may be
repeated, and its time to live in seconds (0: for ever), but for trends. Tables:
`spiderduck/stores/schema.cql`, version 6."""

from dataclasses import dataclass

from spiderduck.stores.sessions.ports import Statement

SHARE = "owner, hour, at, id, link, sharer, event, language"
TREND_SECONDS = 4 * 86_400


@dataclass(frozen=True, slots=True)
class ShareStatements:
    """Named after what they do."""

    claim: Statement
    put_share: Statement
    drop_share: Statement
    put_dirty: Statement
    put_counted: Statement
    put_sharer: Statement
    drop_sharers: Statement
    put_link: Statement
    put_page_link: Statement
    drop_page_link: Statement
    put_page: Statement
    drop_page: Statement
    put_domain: Statement
    put_trend: Statement
    drop_trends: Statement
    drop_trend: Statement
    drop_link: Statement
    drop_hour: Statement
    get_link: Statement
    get_page: Statement
    get_page_links: Statement
    get_hours: Statement
    get_shares: Statement
    count_shares: Statement
    count_sharers: Statement
    first_pages: Statement
    more_pages: Statement
    first_domains: Statement
    more_domains: Statement
    get_trend: Statement
    get_trends: Statement


def share_statements(keyspace: str) -> ShareStatements:
    """All of them."""

    def put(table: str, columns: str, live: str = "?") -> Statement:
        marks = ", ".join("?" * len(columns.split(",")))
        return Statement(
            f"INSERT INTO {keyspace}.{table} ({columns}) VALUES ({marks}) USING TIMESTAMP ? AND TTL {live}"
        )

    def drop(table: str, condition: str) -> Statement:
        return Statement(f"DELETE FROM {keyspace}.{table} USING TIMESTAMP ? WHERE {condition}")

    def get(table: str, columns: str, condition: str) -> Statement:
        return Statement(f"SELECT {columns} FROM {keyspace}.{table} {condition}", reads=True)

    within = "WHERE owner = ? AND hour = ? AND at > ? AND at <= ?"
    return ShareStatements(
        claim=Statement(
            f"INSERT INTO {keyspace}.share_ids (id, at) VALUES (?, ?) IF NOT EXISTS USING TTL ?", conditional=True
        ),
        put_share=put("shares", SHARE),
        drop_share=drop("shares", "owner = ? AND hour = ? AND at = ? AND id = ?"),
        put_dirty=put("share_hours", "owner, hour, shares"),
        put_counted=Statement(
            f"UPDATE {keyspace}.share_hours USING TIMESTAMP ? AND TTL ? SET shares = ? WHERE owner = ? AND hour = ?"
        ),
        put_sharer=put("share_sharers", "page, sharer"),
        drop_sharers=drop("share_sharers", "page = ?"),
        put_link=put("share_links", "link, page"),
        put_page_link=put("share_page_links", "page, link"),
        drop_page_link=drop("share_page_links", "page = ? AND link = ?"),
        put_page=put("share_pages", "page, key, domain, language"),
        drop_page=drop("share_pages", "page = ?"),
        put_domain=put("share_domains", "domain"),
        put_trend=put("trends", "kind, span, item, score, at, language", str(TREND_SECONDS)),
        drop_trends=drop("trends", "kind = ? AND span = ?"),
        drop_trend=drop("trends", "kind = ? AND span = ? AND item = ?"),
        drop_link=drop("share_links", "link = ?"),
        drop_hour=drop("share_hours", "owner = ? AND hour = ?"),
        get_link=get("share_links", "page, WRITETIME(page)", "WHERE link = ?"),
        get_page=get("share_pages", "key, domain, language", "WHERE page = ?"),
        get_page_links=get("share_page_links", "link", "WHERE page = ?"),
        get_hours=get("share_hours", "hour, shares", "WHERE owner = ?"),
        get_shares=get("shares", "at, id, link, sharer, event, language", within),
        count_shares=get("shares", "count(*)", within),
        count_sharers=get("share_sharers", "count(*)", "WHERE page = ?"),
        first_pages=get("share_pages", "key", "LIMIT ?"),
        more_pages=get("share_pages", "key", "WHERE token(page) > token(?) LIMIT ?"),
        first_domains=get("share_domains", "domain", "LIMIT ?"),
        more_domains=get("share_domains", "domain", "WHERE token(domain) > token(?) LIMIT ?"),
        get_trend=get("trends", "score, at", "WHERE kind = ? AND span = ? AND item = ?"),
        get_trends=get("trends", "item, score, at, language", "WHERE kind = ? AND span = ?"),
    )
