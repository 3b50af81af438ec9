"""What web hooks did not bring is found in the carrier's list: voters' texts, states of ours, and texts in doubt.

One process does it, by a lease, and all that it finds takes the same way as what a web hook brings. Without a public
address it is the only way in.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby

import structlog

from bot.gateways.carrier_list import CarrierList, Unlisted
from bot.services import alarms, carrier_log, doubts, inbox, leases, outcomes
from bot.services.carrier_log import FURTHEST, Listed, Marks
from bot.services.inbound import Received
from bot.services.outcomes import Delivery
from handlers.incoming import take_in
from handlers.kit import Kit
from handlers.loops import cut_off, go_round

log = structlog.get_logger()

LEASE = timedelta(seconds=90)
LOOK_SECONDS = 1.0
EVERY, WITHOUT_HOOKS = timedelta(seconds=60), timedelta(seconds=5)
"""Between two looks; the second where no web hook can come."""
FAR_EVERY = timedelta(hours=1)
"""Between two looks at the whole of two days."""
LAG, SHORT_LAG = timedelta(minutes=10), timedelta(minutes=1)
"""So late a text may come into the list and is still found by the next look, and by one in between."""
AFTER_TROUBLE = timedelta(seconds=30)
DEAF = timedelta(minutes=5)
"""So long without the list, where it is the only way in, is told."""
AT_ONCE = 5
ASKED_AT_ONCE = 2
REMEMBERED = 20_000


class Watch:
    """The loop of one worker process."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._list = CarrierList(kit.sms, kit.settings)
        self._next = self._wide = self._find_at = datetime.min.replace(tzinfo=kit.clock().tzinfo)
        self._far: AsyncIterator[list[Listed]] | None = None
        self._far_began = self._next
        self._heard_at = kit.clock()
        self._settled: dict[str, None] = {}
        """Texts of which the list has no more to tell."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Until the program stops: no answer of the carrier's is waited for then, since whoever is next asks anew."""
        pause = LOOK_SECONDS  # also between two pages of a long list: the carrier limits questions
        failed = "looking through the carrier's list failed"
        await cut_off(stopping, go_round(stopping, self.step, failed=failed, idle=pause, busy=pause))
        with suppress(Exception):
            async with self._kit.database.transaction() as session:
                await leases.give_back(session, "carrier list", owner=self._kit.owner)

    async def step(self) -> bool:
        """Whatever is to be asked now; False when nothing came of it."""
        try:
            return any([await self._look(), await self._look_far(), await self._find(), await self._ask()])
        except Unlisted as trouble:
            log.warning("the carrier gives no list", why=str(trouble))
            self._later()
            await self._say_if_deaf()
            return False
        except Exception:
            self._later()
            raise

    def _later(self) -> None:
        self._next = self._find_at = self._kit.clock() + AFTER_TROUBLE
        self._far = None

    # -- what has come and what has become of ours

    async def _look(self) -> bool:
        """The newest of the list, once a minute, or where nothing else brings it every few seconds."""
        kit, now = self._kit, self._kit.clock()
        if now < self._next:
            return False
        self._next = now + (EVERY if kit.settings.public_url else WITHOUT_HOOKS)
        if not await self._is_mine(now):
            return False
        async with kit.database.transaction() as session:
            marks = await carrier_log.begin(session, now=now)
        if self._far is None and abs(now - marks.far) >= FAR_EVERY:  # a clock may have been ahead
            self._far, self._far_began = self._list.since(max(now - FURTHEST, marks.first)), now
        return await self._near(marks, now)

    async def _near(self, marks: Marks, now: datetime) -> bool:
        lag = LAG if now >= self._wide else SHORT_LAG
        self._wide = now + EVERY if lag == LAG else self._wide
        since = max(min(marks.near, now) - lag, now - FURTHEST, marks.first)
        worked = False
        async for page in self._list.since(since):
            worked |= await self._read(page)
        self._heard_at = now
        async with self._kit.database.transaction() as session:
            await carrier_log.reached(session, "near", now)
        return worked

    async def _look_far(self) -> bool:
        """Two days back, a page at a time."""
        if self._far is None:
            return False
        page = await anext(self._far, None)
        if page is None:
            self._far = None
            async with self._kit.database.transaction() as session:
                await carrier_log.reached(session, "far", self._far_began)
            return False
        await self._read(page)
        return True

    async def lacking(self, since: datetime, *, pages: int) -> list[Listed]:
        """Take in what has come since, and return the texts of our own senders that the database lacks.

        Raises Unlisted.
        """
        lacking: list[Listed] = []
        async for page in self._list.since(since):
            async with self._kit.database.reading() as session:
                news = await carrier_log.compare(session, page)
            await self._take(news)
            lacking += news.lacking
            pages -= 1
            if not pages:
                break
        async with self._kit.database.reading() as session:
            return await carrier_log.unexplained(session, lacking)

    async def _read(self, page: list[Listed]) -> bool:
        """Take in what is new on this page. What it had last time, and has nothing more to tell, is passed over."""
        new = [each for each in page if each.sid not in self._settled]
        if not new:
            return False
        async with self._kit.database.reading() as session:
            news = await carrier_log.compare(session, new)
        await self._take(news)
        lacking = {each.sid for each in news.lacking}
        for each in new:
            if each.is_inbound or (each.state in outcomes.LAST and each.sid not in lacking):
                self._settled[each.sid] = None
        while len(self._settled) > REMEMBERED:
            del self._settled[next(iter(self._settled))]
        return bool(news.came_in or news.deliveries)

    async def _take(self, news: carrier_log.News) -> None:
        for each in news.came_in:
            media = await self._media(each) if each.media else ()
            received = Received(each.sid, each.sender or "", each.to, each.body, media, each.at)
            log.info("a text came by the carrier's list", sid=each.sid)
            await take_in(self._kit, received)
        if news.deliveries:
            await self._write(news.deliveries)

    async def _media(self, listed: Listed) -> tuple[dict[str, str], ...]:
        """The words do not wait for what came along with them."""
        try:
            return await self._list.media(listed.sid)
        except Unlisted as trouble:
            log.warning("the carrier does not say what came with a text", sid=listed.sid, why=str(trouble))
            return ({"url": "", "type": ""},) * listed.media

    async def _write(self, deliveries: list[Delivery]) -> None:
        now = self._kit.clock()
        async with self._kit.database.transaction() as session:
            trouble = await outcomes.delivered(session, deliveries, now=now)
            await alarms.follow(session, trouble, prices=self._kit.prices, now=now)

    # -- texts in doubt

    async def _find(self) -> bool:
        """Texts that nobody can prove, each looked for among those to its number."""
        kit, now = self._kit, self._kit.clock()
        if now < self._find_at:
            return False
        async with kit.database.reading() as session:
            due = await doubts.due(session, now=now, limit=AT_ONCE)
        if not due or not await self._is_mine(now):
            return False
        by_person = groupby(sorted(due, key=lambda row: row.person_id), key=lambda row: (row.person_id, row.phone))
        for (person_id, phone), rows in by_person:
            listed = await self._list.to(phone)
            async with kit.database.transaction() as session:
                found = await doubts.found(session, person_id, listed)
                trouble = await outcomes.delivered(session, found, now=now)
                await alarms.follow(session, trouble, prices=kit.prices, now=now)
                proved = {each.message_id for each in found}
                await doubts.look_again(session, [row for row in rows if row.id not in proved], now=now)
        return True

    async def _ask(self) -> bool:
        """Texts that the carrier took and never spoke of again: what failed before is in no list by date."""
        kit, now = self._kit, self._kit.clock()
        if now < self._find_at:
            return False
        async with kit.database.reading() as session:
            silent = await doubts.silent(session, now=now, limit=ASKED_AT_ONCE)
        if not silent or not await self._is_mine(now):
            return False
        for row in silent:
            listed = await self._list.one(row.carrier_sid)
            async with kit.database.transaction() as session:
                await doubts.look_again(session, [row], now=now)
            if listed is not None and listed.state in outcomes.ABOVE_ACCEPTED:
                await self._write([carrier_log.delivery(row.id, listed, listed.state)])
        return True

    async def _is_mine(self, now: datetime) -> bool:
        async with self._kit.database.transaction() as session:
            return await leases.take(session, "carrier list", owner=self._kit.owner, now=now, lasting=LEASE)

    async def _say_if_deaf(self) -> None:
        """Where no web hook can come, somebody must know that voters are not heard."""
        kit, now = self._kit, self._kit.clock()
        if kit.settings.public_url or now - self._heard_at < DEAF:
            return
        words = "The carrier does not say what voters text, and there is no PUBLIC_URL: no answer comes in for now."
        async with kit.database.transaction() as session:
            key = f"deaf:{now:%Y-%m-%dT%H}"
            await inbox.alarm(session, words, key=key, now=now, admins=kit.settings.admin_users)
