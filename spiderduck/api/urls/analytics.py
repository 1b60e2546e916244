"""`GET /v1/analytics`: answers from the rows of all fetches and shares."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from spiderduck.analytics.answers import plain_rows
from spiderduck.analytics.questions import QUESTIONS
from spiderduck.api.contract.problems import PROBLEM_TYPE, Problem
from spiderduck.api.front.keys import READ
from spiderduck.api.parameters import BadParameter, shortened
from spiderduck.api.services import Services

MOST = 1_000
MOST_DAYS = 3_660
DOMAIN = r"^[a-z0-9.-]{1,253}$(?!\n)"


class QuestionShape(msgspec.Struct):
    """A question that has an answer. `needs_domain`: it takes `domain`."""

    name: str
    title: str
    needs_domain: bool


class Questions(msgspec.Struct):
    """All of them."""

    questions: list[QuestionShape]


class Answer(msgspec.Struct):
    """Rows by column. `is_cut`: there are more than `limit`."""

    question: str
    title: str
    columns: list[str]
    rows: list[dict[str, Any]]
    is_cut: bool


def analytics_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    one_at_a_time = asyncio.Semaphore(1)  # a query takes both of its threads

    @get("/v1/analytics", opt={"scope": READ}, tags=["analytics"], summary="The questions that have an answer")
    async def list_questions() -> Questions:
        return Questions([QuestionShape(name, one.title, one.needs_domain) for name, one in QUESTIONS.items()])

    @get(
        "/v1/analytics/{question:str}",
        opt={"scope": READ},
        tags=["analytics"],
        summary="The answer to a question about fetches and shares",
        description="From the rows that `[analytics] write` keeps. Needs the extra `analytics` (501 `not_installed` "
        "without it).",
        responses={
            404: ResponseSpec(Problem, media_type=PROBLEM_TYPE, description="There is no such question"),
            422: ResponseSpec(Problem, media_type=PROBLEM_TYPE, description="`bad_query`: it takes too long"),
            501: ResponseSpec(Problem, media_type=PROBLEM_TYPE, description="`not_installed`: the extra is missing"),
        },
    )
    async def get_answer(
        question: Annotated[str, Parameter(description="One of `GET /v1/analytics`.")],
        days: Annotated[int, Parameter(ge=1, le=MOST_DAYS, description="So many days, today included.")] = 7,
        domain: Annotated[
            str | None, Parameter(pattern=DOMAIN, description="Only this registrable domain, e.g. example.com.")
        ] = None,
        limit: Annotated[int, Parameter(ge=1, le=MOST, description="How many rows at most.")] = 100,
    ) -> Answer:
        asked = QUESTIONS.get(question)
        if asked is None:
            raise NotFoundException(f"there is no question {shortened(question)}; there are {', '.join(QUESTIONS)}")
        if asked.needs_domain and domain is None:
            raise BadParameter(f"{question} takes domain=, a registrable domain such as example.com")
        queries = services.queries()
        async with one_at_a_time:
            found = await asyncio.to_thread(queries.answer, asked, days, domain, limit + 1, services.clock.now())
        rows = plain_rows(found)
        return Answer(question, asked.title, list(found.columns), list(rows[:limit]), len(rows) > limit)

    return [list_questions, get_answer]
