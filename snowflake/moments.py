"""Moments as people write them: ISO 8601 with a zone, or Unix seconds. For the command line and the service."""

from datetime import UTC, datetime

from snowflake.errors import TimeOutOfRange

EXAMPLE = "2026-11-22T10:47:34.120Z"


def parse_moment(text: str) -> datetime:
    """A text without a zone is taken as UTC. Raises `TimeOutOfRange`."""
    # In a query "+" means a blank, and people forget to quote the zone's sign.
    date, _, zone = text.strip().rpartition(" ")
    text = f"{date}+{zone}" if "T" in date else text.strip()
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except ValueError:
        pass  # not a number: a date
    except (OverflowError, OSError) as error:
        raise TimeOutOfRange(f"{text[:40]!r} seconds are beyond every calendar") from error
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TimeOutOfRange(f"{text[:40]!r} is no time; for example {EXAMPLE}, or Unix seconds") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def write_moment(moment: datetime) -> str:
    """Milliseconds, UTC, as in every answer."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
