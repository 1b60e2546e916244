"""Who was told of a link: what a durable queue's state says of the one notice."""

import pytest

from spiderduck.api.urls.told import WRITTEN_SECONDS, state_of
from spiderduck.subscriptions.ports import QueueState

AT = 1_700_000_000.0


def queue(lag: int, oldest_at: float | None, created_at: float = AT - 100) -> QueueState:
    return QueueState("mailer", 7, lag, oldest_at, created_at, AT, None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (queue(0, None), "read"),
        (queue(3, AT - 50), "waiting"),
        (queue(3, AT + WRITTEN_SECONDS / 2), "waiting"),
        (queue(3, AT + WRITTEN_SECONDS + 1), "read"),
        (queue(3, None), "not_known"),
        (queue(3, AT + 60, created_at=AT + 50), "not_collected"),
    ],
)
def test_a_queue_is_read_in_the_order_in_which_it_was_written(given: QueueState, expected: str) -> None:
    assert state_of(given, AT) == expected
