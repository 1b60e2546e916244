"""What the chart's tests ask for: helm itself, and the releases that the values files give."""

import subprocess

import pytest

from tests.engines.fixtures import need
from tests.unit.helm.rendering import VALUES, Helm, Release, rendered


@pytest.fixture
def helm() -> Helm:
    """Runs helm with these arguments on the chart."""
    binary = need("helm")

    def run(verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [binary, verb, *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

    return run


@pytest.fixture(params=VALUES)
def release(request: pytest.FixtureRequest) -> Release:
    """The release that each values file gives."""
    need("helm")
    return rendered(request.param)


@pytest.fixture(params=sorted(VALUES.keys() - {"single"}))
def cluster(request: pytest.FixtureRequest) -> Release:
    """The release of each values file that gives a cluster."""
    need("helm")
    return rendered(request.param)


@pytest.fixture
def releases() -> dict[str, Release]:
    """All of them, by the values file's name."""
    need("helm")
    return {name: rendered(name) for name in VALUES}
