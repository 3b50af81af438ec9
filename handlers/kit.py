"""What every way in may use, built once by `bot.app` and handed to all of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import structlog

from bot.database import Database, Session
from bot.gateways.slack import Slack
from bot.gateways.sms import Sms
from bot.services import pictures
from bot.services.cards import Card, Draft
from bot.services.money import Prices
from bot.services.terms import Terms
from bot.settings import Settings
from handlers.budget import Budget
from handlers.hearing import Ear

log = structlog.get_logger()

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Kit:
    """The database, the two outside worlds, the one clock, this process's name among others and its pace in Slack."""

    settings: Settings
    database: Database
    slack: Slack
    sms: Sms
    clock: Clock
    owner: str
    budget: Budget
    stopwatch: Callable[[], float] = time.monotonic
    """Seconds that only go on: how long something took, though somebody set the clock meanwhile."""
    ear: Ear = field(default_factory=Ear)
    _background: set[asyncio.Task[None]] = field(default_factory=set)

    @cached_property
    def terms(self) -> Terms:
        """What the settings say of texts."""
        settings = self.settings
        undo, between = timedelta(seconds=settings.undo_seconds), timedelta(hours=settings.hours_between_first_texts)
        return Terms(undo, between, settings.follow_ups)

    @property
    def prices(self) -> Prices:
        """What texts cost, as the operator has set it."""
        return Prices(self.settings.segment_price, self.settings.picture_price)

    def picture(self, shown: Card) -> str | None:
        """Where the picture that goes along with this card's text can be seen."""
        return self.address_of(shown.next.picture) if isinstance(shown.next, Draft) else None

    def address_of(self, picture: str | None) -> str | None:
        """Where the picture of this name can be seen; nowhere, without a public address."""
        return pictures.address(self.settings, picture) if picture and self.settings.public_url else None

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Go on after the answer has been given, for what takes longer than Slack waits."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("work in the background failed", exc_info=task.exception())

    async def drain(self, within: float | None = None) -> None:
        """Wait for what goes on in the background; what takes longer is cut off."""
        while self._background:
            _, late = await asyncio.wait(self._background, timeout=within)
            for task in late:
                log.warning("cut off at the end", task=repr(task.get_coro()))
                task.cancel()


Maker = Callable[[Kit, Any, dict[str, Any]], Awaitable[bool]]
"""Makes a queued post (its row, its payload), marks it as made, and returns whether Slack was asked for anything."""
Loser = Callable[[Kit, Session, Any, dict[str, Any], str], Awaitable[None]]
"""Tells somebody who can mend it that Slack will not have a post (its row, its payload), and why."""
