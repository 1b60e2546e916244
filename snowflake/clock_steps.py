"""Notices when the wall clock runs ahead of the time that really passed. Pure; asked by `minting.py` at each renewal.

A leap smear or a suspended machine is no step. The second reading counts suspended time (`clock.py`), and each accepted
reading is the new reference, so that slow corrections never add up.
"""

from snowflake.errors import ClockJumpedForward


class ClockSteps:
    """`bound_ms`: how far the wall clock may jump ahead between two looks at it."""

    def __init__(self, bound_ms: int, now_ms: int, elapsed_ms: int) -> None:
        self._bound_ms = bound_ms
        self._now_ms = now_ms
        self._elapsed_ms = elapsed_ms

    def check(self, now_ms: int, elapsed_ms: int) -> None:
        """Raises `ClockJumpedForward`, again and again until the clock is back within the bound."""
        jumped = (now_ms - self._now_ms) - (elapsed_ms - self._elapsed_ms)
        if jumped > self._bound_ms:
            raise ClockJumpedForward(jumped, self._bound_ms)
        self._now_ms, self._elapsed_ms = now_ms, elapsed_ms
