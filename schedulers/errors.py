"""What can go wrong in the flow as a surprise; expected endings are values (`schedulers.context.Result`)."""

from fetchers.errors import InvalidUrl  # one error for "this is no URL", whoever parses
from groundwork.errors import CodedError


class SchedulerError(CodedError):
    """Base of every error of this package."""

    code = "scheduler_error"


class UnreadableEvent(SchedulerError, ValueError):
    """An event that is no JSON, of no known shape, or lacks what its shape requires. The message says which."""

    code = "unreadable_event"


class EventTooLarge(UnreadableEvent):
    """An event with more URLs or a longer text than is taken from one."""

    code = "event_too_large"


class NothingShared(UnreadableEvent):
    """An event of a known shape that holds neither a text nor URLs."""

    code = "nothing_shared"


__all__ = ["EventTooLarge", "InvalidUrl", "NothingShared", "SchedulerError", "UnreadableEvent"]
