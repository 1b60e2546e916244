"""Puts the pipelines on HTTP: as handlers to mount into another application, or as one of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import ResponseHeader
from litestar.exceptions import HTTPException
from litestar.types import ControllerRouterHandler

from groundwork.queries import once
from imagepipe.errors import ImageError
from imagepipe.registry import Registry
from imagepipe.service.access import Access, Alone, Gate, Guard, bearer_guard
from imagepipe.service.admin import admin_handlers
from imagepipe.service.info import info_handler
from imagepipe.service.inspector import inspector_handlers
from imagepipe.service.pictures import picture_handler
from imagepipe.service.problems import handler_for, refusal
from imagepipe.service.request import RequestReader
from imagepipe.service.response import SAFETY_HEADERS


def route_handlers(
    registry: Registry,
    *,
    loopback: bool,
    path: str = "/images",
    guard: Guard | None = None,
    access: Access | None = None,
    unsigned: bool = False,
) -> list[ControllerRouterHandler]:
    """Handlers for `path` and below. `access` says who may ask for which picture without a signature; `unsigned`:
    anybody for any, because the source holds nothing but pictures for everybody.

    `guard` protects what changes or reveals the caches; without one the configuration's `admin_key` does, or, where the
    server is bound to loopback (`loopback`) and there is none, nothing.
    """
    reader = RequestReader(registry.config, registry.codecs)
    gate = Gate(registry.config, access or Alone(), unsigned or registry.config.allow_unsigned)
    protect = guard or bearer_guard(registry.config.admin_key, loopback)
    handlers: list[Any] = [
        picture_handler(registry, reader, gate, path),
        info_handler(registry, reader, gate, path),
        *admin_handlers(registry, path, protect),
        *inspector_handlers(registry, path, protect, gate.access),
    ]
    errors: dict[int | type[Exception], Any] = {ImageError: handler_for(registry.clock)}
    safe = [ResponseHeader(name=name, value=value) for name, value in SAFETY_HEADERS.items()]
    return [Router("/", route_handlers=handlers, exception_handlers=errors, response_headers=safe, tags=["images"])]


def create_app(
    registry: Registry,
    *,
    loopback: bool,
    access: Access | None = None,
    unsigned: bool = False,
    close: Callable[[], Awaitable[None]] | None = None,
) -> Litestar:
    """A server of its own, which starts and closes the registry; then it calls `close`. The other arguments as for
    `route_handlers`."""

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        try:
            async with registry:
                yield
        finally:
            if close is not None:
                await close()

    return Litestar(
        route_handlers(registry, loopback=loopback, access=access, unsigned=unsigned),
        lifespan=[lifespan],
        guards=[once],
        exception_handlers={HTTPException: refusal},
    )
