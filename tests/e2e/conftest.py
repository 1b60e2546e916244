"""An origin and a product over it, for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.product import Product
from tests.origin import Origin


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture
def product(origin: Origin, tmp_path: Path) -> Iterator[Product]:
    with Product(tmp_path / "data", origin.port) as product:
        yield product
