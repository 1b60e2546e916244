"""How far an interrupted run came: a small file, which another run with the same wish goes on from."""

import hashlib
import logging
import os
from pathlib import Path

import msgspec

from spiderduck.reprocess.report import Report
from spiderduck.reprocess.reprocessing import Wish

log = logging.getLogger(__name__)

FILE = "reprocess.json"


class Progress(msgspec.Struct, frozen=True):
    """`wish` is a digest of what the run is to do; `after` is the store's own mark, None before the first step."""

    wish: str
    after: str | None = None
    walked: int = 0
    report: Report = Report()


def digest(wish: Wish, version: str) -> str:
    """Of all that a report depends on: another wish, or another version's rules, begins anew."""
    return hashlib.sha256(f"{version}\n{wish.selection}\n{wish.write}\n{wish.examples}".encode()).hexdigest()


def kept(folder: Path, wish: str) -> Progress:
    """Where the last run with that wish stopped; the beginning where there is none."""
    try:
        found = msgspec.json.decode((folder / FILE).read_bytes(), type=Progress)
    except FileNotFoundError:
        return Progress(wish)
    except (OSError, msgspec.DecodeError) as error:
        log.warning("%s cannot be read, the run begins anew: %s", folder / FILE, error)
        return Progress(wish)
    return found if found.wish == wish else Progress(wish)


def keep(folder: Path, progress: Progress) -> None:
    """Replaces the file in one step."""
    fresh = folder / f"{FILE}.new"
    fresh.write_bytes(msgspec.json.encode(progress))
    os.replace(fresh, folder / FILE)


def forget(folder: Path) -> None:
    """The run came to its end."""
    (folder / FILE).unlink(missing_ok=True)
