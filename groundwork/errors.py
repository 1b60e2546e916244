"""The shape of every error that a package raises on purpose."""

from typing import ClassVar


class CodedError(Exception):
    """Base of the packages' own bases. `code` is stable and goes into answers, logs and metrics; `retryable` says
    whether the same call may succeed later without anybody's help. The text is a sentence for a person."""

    code: ClassVar[str]
    retryable: ClassVar[bool] = False
