"""What is counted can be read in Prometheus' text form, by its conventions."""

import asyncio
from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from groundwork.histogram import Histogram
from groundwork.process_metrics import LoopDelay
from spiderduck.errors import StoreUnavailable
from spiderduck.telemetry import Table, Telemetry
from tests.clock import FakeClock, settle
from tests.metrics_rules import against_the_rules

UNITS = ("_seconds", "_bytes", "_total", "_info", "_fds")


def filled() -> Telemetry:
    telemetry = Telemetry(["api", "schedulers"])
    for outcome in ("fetched", "reused", "fetched"):
        telemetry.ended(outcome, 2.0)
    telemetry.stage("fetch", 0.25)
    telemetry.refused("missing")
    telemetry.answered("/v1/urls", "GET", 200, 0.02)
    telemetry.observe("store_call_seconds", "Calls.", "call", {"read": Histogram()})
    return telemetry


async def test_outcomes_stages_and_requests_are_counted_by_name() -> None:
    text = (await filled().render()).decode()
    assert 'spiderduck_outcomes_total{outcome="fetched"} 2.0' in text
    assert 'spiderduck_outcomes_total{outcome="reused"} 1.0' in text
    assert 'spiderduck_stage_seconds_total{stage="fetch"} 0.25' in text
    assert 'spiderduck_stage_duration_seconds_bucket{le="0.25",stage="fetch"} 1.0' in text
    assert 'spiderduck_stage_duration_seconds_bucket{le="0.1",stage="fetch"} 0.0' in text
    assert 'spiderduck_api_request_seconds_count{method="GET",route="/v1/urls",status="2xx"} 1.0' in text
    assert 'spiderduck_share_latency_seconds_bucket{le="2.5"} 3.0' in text
    assert 'spiderduck_build_info{parts="api,schedulers"' in text


async def test_a_name_that_ends_in_total_is_a_counter() -> None:
    telemetry = Telemetry()

    async def told() -> Mapping[str, tuple[str, float]]:
        return {"things_total": ("Things.", 3.0), "things_waiting": ("Things that wait.", 1.0)}

    telemetry.ask(told)
    text = (await telemetry.render()).decode()
    assert "# TYPE spiderduck_things_total counter" in text
    assert "# TYPE spiderduck_things_waiting gauge" in text


async def test_names_and_helps_follow_the_conventions() -> None:
    """The rules of `promtool check metrics`: help, base units, lower case, `_total` for counters alone."""
    families = list(text_string_to_metric_families((await filled().render()).decode()))
    assert against_the_rules(families) == []
    ours = [family for family in families if family.name.startswith("spiderduck_")]
    assert all(family.documentation.endswith(".") for family in ours)


async def test_a_gauge_may_have_a_label() -> None:
    telemetry = Telemetry()

    async def told() -> list[Table]:
        return [Table("queue_lag", "Notices that wait.", "queue", {"search": 4.0, "mail": 0.0})]

    telemetry.ask_tables(told)
    text = (await telemetry.render()).decode()
    assert 'spiderduck_queue_lag{queue="search"} 4.0' in text
    assert "# TYPE spiderduck_queue_lag gauge" in text


async def test_labels_are_bounded() -> None:
    telemetry = Telemetry()
    for number in range(5000):
        telemetry.answered(f"/{number}", "GET", 200, 0.1)
    text = (await telemetry.render()).decode()
    assert text.count("spiderduck_api_request_seconds_count") < 2100


async def test_an_engine_that_is_away_takes_no_other_figures_with_it() -> None:
    telemetry = filled()

    async def away() -> Mapping[str, tuple[str, float]]:
        raise StoreUnavailable("away")

    async def here() -> Mapping[str, tuple[str, float]]:
        return {"things": ("Things.", 7.0)}

    telemetry.ask(away)
    telemetry.ask(here)
    assert "spiderduck_things 7.0" in (await telemetry.render()).decode()


async def test_a_loop_that_is_held_is_measured() -> None:
    clock, histogram = FakeClock(), Histogram()
    running = asyncio.create_task(LoopDelay(clock, histogram).run())
    await settle()
    await clock.advance(1.25)
    assert sum(histogram.counts) >= 1
    assert histogram.total >= 0.0
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
