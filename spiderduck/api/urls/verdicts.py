"""`POST /v1/verdicts`: what lists say of links, for a write path. `/v1/lists`: the lists in force."""

from dataclasses import asdict
from typing import Annotated

import msgspec
from litestar import delete, get, post, put
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, Parameter

from schedulers.verdict import Verdict
from spiderduck.api.contract.problems import ERRORS
from spiderduck.api.front.audit import AnyRequest, Audit
from spiderduck.api.front.keys import ADMIN, READ
from spiderduck.api.paging import MOST, Cursor, Most, piece, place_of
from spiderduck.api.services import Services
from spiderduck.api.sharing.intake import Pause
from spiderduck.api.urls.asking import MOST_IN_BATCH, UrlLookup, read_all
from spiderduck.lists.judging import Judge
from spiderduck.lists.loaded import LoadedList
from spiderduck.settings.lists import DAY, FORMATS, Action, ListConfig

ListName = Annotated[str, Parameter(pattern=r"^[A-Za-z0-9_-]{1,64}$(?!\n)", description="The list's name.")]
LISTING = "lists"


class VerdictOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Up to 1,000 URLs."""

    urls: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MOST_IN_BATCH)]


class JudgedUrl(Verdict, frozen=True, omit_defaults=True, kw_only=True):
    """A verdict and the URL it is on."""

    url: str


class JudgedUrls(msgspec.Struct):
    """In the order asked."""

    results: list[JudgedUrl]


class ListOrder(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A list as `[[lists]]` in the settings has it. `path` is a file on the server."""

    name: Annotated[str, msgspec.Meta(extra_json_schema={"pattern": "^[A-Za-z0-9_-]{1,64}$"})]
    path: Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1})]
    format: Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(FORMATS)})] = "domains"
    action: Action = "block"
    category: str = ""
    severity: str = ""
    max_age_s: Annotated[float, msgspec.Meta(extra_json_schema={"minimum": 0, "exclusiveMaximum": 1e12})] = 7 * DAY


class ListReport(ListOrder, kw_only=True):
    """A list in force: how many entries it has, how many lines could not be read, the version of its file and how long
    ago that changed."""

    entries: int
    unread_lines: int
    version: str
    age_s: int
    stale: bool


class ListReports(msgspec.Struct):
    """Lists, by name; `next_cursor` leads to those behind them, and is null at the end."""

    lists: list[ListReport]
    next_cursor: str | None = None


def verdict_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    audit = Audit(services)
    lists, urls, judge = services.lists, UrlLookup(services), Judge(services.lists, services.clock)

    @post(
        "/v1/verdicts",
        status_code=200,
        opt={"scope": READ},
        tags=["trust and safety"],
        summary="What lists say of up to 1,000 URLs",
        description="From the lists and what is known, without fetching anything: `unknown` was never seen here, and "
        "is still judged by itself; `no_match` is known and nothing named it. Nothing is called safe.",
    )
    async def judge_urls(data: JSONBody[VerdictOrder]) -> JudgedUrls:
        asked = await read_all(data.urls)
        known = await urls.known(asked)
        results, pause = [], Pause()
        for one, found in zip(asked, known, strict=True):
            results.append(JudgedUrl(url=one.url, **msgspec.structs.asdict(judge.verdict(one.url, found))))
            await pause()  # a thousand take 30 ms
        return JudgedUrls(results)

    def name_of(one: LoadedList) -> str:
        return one.config.name

    def report(one: LoadedList) -> ListReport:
        now = services.clock.now()
        return ListReport(
            **asdict(one.config),
            entries=len(one),
            unread_lines=one.counted.unread,
            version=one.version,
            age_s=max(0, int(now - one.changed_at)),
            stale=one.is_stale(now),
        )

    @get("/v1/lists", opt={"scope": READ}, tags=["trust and safety"], summary="The lists in force")
    async def list_lists(most: Most = MOST, cursor: Cursor = None) -> ListReports:
        last = place_of(cursor, LISTING, str)
        behind = [one for one in lists.current if last is None or one.config.name > last]
        shown, after = piece(sorted(behind, key=name_of), most, LISTING, name_of)
        return ListReports([report(one) for one in shown], after)

    @put(
        "/v1/lists",
        opt={"scope": ADMIN},
        tags=["trust and safety"],
        summary="Put a list in force, or change one",
        description="From now on in this process, until the next start: the settings are the place for what should "
        "last, and the same in every process.",
    )
    async def put_list(data: JSONBody[ListOrder], request: AnyRequest) -> ListReport:
        config = ListConfig(**msgspec.structs.asdict(data))
        try:
            config.validate()
            loaded = await lists.put(config)
        except ValueError as error:
            raise ClientException(str(error)) from error
        detail = f"{config.path} ({config.format}), action {config.action}, version {loaded.version}"
        await audit.note(request, "list.put", config.name, detail)
        return report(loaded)

    @delete(
        "/v1/lists/{name:str}",
        opt={"scope": ADMIN, ERRORS: (404,)},
        tags=["trust and safety"],
        summary="Take a list out of force",
    )
    async def remove_list(name: ListName, request: AnyRequest) -> None:
        if not lists.remove(name):
            raise NotFoundException(f"there is no list {name}; GET /v1/lists tells which there are")
        await audit.note(request, "list.removed", name)

    return [judge_urls, list_lists, put_list, remove_list]
