"""Puts the pipelines on HTTP: as handlers to mount into another application, or as one of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import ResponseHeader
from litestar.types import ControllerRouterHandler

from imagepipe.errors import ImageError
from imagepipe.registry import Registry
from imagepipe.service.asking import Reader
from imagepipe.service.by_hand import by_hand_handlers
from imagepipe.service.guard import Guard, bearer_guard
from imagepipe.service.info import info_handler
from imagepipe.service.inspector import inspector_handlers
from imagepipe.service.pictures import picture_handler
from imagepipe.service.problems import handler_for
from imagepipe.service.safety import SAFETY_HEADERS


def route_handlers(
    registry: Registry, *, loopback: bool, path: str = "/images", guard: Guard | None = None
) -> list[ControllerRouterHandler]:
    """Handlers for `path` and below. `loopback`: the server is bound to it, so unsigned requests are allowed.

    `guard` protects what changes or reveals the caches; without one the configuration's `admin_key` does.
    """
    reader = Reader(registry.config, registry.codecs, unsigned=loopback or registry.config.allow_unsigned)
    protect = guard or bearer_guard(registry.config.admin_key, loopback)
    handlers: list[Any] = [
        picture_handler(registry, reader, path),
        info_handler(registry, reader, path),
        *by_hand_handlers(registry, path, protect),
        *inspector_handlers(registry, path, protect),
    ]
    errors: dict[int | type[Exception], Any] = {ImageError: handler_for(registry.clock)}
    safe = [ResponseHeader(name=name, value=value) for name, value in SAFETY_HEADERS.items()]
    return [Router("/", route_handlers=handlers, exception_handlers=errors, response_headers=safe, tags=["images"])]


def create_app(registry: Registry, *, loopback: bool) -> Litestar:
    """A server of its own, which starts and closes the registry."""

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        async with registry:
            yield

    return Litestar(route_handlers(registry, loopback=loopback), lifespan=[lifespan])
