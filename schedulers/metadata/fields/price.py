"""What a product costs and whether it can be had, from schema.org's offer or OpenGraph's product properties."""

import re
from typing import Any

from schedulers.metadata.model import Price, Provenance
from schedulers.metadata.page import HtmlPage

_AMOUNT = re.compile(r"^\d{1,12}(?:\.\d{1,4})?$")
_CURRENCY = re.compile(r"^[A-Z]{3}$")
_AVAILABILITY = {
    "instock": "in_stock",
    "in stock": "in_stock",
    "available for order": "in_stock",
    "onlineonly": "in_stock",
    "instoreonly": "in_store",
    "limitedavailability": "limited",
    "outofstock": "out_of_stock",
    "out of stock": "out_of_stock",
    "oos": "out_of_stock",
    "soldout": "sold_out",
    "preorder": "preorder",
    "pre order": "preorder",
    "presale": "preorder",
    "backorder": "backorder",
    "discontinued": "discontinued",
    "pending": "preorder",
}


def read(page: HtmlPage) -> Price | None:
    for rule, price in (("json-ld:offers", _json_ld(page)), ("product:price", _open_graph(page))):
        if price is not None:
            page.provenance["price"] = Provenance(rule)
            return price
    return None


def _json_ld(page: HtmlPage) -> Price | None:
    graph = page.graph
    if graph is None or graph.subject is None or graph.subject is graph.article:
        return None
    for offer in graph.values(graph.subject, "offers"):
        if not isinstance(offer, dict):
            continue
        price = _first_of(offer, "price", "lowPrice")
        currency = offer.get("priceCurrency")
        if price is None and isinstance(specification := offer.get("priceSpecification"), (dict, list)):
            one = specification[0] if isinstance(specification, list) and specification else specification
            if isinstance(one, dict):
                price, currency = one.get("price"), one.get("priceCurrency", currency)
        if found := _price(price, currency, offer.get("availability")):
            return found
    return None


def _first_of(offer: dict[str, Any], *keys: str) -> Any:
    return next((offer[key] for key in keys if offer.get(key) not in (None, "")), None)


def _open_graph(page: HtmlPage) -> Price | None:
    meta = page.meta
    for root in ("product:price", "og:price", "product:sale_price"):
        if amounts := meta.get(f"{root}:amount"):
            currency = (meta.get(f"{root}:currency") or [""])[0]
            stock = (meta.get("product:availability") or meta.get("og:availability") or [""])[0]
            return _price(amounts[0], currency, stock)
    return None


def _price(amount: object, currency: object, availability: object) -> Price | None:
    text = str(amount).strip().replace(" ", "") if isinstance(amount, (str, int, float)) else ""
    text = _plain(text)
    if not _AMOUNT.match(text):
        return None
    code = currency.strip().upper() if isinstance(currency, str) else ""
    return Price(text, code if _CURRENCY.match(code) else None, _stock(availability))


def _plain(amount: str) -> str:
    """Thousands separators out; a comma before one or two last figures is the decimal sign."""
    if re.fullmatch(r"[\d.]*\d,\d{1,2}", amount):
        return amount.replace(".", "").replace(",", ".")
    return amount.replace(",", "")


def _stock(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    name = value.strip().rstrip("/").rsplit("/", 1)[-1].lower().replace("_", " ").replace("-", " ")
    return _AVAILABILITY.get(name) or _AVAILABILITY.get(name.replace(" ", ""))
