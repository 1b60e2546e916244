"""The console's pages: nothing inline, so that their policy lets nothing that is injected run."""

import re
from importlib import resources

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from spiderduck.console.pages import FILES, console_routes

_STATIC = resources.files("spiderduck.console").joinpath("static")
_PAGES = [name for name in FILES.values() if name.endswith(".html")]


@pytest.mark.parametrize("name", _PAGES)
def test_no_script_and_no_style_stands_in_a_page(name: str) -> None:
    text = _STATIC.joinpath(name).read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


@pytest.mark.parametrize("name", [name for name in FILES.values() if name.endswith(".js")])
def test_scripts_set_text_and_never_markup(name: str) -> None:
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\.style\b|eval\(",
        _STATIC.joinpath(name).read_text(encoding="utf-8"),
    )


def test_every_file_is_served_with_the_policy() -> None:
    """And whatever a page asks for is there."""
    with TestClient(Litestar(console_routes(), openapi_config=None)) as client:
        for path, name in FILES.items():
            answer = client.get(path)
            assert answer.status_code == 200
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            for wanted in re.findall(
                r'(?:src|href)="(/[\w.]+\.(?:js|css))"', answer.text if name.endswith(".html") else ""
            ):
                assert wanted in FILES, f"{name} asks for {wanted}"
