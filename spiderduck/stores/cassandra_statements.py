"""The store's CQL, for one keyspace. Every write but a claim carries its own timestamp (microseconds) and time to live
(seconds, 0 is for ever), so that it may be repeated at any time without hiding what is newer. Tables: `schema.cql`.
"""

from dataclasses import dataclass

from spiderduck.stores.sessions.ports import Statement

PAGE_COLUMNS = "id, key, url, fetched_at, version, head, metadata, provenance"


@dataclass(frozen=True, slots=True)
class Statements:
    """Named after what they do; tables are qualified, so that a prepared one means the same in every session."""

    put_page: Statement
    put_metadata: Statement
    put_state: Statement
    put_mark: Statement
    put_judged: Statement
    put_version: Statement
    put_redirect: Statement
    put_redirected_from: Statement
    put_recent: Statement
    put_bucket: Statement
    put_picture: Statement
    put_site_pictures: Statement
    put_finished: Statement
    put_claim: Statement
    get_page: Statement
    get_pages: Statement
    get_url: Statement
    get_urls: Statement
    get_written: Statement
    walk_urls: Statement
    get_finished: Statement
    get_buckets: Statement
    get_versions: Statement
    get_redirected_from: Statement
    get_recent: Statement
    get_picture: Statement
    get_site_pictures: Statement
    put_domain: Statement
    get_domain: Statement
    get_redirect: Statement
    get_leading: Statement
    remove_page: Statement
    remove_version: Statement
    remove_versions: Statement
    remove_picture: Statement
    remove_redirect: Statement
    remove_leading: Statement
    remove_all_leading: Statement
    remove_url: Statement


def statements(keyspace: str) -> Statements:
    """All of them."""

    def put(table: str, columns: str) -> Statement:
        marks = ", ".join("?" * len(columns.split(",")))
        return Statement(f"INSERT INTO {keyspace}.{table} ({columns}) VALUES ({marks}) USING TIMESTAMP ? AND TTL ?")

    def get(table: str, columns: str, condition: str) -> Statement:
        return Statement(f"SELECT {columns} FROM {keyspace}.{table} WHERE {condition}", reads=True)

    def remove(table: str, condition: str) -> Statement:
        return Statement(f"DELETE FROM {keyspace}.{table} USING TIMESTAMP ? WHERE {condition}")

    return Statements(
        put_page=put("pages", PAGE_COLUMNS),
        put_metadata=Statement(
            f"UPDATE {keyspace}.pages USING TIMESTAMP ? AND TTL ? "
            "SET head = ?, metadata = ?, provenance = ? WHERE id = ?"
        ),
        put_state=put("urls", "key_hash, key, status, page_id, state"),
        put_mark=put("urls", "key_hash, mark"),
        put_judged=Statement(f"UPDATE {keyspace}.urls USING TIMESTAMP ? AND TTL ? SET state = ? WHERE key_hash = ?"),
        put_version=put("versions", "key_hash, month, id, share"),
        put_redirect=put("redirects", "from_hash, to_key, status_code"),
        put_redirected_from=put("redirected_from", "to_hash, hour, from_hash, from_key"),
        put_recent=put("recent", "domain, hour, at, key_hash"),
        put_bucket=put("buckets", "list, owner, bucket"),
        put_picture=put("pictures", "url_hash, page_id"),
        put_site_pictures=put("site_pictures", "site, seen"),
        put_finished=put("finished", "id"),
        put_claim=Statement(
            f"INSERT INTO {keyspace}.claims (name, fingerprint) VALUES (?, ?) IF NOT EXISTS USING TTL ?",
            conditional=True,
        ),
        get_page=get("pages", PAGE_COLUMNS, "id = ?"),
        get_pages=get("pages", PAGE_COLUMNS, "id IN ?"),
        get_urls=get("urls", "key_hash, state, mark", "key_hash IN ?"),
        get_url=get("urls", "state, mark", "key_hash = ?"),
        get_written=get("urls", "state, WRITETIME(state), TTL(state)", "key_hash = ?"),
        walk_urls=get("urls", "token(key_hash), state", "token(key_hash) > ? LIMIT ?"),
        get_finished=get("finished", "id", "id IN ?"),
        get_buckets=get("buckets", "bucket", "list = ? AND owner = ? LIMIT ?"),
        get_versions=get("versions", "id, share", "key_hash = ? AND month = ? AND id <= ? LIMIT ?"),
        get_redirected_from=get("redirected_from", "from_key", "to_hash = ? AND hour = ? LIMIT ?"),
        get_recent=get("recent", "key_hash", "domain = ? AND hour = ? LIMIT ?"),
        get_picture=get("pictures", "page_id", "url_hash = ?"),
        get_site_pictures=get("site_pictures", "seen", "site = ?"),
        put_domain=Statement(f"INSERT INTO {keyspace}.domains (domain, first_seen) VALUES (?, ?) USING TIMESTAMP ?"),
        get_domain=get("domains", "first_seen", "domain = ?"),
        get_redirect=get("redirects", "to_key", "from_hash = ?"),
        get_leading=get("redirected_from", "from_hash", "to_hash = ? AND hour = ?"),
        remove_page=remove("pages", "id = ?"),
        remove_version=remove("versions", "key_hash = ? AND month = ? AND id = ?"),
        remove_versions=remove("versions", "key_hash = ? AND month = ?"),
        remove_picture=remove("pictures", "url_hash = ?"),
        remove_redirect=remove("redirects", "from_hash = ?"),
        remove_leading=remove("redirected_from", "to_hash = ? AND hour = ? AND from_hash = ?"),
        remove_all_leading=remove("redirected_from", "to_hash = ? AND hour = ?"),
        remove_url=remove("urls", "key_hash = ?"),
    )
