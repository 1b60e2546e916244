"""Queue and notices on a broker, the store in Cassandra, for the parts that run in this process.

The flow waits an outage out, and the API tells it. So each has its own view of the one session and the one publisher.
"""

import logging
from collections.abc import Mapping
from typing import Protocol

import snowflake
from groundwork.histogram import Histogram
from groundwork.readiness import Trouble
from spiderduck.bootstrap.archives import OpenArchive, open_archive, open_archive_reader
from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.keys import sharers_of, warn_of_own_sharers
from spiderduck.bootstrap.remedies import ARCHIVE_REMEDY, BROKER_REMEDY, CASSANDRA_REMEDY, MIGRATE_REMEDY, away
from spiderduck.bootstrap.storage import ForApi, ForFlow, Removable, Storage, Work
from spiderduck.bootstrap.waiting import addresses_of_broker, noted, wait_for
from spiderduck.cluster.registry import CassandraProcesses
from spiderduck.config import DAY
from spiderduck.database.disk import DiskWatch
from spiderduck.lists.cassandra_walks import CassandraWalks
from spiderduck.queues.kombu import KombuQueue
from spiderduck.queues.kombu_link import BrokerLink
from spiderduck.queues.kombu_publisher import Publisher
from spiderduck.queues.topology import Topology
from spiderduck.retention import RetentionSweeper
from spiderduck.shares.cassandra import CassandraShares
from spiderduck.stores.announcing import AnnouncingStore
from spiderduck.stores.best_effort import BestEffortMarks
from spiderduck.stores.cassandra import CassandraStore
from spiderduck.stores.cassandra_answers import CassandraAnswers
from spiderduck.stores.cassandra_audit import CassandraAudit
from spiderduck.stores.cassandra_opening import open_when_ready
from spiderduck.stores.sessions.retrying import RetryingSession
from spiderduck.stores.sessions.timed import TimedSession
from spiderduck.stores.sessions.watch import Watch
from spiderduck.subscriptions.kombu import KombuSubscriptions
from spiderduck.subscriptions.kombu_announcer import KombuAnnouncer
from spiderduck.takedowns.cassandra import CassandraTakedowns
from spiderduck.webhooks.cassandra import CassandraWebhooks

log = logging.getLogger(__name__)

DAYS_OF_SCHEDULE = 4.0
"""A delivery that waits for its next attempt is written anew behind each; the longest pause is a day."""


OLDEST = "Age of the oldest message that waits or is worked on."
CALLS = {
    "cassandra_call_seconds": "Calls of Cassandra, as its driver sees them.",
    "broker_call_seconds": "Calls of the broker: a batch until it is confirmed, a question until it is answered.",
}


class Troubled(Protocol):
    """Something that may be away."""

    @property
    def trouble(self) -> str | None: ...


async def open_cluster(given: Composition) -> Storage:
    """Waits for the engines. Raises `StatementRefused` where the credentials are wrong."""
    config, clock, stack = given.config, given.clock, given.stack
    await wait_for("the broker", addresses_of_broker(config.broker.url), clock, BROKER_REMEDY)
    topology = Topology(config.broker)
    with noted("Cassandra", f"no migrated keyspace yet at {', '.join(config.cassandra.hosts)}", MIGRATE_REMEDY):
        session = TimedSession(await open_when_ready(config.cassandra, clock))
    stack.push_async_callback(session.close)
    link = BrokerLink(config.broker, "publishing", topology.declare)
    stack.push_async_callback(link.close)
    publisher = Publisher(link)
    warn_of_own_sharers(config)
    hide = sharers_of(config, given.folder).hide
    patient = RetryingSession(session, clock, config.cassandra.patience_seconds)
    asking = RetryingSession(session, clock, config.cassandra.lookup_patience_seconds)
    watch = Watch(session, clock)
    flow: ForFlow | None = None
    announcing: AnnouncingStore | None = None
    api: ForApi | None = None
    work: tuple[Work, ...] = (("store watch", watch.run),)
    opened: OpenArchive | None = None
    receiving: KombuQueue | None = None
    observed: dict[str, Mapping[str, Histogram]] = {"cassandra_call_seconds": session.seconds}
    troubled: dict[str, tuple[Troubled, str]] = {
        "broker": (link, BROKER_REMEDY),
        "cassandra": (watch, CASSANDRA_REMEDY),
    }
    disk: DiskWatch | None = None
    if "schedulers" in given.parts:
        records = CassandraStore(patient, config.cassandra, clock, moment_of_id)
        opened = await open_archive(given, records)
        queue = receiving = KombuQueue(config.broker, publisher, clock, hide=hide)
        observed["broker_call_seconds"] = queue.seconds
        stack.push_async_callback(queue.close)
        announcing = AnnouncingStore(records, KombuAnnouncer(publisher, topology))
        flow = ForFlow(queue, announcing, opened.archive, opened.archive)
        sweeper = RetentionSweeper(None, opened.archive, clock, config.retention)
        disk = DiskWatch(given.folder, clock)
        work = (*work, ("retention", sweeper.run), ("disk", disk.run), *opened.work)
        troubled |= {"events": (queue, BROKER_REMEDY), "archive": (opened.archive, ARCHIVE_REMEDY)}
    if "api" in given.parts:
        intake = KombuQueue(config.broker, publisher, clock, config.broker.patience_seconds, hide)
        stack.push_async_callback(intake.close)
        observed["broker_call_seconds"] = intake.seconds
        subscriptions = KombuSubscriptions(config.broker, clock, config.queues)
        stack.push_async_callback(subscriptions.close)
        content = opened.archive if opened is not None else open_archive_reader(given)
        store = CassandraStore(asking, config.cassandra, clock, moment_of_id)
        marks = BestEffortMarks(CassandraStore(session, config.cassandra, clock, moment_of_id), clock)
        shares = CassandraShares(asking, config.cassandra.keyspace, clock, config.retention.shares_days * DAY)
        live = int(max(config.broker.notices_days, DAYS_OF_SCHEDULE) * DAY)
        webhooks = CassandraWebhooks(asking, config.cassandra.keyspace, clock, live)
        answers = CassandraAnswers(asking, config.cassandra.keyspace, int(config.cassandra.events_days * DAY))
        told = AnnouncingStore(store, KombuAnnouncer(publisher, topology))
        api = ForApi(intake, intake, store, marks, content, subscriptions, shares, told, webhooks, answers)
        troubled |= {"notices": (subscriptions, BROKER_REMEDY)}

    def trouble() -> Mapping[str, Trouble | None]:
        engines = {name: away(one.trouble, remedy) for name, (one, remedy) in troubled.items()}
        return engines if disk is None else {**engines, "disk": disk.trouble}

    def gauges() -> Mapping[str, tuple[str, float]]:
        failures = sum(session.failures.values())
        found = {} if disk is None else dict(disk.gauges())
        found["cassandra_failures_total"] = ("Calls that Cassandra did not answer in time.", failures)
        if receiving is not None:
            since = receiving.oldest_at
            age = 0.0 if since is None else max(0.0, clock.now() - since)
            found["oldest_message_age_seconds"] = (OLDEST, age)
        return found

    keyspace = config.cassandra.keyspace
    removable = Removable(
        CassandraTakedowns(asking, keyspace, clock),
        CassandraStore(asking, config.cassandra, clock, moment_of_id),
        announcing=announcing,
        archive=None if opened is None else opened.archive,
    )
    return Storage(
        flow,
        api,
        work,
        trouble,
        gauges=gauges,
        observed=tuple((name, CALLS[name], "call", histograms) for name, histograms in observed.items()),
        removable=removable,
        audit=CassandraAudit(asking, keyspace, clock),
        walks=CassandraWalks(asking, keyspace),
        processes=CassandraProcesses(session, keyspace, clock),
    )


def moment_of_id(identity: int) -> float:
    """Epoch seconds of a Snowflake id."""
    return snowflake.decode(identity).time.timestamp()
