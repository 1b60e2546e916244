"""The version of what is installed, which `pyproject.toml` says and nobody else."""

from importlib.metadata import PackageNotFoundError, version

UNKNOWN = "0+unknown"
"""Of sources that were never installed."""


def _installed() -> str:
    try:
        return version("spiderduck")
    except PackageNotFoundError:
        return UNKNOWN


VERSION = _installed()
