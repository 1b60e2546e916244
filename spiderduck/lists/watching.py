"""Keeps lists at what their files say: read in a thread, again within seconds of a change.

A file that cannot be read, or in which hardly a line is an entry (a page that says why a list was not sent), leaves in
force what was read before, and that is said once. The first reading of a list that the settings name must succeed.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from groundwork.clock import Clock
from spiderduck.lists.loaded import LoadedList
from spiderduck.settings.lists import ListConfig
from spiderduck.takedowns.in_force import InForce

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 2.0
MOST_FILE_BYTES = 256 * 1024 * 1024
"""Some five million entries."""
LONGEST_UNREST_SECONDS = 60.0
"""A file that is replaced all the time is read all the same after so long."""
MUCH_LOST = 10
"""A list that has so many times fewer entries than before is told of: perhaps it was cut short where it comes from."""
NO_LIST = (b"<", b"{")
"""What a list never begins with."""
Stamp = tuple[int, int, int]


@dataclass(slots=True)
class _Watched:
    config: ListConfig
    loaded: LoadedList | None = None
    stamp: Stamp | None = None
    seen: Stamp | None = None
    restless_since: float | None = None
    told: str = ""


class Lists:
    """All lists that are in force. `current` is replaced as a whole, so that who reads it sees one moment. `takedowns`
    are beside them: an admin's list of single URLs, which is no file."""

    def __init__(self, clock: Clock, configs: Iterable[ListConfig] = ()) -> None:
        """Raises ValueError where a list cannot be read."""
        self._clock = clock
        self.takedowns = InForce()
        self._watched = {config.name: _Watched(config) for config in configs}
        self._changed: list[Callable[[], None]] = []
        for watched in self._watched.values():
            try:
                watched.stamp = _stamp(Path(watched.config.path))
                watched.loaded = self._read(watched.config, watched.stamp)
            except (OSError, ValueError) as error:
                raise ValueError(f"lists.{watched.config.name}: {watched.config.path}: {_reason(error)}") from error
        self.current: tuple[LoadedList, ...] = ()
        self._replace()

    def on_change(self, callback: Callable[[], None]) -> None:
        """Called after lists changed."""
        self._changed.append(callback)

    @property
    def configs(self) -> Sequence[ListConfig]:
        """What is watched, in the order of names."""
        return [self._watched[name].config for name in sorted(self._watched)]

    async def put(self, config: ListConfig) -> LoadedList:
        """A new list, or another in the place of the one of that name, from now on. Raises ValueError where its file
        cannot be read, and changes nothing then."""
        try:
            stamp = _stamp(Path(config.path))
            loaded = _plausible(await asyncio.to_thread(self._read, config, stamp))
        except (OSError, ValueError) as error:
            raise ValueError(f"{config.path} cannot be read: {_reason(error)}") from error
        self._watched[config.name] = _Watched(config, loaded, stamp)
        self._replace()
        return loaded

    def remove(self, name: str) -> bool:
        """Whether there was such a list."""
        if self._watched.pop(name, None) is None:
            return False
        self._replace()
        return True

    async def run(self) -> None:
        """Look for changed files until cancelled."""
        while True:
            await self._clock.sleep(LOOK_EVERY_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Once."""
        fresh = [one for one in list(self._watched.values()) if await self._renew(one)]
        if fresh:
            self._replace()

    async def _renew(self, watched: _Watched) -> bool:
        try:
            stamp = _stamp(Path(watched.config.path))
            if stamp == watched.stamp or not self._is_settled(watched, stamp):
                return False
            before = watched.loaded
            watched.loaded = _plausible(await asyncio.to_thread(self._read, watched.config, stamp))
            watched.stamp, watched.told = stamp, ""
        except (OSError, ValueError) as error:
            if watched.told != (reason := _reason(error)):
                watched.told = reason
                name = watched.config.name
                fields = {"list": name, "reason": reason}
                log.warning("the list %s was not read again, its last version stays: %s", name, reason, extra=fields)
            return False
        _tell(watched.loaded, 0 if before is None else len(before))
        return True

    def _is_settled(self, watched: _Watched, stamp: Stamp) -> bool:
        """Whether nobody writes the file at this moment: half a list, or an empty one, must not come into force."""
        now = self._clock.now()
        is_seen, watched.seen = stamp == watched.seen, stamp
        if is_seen or abs(now - stamp[0] / 1e9) > LOOK_EVERY_SECONDS:
            watched.restless_since = None
            return True
        watched.restless_since = now if watched.restless_since is None else watched.restless_since
        return now - watched.restless_since > LONGEST_UNREST_SECONDS

    def _read(self, config: ListConfig, stamp: Stamp) -> LoadedList:
        with Path(config.path).open("rb") as file:
            changed_at = os.fstat(file.fileno()).st_mtime
            data = file.read(MOST_FILE_BYTES + 1)
            found = _stamp_of(os.fstat(file.fileno()))
        if len(data) > MOST_FILE_BYTES:
            raise ValueError(f"it is larger than {MOST_FILE_BYTES:,} bytes")
        if found != stamp or len(data) != found[1]:
            raise ValueError("it was changed while it was read")
        if data.lstrip()[:1] in NO_LIST:
            raise ValueError("it is a page or JSON, perhaps one that says why there is no list")
        loaded = LoadedList(config, data, self._clock.now(), changed_at)
        if loaded.counted.unread and not loaded.counted.entries:
            raise ValueError(f"none of its lines is an entry of the format {config.format}")
        return loaded

    def _replace(self) -> None:
        self.current = tuple(one.loaded for _, one in sorted(self._watched.items()) if one.loaded is not None)
        for callback in self._changed:
            callback()


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    if not S_ISREG(found.st_mode):
        raise ValueError("it is no file")  # a pipe would never end
    return _stamp_of(found)


def _stamp_of(found: os.stat_result) -> Stamp:
    return found.st_mtime_ns, found.st_size, found.st_ino


def _plausible(loaded: LoadedList) -> LoadedList:
    """Raises ValueError where most lines are no entries: at a change, that is a broken file and no list."""
    counted = loaded.counted
    if counted.unread > counted.entries:
        raise ValueError(f"{counted.unread:,} of its lines are no entries, and {counted.entries:,} are")
    return loaded


def _tell(loaded: LoadedList, before: int) -> None:
    name, count = loaded.config.name, len(loaded)
    fields = {"list": name, "entries": count, "before": before}
    if before > count * MUCH_LOST:
        log.warning("the list %s has %d entries now, and had %d: is its file whole?", name, count, before, extra=fields)
    else:
        log.info("the list %s has %d entries now", name, count, extra=fields)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
