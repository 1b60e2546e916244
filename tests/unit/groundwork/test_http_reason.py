"""Why a request failed, as a line of the log says it."""

import httpx
import pytest

from groundwork.http_reason import http_reason

REQUEST = httpx.Request("GET", "http://ids:8080/v1/ids/lease")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.HTTPStatusError("two\nlines", request=REQUEST, response=httpx.Response(503)), "it answered 503"),
        (httpx.ReadTimeout("", request=REQUEST), "ReadTimeout"),
        (httpx.ConnectError("All connection\n attempts failed"), "All connection attempts failed"),
        (ValueError(), "ValueError"),
    ],
)
def test_a_reason_is_one_line_and_never_empty(error: Exception, said: str) -> None:
    assert http_reason(error) == said
