"""Cursors: what comes behind the last entry, and nothing but what we gave."""

import base64

import pytest

from spiderduck.api.paging import cursor_at, piece, place_of
from spiderduck.api.parameters import BadParameter

PLACES = [0, 1, 2**63 - 1, "", "a", "queue-1", "http://a.test/\u00fc?x=1&y=%20", "x" * 4_000]


@pytest.mark.parametrize("place", PLACES)
def test_a_cursor_leads_to_its_place(place: int | str) -> None:
    cursor = cursor_at("queues", place)
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?% ")
    assert place_of(cursor, "queues", type(place)) == place


def test_without_a_cursor_there_is_no_place() -> None:
    assert place_of(None, "queues", str) is None


GIVEN = cursor_at("queues", "team")
FOREIGN = [
    "",
    "x",
    "team",
    "\u00e4",
    "\ud800",
    "a" * 8_000,
    GIVEN + "=",
    GIVEN + "A",
    " " + GIVEN,
    GIVEN[:-1],
    cursor_at("lists", "team"),
    cursor_at("queues", 7),
    base64.urlsafe_b64encode(b'123456"team"').decode(),
]


@pytest.mark.parametrize("cursor", FOREIGN)
def test_what_the_listing_did_not_give_is_refused(cursor: str) -> None:
    with pytest.raises(BadParameter, match="next_cursor"):
        place_of(cursor, "queues", str)


@pytest.mark.parametrize("position", range(len(GIVEN)))
def test_a_changed_letter_is_noticed(position: int) -> None:
    other = "B" if GIVEN[position] == "A" else "A"
    with pytest.raises(BadParameter):
        place_of(GIVEN[:position] + other + GIVEN[position + 1 :], "queues", str)


@pytest.mark.parametrize("most", [1, 2, 3, 10])
def test_the_pieces_of_a_list_are_the_list(most: int) -> None:
    everything, found, cursor = list(range(10)), list[int](), None
    while True:
        last = place_of(cursor, "numbers", int)
        behind = [one for one in everything if last is None or one > last]
        shown, cursor = piece(behind[: most + 1], most, "numbers", int)
        found += shown
        if cursor is None:
            break
    assert found == everything
