"""Looks at ids after the fact: was any given twice, and how far were they from being in order? Pure.

Fed with notices (`python -m snowflake audit`) or plain ids, in the order of arrival. Its memory is bounded, so a
duplicate is surely seen when it comes within `memory` ids of its twin.
"""

import json
from dataclasses import dataclass

from snowflake.errors import InvalidId
from snowflake.layout import Layout, parse_decimal

_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Sighting:
    """An id, and what it stands for: the same id for the same thing twice is a repetition, no duplicate."""

    id: int
    subject: str | None = None


class Auditor:
    """`duplicates` holds the first hundred; `duplicate_count` counts them all."""

    def __init__(self, layout: Layout | None = None, memory: int = 1_000_000) -> None:
        self._layout = layout or Layout()
        self._memory = memory
        self._seen: dict[int, str | None] = {}
        self._latest_ms = 0
        self.ids = 0
        self.duplicate_count = 0
        self.duplicates: list[int] = []
        self.largest_inversion_ms = 0

    def add(self, sighting: Sighting) -> None:
        """Raises `InvalidId`."""
        id, subject = sighting.id, sighting.subject
        time_ms = self._layout.decode(id).unix_ms
        if id in self._seen:
            if subject is None or subject != self._seen[id]:
                self.duplicate_count += 1
                if len(self.duplicates) < _MOST_SHOWN:
                    self.duplicates.append(id)
            return
        self.ids += 1
        self._seen[id] = subject
        if len(self._seen) > self._memory:
            del self._seen[next(iter(self._seen))]
        self.largest_inversion_ms = max(self.largest_inversion_ms, self._latest_ms - time_ms)
        self._latest_ms = max(self._latest_ms, time_ms)

    @property
    def report(self) -> dict[str, object]:
        return {
            "ids": self.ids,
            "duplicates": self.duplicate_count,
            "duplicate_ids": [str(id) for id in self.duplicates],
            "largest_inversion_ms": self.largest_inversion_ms,
        }


def read_line(line: str) -> Sighting | None:
    """A plain id, or a notice (a CloudEvent whose data is a page's record); None for a line without a new id.

    Only `fetched` notices bring a page id into the world; the others repeat one. Raises `InvalidId`.
    """
    line = line.strip()
    if not line.startswith("{"):
        return Sighting(parse_decimal(line)) if line else None
    try:
        notice = json.loads(line)
    except ValueError as error:
        raise InvalidId(f"neither an id nor a notice: {line[:80]!r}") from error
    data = notice.get("data")
    record = data if isinstance(data, dict) else notice
    page_id = record.get("page_id")
    if page_id is None or notice.get("outcome", record.get("outcome", "fetched")) != "fetched":
        return None
    return Sighting(parse_decimal(str(page_id)), str(record.get("resolved_url")))
