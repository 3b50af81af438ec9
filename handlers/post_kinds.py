"""How each kind of post is made: what waits as ids is read, drawn as things are now, and posted."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.database import Session
from bot.gateways.slack import SlackTrouble
from bot.services import campaigns, estimates, imports, inbox, organizers, posts, reassigning, replies, texting
from bot.services.contacts import rejects_csv
from bot.services.posts import PostKind
from bot.services.replies import Waiting
from bot.views import blocks, organizing, threads
from bot.views.lost import lost
from bot.views.text import escape
from handlers import auditing, digests, erasing, exporting, inbox_posts
from handlers.kit import Kit, Loser, Maker
from handlers.pictures import queued_card
from handlers.saying import said_before, say, say_once
from models import ImportState


async def _reply(kit: Kit, post: Any, _payload: dict[str, Any]) -> bool:
    """A voter's words: into their thread, or as the first message of a new one, with all that has come since."""
    async with kit.database.reading() as session:
        found = await replies.waiting(session, post)
    if found is None:
        return False
    if found.is_nobodys:
        return await _find_somebody(kit, post, found)
    if found.root is not None:
        await _go_on(kit, post, found)
    elif found.calm_at is not None and kit.clock() < found.calm_at:
        async with kit.database.transaction() as session:
            await posts.put_off(session, post.merge_key, until=found.calm_at)
        return False
    else:
        await _open_thread(kit, post, found)
    return True


async def _find_somebody(kit: Kit, post: Any, found: Waiting) -> bool:
    """Their volunteer is suspended: whoever runs the campaign has the conversation from now on, and the words next."""
    now, admins = kit.clock(), kit.settings.admin_users
    async with kit.database.transaction() as session:
        which = found.talk.conversation_id
        if found.talk.opted_out:
            await posts.finish(session, post, up_to=found.up_to)
        elif not await reassigning.to_whoever_runs_it(session, which, now=now, admins=admins):
            await posts.finish(session, post, up_to=found.up_to)
            await inbox.reply_unseen(session, which, "suspended", now=now, admins=admins)
    return False


async def _go_on(kit: Kit, post: Any, found: Waiting) -> None:
    """Below what is in the thread; if Slack fell silent over some of it the last time, that is looked for first."""
    root: Any = found.root
    in_thread = {"to": root.channel, "thread_ts": root.root_ts}
    if found.doubted and await said_before(kit, post, **in_thread, up_to=found.doubted, since=found.doubted_at):
        return await _finish(kit, post, up_to=found.doubted)
    await say(kit, post, threads.later(found.talk, found.said), **in_thread, first=found.first, up_to=found.up_to)
    return await _finish(kit, post, up_to=found.up_to)


async def _open_thread(kit: Kit, post: Any, found: Waiting) -> None:
    """A thread's first message; if Slack fell silent over it the last time, the one that it made then."""
    if await find_thread(kit, post, found):
        return
    to, up_to = found.talk.volunteer_id, found.up_to
    where = await say(kit, post, threads.root(found.talk), to=to, first=found.first, up_to=up_to)
    async with kit.database.transaction() as session:
        await replies.opened(session, post, found.talk, where, up_to=up_to, now=kit.clock())


async def find_thread(kit: Kit, post: Any, found: Waiting) -> bool:
    """Whether Slack made this thread the last time, though it did not say so: then it is written down."""
    to, up_to = found.talk.volunteer_id, found.doubted or 0
    where = await said_before(kit, post, to=to, up_to=up_to, since=found.doubted_at)
    if where is None:
        return False
    async with kit.database.transaction() as session:
        await replies.opened(session, post, found.talk, where, up_to=up_to, now=kit.clock())
    return True


async def _card(kit: Kit, post: Any, _payload: dict[str, Any]) -> bool:
    """The same drawing once more, unless it has been clicked since and so is where the volunteer is.

    The one above stays as it is: somebody may be typing in it, and a press on it counts as one on this.
    """
    async with kit.database.reading() as session:
        newest = (await posts.merged(session, post.merge_key) or [post])[-1]
        shown = await texting.as_it_stands(session, post.recipient, now=kit.clock())
    if shown is not None and newest.dedupe_key.split(":")[2] == str(shown.version):
        await queued_card(kit, newest, shown)
    await _finish(kit, post, up_to=newest.id)
    return True


async def _note(kit: Kit, post: Any, payload: dict[str, Any]) -> bool:
    words = escape(payload["words"])
    if payload.get("quoted"):
        words = "*You*\n" + "\n".join(f"> {line}" for line in words.splitlines())
    await say_once(kit, post, blocks.message(words), thread_ts=payload.get("thread_ts"))
    await _finish(kit, post)
    return True


async def _assigned(kit: Kit, post: Any, payload: dict[str, Any]) -> bool:
    given = {"count": payload["count"], "conversations": payload.get("conversations", 0)}
    shown = organizing.assigned(payload["campaign"], payload["campaign_id"], payload["by"], **given)
    await say_once(kit, post, shown)
    await _finish(kit, post)
    return True


async def _opened(kit: Kit, post: Any, payload: dict[str, Any]) -> bool:
    await say_once(kit, post, organizing.opened(payload["campaign"], payload["campaign_id"]))
    await _finish(kit, post)
    return True


async def _reading(kit: Kit, post: Any, payload: dict[str, Any]) -> bool:
    await say_once(kit, post, organizing.reading(payload["campaign"], payload["file_name"]))
    await _finish(kit, post)
    return True


async def _imported(kit: Kit, post: Any, payload: dict[str, Any]) -> bool:
    """Word of an import. The rejected rows come after it, by a post of their own."""
    async with kit.database.reading() as session:
        word = await imports.word_of(session, payload["import_id"])
        campaign = await campaigns.by_id(session, word.campaign_id)
        estimate = await estimates.of_campaign(session, campaign, prices=kit.prices)
    if word.state == ImportState.LIVE:
        shown = organizing.imported(word, estimate, lookup_price=kit.settings.lookup_price)
    else:
        shown = organizing.not_imported(word.campaign, word.file_name, word.error or "")
    channel, _ = await say_once(kit, post, shown)
    async with kit.database.transaction() as session:
        await posts.finish(session, post)
        if word.rejected and word.state == ImportState.LIVE:
            key, about = f"rejected:{payload['import_id']}", {"import_id": payload["import_id"]}
            await posts.add(session, PostKind.REJECTED, to=channel, dedupe=key, now=kit.clock(), **about)
    return True


async def _rejected(kit: Kit, post: Any, payload: dict[str, Any]) -> bool:
    """The rejected rows as a file. It may be large: it is written page by page, with clicks in between."""
    comment = "The rows that were rejected"
    with TemporaryDirectory(prefix="textbank-") as folder:
        path = Path(folder) / "rejected.csv"
        async with kit.database.reading() as session:
            word = await imports.word_of(session, payload["import_id"])
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            await rejects_csv(kit.database, payload["import_id"], file)
        try:
            await kit.slack.upload(post.recipient, {f"rejected from {word.file_name}": path}, comment=comment)
        except SlackTrouble as trouble:
            # A file that is too much for the line must not hold up everybody's posts: it counts as its own fault.
            if trouble.locked_out:
                raise
            raise SlackTrouble(str(trouble), for_good=trouble.for_good) from trouble
    await _finish(kit, post)
    return True


async def _lost(kit: Kit, post: Any, payload: dict[str, Any]) -> bool:
    await say_once(kit, post, lost(payload["what"], payload["where"], payload["why"]))
    await _finish(kit, post)
    return True


async def _reply_unseen(kit: Kit, session: Session, post: Any, payload: dict[str, Any], why: str) -> None:
    which, admins = payload["conversation_id"], kit.settings.admin_users
    await inbox.reply_unseen(session, which, why.removeprefix("Slack says "), now=kit.clock(), admins=admins)


async def _word_is_lost(kit: Kit, session: Session, post: Any, payload: dict[str, Any], why: str) -> None:
    """Not even word of a lost post gets there: to the next in line, until nobody is left."""
    tried = [*payload.get("tried", []), post.recipient]
    to = await organizers.next_to(session, post.recipient, admins=kit.settings.admin_users, but=tried)
    if to is not None:
        key, about = f"{post.dedupe_key}:{to}", {**payload, "tried": tried}
        await posts.add(session, PostKind.LOST, to=to, dedupe=key, now=kit.clock(), **about)


async def _finish(kit: Kit, post: Any, *, up_to: int | None = None) -> None:
    async with kit.database.transaction() as session:
        await posts.finish(session, post, up_to=up_to)


MAKERS: dict[str, Maker] = {
    PostKind.REPLY: _reply,
    PostKind.NOTE: _note,
    PostKind.ASSIGNED: _assigned,
    PostKind.OPENED: _opened,
    PostKind.READING: _reading,
    PostKind.IMPORTED: _imported,
    PostKind.REJECTED: _rejected,
    PostKind.CARD: _card,
    PostKind.LOST: _lost,
    **digests.MAKERS,
    **inbox_posts.MAKERS,
    **exporting.MAKERS,
    **auditing.MAKERS,
    **erasing.MAKERS,
}
"""Each makes its post, marks it as made, and returns whether Slack was asked for anything."""
LOSERS: dict[str, Loser] = {
    PostKind.REPLY: _reply_unseen,
    PostKind.LOST: _word_is_lost,
    **inbox_posts.LOSERS,
    **digests.LOSERS,
    **erasing.LOSERS,
}
"""Whom each kind tells that it is not going to be made. What has none here is missed by whoever waits for it."""
