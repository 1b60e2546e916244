"""The console's pages: nothing inline, so that their policy lets nothing that is injected run."""

import hashlib
import re

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from spiderduck.config import Config
from spiderduck.console.pages import POLICY, SERVED_ELSEWHERE, console_routes, files
from spiderduck.console.shell import BY_NAME, PAGES, STATIC, render
from spiderduck.settings.in_force import settings_of

VENDORED = {
    "uplot.js": "5dd9b3281aa64b461b42d9945f6adb2649d346502b12281a9ae0d46599a80eba",
    "uplot.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "uplot-licence.txt": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}
"""Files of uPlot 1.6.32 as npm has them (`dist/uPlot.esm.js`, `dist/uPlot.min.css`, `LICENSE`), by their SHA-256."""
_SCRIPTS = [name for name in files() if name.endswith(".js") and name not in VENDORED]


@pytest.mark.parametrize("name", VENDORED)
def test_what_is_of_others_is_unchanged_and_brings_its_licence(name: str) -> None:
    content = STATIC.joinpath(name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == VENDORED[name]
    assert not re.search(rb"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", content)


@pytest.mark.parametrize("name", BY_NAME)
def test_no_script_and_no_style_stands_in_a_page(name: str) -> None:
    text = render(name)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert "{{" not in text, "every place was filled"


@pytest.mark.parametrize("name", BY_NAME)
def test_whatever_a_page_names_is_there(name: str) -> None:
    text = render(name)
    wanted = re.findall(r'(?:src|href)="/console/([\w.-]+)"', text)
    assert f"{name}.js" in wanted
    assert set(wanted) <= set(files())
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids)), "an id stands for one element"
    labels = re.findall(r'(?:aria-labelledby|\sfor)="([^"]+)"', text)
    assert set(labels) <= set(ids)


@pytest.mark.parametrize("name", _SCRIPTS)
def test_scripts_set_text_and_never_markup(name: str) -> None:
    text = STATIC.joinpath(name).read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\.style\b|eval\(", text)
    assert {one.removeprefix("./") for one in re.findall(r'from "([^"]+)"', text)} <= set(files())


@pytest.mark.parametrize("name", _SCRIPTS)
def test_scripts_touch_only_what_their_page_has(name: str) -> None:
    page = name.removesuffix(".js")
    if page not in BY_NAME:
        return
    wanted = re.findall(r'\bat\("([\w-]+)"\)', STATIC.joinpath(name).read_text(encoding="utf-8"))
    assert set(wanted) <= set(re.findall(r'\sid="([^"]+)"', render(page)))


def test_nothing_comes_from_another_site() -> None:
    """No style and no font of others either."""
    for name in set(files()) - set(VENDORED):
        text = STATIC.joinpath(name).read_text(encoding="utf-8")
        assert not re.search(r"@import|url\(|https?://(?!www\.w3\.org/2000/svg)[\w.]", text), name


def test_navigation_tells_where_one_is() -> None:
    for page in PAGES:
        if page.group is not None:
            assert render(page.name).count('aria-current="page"') == 1


def test_every_page_and_file_is_served_with_the_policy() -> None:
    paths = [page.path for page in PAGES if page.name not in SERVED_ELSEWHERE]
    with TestClient(Litestar(console_routes(), openapi_config=None)) as client:
        for path in (*paths, *(f"/console/{name}" for name in files())):
            answer = client.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-security-policy"] == POLICY
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_settings_that_a_page_names_are_settings() -> None:
    engines = STATIC.joinpath("system.js").read_text(encoding="utf-8").partition("const ENGINES")[2].partition("];")[0]
    named = re.findall(r'"([a-z]+\.[a-z]+)"', engines)
    assert len(named) == 8
    assert set(named) <= set(dict(settings_of(Config())))


def test_a_page_knows_what_need_not_be_asked_here() -> None:
    """In a cluster ids and pictures are made by other processes, and no store has all links in order."""
    assert 'data-elsewhere="ids order pictures"' in render("ids", {"pictures", "order", "ids"})
    assert 'data-elsewhere=""' in render("ids")
    assert '<a href="/links" aria-current="true">' in render("link"), "a link's page belongs to the links"
