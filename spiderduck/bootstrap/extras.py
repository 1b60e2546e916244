"""What only a cluster needs is installed with the extra `cluster`, and imported when the settings ask for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from spiderduck.errors import BadSetting


@contextmanager
def needed_for(what: str, extra: str = "cluster") -> Iterator[None]:
    """Around an import. Raises `BadSetting`, which says what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise BadSetting(
            f"{what} needs {error.name}, which is not installed; install it with pip install 'spiderduck[{extra}]'"
        ) from error
