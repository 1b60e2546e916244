"""What a record tells of where a URL leads."""

import pytest

from schedulers.model import Redirect, Status, UrlState
from schedulers.record import record_of

SHORT, LONG = "https://s.test/x", "https://pond.test/duck?id=7&utm_source=feed"
HOPS = (Redirect(SHORT, SHORT, 301),)


def told(url: str, status: Status = Status.FETCHED, **more: object) -> tuple[str | None, str | None, tuple[str, ...]]:
    record = record_of(UrlState(url, url, status, **more), None)  # type: ignore[arg-type]
    return record.destination, record.clean_url, record.removed_parameters


def test_the_end_of_the_chain_and_the_same_without_tracking_parameters() -> None:
    found = told(SHORT, resolved_url=LONG, redirects=HOPS)
    assert found == (LONG, "https://pond.test/duck?id=7", ("utm_source",))


@pytest.mark.parametrize(
    ("shared", "resolved", "destination"),
    [
        (SHORT + "#wing", "https://pond.test/duck", "https://pond.test/duck#wing"),
        (SHORT + "#wing", "https://pond.test/duck#beak", "https://pond.test/duck#beak"),
        (SHORT, "https://pond.test/duck", "https://pond.test/duck"),
    ],
)
def test_a_fragment_goes_along_unless_the_redirect_has_one(shared: str, resolved: str, destination: str) -> None:
    assert told(shared, resolved_url=resolved, redirects=HOPS)[0] == destination


def test_a_url_that_does_not_redirect_leads_to_itself_with_its_own_fragment() -> None:
    assert told("https://pond.test/a#two", resolved_url="https://pond.test/a#one")[0] == "https://pond.test/a#two"


@pytest.mark.parametrize("status", [Status.HTTP_ERROR, Status.ROBOTS_DENIED, Status.NOT_FETCHED, Status.INTERSTITIAL])
def test_whatever_came_of_it_a_person_ends_up_where_the_chain_ended(status: Status) -> None:
    assert told(SHORT, status, resolved_url=LONG, redirects=HOPS)[0] == LONG
    assert told(LONG, status)[1] == "https://pond.test/duck?id=7"


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.PENDING, Status.DEFERRED, Status.INVALID_URL])
def test_nothing_is_said_of_what_was_not_asked(status: Status) -> None:
    assert told(SHORT, status) == (None, None, ())
