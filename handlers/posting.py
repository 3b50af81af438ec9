"""The one writer to Slack: takes what waits in the posts' table, draws it as things are now, and posts it.

One process holds the job at a time. Slack's limits are kept by going slowly; what it refuses for now stays here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog

from bot.gateways.slack import SlackTrouble
from bot.services import alarms, conversations, imports, leases, posts, replies, texting
from bot.services.contacts import rejects_csv
from bot.services.posts import PostKind, payload_of
from bot.services.replies import Waiting
from bot.views import blocks, organizing, threads
from bot.views import cards as card_views
from bot.views.text import escape
from handlers.kit import Kit
from models import ImportState

log = structlog.get_logger()

LEASE = timedelta(seconds=60)
"""Renewed before each post, and longer than the slowest of them takes."""
IDLE_SECONDS = 0.3
A_MINUTE = 180
"""Posts a minute in the workspace: somewhat under what Slack allows an app."""
BURST = 20
AFTER_THE_OTHERS = timedelta(seconds=1)
"""If it was this post that Slack stumbles over, the others go first when it listens again."""


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
            PostKind.READING: self._reading,
            PostKind.IMPORTED: self._imported,
            PostKind.REJECTED: self._rejected,
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
                await _sleep(stopping, IDLE_SECONDS)
        async with self.kit.database.transaction() as session:
            await leases.give_back(session, "slack", owner=self.kit.owner)

    async def step(self) -> bool:
        """Make the posts that are due, if the job is ours; whether there was anything to do."""
        if not self.budget.allows() or not await self._due(1) or not await self._is_ours():
            return False
        made: set[str] = set()
        for post in await self._due():  # as the last writer left it: what was read before the job was ours may be done
            if post.merge_key not in made and self.budget.allows():
                if not await self._is_ours():
                    break
                made.add(post.merge_key)
                await self._deliver(post)
        return True

    async def _due(self, limit: int = 20) -> list[Any]:
        async with self.kit.database.reading() as session:
            return await posts.due(session, now=self.kit.clock(), limit=limit)

    async def _is_ours(self) -> bool:
        """Take the job or keep it, for long enough for one post."""
        kit = self.kit
        async with kit.database.transaction() as session:
            return await leases.take(session, "slack", owner=kit.owner, now=kit.clock(), lasting=LEASE)

    async def _deliver(self, post: Any) -> None:
        try:
            if await self._make[post.kind](post, payload_of(post)):
                self.budget.spend()
        except SlackTrouble as trouble:
            if trouble.pause:
                return await self._put_off(post, trouble)
            for_good = trouble.gone if post.kind == PostKind.REPLY else trouble.for_good
            await self._failed(post, str(trouble), for_good=for_good)
        except Exception as error:
            log.exception("a post could not be drawn", kind=post.kind)
            await self._failed(post, repr(error))

    async def _put_off(self, post: Any, trouble: SlackTrouble) -> None:
        """Slack is busy, away or closed to us: that is nothing against this post, and nothing else would go either."""
        log.warning("slack takes no posts for now", why=str(trouble))
        self.budget.shut_until = self.kit.clock() + timedelta(seconds=trouble.pause)
        async with self.kit.database.transaction() as session:
            await posts.put_off(session, post.merge_key, until=self.budget.shut_until + AFTER_THE_OTHERS)

    async def _failed(self, post: Any, why: str, *, for_good: bool = False) -> None:
        now = self.kit.clock()
        log.warning("slack refused a post", kind=post.kind, why=why)
        async with self.kit.database.transaction() as session:
            stuck = await posts.failed(session, post, why, now=now, for_good=for_good)
            if stuck and post.kind == PostKind.REPLY:
                await alarms.reply_unseen(session, payload_of(post)["conversation_id"], why, now=now)

    async def _finish(self, post: Any, *, up_to: int | None = None) -> None:
        async with self.kit.database.transaction() as session:
            await posts.finish(session, post, up_to=up_to)

    # ------------------------------------------------------------------------------------------- each kind

    async def _reply(self, post: Any, _payload: dict[str, Any]) -> bool:
        """A voter's words: into their thread, or as the first message of a new one, with all that has come since."""
        kit = self.kit
        async with kit.database.reading() as session:
            found = await replies.waiting(session, post)
        if found is None:
            return False
        if found.root is not None:
            shown = threads.later(found.talk, found.said)
            await kit.slack.post(found.root.channel, shown, thread_ts=found.root.root_ts)
            await self._finish(post, up_to=found.up_to)
        elif found.calm_at is not None and kit.clock() < found.calm_at:
            async with kit.database.transaction() as session:
                await posts.put_off(session, post.merge_key, until=found.calm_at)
            return False
        else:
            await self._open_thread(post, found)
        return True

    async def _open_thread(self, post: Any, found: Waiting) -> None:
        """A thread's first message; if Slack fell silent over it the last time, the one that it made then."""
        where, up_to = await self._made_before(found), found.doubted
        if where is None or up_to is None:
            where, up_to = await self._post_root(post, found), found.up_to
        async with self.kit.database.transaction() as session:
            await replies.opened(session, post, found.talk, where, up_to=up_to, now=self.kit.clock())

    async def _made_before(self, found: Waiting) -> tuple[str, str] | None:
        if found.doubted_at is None:
            return None
        try:
            return await self.kit.slack.find(found.talk.volunteer_id, found.mark, since=found.doubted_at)
        except SlackTrouble as trouble:
            if trouble.pause:
                raise
            log.warning("slack does not say whether it made a post, so it is made again", why=str(trouble))
            return None

    async def _post_root(self, post: Any, found: Waiting) -> tuple[str, str]:
        try:
            return await self.kit.slack.post(found.talk.volunteer_id, threads.root(found.talk), mark=found.mark)
        except SlackTrouble as trouble:
            if trouble.in_doubt:
                async with self.kit.database.transaction() as session:
                    await posts.doubt(session, post, up_to=found.up_to, now=self.kit.clock())
            raise

    async def _card(self, post: Any, _payload: dict[str, Any]) -> bool:
        """The same drawing once more, unless it has been clicked since and so is where the volunteer is.

        The one above stays as it is: somebody may be typing in it, and a press on it counts as one on this.
        """
        kit = self.kit
        async with kit.database.reading() as session:
            shown = await texting.as_it_stands(session, post.recipient, now=kit.clock())
        if shown is not None and post.dedupe_key.split(":")[2] == str(shown.version):
            await kit.slack.post(post.recipient, card_views.card(shown))
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
        async with self.kit.database.reading() as session:
            talk = await conversations.talk(session, payload["conversation_id"], last=4)
        await self.kit.slack.post(post.recipient, threads.help_call(talk, payload["by"], payload["words"]))
        await self._finish(post)
        return True

    async def _reading(self, post: Any, payload: dict[str, Any]) -> bool:
        await self.kit.slack.post(post.recipient, organizing.reading(payload["campaign"], payload["file_name"]))
        await self._finish(post)
        return True

    async def _imported(self, post: Any, payload: dict[str, Any]) -> bool:
        """Word of an import. The rejected rows come after it, by a post of their own."""
        kit = self.kit
        async with kit.database.reading() as session:
            word = await imports.word_of(session, payload["import_id"])
        if word.state == ImportState.LIVE:
            counts = {"imported_rows": word.imported, "rejected": word.rejected}
            shown = organizing.imported(
                word.campaign, word.file_name, **counts, state=word.campaign_state, hole=word.hole
            )
        else:
            shown = organizing.not_imported(word.campaign, word.file_name, word.error or "")
        channel, _ = await kit.slack.post(post.recipient, shown)
        async with kit.database.transaction() as session:
            await posts.finish(session, post)
            if word.rejected and word.state == ImportState.LIVE:
                key, about = f"rejected:{payload['import_id']}", {"import_id": payload["import_id"]}
                await posts.add(session, PostKind.REJECTED, to=channel, dedupe=key, now=kit.clock(), **about)
        return True

    async def _rejected(self, post: Any, payload: dict[str, Any]) -> bool:
        """The rejected rows as a file. It may be large: it is written page by page, with clicks in between."""
        kit, comment = self.kit, "The rows that were rejected"
        with TemporaryDirectory(prefix="textbank-") as folder:
            path = Path(folder) / "rejected.csv"
            async with kit.database.reading() as session:
                word = await imports.word_of(session, payload["import_id"])
                with path.open("w", encoding="utf-8-sig", newline="") as file:
                    await rejects_csv(session, payload["import_id"], file)
            try:
                await kit.slack.upload(post.recipient, f"rejected from {word.file_name}", path, comment=comment)
            except SlackTrouble as trouble:
                # A file that is too much for the line must not hold up everybody's posts: it counts as its own fault.
                raise SlackTrouble(str(trouble), for_good=trouble.for_good) from trouble
        await self._finish(post)
        return True


async def _sleep(stopping: asyncio.Event, seconds: float) -> None:
    """Sleep, or wake at once when the program stops."""
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
