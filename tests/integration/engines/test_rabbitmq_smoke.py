"""RabbitMQ takes a confirmed, durable message over kombu and gives it out, again after an unacknowledged delivery."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from kombu import Connection, Queue
from kombu.simple import SimpleQueue

pytestmark = pytest.mark.engine("rabbitmq")


@pytest.fixture
def connection(rabbitmq_url: str) -> Iterator[Connection]:
    with Connection(rabbitmq_url, transport_options={"confirm_publish": True}) as connection:
        yield connection


@pytest.fixture(params=["classic", "quorum"])
def queue(request: pytest.FixtureRequest, connection: Connection) -> Iterator[Queue]:
    name = f"smoke-{uuid4().hex[:12]}"
    queue = Queue(name, routing_key=name, durable=True, queue_arguments={"x-queue-type": request.param})
    bound = queue(connection.default_channel)
    bound.declare()
    yield queue
    bound.delete()


def test_a_confirmed_message_is_consumed(connection: Connection, queue: Queue) -> None:
    """publish returns once the broker has confirmed, and the consumer gets the same body."""
    with connection.Producer() as producer:
        producer.publish({"text": "look"}, routing_key=queue.name, delivery_mode=2, confirm_timeout=10)
    with SimpleQueue(connection.channel(), queue) as consumer:
        message = consumer.get(timeout=10)
        message.ack()
    assert message.payload == {"text": "look"}


def test_an_unacknowledged_message_comes_back(connection: Connection, queue: Queue) -> None:
    """A consumer that goes away without an acknowledgement leaves the message to the next one, marked redelivered."""
    with connection.Producer() as producer:
        producer.publish("once more", routing_key=queue.name, delivery_mode=2, confirm_timeout=10)
    with connection.clone() as lost:
        SimpleQueue(lost.channel(), queue).get(timeout=10)
    with SimpleQueue(connection.channel(), queue) as consumer:
        message = consumer.get(timeout=10)
        message.ack()
    assert message.payload == "once more"
    assert message.delivery_info["redelivered"]
