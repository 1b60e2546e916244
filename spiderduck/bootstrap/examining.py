"""`spiderduck doctor`: looks at what this machine and these settings need, and says of each what would mend it.

Changes nothing, and needs no running server. A check that goes wrong in a way that nobody thought of is told as failed.
"""

import asyncio
import ctypes
import os
import shutil
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from fetchers.config import VERSION
from groundwork.address_guard import AddressPolicy
from spiderduck.bootstrap.waiting import addresses_of_broker, somebody_listens
from spiderduck.config import Config
from spiderduck.database.disk import FULL_BYTES, LOW_BYTES
from spiderduck.database.sqlite import SCHEMA_VERSION

State = Literal["ok", "warning", "failed"]
DNS_SECONDS = 5.0
TIME_ERROR = 5
"""What `adjtimex` returns where nothing keeps the clock right."""
TIMEX_BYTES = 256
"""More than `struct timex` has anywhere."""
MUST_BE_REFUSED = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do about it."""

    name: str
    state: State
    says: str
    remedy: str = ""


async def examine(config: Config, data: Path) -> list[Finding]:
    """All findings, in the order in which one would mend them. `data` is the data folder, absolute."""
    checks: Sequence[tuple[str, Callable[[], Awaitable[list[Finding]]]]] = (
        ("versions", lambda: _now(_versions(data))),
        ("user agent", lambda: _now([_user_agent(config)])),
        ("address guard", lambda: _now(list(_guard(config)))),
        ("data folder", lambda: _now(list(_folder(config, data)))),
        ("clock", lambda: _now([_clock()])),
        ("DNS", lambda: _dns(config)),
        ("engines", lambda: _engines(config)),
    )
    found: list[Finding] = []
    for name, check in checks:
        try:
            found += await check()
        except Exception as error:  # noqa: BLE001 -- the other checks are of use all the same
            found.append(Finding(name, "failed", f"it cannot be looked at: {type(error).__name__}: {error}"))
    return found


async def _now(found: list[Finding]) -> list[Finding]:
    return found


def _versions(data: Path) -> list[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    found = [Finding("versions", "ok", f"SpiderDuck {VERSION}, Python {python}, SQLite {sqlite3.sqlite_version}")]
    file = data / "spiderduck.db"
    if not file.is_file():
        return found
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        (schema,) = connection.execute("PRAGMA user_version").fetchone()
    if schema > SCHEMA_VERSION:
        says = f"{file} was written by a newer version (schema {schema}, this one knows {SCHEMA_VERSION})"
        return [*found, Finding("schema", "failed", says, "install that version, or name another folder with --data")]
    later = "" if schema == SCHEMA_VERSION else f"; the next start makes it {SCHEMA_VERSION}, so make a backup first"
    return [*found, Finding("schema", "ok", f"schema {schema}{later}")]


def _user_agent(config: Config) -> Finding:
    agent = config.fetchers.user_agent
    if "+http" in agent:
        return Finding("user agent", "ok", agent)
    return Finding(
        "user agent",
        "warning",
        f"{agent} names no page where the owners of sites can read about your bot",
        'set fetchers.user_agent, e.g. "ExampleBot/1.0 (+https://example.com/bot)"',
    )


def _guard(config: Config) -> Iterator[Finding]:
    allowed = config.fetchers.network.allow_addresses
    policy = AddressPolicy(allowed)
    reached = [address for address in MUST_BE_REFUSED if policy.refusal(address) is None]
    if reached:
        yield Finding(
            "address guard",
            "warning",
            f"strangers' links can reach {', '.join(reached)}, for fetchers.network.allow_addresses is {list(allowed)}",
            "leave fetchers.network.allow_addresses empty, except for tests",
        )
    else:
        yield Finding("address guard", "ok", "addresses inside the network are refused")
    if config.fetchers.network.resolve:
        names = ", ".join(sorted(config.fetchers.network.resolve))
        yield Finding(
            "address guard", "warning", f"{names} lead where fetchers.network.resolve says", "as you meant it?"
        )


def _folder(config: Config, data: Path) -> Iterator[Finding]:
    there = data if data.exists() else next(parent for parent in data.parents if parent.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        yield Finding("data folder", "failed", f"{there} cannot be written by this user", "choose another with --data")
        return
    yield Finding("data folder", "ok", str(data) if data.exists() else f"{data} will be made")
    free = shutil.disk_usage(there).free
    says = f"{free / 1e9:.1f} GB are free for {data}"
    if free < FULL_BYTES:
        yield Finding("disk", "failed", says, "free some space; nothing is taken until then")
    elif free < LOW_BYTES:
        yield Finding("disk", "warning", says, "free some space, or keep less (retention)")
    else:
        yield Finding("disk", "ok", says)


def _clock() -> Finding:
    """Ids and politeness live on time. Asks the kernel, which knows whether something disciplines its clock."""
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    except (AttributeError, OSError):
        return Finding("clock", "ok", "this system does not tell whether its clock is synchronised")
    if state == TIME_ERROR:
        return Finding(
            "clock",
            "warning",
            "nothing keeps this machine's clock right",
            "run an NTP client such as chrony or systemd-timesyncd on the machine (not in the container)",
        )
    return Finding("clock", "ok", "the kernel calls its clock synchronised")


async def _dns(config: Config) -> list[Finding]:
    at = config.fetchers.user_agent.find("+http")
    page = config.fetchers.user_agent[at + 1 :].rstrip(") ;") if at >= 0 else ""
    host = urlsplit(page).hostname or "example.com"
    try:
        async with asyncio.timeout(DNS_SECONDS):
            await asyncio.get_running_loop().getaddrinfo(host, 443)
    except (OSError, TimeoutError) as error:
        says = f"{host} cannot be looked up: {error or 'no answer in time'}"
        return [
            Finding("DNS", "warning", says, "see /etc/resolv.conf; pages of names that are not found end as dns_error")
        ]
    return [Finding("DNS", "ok", f"{host} was looked up")]


async def _engines(config: Config) -> list[Finding]:
    cassandra = config.cassandra
    wanted = (
        ("broker", "broker.url", addresses_of_broker(config.broker.url)),
        ("cassandra", "cassandra.hosts", [f"{host}:{cassandra.port}" for host in cassandra.hosts]),
        ("zookeeper", "zookeeper.hosts", list(config.zookeeper.hosts)),
        ("memcached", "memcached.hosts", list(config.memcached.hosts)),
        ("id service", "ids.urls", [_address(url) for url in config.ids.services]),
        ("fetchers", "fetchers.addresses", [_address(url) for url in config.fetchers.addresses]),
    )
    found = await asyncio.gather(*(_engine(*one) for one in wanted if one[2]))
    return list(found) or [Finding("engines", "ok", "none are set: everything is embedded")]


async def _engine(name: str, setting: str, addresses: Sequence[str]) -> Finding:
    answers = await asyncio.gather(*(somebody_listens([address]) for address in addresses))
    silent = [address for address, answered in zip(addresses, answers, strict=True) if not answered]
    if not silent:
        return Finding(name, "ok", f"{', '.join(addresses)} takes connections")
    state: State = "failed" if len(silent) == len(addresses) else "warning"
    return Finding(name, state, f"nothing answers at {', '.join(silent)}", f"start it, or correct {setting}")


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
