"""What is counted can be read in Prometheus' text form."""

from spiderduck.telemetry import Telemetry


async def test_outcomes_and_stages_are_counted_by_name() -> None:
    telemetry = Telemetry()
    for outcome in ("fetched", "reused", "fetched"):
        telemetry.ended(outcome)
    telemetry.stage("fetch", 0.25)
    text = (await telemetry.render()).decode()
    assert 'spiderduck_outcomes_total{outcome="fetched"} 2.0' in text
    assert 'spiderduck_outcomes_total{outcome="reused"} 1.0' in text
    assert 'spiderduck_stage_seconds_total{stage="fetch"} 0.25' in text
