"""No shared cache: the in-process host cache is all there is (embedded mode, and `python -m fetchers`)."""


class NoSharedCache:
    """Forgets everything at once, as the port allows."""

    async def get(self, origin: str) -> bytes | None:
        return None

    async def put(self, origin: str, value: bytes, seconds: float) -> None:
        return None
