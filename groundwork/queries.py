"""A query says a thing once, so that a guard and a handler, or a proxy and we, cannot read two things."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import ClientException
from litestar.handlers.base import BaseRouteHandler

_SHOWN = 40


def once(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A Litestar guard, for every application of ours.

    Raises `ClientException` (400) for a query parameter that stands twice, unless the handler takes a list of them.
    """
    if not connection.scope.get("query_string"):
        return
    query = connection.query_params
    for name in query:
        if len(query.getall(name)) > 1 and not _takes_several(handler, name):
            shown = ascii(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}...")
            raise ClientException(f"the query parameter {shown} stands more than once; send it once")


def _takes_several(handler: BaseRouteHandler, name: str) -> bool:
    field = handler.parsed_fn_signature.parameters.get(name)
    return field is not None and any(one.is_non_string_collection for one in (field, *field.inner_types))
