"""A query says a thing once, so that a guard and a handler, or a proxy and we, cannot read two things; and it says it
in so many words: what is left out is not sent as `null`."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import ClientException
from litestar.handlers.base import BaseRouteHandler

_SHOWN = 40


def once(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A Litestar guard, for every application of ours.

    Raises `ClientException` (400) for a query parameter that stands twice, unless the handler takes a list of them, and
    for the word `null`, unless the handler takes a text.
    """
    if not connection.scope.get("query_string"):
        return
    query = connection.query_params
    for name in query:
        if len(query.getall(name)) > 1 and not _takes_several(handler, name):
            shown = ascii(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}...")
            raise ClientException(f"the query parameter {shown} stands more than once; send it once")
        if query[name].lower() == "null" and _reads_null(handler, name):
            raise ClientException(f"the query parameter {name} is null; leave it out")


def _reads_null(handler: BaseRouteHandler, name: str) -> bool:
    """The framework's decoder takes the word for the absence of any value that is no text."""
    field = handler.parsed_fn_signature.parameters.get(name)
    return field is not None and field.is_optional and not any(one.annotation is str for one in field.inner_types)


def _takes_several(handler: BaseRouteHandler, name: str) -> bool:
    field = handler.parsed_fn_signature.parameters.get(name)
    return field is not None and any(one.is_non_string_collection for one in (field, *field.inner_types))
