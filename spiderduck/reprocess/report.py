"""What a run found: counts and examples for each field. Kept between runs as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from schedulers.model import Page
from spiderduck.reprocess.comparing import Difference

LONGEST_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Example:
    """A page, and one field of it before and after."""

    url: str
    page_id: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class FieldReport:
    """In how many pages a field would have a value that it had not, have none that it had, or another."""

    gained: int = 0
    lost: int = 0
    changed: int = 0
    examples: tuple[Example, ...] = ()

    def with_page(self, page: Page, found: Difference, most: int) -> "FieldReport":
        """With one more difference; as an example while there are fewer than `most`."""
        examples = self.examples
        if len(examples) < most:
            examples = (*examples, Example(page.url, str(page.id), _short(found.before), _short(found.after)))
        return FieldReport(
            self.gained + (found.before is None),
            self.lost + (found.after is None),
            self.changed + (found.before is not None and found.after is not None),
            examples,
        )


@dataclass(frozen=True, slots=True)
class Report:
    """`pages` were read again, of which `differing` would change and `written` were. `missing` are not in the archive
    (any more, or damaged), `unreadable` beyond the limits, `walls` taken for consent walls and the like by now, and
    `skipped` told by somebody else."""

    pages: int = 0
    differing: int = 0
    written: int = 0
    missing: int = 0
    unreadable: int = 0
    skipped: int = 0
    walls: FieldReport = FieldReport()
    fields: dict[str, FieldReport] = field(default_factory=dict)

    def with_page(self, page: Page, found: Sequence[Difference], most: int) -> "Report":
        """With one more page and what differs in it."""
        fields = dict(self.fields)
        for one in found:
            fields[one.field] = fields.get(one.field, FieldReport()).with_page(page, one, most)
        return replace(self, pages=self.pages + 1, differing=self.differing + bool(found), fields=fields)

    def with_wall(self, page: Page, wall: str, most: int) -> "Report":
        """With one more page that is taken for a wall."""
        walls = self.walls.with_page(page, Difference("interstitial", None, wall), most)
        return replace(self, pages=self.pages + 1, walls=walls)


def _short(value: object) -> object:
    """A value for a person: whole where it is short."""
    text = value if isinstance(value, str) else None
    return f"{text[:LONGEST_SHOWN]}…" if text is not None and len(text) > LONGEST_SHOWN else value
