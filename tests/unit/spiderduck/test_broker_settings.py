"""What `broker.url` may be."""

import pytest

from spiderduck.settings.broker import BrokerConfig

GOOD = ["", "amqp://u:p@rabbit:5672//", "amqp://a//;amqp://b:5671/host", "memory://", "amqp://u:p@[::1]:5672//"]
BAD = [
    "amqp://u:secretword@[::1/",
    "amqp://u:secretword@host:port//",
    "amqp://u:secretword/x@host:99999//",
    "secretword",
]


@pytest.mark.parametrize("url", GOOD)
def test_addresses_of_a_broker_are_taken(url: str) -> None:
    BrokerConfig(url=url).validate()


@pytest.mark.parametrize("url", BAD)
def test_what_is_no_address_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match=r"broker\.url is no address") as told:
        BrokerConfig(url=url).validate()
    assert "secretword" not in str(told.value)
