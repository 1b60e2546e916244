"""Makes a machine ready: system packages of all engines in one call, then what each engine fetches for itself.

Downloads are kept in one cache for all checkouts of a user, under a lock, so that two runs do not fetch twice.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.engines import apt
from tests.engines.errors import CannotInstall
from tests.engines.model import Engine


def cache_folder() -> Path:
    """`SPIDERDUCK_TEST_ENGINES_CACHE`, else the user's cache folder by the XDG base directory specification."""
    named = os.environ.get("SPIDERDUCK_TEST_ENGINES_CACHE")
    if named:
        return Path(named).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "spiderduck-engines"


def install(engines: Sequence[Engine]) -> dict[str, CannotInstall]:
    """Install every engine that can be. Returns the reason for each that cannot, by name."""
    with _alone(cache_folder()) as cache:
        system_failure = _install_packages(engines)
        return {engine.name: failure for engine in engines if (failure := _fetch(engine, cache, system_failure))}


def _install_packages(engines: Iterable[Engine]) -> CannotInstall | None:
    try:
        apt.install(needed for engine in engines for needed in engine.requirements)
    except CannotInstall as failure:
        return failure
    return None


def _fetch(engine: Engine, cache: Path, system_failure: CannotInstall | None) -> CannotInstall | None:
    lacking = apt.missing(engine.requirements)
    if lacking:
        names = ", ".join(needed.program for needed in lacking)
        return system_failure or CannotInstall(f"its packages are installed but bring no {names}")
    try:
        engine.fetch(cache)
    except CannotInstall as failure:
        return failure
    return None


@contextmanager
def _alone(cache: Path) -> Iterator[Path]:
    cache.mkdir(parents=True, exist_ok=True)
    with Path(cache, "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield cache
