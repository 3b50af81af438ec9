"""The gate that a worker passes before its first claim.

After a restore from a backup the carrier has texts that the database does not know of, and everybody who got one would
get another. So nothing is claimed before the carrier's list has been seen, nor while it has such texts, unless a lead
says so.
"""

import asyncio
from datetime import datetime, timedelta

import structlog

from bot.services import inbox, outbox
from bot.services.carrier_log import Listed
from bot.services.phones import phone_hash
from handlers.carrier_list import Watch
from handlers.kit import Kit

log = structlog.get_logger()

PAGES = 10
PATIENCE_SECONDS = 8
"""A program that is to stop must not wait for the carrier."""
TRY_AGAIN = timedelta(seconds=15)
SAY_AFTER = timedelta(minutes=1)
MEND = (
    "Was the database restored from a backup? Then what was texted since is unknown here, and contacts who got a text "
    "may be texted again. Nothing leaves until a lead presses “Send anyway”."
)
UNLISTED = (
    "The carrier does not list what was sent, so nobody can say whether this database knows of all of it. Nothing "
    "leaves until it does, or until a lead presses “Send anyway”."
)


class Gate:
    """Of one process."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._watch = Watch(kit)
        self._passed = False
        self._began = kit.clock()
        self._next = self._began

    async def lets_pass(self) -> bool:
        """Whether this process may claim. Costs nothing once it may."""
        now = self._kit.clock()
        if self._passed or now < self._next:
            return self._passed
        self._next = now + TRY_AGAIN
        async with self._kit.database.reading() as session:
            claimed_at, passed_at = await outbox.last_claim(session)
        if passed_at is None or passed_at < self._began:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    lacking = await self._watch.lacking(max(claimed_at, passed_at or claimed_at), pages=PAGES)
            except Exception as trouble:  # whatever it was: what the carrier has is not known
                log.warning("nothing is sent before it is seen what the carrier has", why=type(trouble).__name__)
                if now >= self._began + SAY_AFTER:
                    await self._tell(UNLISTED, f"unlisted:{self._began.isoformat()}", now)
                return False
            if lacking:
                await self._hold(lacking, claimed_at, now)
        self._passed = True  # what is held is held for every process, until a person says otherwise
        return True

    async def _hold(self, lacking: list[Listed], claimed_at: datetime, now: datetime) -> None:
        """Claim nothing, in no process. What waits here and has left already is not sent by anybody's word either."""
        kit, count = self._kit, len(lacking)
        log.error("the carrier lists texts that the database lacks: nothing is sent", texts=count)
        texts = "1 text" if count == 1 else f"{count:,} texts"
        why = f"the carrier lists {texts} of ours that the database does not have"
        async with kit.database.transaction() as session:
            for each in lacking:
                hashed = phone_hash(kit.settings.textbank_secret, each.to)
                await outbox.has_left(session, hashed, each.body, each.at, now=now)
            if not await outbox.hold(session, why, began=self._began):
                return
        await self._tell(f"No text leaves: {why}. {MEND}", claimed_at.isoformat(), now)

    async def _tell(self, words: str, key: str, now: datetime) -> None:
        kit = self._kit
        async with kit.database.transaction() as session:
            await inbox.gate(session, words, key=f"gate:{key}", now=now, admins=kit.settings.admin_users)
