"""`GET /metrics`: what this process has handled, and how things stand in the database at that moment."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from prometheus_client import REGISTRY as OF_THIS_PROCESS
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.services import gauges
from bot.services.doctor import WORKER
from bot.services.gauges import Gauges, Queue
from handlers.kit import Kit

log = structlog.get_logger()

KEPT, COUNTS_KEPT = timedelta(seconds=5), timedelta(minutes=1)
"""However often somebody asks, the database is asked no more often than that."""
HANDLED = Counter("textbank_slack_requests", "Requests of Slack's that this process has handled, by kind.", ["kind"])


class Metrics(Collector):
    """The page, and what it was last drawn from."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._at: datetime | None = None
        self._seen: Gauges | None = None
        self._counted_at: datetime | None = None
        self._counts: tuple[tuple[int, str, int], ...] = ()
        self._registry = CollectorRegistry()
        self._registry.register(self)

    async def page(self) -> bytes:
        """In Prometheus's text format. A database that is away is a figure like others."""
        now = self._kit.clock()
        if self._at is None or now - self._at >= KEPT:
            self._at = now
            try:
                await self._look(now)
            except Exception as away:
                log.warning("the database could not be asked for figures", why=type(away).__name__)
                self._seen = None
        return generate_latest(OF_THIS_PROCESS) + generate_latest(self._registry)

    async def _look(self, now: datetime) -> None:
        async with self._kit.database.reading() as session:
            self._seen = await gauges.look(session, now=now)
            if self._counted_at is None or now - self._counted_at >= COUNTS_KEPT:
                self._counts, self._counted_at = await gauges.counts(session), now

    def collect(self) -> Iterator[Metric]:
        """Every figure of the database."""
        seen = self._seen
        yield _gauge("database_up", "Whether the database answers.", seen is not None)
        if seen is None:
            return
        yield from _queue("texts_queued", "Texts that wait for the carrier", seen.texts)
        yield from _queue("slack_posts_queued", "Posts that wait for Slack", seen.posts)
        yield from _queue("replies_waiting", "Voters who wait for an answer", seen.replies)
        yield _gauge("texts_in_doubt", "Texts of which nobody can say whether they were sent.", seen.doubtful)
        yield _gauge("circuit_open", "Whether nothing is sent because the carrier is unwell.", seen.circuit_open)
        yield _gauge("slack_token_lost", "Whether Slack does not take our token.", seen.slack_token_lost)
        yield _gauge("worker_alive", "Whether a worker is running.", WORKER in seen.leases)
        yield _gauge("clock_alive", "Whether a clock is running.", "clock" in seen.leases)
        words = "What became of texts of campaigns at work, by the campaign's id."
        counter = CounterMetricFamily("textbank_texts", words, labels=["campaign", "result"])
        for campaign_id, result, n in self._counts:
            counter.add_metric([str(campaign_id), result], n)
        yield counter


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"textbank_{name}", words, value=value)


def _queue(name: str, words: str, queue: Queue) -> Iterator[Metric]:
    yield _gauge(name, f"{words}, {gauges.MOST} at most.", queue.waiting)
    yield _gauge(f"{name}_oldest_seconds", f"{words}: for how long the oldest has.", queue.oldest)
