"""Problem details (RFC 9457): how every refusal of ours looks on the wire, whichever layer says it."""

import msgspec

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "/problems/"
"""What a problem's `type` begins with; its `code` follows. A relative reference (RFC 9457, section 3.1.1): the server
explains the problem there."""


def problem(status: int, code: str, title: str, detail: str | None = None, **more: object) -> bytes:
    """The body of an answer.

    `status` is the HTTP status, `code` is stable and ends the `type`, `title` names the kind of problem,
    and `detail` tells a person what to do. `more` are members of the problem's own.
    """
    told: dict[str, object] = {"type": TYPE_PREFIX + code, "title": title, "status": status}
    if detail is not None:
        told["detail"] = detail
    return msgspec.json.encode({**told, "code": code, **more})
