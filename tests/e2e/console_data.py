"""What the server answers while screenshots of the console are taken: the same every time, at the same moment."""

from typing import Any

NOW = "2026-11-30T12:00:00Z"
HISTORY_STEPS = 60
POND = "https://news.example/ponds/2026/why-ducks-float"
VERDICT = {
    "verdict": "no_match",
    "lists": [{"name": "phishing", "version": "5f2c81d0a7be", "age_s": 840}],
    "as_of": "2026-11-30T11:59:58Z",
}
IMAGE = {"url": "https://news.example/duck.jpg", "width": 1200, "height": 630, "alt": "A yellow duck on blue water"}


def _card(url: str, title: str, description: str, minutes: int, **more: Any) -> dict[str, Any]:
    at = f"2026-11-30T11:{59 - minutes:02}:40Z"
    card = {
        "url": url, "status": "fetched", "title": title, "description": description, "destination": url,
        "clean_url": url, "card": "summary", "verdict": VERDICT, "language": "en",
        "shares": {"total": 3 * minutes + 1, "last_hour": 1, "last_day": 3, "sharers": 2 * minutes + 1},
        "fetched_at": at, "handled_at": at, "fresh_until": "2026-12-01T11:59:40Z",
    }  # fmt: skip
    return card | more


LINKS = [
    _card(POND, "Why ducks float", "Air in their feathers, oil on top of it, and bones that weigh next to nothing.", 0,
          image=IMAGE, site_name="Pond News", author="Anna Mallard", published_at="2026-05-04T08:30:00+02:00"),
    _card("https://recipes.example/oats", "Oat and pea mix", "What to feed ducks instead of bread.", 2, image=IMAGE),
    _card("https://shop.example/boots", "Wellington boots for long wet walks", "Green, and warm to minus ten.", 4),
    _card("https://busy.example/report", "", "", 5, status="deferred", until="2026-11-30T12:00:43Z",
          paused={"until": "2026-11-30T12:00:43Z", "because": "busy.example answered 503 to /report at 11:54"}),
    _card("https://offers.example/prize", "", "", 7, verdict=VERDICT | {"verdict": "block"}, status="fetched"),
    _card("https://news.example/private/drafts", "", "", 9, status="robots_denied",
          reason="https://news.example/robots.txt forbids it (line 2: Disallow: /private/)"),
    _card("https://weather.example/fog", "Fog until noon", "Then sun, and a light wind from the west.", 12),
]  # fmt: skip

RECORD = LINKS[0] | {
    "page_id": "2127364591820374016",
    "resolved_url": f"{POND}?utm_source=chat",
    "destination": f"{POND}?utm_source=chat",
    "removed_parameters": ["utm_source"],
    "canonical_url": POND,
    "redirects": [{"url": "https://short.example/duck", "status_code": 301}],
    "status_code": 200,
    "checked_at": "2026-11-30T11:59:40Z",
    "content": {"type": "text/html", "length": 61234, "encoding": "utf-8"},
    "metadata": {"title": LINKS[0]["title"], "description": LINKS[0]["description"], "image": IMAGE, "language": "en"},
    "provenance": {
        "title": {"rule": "og:title", "alternatives": [{"rule": "title", "value": "Why ducks float | Pond News"}]},
        "description": {"rule": "og:description"},
        "image": {"rule": "og:image"},
        "language": {"rule": "html:lang"},
    },
}
TOLD = {
    "url": POND,
    "told_at": "2026-11-30T11:59:40Z",
    "queues": [
        {"name": "mailer", "state": "read", "used_at": "2026-11-30T11:59:55Z"},
        {"name": "archive", "state": "waiting", "used_at": "2026-11-30T11:40:00Z"},
    ],
    "webhooks": [
        {"id": "wh_1", "url": "https://chat.example/hooks/links", "deliveries": [
            {"id": "a", "type": "spiderduck.url.processed", "status": "delivered", "created_at": "2026-11-30T11:59:41Z",
             "next_attempt_at": None, "attempts": 1, "reason": None}]}
    ],
}  # fmt: skip
WHY = {
    "total_ms": 412,
    "critical_path": [{"stage": "queue", "took_ms": 261}],
    "steps": [
        {
            "at": "2026-11-30T11:59:39.621Z",
            "stage": "decide",
            "what": "it was fetched",
            "because": "nothing fresh was known of it",
        },
        {
            "at": "2026-11-30T11:59:39.621Z",
            "stage": "queue",
            "what": "waited for the turn of news.example",
            "took_ms": 261,
        },
        {
            "at": "2026-11-30T11:59:39.882Z",
            "stage": "first_byte",
            "what": "the server thought about its answer",
            "took_ms": 118,
        },
        {"at": "2026-11-30T11:59:40.000Z", "stage": "answer", "what": "news.example answered 200"},
    ],
}


def _history(step: int) -> dict[str, Any]:
    """A quiet hour with a burst in it; a formula, so that it is the same everywhere."""
    wave = [40 + (index * 7) % 13 + (60 if 38 <= index < 44 else 0) for index in range(HISTORY_STEPS)]
    p50 = [320 + (index * 37) % 90 + (700 if 38 <= index < 45 else 0) for index in range(HISTORY_STEPS)]
    return {
        "window": "hour", "begins_at": "2026-11-30T11:01:00Z", "since": "2026-11-28T08:00:00Z", "step_s": step,
        "ended": {
            "fetched": wave,
            "reused": [one // 2 for one in wave],
            "http_error": [index % 3 for index in range(HISTORY_STEPS)],
            "robots_denied": [int(index % 4 == 0) for index in range(HISTORY_STEPS)],
            "timed_out": [int(index % 9 == 0) for index in range(HISTORY_STEPS)],
        },
        "latency_ms": {
            kind: {"count": 3000, "whole": {"p50": 340, "p95": 1900, "p99": 4200}, "p50": p50,
                   "p95": [one * 3 for one in p50], "p99": [one * 5 for one in p50]}
            for kind in ("share", "fetch", "api")
        },
        "backlog": {
            "ready": [3 + index % 4 + max(0, 180 - 30 * abs(41 - index)) for index in range(HISTORY_STEPS)],
            "deferred": [12 + index // 10 for index in range(HISTORY_STEPS)],
            "dead": [0] * HISTORY_STEPS,
        },
    }  # fmt: skip


def _process(name: str, part: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "state": "running", "parts": [part], "version": "0.1.0", "started_at": "2026-11-28T08:00:00Z",
        "uptime_s": 187_200, "seen_at": NOW, "load": 0.42, "resident_bytes": 231_000_000, **more,
    }  # fmt: skip


CLUSTER = {
    "processes": [
        _process("fetchers-2:8080", "fetchers", state="silent", because="it has said nothing for 48 s", domains_held=0),
        _process("api-0:8080", "api"),
        _process("fetchers-0:8080", "fetchers", domains_held=512, load=0.81),
        _process("fetchers-1:8080", "fetchers", domains_held=512, load=0.77),
        _process("ids-0:8080", "ids", resident_bytes=64_000_000),
        _process("images-0:8080", "images", resident_bytes=512_000_000),
        _process("schedulers-0:8080", "schedulers", load=1.2),
    ],
    "silent": ["fetchers-2:8080"],
    "versions": {"0.1.0": 6},
    "queue": {"ready": 6, "deferred": 17, "dead": 0},
}
STAGES = {"fetch": 31, "picture": 24, "store": 2.2, "extract": 1.4, "archive": 0.8}
METRICS = "\n".join(
    [
        "spiderduck_messages_ready 6",
        "spiderduck_messages_deferred 17",
        "spiderduck_dead_letters 0",
        *(f'spiderduck_stage_calls_total{{stage="{name}"}} 100' for name in STAGES),
        *(f'spiderduck_stage_seconds_total{{stage="{name}"}} {seconds}' for name, seconds in STAGES.items()),
    ]
)

ANSWERS: dict[str, Any] = {
    "/metrics": METRICS,
    "/readyz": {"ready": True, "missing": {}},
    "/v1/key": {"name": "anna", "scopes": ["read", "write", "fetch", "admin"]},
    "/v1/history": _history(60),
    "/v1/links": {"links": LINKS, "next_cursor": "older"},
    "/v1/urls": RECORD,
    "/v1/unfurl": LINKS[0] | {"destination": RECORD["destination"]},
    "/v1/why": WHY,
    "/v1/told": TOLD,
    f"/v1/pages/{RECORD['page_id']}/history": {
        "versions": [{"page_id": RECORD["page_id"], "fetched_at": "2026-11-30T11:59:40Z", "changed": []}],
        "next_cursor": None,
    },
    "/v1/cluster": CLUSTER,
    "/v1/keys": {
        "since": "2026-11-28T08:00:00Z",
        "keys": [
            {"name": "anna", "start": "sdk_kM2x", "scopes": ["admin"], "expires_at": None, "has_expired": False,
             "used_at": NOW},
            {"name": "chat", "start": "sdk_Qq0z", "scopes": ["read", "write"], "expires_at": "2027-02-28T12:00:00Z",
             "has_expired": False, "used_at": "2026-11-30T11:59:57Z"},
        ],
    },
    "/v1/settings": {
        "settings": [
            {"name": "broker.url", "value": "(hidden)", "is_default": False},
            {"name": "cassandra.hosts", "value": ["cassandra-0:9042"], "is_default": False},
            {"name": "fetchers.user_agent", "value": "PondBot/1.0 (+https://pond.example/bot)", "is_default": False},
            {"name": "port", "value": 8080, "is_default": True},
        ]
    },
}  # fmt: skip
"""By path; a text goes out as it is, everything else as JSON."""
