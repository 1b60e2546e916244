"""Alerts, dashboards and runbooks belong together. That their figures exist is shown on a running process, in
`tests/e2e/test_documented_how_tos.py`; those of a cluster alone here, by what its processes register."""

import json
import re
from pathlib import Path

import pytest

from tests.unit.helm.monitoring import DASHBOARDS, alerts, panels, question, questions
from tests.unit.helm.rendering import CHART, Release

RUNBOOKS = CHART.parent / "docs" / "runbooks"


def test_figures_and_labels_are_found_in_a_question() -> None:
    """The tests of names would pass on anything if none were found."""
    found = question("here", 'sum by (namespace, stage) (rate(spiderduck_x_total{status="5xx", a!~"b"}[5m])) > 1')
    assert found.names == {"spiderduck_x_total"}
    assert found.labels == {"stage", "status", "a"}
    assert len(list(questions())) > 100


def test_every_alert_says_what_it_is_and_where_help_is() -> None:
    """A severity, a summary of one line, a description, and a page that exists."""
    for rule in alerts():
        assert rule["labels"]["severity"] in ("warning", "critical"), rule["alert"]
        notes = rule["annotations"]
        assert notes.keys() == {"summary", "description", "runbook_url"}, rule["alert"]
        page = re.fullmatch(r"/docs/runbooks/([a-z-]+)\.html", notes["runbook_url"])
        assert page is not None, rule["alert"]
        assert (RUNBOOKS / f"{page[1]}.md").exists(), rule["alert"]
    names = [rule["alert"] for rule in alerts()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_a_runbook_names_its_alerts_and_what_to_do(page: Path) -> None:
    """In the same order on every page, for somebody who was asleep a minute ago."""
    text = page.read_text(encoding="utf-8")
    if page.stem == "index":
        assert set(re.findall(r"`(SpiderDuck\w+)`", text)) == {rule["alert"] for rule in alerts()}
        return
    mine = {rule["alert"] for rule in alerts() if rule["annotations"]["runbook_url"].endswith(f"/{page.stem}.html")}
    assert mine
    assert mine == set(re.findall(r"`(SpiderDuck\w+)`", text.partition("\n## ")[0]))
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["What it means", "Look", "Do"]


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_can_be_imported(dashboard: Path) -> None:
    """It has an identity, asks for its data source, explains every panel, and no two panels overlap."""
    board = json.loads(dashboard.read_text(encoding="utf-8"))
    assert board["uid"] == f"spiderduck-{dashboard.stem}"
    variables = {one["name"] for one in board["templating"]["list"]}
    assert {"datasource", "namespace"} <= variables
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + across, place["y"] + down) for across in range(place["w"]) for down in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert max(across for across, _ in cells) < 24, panel["title"]
        taken |= cells
    for panel in panels(dashboard):
        assert panel["description"], panel["title"]
        assert set(re.findall(r"\$\{?(\w+)", json.dumps(panel))) - {"__rate_interval"} <= variables, panel["title"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


@pytest.mark.engine("helm")
def test_the_chart_brings_them(releases: dict[str, Release]) -> None:
    """Where that is wanted: rules with the address of their runbooks and labels of one's own, dashboards as files."""
    production, single = releases["production"], releases["single"]
    rules = [
        rule
        for group in production.of_kind("PrometheusRule")["links-alerts"]["spec"]["groups"]
        for rule in group["rules"]
    ]
    assert [rule["alert"] for rule in rules] == [
        rule["alert"] for rule in alerts() if rule["alert"] != "SpiderDuckSlow"
    ]
    assert {rule["labels"]["team"] for rule in rules} == {"links"}
    assert all(rule["annotations"]["runbook_url"].startswith("https://links.example.com/docs/") for rule in rules)
    by_name = {rule["alert"]: rule for rule in alerts()}
    assert all(rule["expr"] == by_name[rule["alert"]]["expr"] for rule in rules)
    boards = {
        key: json.loads(text)
        for name, one in production.of_kind("ConfigMap").items()
        if "dashboard" in name
        for key, text in one["data"].items()
    }
    assert boards == {f"spiderduck-{path.name}": json.loads(path.read_text(encoding="utf-8")) for path in DASHBOARDS}
    groups = single.of_kind("PrometheusRule")["links-alerts"]["spec"]["groups"]
    assert [group["name"] for group in groups] == ["spiderduck"]
    assert (
        groups[0]["rules"][0]["annotations"]["runbook_url"]
        == "http://links-single.duck.svc:8080/docs/runbooks/absent.html"
    )
    assert "links-dashboard-cluster" not in single.of_kind("ConfigMap")
    assert not releases["minimal"].of_kind("PrometheusRule")
