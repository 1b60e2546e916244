"""Which status an error has that comes out of a store, and what the caller is told."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from spiderduck.api.problems import answer
from spiderduck.errors import StoreUnavailable
from spiderduck.stores.errors import StatementRefused

REQUEST: Any = SimpleNamespace(method="GET", url=SimpleNamespace(path="/v1/urls"))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreUnavailable("no node answers"), "store_unavailable"),
        (StatementRefused("no such table"), "statement_refused"),
    ],
)
def test_a_store_that_cannot_serve_is_a_503_with_its_reason(error: Exception, code: str) -> None:
    """And with a time to come again: neither is the caller's fault."""
    told = answer(REQUEST, error)
    body = msgspec.json.decode(told.content)
    assert (told.status_code, body["code"], body["detail"]) == (503, code, str(error))
    assert int(told.headers["Retry-After"]) > 0


def test_a_surprise_tells_nothing_of_itself() -> None:
    told = answer(REQUEST, RuntimeError("a secret"))
    assert told.status_code == 500
    assert b"secret" not in told.content
