"""What can go wrong in a call. `retryable` says whether the same call may succeed later."""

import httpx
import msgspec


class ClientError(Exception):
    """Base of every error of the client. `code` is stable."""

    code: str = "client_error"
    retryable: bool = False


class Unreachable(ClientError):
    """Nothing answers, or the answer broke off."""

    code = "unreachable"
    retryable = True


class ApiError(ClientError):
    """The server answered with a problem (RFC 9457).

    `status` is the HTTP status, `code` the problem's stable code, and the message its detail. `retry_after` is in
    seconds, None where the server does not say. `request_id` finds the call in the server's log.
    """

    def __init__(self, status: int, code: str, detail: str, retry_after: float | None, request_id: str | None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.request_id = request_id
        self.retryable = status in (408, 429, 502, 503, 504)


class _Problem(msgspec.Struct):
    detail: str = ""
    code: str = "http_error"
    title: str = ""


def api_error(answer: httpx.Response) -> ApiError:
    """The error that an answer, read to its end, stands for."""
    try:
        problem = msgspec.json.decode(answer.content, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):  # of a proxy between us, for example
        problem = _Problem(answer.text[:500])
    wait = answer.headers.get("retry-after", "")
    return ApiError(
        answer.status_code,
        problem.code,
        problem.detail or problem.title or f"HTTP status {answer.status_code}",
        float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 10 else None,
        answer.headers.get("x-request-id"),
    )
