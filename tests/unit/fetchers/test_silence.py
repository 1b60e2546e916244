"""Who has fallen silent: nobody whose own belief in what it holds could still last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchers.ownership.silence import LEAST_LOOKS, TRUSTED_SHARE, WATCHED, Silences, lease_seconds, watched_by

LEASE = 3.0


@pytest.mark.parametrize(("session", "lease"), [(2.0, 2.5), (4.0, 2.5), (10.0, 2.5), (30.0, 7.5), (60.0, 15.0)])
def test_the_lease_follows_the_session(session: float, lease: float) -> None:
    assert lease_seconds(session) == lease


def test_whoever_beats_is_never_silent() -> None:
    silences = Silences(LEASE)
    assert not any(silences.look({"a": beat}, beat * 2.9, beat * 2.9 + 0.1) for beat in range(100))


def test_who_did_not_beat_for_a_lease_is_silent() -> None:
    """With the version that was seen, so that a beat in the last moment saves it."""
    silences, moments = Silences(LEASE), [0.5 * number for number in range(9)]
    found = [silences.look({"a": 7, "b": number}, at, at + 0.1) for number, at in enumerate(moments)]
    assert found == [{}] * 7 + [{"a": 7}] * 2


def test_time_in_which_nobody_could_look_makes_nobody_silent() -> None:
    """The coordinator was away for a minute: all are heard again in the next rounds."""
    silences = Silences(LEASE)
    silences.look({"a": 1}, 0.0, 0.1)
    assert [silences.look({"a": 1}, 60.0 + at, 60.1 + at) for at in range(LEAST_LOOKS - 2)] == [{}] * (LEAST_LOOKS - 2)
    assert silences.look({"a": 2}, 65.0, 65.1) == {}


def test_who_is_not_looked_at_meanwhile_is_met_anew() -> None:
    silences = Silences(LEASE)
    for number in range(20):
        silences.look({"a": 1}, float(number), number + 0.1)
    silences.look({}, 20.0, 20.1)
    assert silences.look({"a": 1}, 21.0, 21.1) == {}


@given(
    st.lists(st.floats(0.05, 4.0), min_size=3, max_size=40),
    st.lists(st.floats(0.05, 4.0), min_size=3, max_size=40),
    st.floats(0.0, 2.0),
)
def test_no_one_is_silent_who_still_believes(beats: list[float], looks: list[float], slow: float) -> None:
    """Whatever the gaps between its beats, between the looks, and however long an answer takes."""
    sent, at = [], 0.0
    for gap in beats:
        at += gap
        sent.append(at)
    silences, at = Silences(LEASE), 0.0
    for gap in looks:
        at += gap
        seen = sum(moment <= at for moment in sent)  # the coordinator answers as of the moment of asking
        if silences.look({"a": seen}, at, at + slow) and seen:
            assert at > sent[seen - 1] + LEASE * TRUSTED_SHARE
        at += slow


def test_each_is_watched_by_some_others() -> None:
    members = [f"m{number:02}" for number in range(10)]
    watched = {member: watched_by(member, members) for member in members}
    assert all(len(others) == WATCHED and member not in others for member, others in watched.items())
    assert all(sum(member in others for others in watched.values()) == WATCHED for member in members)
    assert watched_by("m1", ["m0", "m1", "m2"]) == ["m2", "m0"]
    assert watched_by("m1", ["m1"]) == watched_by("m1", []) == []
