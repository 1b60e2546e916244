"""Settings as they may be shown: no secret, wherever it stands."""

from dataclasses import dataclass, field

import pytest

from spiderduck.config import Config
from spiderduck.settings.in_force import HIDDEN, settings_of

SECRET = "do-not-show-this-anywhere"


@dataclass(frozen=True)
class Inner:
    name: str = "inner"
    token: str = field(default=SECRET, repr=False)


@dataclass(frozen=True)
class Outer:
    port: int = 8080
    url: str = f"https://user:{SECRET}@hooks.example/x@y"
    empty: str = field(default="", repr=False)
    inner: Inner = field(default_factory=Inner)
    many: tuple[Inner, ...] = (Inner(), Inner("other"))
    addresses: tuple[str, ...] = (f"amqp://{SECRET}@a.example", "plain")


def test_no_secret_is_shown_wherever_it_stands() -> None:
    told = dict(settings_of(Outer()))
    assert SECRET not in repr(told)
    assert told["port"] == 8080
    assert told["url"] == f"https://{HIDDEN}@hooks.example/x@y"
    assert told["inner.token"] == HIDDEN
    assert told["empty"] == "", "that a secret is not set is told"
    assert told["many"] == [{"name": "inner", "token": HIDDEN}, {"name": "other", "token": HIDDEN}]


@pytest.mark.parametrize("name", ["port", "fetchers.rate_limit.per_second", "lists"])
def test_every_setting_has_its_dotted_name(name: str) -> None:
    assert name in dict(settings_of(Config()))
