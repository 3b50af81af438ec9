"""The one writer to Slack: takes what waits in the posts' table, draws it as things are now, and posts it.

One process holds the job at a time. Slack's limits are kept by going slowly; what it refuses for now stays here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import structlog

from bot.gateways.slack import SlackTrouble
from bot.services import cards, conversations, imports, leases, posts, texting
from bot.services.inbound import CALM
from bot.services.posts import PostKind, payload_of
from bot.views import blocks, organizing, threads
from bot.views import cards as card_views
from bot.views.text import escape
from handlers.importing import rejects_csv
from handlers.kit import Kit
from models import ImportState

log = structlog.get_logger()

LEASE = timedelta(seconds=15)
IDLE_SECONDS = 0.3
A_MINUTE = 180
"""Posts a minute in the workspace: somewhat under what Slack allows an app."""
BURST = 20


@dataclass
class Budget:
    """How many posts may still be made now; refilled with time, and emptied when Slack says to slow down."""

    clock: Callable[[], datetime]
    left: float = BURST
    at: datetime | None = None
    shut_until: datetime | None = None

    def allows(self) -> bool:
        """Whether a post may be made now."""
        now = self.clock()
        elapsed = (now - (self.at or now)).total_seconds()
        self.left, self.at = min(self.left + max(elapsed, 0) * A_MINUTE / 60, BURST), now
        return self.left >= 1 and (self.shut_until is None or now >= self.shut_until)

    def spend(self) -> None:
        """One post has been made."""
        self.left -= 1


@dataclass
class Writer:
    """The loop, and how each kind of post is made."""

    kit: Kit
    budget: Budget = field(init=False)

    def __post_init__(self) -> None:
        self.budget = Budget(self.kit.clock)
        self._make: dict[str, Callable[[Any, dict[str, Any]], Awaitable[bool]]] = {
            PostKind.REPLY: self._reply,
            PostKind.NOTE: self._note,
            PostKind.TELL: self._tell,
            PostKind.ASSIGNED: self._assigned,
            PostKind.IMPORTED: self._imported,
            PostKind.HELP: self._help,
            PostKind.CARD: self._card,
        }

    async def run(self, stopping: asyncio.Event) -> None:
        """Until the program stops."""
        while not stopping.is_set():
            try:
                worked = await self.step()
            except Exception:
                log.exception("posting to slack failed")
                worked = False
            if not worked:
                await _pause(stopping, IDLE_SECONDS)
        async with self.kit.database.transaction() as session:
            await leases.give_back(session, "slack", owner=self.kit.owner)

    async def step(self) -> bool:
        """Make the posts that are due, if the job is ours; whether there was anything to do."""
        kit = self.kit
        async with kit.database.reading() as session:
            waiting = await posts.due(session, now=kit.clock())
        if not waiting or not self.budget.allows():
            return False
        async with kit.database.transaction() as session:
            if not await leases.take(session, "slack", owner=kit.owner, now=kit.clock(), lasting=LEASE):
                return False
        made: set[str] = set()
        for post in waiting:
            if post.merge_key not in made and self.budget.allows():
                made.add(post.merge_key)
                await self._deliver(post)
        return True

    async def _deliver(self, post: Any) -> None:
        try:
            if await self._make[post.kind](post, payload_of(post)):
                self.budget.spend()
        except SlackTrouble as trouble:
            if trouble.pause:
                self.budget.shut_until = self.kit.clock() + timedelta(seconds=trouble.pause)
            async with self.kit.database.transaction() as session:
                await posts.failed(session, post, str(trouble), now=self.kit.clock(), for_good=trouble.for_good)
        except Exception as error:
            log.exception("a post could not be drawn", kind=post.kind)
            async with self.kit.database.transaction() as session:
                await posts.failed(session, post, repr(error), now=self.kit.clock())

    async def _finish(self, post: Any) -> None:
        async with self.kit.database.transaction() as session:
            await posts.finish(session, post)

    # ------------------------------------------------------------------------------------------- each kind

    async def _reply(self, post: Any, payload: dict[str, Any]) -> bool:
        """A voter's words: into their thread, or as the first message of a new one, with all that has come since."""
        kit, conversation_id = self.kit, payload["conversation_id"]
        async with kit.database.reading() as session:
            talk = await conversations.talk(session, conversation_id)
            root = await conversations.root_of(session, conversation_id, talk.volunteer_id)
            queued = await posts.merged(session, post.merge_key)
            said = await conversations.said_in(
                session, conversation_id, [payload_of(row)["inbound_id"] for row in queued]
            )
            card = await cards.whereabouts(session, talk.volunteer_id)
        if root is not None:
            await kit.slack.post(root.channel, threads.later(talk, said), thread_ts=root.root_ts)
        elif card is not None and card.clicked_at is not None and kit.clock() < card.clicked_at + CALM:
            async with kit.database.transaction() as session:
                await posts.put_off(session, post.merge_key, until=card.clicked_at + CALM)
            return False
        channel, ts = (None, None) if root else await kit.slack.post(talk.volunteer_id, threads.root(talk))
        async with kit.database.transaction() as session:
            await posts.finish(session, post, up_to=queued[-1].id)
            if channel and ts:
                await conversations.opened(session, conversation_id, talk.volunteer_id, channel, ts)
                await self._bring_card_back(session, talk.volunteer_id, card)
        return True

    async def _bring_card_back(self, session: Any, volunteer_id: str, card: Any) -> None:
        """A new thread buries the card: it comes again below, once the threads that wait are all there."""
        if card is not None and card.conversation_id is not None:
            now = self.kit.clock()
            key = f"card:{volunteer_id}:{card.version}:{now.timestamp()}"
            due = now + timedelta(seconds=2)
            await posts.add(
                session, PostKind.CARD, to=volunteer_id, dedupe=key, merge=f"card:{volunteer_id}", now=now, due_at=due
            )

    async def _card(self, post: Any, _payload: dict[str, Any]) -> bool:
        """The same drawing once more, unless it has been clicked since and so is where the volunteer is."""
        kit = self.kit
        async with kit.database.reading() as session:
            shown = await texting.as_it_stands(session, post.recipient, now=kit.clock())
        if shown is not None and post.dedupe_key.split(":")[2] == str(shown.version):
            channel, ts = await kit.slack.post(post.recipient, card_views.card(shown))
            async with kit.database.transaction() as session:
                await cards.placed(session, post.recipient, shown.version, channel, ts)
        await self._finish(post)
        return True

    async def _note(self, post: Any, payload: dict[str, Any]) -> bool:
        words = escape(payload["words"])
        if payload.get("quoted"):
            words = "*You*\n" + "\n".join(f"> {line}" for line in words.splitlines())
        await self.kit.slack.post(post.recipient, blocks.message(words), thread_ts=payload["thread_ts"])
        await self._finish(post)
        return True

    async def _tell(self, post: Any, payload: dict[str, Any]) -> bool:
        await self.kit.slack.post(post.recipient, blocks.message(f":rotating_light: {escape(payload['words'])}"))
        await self._finish(post)
        return True

    async def _assigned(self, post: Any, payload: dict[str, Any]) -> bool:
        shown = organizing.assigned(payload["campaign"], payload["campaign_id"], payload["by"], payload["count"])
        await self.kit.slack.post(post.recipient, shown)
        await self._finish(post)
        return True

    async def _help(self, post: Any, payload: dict[str, Any]) -> bool:
        shown = organizing.help_call(payload["by"], payload["about"], payload["campaign"], payload["words"])
        await self.kit.slack.post(post.recipient, shown)
        await self._finish(post)
        return True

    async def _imported(self, post: Any, payload: dict[str, Any]) -> bool:
        """Word of an import, and the rejected rows as a file."""
        kit, rejects = self.kit, StringIO()
        async with kit.database.reading() as session:
            word = await imports.word_of(session, payload["import_id"])
            if word.rejected:
                await rejects_csv(session, payload["import_id"], rejects)
        if word.state == ImportState.LIVE:
            counts = {"imported_rows": word.imported, "rejected": word.rejected}
            shown = organizing.imported(
                word.campaign, word.file_name, **counts, state=word.campaign_state, hole=word.hole
            )
        else:
            shown = organizing.not_imported(word.campaign, word.file_name, word.error or "")
        channel, _ = await kit.slack.post(post.recipient, shown)
        await self._finish(post)
        if word.rejected and word.state == ImportState.LIVE:
            content = rejects.getvalue().encode("utf-8-sig")
            await kit.slack.upload(
                channel, f"rejected from {word.file_name}", content, comment="The rows that were rejected"
            )
        return True


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    """Sleep, or wake at once when the program stops."""
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
