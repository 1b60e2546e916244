"""Which redirect edges a change of the store holds."""

from schedulers.model import Change, Redirect, Status, UrlState
from spiderduck.stores.edges import edges

FIRST, SECOND, END = "http://a.test/", "http://b.test/", "http://c.test/"
STEPS = (Redirect(FIRST, FIRST, 301), Redirect(SECOND, SECOND, 302))


def state(url: str, *steps: Redirect) -> UrlState:
    return UrlState(url, url, Status.FETCHED, resolved_url=END, redirects=steps)


EDGES = [(FIRST, SECOND, 301), (SECOND, END, 302)]


def test_each_step_of_a_chain_is_an_edge() -> None:
    assert edges(Change((state(FIRST, *STEPS), state(SECOND, STEPS[1]), state(END)))) == EDGES


def test_a_chain_that_ends_at_a_known_page_leads_there() -> None:
    """The page itself is not changed with the others."""
    assert edges(Change((state(FIRST, *STEPS), state(SECOND, STEPS[1])))) == EDGES
    assert edges(Change((state(SECOND, STEPS[1]),))) == EDGES[1:]


def test_a_page_without_redirects_has_none() -> None:
    assert edges(Change((state(END),))) == []
    assert edges(Change()) == []
