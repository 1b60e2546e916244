"""How large one event may be. Its links are bounded by their number, its texts by their bytes."""

from dataclasses import dataclass

from schedulers.config import SchedulersConfig
from schedulers.errors import EventTooLarge
from schedulers.model import Event

LARGEST_EVENT = 4 * 1024 * 1024
"""Bytes. A thousand URLs of four kilobytes each; decoding that takes about as long as the loop may be held."""


@dataclass(frozen=True, slots=True)
class EventLimits:
    """`most_urls`: different URLs of one event. `most_text_bytes`: of any one string in it, in UTF-8; the longest
    message of the known senders is a GitHub comment of 65,536 characters, each of four bytes at the most."""

    most_urls: int = 1_000
    most_text_bytes: int = 262_144

    @classmethod
    def of(cls, config: SchedulersConfig) -> "EventLimits":
        return cls(config.most_urls, config.most_text_bytes)

    def check_size(self, body: bytes) -> None:
        """Raises `EventTooLarge`."""
        if len(body) > LARGEST_EVENT:
            raise EventTooLarge(f"it has {len(body):,} bytes; at most {LARGEST_EVENT:,} are accepted in one event")

    def check_texts(self, value: object) -> None:
        """Raises `EventTooLarge`. Before any text is searched for links, which is what costs time."""
        remaining: list[tuple[str, object]] = [("", value)]
        while remaining:
            name, one = remaining.pop()
            if isinstance(one, str):
                self._check_text(name, one)
            elif isinstance(one, dict):
                remaining.extend(one.items())
            elif isinstance(one, list):
                remaining.extend((name, item) for item in one)

    def check_urls(self, event: Event) -> None:
        """Raises `EventTooLarge`."""
        if len(event.urls) > self.most_urls:
            raise EventTooLarge(
                f"it holds {len(event.urls):,} URLs; at most {self.most_urls:,} are taken from one event "
                "(schedulers.most_urls), so send them as several events"
            )

    def _check_text(self, name: str, text: str) -> None:
        if len(text) * 4 <= self.most_text_bytes:
            return
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > self.most_text_bytes:
            raise EventTooLarge(
                f"its {name[:40]!r} has {size:,} bytes; at most {self.most_text_bytes:,} are accepted "
                "(schedulers.most_text_bytes)"
            )


DEFAULT_LIMITS = EventLimits.of(SchedulersConfig())
