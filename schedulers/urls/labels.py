"""The labels of one run of host characters, and which of them can end a host. For `extract.py` alone.

A host is a row of good labels with a top-level domain behind it. A good label neither begins nor ends with a hyphen or
an underscore, and the one before the top-level domain holds no underscore at all. Looking from right to left once tells
for every label how far a host that begins in it can reach, so that no label is looked at again for each beginning.
"""

from schedulers.urls.characters import START
from schedulers.urls.top_level import special_use_end, top_level_end

_MARKS = "-_"


class Labels:
    """`text[start:end]`, cut at its dots. With `special_use`, the names that are set aside for tests end a host too."""

    def __init__(self, text: str, start: int, end: int, *, special_use: bool) -> None:
        self.start = start
        self._text = text
        self._names = text[start:end].split(".")
        self._starts = self._all_starts()
        self._ends = self._top_level_ends(special_use)
        self.any_end = any(position >= 0 for position in self._ends)
        self._furthest = self._all_furthest() if self.any_end else []
        self._at = 0

    def host_end(self, start: int) -> int:
        """Where the host ends that begins with the first label; -1 where none does."""
        name = self._names[0]
        if not name or name[0] in _MARKS or name[-1] in _MARKS:
            return -1
        last = self._furthest[0]
        if last < 0 and "_" not in name:
            last = 1 if self._ends[1] >= 0 else -1
        return self._ends[last] if last >= 0 else -1

    def next_host(self, rest: int) -> tuple[int, int] | None:
        """The first host that begins behind `rest` (or at the text's very beginning), and its end."""
        first = self.start if self.start > rest or self.start == 0 == rest else rest + 1
        while self._at + 1 < len(self._names):
            if (found := self._host_in(self._at, first)) is not None:
                return found
            self._at += 1
        return None

    def _host_in(self, number: int, first: int) -> tuple[int, int] | None:
        """The host that begins in this label, at `first` or later."""
        name, last = self._names[number], self._furthest[number]
        start = max(first, self._starts[number])
        end = self._starts[number] + len(name)
        if start >= end or name[-1] in _MARKS:
            return None
        if last < 0:
            if self._ends[number + 1] < 0:
                return None
            last = number + 1
            start = max(start, self._text.rfind("_", start, end) + 1)
        begins = START.search(self._text, start, end)
        return (begins.start(), self._ends[last]) if begins else None

    def _all_starts(self) -> list[int]:
        starts, position = [], self.start
        for name in self._names:
            starts.append(position)
            position += len(name) + 1
        return starts

    def _top_level_ends(self, special_use: bool) -> list[int]:
        """Where the top-level domain ends that a label begins with; the first label has nothing before it to be one."""
        text = self._text
        end_of = special_use_end if special_use else top_level_end
        ends = [end_of(text, start) if name else -1 for start, name in zip(self._starts, self._names, strict=True)]
        ends[0] = -1
        return ends

    def _all_furthest(self) -> list[int]:
        """For each label the last one that can be the top-level domain of a host that begins in it, where another label
        stands between; -1 where there is none."""
        furthest = [-1] * len(self._names)
        for number in range(len(self._names) - 3, -1, -1):
            between = self._names[number + 1]
            if not between or between[0] in _MARKS or between[-1] in _MARKS:
                continue
            furthest[number] = furthest[number + 1]
            if furthest[number] < 0 and self._ends[number + 2] >= 0 and "_" not in between:
                furthest[number] = number + 2
        return furthest
