"""What goes to a terminal or into a log line: text without control, escape and bidi-override characters.

A page's title, a server's answer or a file's name may hold them, and a terminal obeys whoever sends them. Every command
prints through `say`, `say_json`, `put_bytes` or a `PlainConsole`, every log goes through a `PlainFormatter` or `plain`;
a test looks for other ways out. A character that is taken out is written as its escape in JSON, so JSON stays JSON.
"""

import logging
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_FORBIDDEN = (
    *range(0x20),  # C0, with ESC, BEL, CR and line feed
    *range(0x7F, 0xA0),  # DEL and C1, with CSI in one byte
    0x00AD,  # soft hyphen: hides itself
    *(0x061C, 0x200E, 0x200F),  # marks of direction
    *(0x2028, 0x2029),  # line and paragraph separators
    *range(0x202A, 0x202F),  # embeddings and overrides of direction
    *range(0x2066, 0x206A),  # isolates
    *(0xFEFF, 0xFFFE, 0xFFFF),
    *range(0xD800, 0xE000),  # half characters, which no stream can write
)
_ESCAPES = {code: f"\\u{code:04x}" for code in _FORBIDDEN}
_IN_LINES = {code: escape for code, escape in _ESCAPES.items() if chr(code) not in "\n\t"}


def plain(text: str, *, lines: bool = False) -> str:
    """`text` in one line, what a terminal would obey as `\\u001b`. With `lines`, line feeds and tabs stay."""
    return text.translate(_IN_LINES if lines else _ESCAPES)


def say(text: object = "", *, error: bool = False, file: TextIO | None = None) -> None:
    """One line to standard output, or to standard error."""
    print(plain(str(text)), file=file or (sys.stderr if error else sys.stdout), flush=True)


def say_json(document: bytes | str) -> None:
    """A JSON document as one line: what is taken out of a string is escaped there."""
    text = document.decode("utf-8", "replace") if isinstance(document, bytes) else document
    say(text.strip("\n"))


def put_bytes(body: bytes) -> None:
    """A body to standard output: as it came where that is a file or a pipe, as plain text where it is a terminal."""
    if not sys.stdout.isatty():
        sys.stdout.buffer.write(body)
        return
    text = plain(body.decode("utf-8", "replace").replace("\r\n", "\n"), lines=True)
    print(text, end="" if text.endswith("\n") else "\n", flush=True)


def field(text: object, style: str = "") -> "Text":
    """A text for a `PlainConsole`, which is folded where it is long."""
    from rich.text import Text

    return Text(plain(str(text)), style=style, overflow="fold")


def plain_console(*, error: bool = False) -> "Console":
    """A Rich console that shows strings as they are: without markup, emoji codes, links and control characters."""
    from rich.console import Console
    from rich.segment import Segment

    class PlainConsole(Console):
        def render(self, renderable: Any, options: Any = None) -> Iterator[Segment]:
            for segment in super().render(renderable, options):
                if segment.control or segment.text == "\n":
                    yield segment
                else:
                    yield Segment(plain(segment.text, lines=True), segment.style)

        def render_str(self, text: str, **options: Any) -> "Text":
            return super().render_str(plain(text), **(options | {"markup": False, "emoji": False}))

    return PlainConsole(stderr=error, markup=False, emoji=False, highlight=False)


class PlainFormatter(logging.Formatter):
    """A log line, and the lines of a traceback after it."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return plain(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        return plain(super().formatException(ei), lines=True)

    def formatStack(self, stack_info: str) -> str:
        return plain(super().formatStack(stack_info), lines=True)


def log_plainly(form: str = "%(asctime)s %(levelname)s %(name)s %(message)s", level: int = logging.WARNING) -> None:
    """Logs to standard error, for the commands that set up nothing else."""
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter(form))
    logging.basicConfig(level=level, handlers=[handler])
