"""What `schemathesis run` does before each call: values that cannot be made up are made anew, or left out."""

from typing import Any
from uuid import uuid4

import schemathesis

from tests.e2e.test_openapi_fuzz import MADE_ONCE


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """A call that is to show no key stays as it is: another header would bring the key back."""
    for name in MADE_ONCE:
        if case.query and name in case.query:
            del case.query[name]
        if case.headers and name in case.headers and "Authorization" in case.headers:
            case.headers[name] = uuid4().hex
