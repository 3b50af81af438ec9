"""One run of `doctor --live`: with whom, what was posted, what is heard, and how patient it is."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.gateways.slack import SlackTrouble
from bot.services.doctor import Level
from handlers.hearing import Overheard
from handlers.kit import Kit

log = structlog.get_logger()

MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Result:
    """What was assumed, what was measured, and whether they agree; None: it could not be measured."""

    assumed: str
    found: str
    holds: bool | None

    @property
    def verdict(self) -> str:
        """In two words."""
        return {True: "as assumed", False: "OTHERWISE", None: "not measured"}[self.holds]

    @property
    def level(self) -> Level:
        """As a finding of the doctor's it would be so bad."""
        return {True: Level.OK, False: Level.ERROR, None: Level.WARNING}[self.holds]

    def __str__(self) -> str:
        return f"assumed: {self.assumed}; measured: {self.found}"


@dataclass(frozen=True, slots=True)
class How:
    """How much is tried, and for how many seconds whom is waited for."""

    posts: int = 12
    edits: int = 60
    for_hand: float = 180
    for_slack: float = 15
    for_phone: float = 120
    typing: float = 20
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep


@dataclass
class Run:
    """What the parts share. Whatever is posted through `post` is deleted at the end."""

    kit: Kit
    admin: str
    number: str
    say: Callable[[str], None]
    overheard: Overheard
    how: How
    posted: list[tuple[str, str]] = field(default_factory=list)

    async def post(self, message: dict[str, Any], *, thread_ts: str | None = None) -> tuple[str, str]:
        """A message to the admin, as soon as Slack takes it. Raises SlackTrouble."""
        for _ in range(MOST_TRIES):
            try:
                return await self.post_once(message, thread_ts=thread_ts)
            except SlackTrouble as trouble:
                if not trouble.limited:
                    raise
                await self.how.sleep(trouble.pause)
        return await self.post_once(message, thread_ts=thread_ts)

    async def post_once(self, message: dict[str, Any], *, thread_ts: str | None = None) -> tuple[str, str]:
        """The same, tried once."""
        where = await self.kit.slack.post(self.admin, message, thread_ts=thread_ts)
        self.posted.append(where)
        return where

    async def clean_up(self) -> None:
        """Delete what was posted, the newest first: a thread's first message goes after its replies."""
        while self.posted:
            channel, ts = self.posted[-1]
            try:
                await self.kit.slack.delete(channel, ts)
            except SlackTrouble as trouble:
                if trouble.limited:
                    await self.how.sleep(trouble.pause)
                    continue
                if str(trouble) != "message_not_found":
                    log.warning("a message of the doctor's stays", channel=channel, ts=ts, why=str(trouble))
                    self.say(f"A message could not be deleted ({trouble}): delete it by hand.")
            self.posted.pop()
