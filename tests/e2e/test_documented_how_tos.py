"""The samples of how-to pages that need nothing but a server with one shared link, run as they stand there."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.documented import DOCS, LINK, PICTURE, printing, run, samples
from tests.e2e.product import Product
from tests.metrics_rules import against_the_rules
from tests.origin import Origin, http, page
from tests.unit.helm.monitoring import CLUSTER_ONLY, DASHBOARDS, panels, strange
from tests.unit.helm.rendering import CHART

pytestmark = pytest.mark.e2e

CHAT, PICTURES, NIGHT = "how-to/your-own-chat.md", "how-to/pictures-in-a-page.md", "how-to/at-night.md"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Where a picture's page has been shared."""
    written = BytesIO()
    Image.new("RGB", (640, 320), "navy").save(written, "PNG")
    with Origin() as origin:
        origin.answers["news.test/duck"] = page("A duck", f'<meta property="og:image" content="{PICTURE}">')
        origin.answers["news.test/duck.png"] = http(written.getvalue(), content_type="image/png")
        with Product(tmp_path_factory.mktemp("how-tos") / "spiderduck-data", origin.port) as product:
            product.client.put("/v1/queues/chat").raise_for_status()
            product.send({"id": "room-7/message-0", "urls": [LINK]})
            product.ended(LINK)
            yield product


def test_a_preview_below_a_message(product: Product, tmp_path: Path) -> None:
    """And the message itself, sent as an event."""
    asking, sending, _ = samples(CHAT, "python")
    assert "A duck" in run("python", asking, product, tmp_path)
    assert LINK in run("python", sending, product, tmp_path)


def test_messages_are_mended_when_their_links_are_understood(product: Product) -> None:
    """By their own ids."""
    with printing("room-7/message-0 shows A duck", "python", samples(CHAT, "python")[2], product):
        pass


@pytest.mark.engine("node")
def test_a_card_is_drawn_without_harm(product: Product, tmp_path: Path) -> None:
    """Whatever its title says, and wherever it would lead."""
    (drawing,) = samples(CHAT, "javascript")
    cards = """
const bad = {url: "http://a.test/", status: "fetched", title: "<script>alert(1)</script>", site_name: '"&'};
console.log(cardHtml(bad));
console.log(cardHtml({...bad, destination: "javascript:alert(1)"}));
console.log(cardHtml({...bad, status: "timed_out"}));
"""
    shown, *bare = run("javascript", drawing + cards, product, tmp_path).splitlines()
    assert "<script" not in shown
    assert 'href="http://a.test/"' in shown
    assert bare == ["http://a.test/"] * 2


def test_pictures_of_shared_links_in_other_sizes(product: Product, tmp_path: Path) -> None:
    """Without a signature."""
    (code,) = samples(PICTURES, "console")
    told = run("console", code, product, tmp_path)
    assert '"width":640' in told.replace(" ", "")
    sizes = {name: Image.open(BytesIO((tmp_path / name).read_bytes())).size for name in ("small.img", "square.img")}
    assert sizes == {"small.img": (320, 160), "square.img": (64, 64)}


def test_what_is_asked_at_night(product: Product, tmp_path: Path) -> None:
    """It finds the figures that the page speaks of."""
    (code,) = samples(NIGHT, "console")
    asking = re.sub(r"(\$ spiderduck [a-z ]+)", rf"\1 --server {product.client.base_url}", code)
    told = run("console", asking, product, tmp_path)
    for name in ("messages_ready", "messages_deferred", "dead_letters", "disk_free_bytes", 'outcome="fetched"'):
        assert name in told


def test_every_figure_is_in_the_reference(product: Product) -> None:
    """By its name, or by the end of its name behind one that begins alike."""
    named = set(re.findall(r"`(_?[a-z_]+)", (DOCS / "reference" / "metrics.md").read_text(encoding="utf-8")))
    ends = tuple(one for one in named if one.startswith("_"))
    answer = product.client.get("/metrics").text
    shown = {re.sub(r"_(bucket|sum|count)$", "", one) for one in re.findall(r"^(spiderduck_\w+)", answer, re.MULTILINE)}
    assert len(shown) > 20
    assert sorted(one for one in shown if one not in named and not one.endswith(ends)) == []


def test_a_scrape_obeys_prometheus_and_tells_nothing_twice(product: Product) -> None:
    """The rules of `promtool check metrics`, and promtool itself where it is installed."""
    text = product.client.get("/metrics").text
    families = list(text_string_to_metric_families(text))
    assert against_the_rules(families) == []
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    plain = {name.removeprefix("spiderduck_") for name in names}
    assert {name for name in plain if name.startswith("fetchers_") and name.removeprefix("fetchers_") in plain} == set()
    assert max(len(family.samples) for family in families) < 2000, "labels are bounded"
    if (promtool := shutil.which("promtool")) is not None:
        ended = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_paths_that_documents_call_are_there(product: Product) -> None:
    """Each path behind a server's address, in samples of every language."""
    documented = product.client.get("/openapi.json").json()["paths"]
    shapes = [re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)) for path in documented]
    called = {
        (document.name, path)
        for folder in ("", "how-to", "concepts", "reference")
        for document in (DOCS / folder).glob("*.md")
        for path in re.findall(
            r"(?:8080|\.example\.com)(/(?:v1|images)/[\w/.-]+)", document.read_text(encoding="utf-8")
        )
    }
    assert len(called) > 20
    assert sorted(one for one in called if not any(shape.fullmatch(one[1]) for shape in shapes)) == []


def test_alerts_and_dashboards_ask_for_figures_that_are_told(product: Product) -> None:
    """Each name and label in them, but for what belongs to a cluster alone, and the figure that schedulers scale by."""
    told = product.client.get("/metrics").text
    assert strange([told], CLUSTER_ONLY) == []
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert re.search(rf"^{values['schedulers']['autoscaling']['metric']} ", told, re.MULTILINE)


def test_the_dashboard_of_one_domain_asks_for_what_the_api_answers(product: Product) -> None:
    """Each column is a field of the answer, as the document of the calls describes it."""
    document = product.client.get("/openapi.json").json()
    tables = [
        target
        for panel in panels(next(one for one in DASHBOARDS if one.stem == "domain"))
        for target in panel["targets"]
        if target.get("type") == "json"
    ]
    assert tables
    for target in tables:
        path = urlsplit(target["url"]).path.replace("${domain}", "{domain}")
        answer = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        for column in target["columns"]:
            shape = answer
            for name in filter(None, (*target["root_selector"].split("."), *column["selector"].split("."))):
                shape = field_of(shape, name, document)


def field_of(shape: dict[str, Any], name: str, document: dict[str, Any]) -> dict[str, Any]:
    shape = plain(shape, document)
    if shape.get("type") == "array":
        shape = plain(shape["items"], document)
    found: dict[str, Any] = shape["properties"][name]
    return found


def plain(shape: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """The shape itself, where it is referred to."""
    if "$ref" not in shape:
        return shape
    found: dict[str, Any] = document["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
    return found
