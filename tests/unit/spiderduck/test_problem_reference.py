"""Every problem that an answer can hold is explained where its `type` leads."""

import re
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

import spiderduck
from spiderduck.api.contract.problems import CODES, TITLES, answer
from spiderduck.api.pages.problem_reference import problem_routes, reference
from spiderduck.console.pages import console_routes

ROOT = Path(spiderduck.__file__).parents[1]
LITERAL = re.compile(r"""(?:problem|Refusal)\(\s*\d{3},[^()]*?"([a-z_]{4,})\"""")


def test_every_code_in_the_sources_is_explained() -> None:
    known = reference()
    assert set(CODES.values()) <= set(known)
    written = {
        code
        for package in (
            "spiderduck/api",
            "spiderduck/bootstrap",
            "groundwork",
            "imagepipe/service",
            "snowflake/service",
        )
        for file in (ROOT / package).rglob("*.py")
        for code in LITERAL.findall(file.read_text())
    }
    assert written
    assert written <= set(known)


def test_every_meaning_is_a_sentence_and_every_status_has_a_title() -> None:
    for one in reference().values():
        assert re.fullmatch(r"[A-Z`].{15,400}[.`]", one.meaning), one
        assert one.type == f"/problems/{one.code}"
        assert one.status in TITLES or one.status in (408, 421, 431), one


@pytest.mark.parametrize("code", sorted(reference()))
async def test_a_problem_is_explained_to_programs_and_to_people(code: str) -> None:
    app = Litestar([*problem_routes(), *console_routes()], openapi_config=None, exception_handlers={Exception: answer})
    async with AsyncTestClient(app) as client:
        told = await client.get(f"/problems/{code}")
        assert (told.status_code, told.json()["code"]) == (200, code)
        page = await client.get(f"/problems/{code}", headers={"Accept": "text/html,*/*;q=0.8"})
        assert page.headers["content-type"].startswith("text/html")
        assert "script-src 'self'" in page.headers["content-security-policy"]


async def test_others_are_not_found() -> None:
    app = Litestar(problem_routes(), openapi_config=None, exception_handlers={Exception: answer})
    async with AsyncTestClient(app) as client:
        assert (await client.get("/problems/x")).json()["type"] == "/problems/not_found"
        assert len((await client.get("/problems")).json()) > 40
