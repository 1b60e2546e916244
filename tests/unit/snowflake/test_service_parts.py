"""The small pure parts of the service and of the command line."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snowflake.auditor import Auditor, Sighting, read_line
from snowflake.config import GeneratorConfig, ServiceConfig
from snowflake.errors import BadConfiguration, InvalidId, TimeOutOfRange
from snowflake.layout import Layout
from snowflake.leases.ordinal import ordinal
from snowflake.leases.registry import Peer
from snowflake.moments import parse_moment, write_moment
from snowflake.service.metrics import INVALID, OTHER, UserAgents, render_metrics
from snowflake.service.model import Identity
from snowflake.service.neighbourhood import PeerAnswer, findings
from snowflake.service.rendering import render_many, render_one


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, (1 << 63) - 30_001) | st.integers(0, 30_000), st.integers(1, 30_000))))
def test_ids_are_rendered_as_json_would(ranges: list[tuple[int, int]]) -> None:
    """The table of endings is an optimisation and nothing else."""
    ranges = ranges[:2]
    ids = [id for start, count in ranges for id in range(start, start + count)]
    expected = {"ids": ids, "ids_str": [str(id) for id in ids]}
    rendered = render_many([range(start, start + count) for start, count in ranges])
    assert rendered == json.dumps(expected, separators=(",", ":")).encode()


def test_one_id_is_rendered_twice() -> None:
    """As number and as string."""
    assert json.loads(render_one(1 << 62)) == {"id": 1 << 62, "id_str": str(1 << 62)}


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b"curl/8.5.0", "curl"),
        (b"Mozilla/5.0 (X11; Linux)", "Mozilla"),
        (b"my-service", "my-service"),
        (b"", INVALID),
        (b"1abc", INVALID),
        (b"under_score", INVALID),
        (b"\xff\xfe", INVALID),
    ],
)
def test_user_agents_are_counted_by_name(header: bytes, name: str) -> None:
    """By the pattern of Twitter's server."""
    agents = UserAgents()
    agents.count(header)
    agents.count(header)
    assert agents.counts == {name: 2}


def test_user_agents_do_not_grow_without_bound() -> None:
    """Whatever callers send."""
    agents = UserAgents()
    for number in range(5000):
        agents.count(f"agent-{number}/{number}".encode())
    assert len(agents.counts) <= 257
    assert agents.counts[OTHER] == 5000 - 256
    assert agents.counts.total() == 5000


def answer(**changed: object) -> PeerAnswer:
    values = {"url": "http://b", "registered_id": 2, "worker_id": 2, "datacenter_id": 0, "offset_ms": 0.0}
    return PeerAnswer(**(values | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([], []),
        ([answer(offset_ms=499.0)], []),
        ([answer(offset_ms=400.0), answer(offset_ms=-390.0)], []),
        ([answer(offset_ms=501.0)], ["this clock is 501 ms behind the mean of 1 peers; 500 ms are allowed"]),
        ([answer(offset_ms=-800.0)], ["this clock is 800 ms ahead of the mean of 1 peers; 500 ms are allowed"]),
        ([answer(worker_id=3)], ["http://b is registered as worker 2 and says it is 3"]),
        ([answer(datacenter_id=1)], ["http://b is in datacenter 1, this server in 0"]),
        ([answer(worker_id=1, registered_id=None)], ["http://b mints as worker 1, and so does this server"]),
    ],
)
def test_what_peers_may_say(answers: list[PeerAnswer], found: list[str]) -> None:
    """Each contradiction is named with the peer."""
    assert findings(0, 1, answers, 500) == found


def test_the_auditor_finds_duplicates_and_disorder() -> None:
    """The same thing seen twice is a repetition; another thing under the same id is a duplicate."""
    auditor = Auditor(memory=10)
    early, late = Layout().encode(1000, 0, 0, 0), Layout().encode(1250, 0, 0, 0)
    for id, subject in [(late, "a"), (early, "b"), (early, "b"), (late, "c")]:
        auditor.add(Sighting(id, subject))
    assert auditor.report == {
        "ids": 2,
        "duplicates": 1,
        "duplicate_ids": [str(late)],
        "largest_inversion_ms": 250,
    }


def test_the_auditors_memory_is_bounded() -> None:
    """The oldest ids are forgotten first."""
    auditor = Auditor(memory=100)
    for id in range(1000):
        auditor.add(Sighting(id))
    auditor.add(Sighting(999))
    auditor.add(Sighting(1))
    assert auditor.duplicates == [999]
    assert len(auditor._seen) <= 101


def test_the_auditor_reads_notices() -> None:
    """A page's first notice brings its id; a reuse of the page does not."""
    record = {"page_id": "7", "resolved_url": "http://a/", "fetched_at": "t"}
    fetched = {"type": "spiderduck.url.processed", "outcome": "fetched", "data": record}
    assert read_line(json.dumps(fetched)) == Sighting(7, "http://a/")
    assert read_line(json.dumps(fetched | {"outcome": "reused"})) is None
    assert read_line(json.dumps({"outcome": "blocked_domain", "data": {}})) is None
    assert read_line("12\n") == Sighting(12)
    assert read_line("\n") is None
    for line in ("{", "x1", '{"data": {"page_id": "x"}}'):
        with pytest.raises(InvalidId):
            read_line(line)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T10:47:34.120Z",
        "2026-11-22T11:47:34.120+01:00",
        "2026-11-22T11:47:34.120 01:00",
        "2026-11-22T10:47:34.120",
        "2026-11-22 10:47:34.120",
        "1795344454.12",
    ],
)
def test_moments_in_every_form(text: str) -> None:
    """Unquoted plus signs, zones, no zone, seconds: the same millisecond."""
    assert write_moment(parse_moment(text)) == "2026-11-22T10:47:34.120Z"


@pytest.mark.parametrize("text", ["", "yesterday", "1e300", "nan", "inf", "2026-13-01"])
def test_what_is_no_moment(text: str) -> None:
    """Refused with an example, or as out of range."""
    with pytest.raises(TimeOutOfRange):
        Layout().min_id_at(parse_moment(text))


def test_settings_come_from_the_environment() -> None:
    """Every field, layout included."""
    config = GeneratorConfig.from_env(
        {"SNOWFLAKE_BRIDGE_MS": "250", "SNOWFLAKE_RANDOM_START": "true", "SNOWFLAKE_EPOCH_MS": "0"}
    )
    assert config == GeneratorConfig(Layout(epoch_ms=0), 250, True)
    assert GeneratorConfig.from_env({}) == GeneratorConfig()


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("SNOWFLAKE_BRIDGE_MS", "x", "SNOWFLAKE_BRIDGE_MS is 'x'; it takes a whole number"),
        ("SNOWFLAKE_BRIDGE_MS", "1001", "from 0 to 1000"),
        ("SNOWFLAKE_RANDOM_START", "maybe", "true or false"),
        ("SNOWFLAKE_TIME_BITS", "40", "62 bits"),
    ],
)
def test_bad_settings_are_named(name: str, value: str, named: str) -> None:
    """The variable, the limit and an example."""
    with pytest.raises(BadConfiguration, match=named):
        GeneratorConfig.from_env({name: value})


@pytest.mark.parametrize(
    "values", [{"own_sequences": 0}, {"own_sequences": 5000}, {"most_batch": 0}, {"horizon_ms": 1}]
)
def test_bad_service_settings_are_named(values: dict[str, int]) -> None:
    """With an example."""
    with pytest.raises(BadConfiguration, match=f"{next(iter(values))} is .* for example"):
        ServiceConfig(**values).validate(4096)  # type: ignore[arg-type]


def test_the_ordinal_of_a_pod() -> None:
    """From the host name, with or without a domain."""
    assert ordinal({"HOSTNAME": "spiderduck-ids-0"}, 32) == 0
    assert ordinal({"HOSTNAME": "ids-31.ids.default.svc"}, 32) == 31
    for name in ("", "ids", "ids-32", "ids-x", "7"):
        with pytest.raises(BadConfiguration, match="HOSTNAME"):
            ordinal({"HOSTNAME": name}, 32)


def test_a_peers_claim_comes_back() -> None:
    """And what another program wrote is none."""
    peer = Peer("a", 1, 2, "http://a")
    assert Peer.from_bytes(peer.to_bytes()) == peer
    for data in (b"", b"[]", b"{}", b"\xff", b"3"):
        assert Peer.from_bytes(data) is None


def test_metrics_are_one_sample_a_line() -> None:
    """In Prometheus' text format."""
    text = render_metrics(Identity(0, 3, 0, ids=5, user_agents={"curl": 2}))
    assert "snowflake_ids_total 5\n" in text
    assert 'snowflake_requests_total{user_agent="curl"} 2\n' in text
    assert "snowflake_worker_id 3\n" in text


def test_moments_are_written_in_utc() -> None:
    """With milliseconds, always."""
    assert write_moment(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"
