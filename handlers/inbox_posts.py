"""How posts of the inbox are made: an item where it belongs, what comes after it below, and word to the volunteer."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

from bot.database import Session
from bot.gateways.slack import SlackTrouble
from bot.services import inbox, inbox_places, organizers, posts, replies
from bot.services.inbox import Item
from bot.services.posts import PostKind
from bot.views import inbox as views
from handlers.kit import Kit, Loser, Maker
from handlers.saying import said_before, say, say_once

AFTER_ITS_ITEM = timedelta(seconds=5)
"""Between two looks whether the item that something goes below is shown by now."""


async def _item(kit: Kit, post: Any, payload: dict[str, Any]) -> bool:
    """The item as it stands now, with all that has come since it was queued."""
    async with kit.database.reading() as session:
        waiting = await inbox_places.waiting_below(session, payload["item_id"])
        item = await inbox.read(session, payload["item_id"])
        suspended = await inbox_places.is_suspended(session, post.recipient)
    if item.moved != payload["moved"]:
        await _finish(kit, post)
        return False
    if suspended:
        await _elsewhere(kit, post, item, post.recipient, "suspended")
        return False
    await _or_elsewhere(kit, post, item, post.recipient, _show(kit, post, item, waiting))
    return True


async def _show(kit: Kit, post: Any, item: Item, waiting: list[Any]) -> None:
    before = await said_before(kit, post)
    channel, ts = before or await say(kit, post, views.item(item))
    async with kit.database.transaction() as session:
        await inbox_places.shown(session, item, post.recipient, channel, ts)
        await posts.finish(session, post)
        if waiting and before is None:  # what is found was drawn before some of this had come: it goes below
            await posts.finish(session, waiting[-1])


async def _or_elsewhere(kit: Kit, post: Any, item: Item, place: str, saying: Awaitable[None]) -> None:
    """Say it there; if nobody is there any more, or we may not speak, the item goes to those who come next."""
    try:
        await saying
    except SlackTrouble as trouble:
        if not trouble.gone and str(trouble) != "restricted_action":
            raise
        await _elsewhere(kit, post, item, place, str(trouble))


async def _elsewhere(kit: Kit, post: Any, item: Item, lost: str, why: str) -> None:
    """The item goes to those who come next, and a channel that is lost is said once."""
    now, admins = kit.clock(), kit.settings.admin_users
    async with kit.database.transaction() as session:
        await posts.finish(session, post)
        await inbox.goes_elsewhere(session, item.id, lost, why, now=now, admins=admins)


async def _again(kit: Kit, post: Any, payload: dict[str, Any]) -> bool:
    """What a stranger wrote since, or that a volunteer asks again: below the item, all that waits together."""
    async with kit.database.transaction() as session:
        waiting = await inbox_places.waiting_below(session, payload["item_id"])
        item = await inbox.read(session, payload["item_id"])
        moves = await inbox_places.goes_with_the_inbox(session, item, now=kit.clock(), admins=kit.settings.admin_users)
        if item.where is None and await inbox_places.is_in_doubt(session, item):
            await posts.put_off(session, post.merge_key, until=kit.clock() + AFTER_ITS_ITEM)
            return False
    if item.where is None or moves or not waiting:  # while the item itself waits, it will show this too
        await _finish(kit, waiting[-1] if waiting else post)
        return item.where is not None and not moves
    await _or_elsewhere(kit, post, item, item.shown_to or "", _below(kit, item, item.where, waiting))
    return True


async def _below(kit: Kit, item: Item, where: tuple[str, str], waiting: list[Any]) -> None:
    """Say what waits below its item. What may be there already is looked for, and what came after it waits on."""
    place: Any = {"to": where[0], "thread_ts": where[1]}
    doubted = [each for each in waiting if each.doubted_at is not None]
    if doubted and await said_before(kit, doubted[-1], **place):
        return await _finish(kit, doubted[-1])
    new = {posts.payload_of(each).get("inbound_id") for each in waiting}
    said = [each for each in item.said if each.inbound_id in new]
    await say(kit, waiting[-1], views.below(item, said), **place)
    await _finish(kit, waiting[-1])


async def _finish(kit: Kit, post: Any) -> None:
    async with kit.database.transaction() as session:
        await posts.finish(session, post)


async def _word(kit: Kit, post: Any, payload: dict[str, Any]) -> bool:
    """To the volunteer who asked. At the top level it buries their card, which comes again below."""
    shown = views.word_back(payload["by"], payload["how"], payload["name"], payload["words"])
    await say_once(kit, post, shown, thread_ts=payload["thread_ts"])
    async with kit.database.transaction() as session:
        await posts.finish(session, post)
        if payload["thread_ts"] is None:
            await replies.card_again(session, payload["volunteer_id"], now=kit.clock())
    return True


async def _tell(kit: Kit, session: Session, post: Any, payload: dict[str, Any], why: str) -> None:
    """Slack will not have a call, or what comes below it: those who run the campaign hear of it directly."""
    item = await inbox.read(session, payload["item_id"])
    if post.kind == PostKind.INBOX_AGAIN:
        await inbox_places.nowhere(session, item)
    about: dict[str, Any] = {"what": "inbox", "where": post.recipient or item.shown_to, "why": why}
    for to in await organizers.who_run(session, item.campaign_id, admins=kit.settings.admin_users):
        await posts.add(session, PostKind.LOST, to=to, dedupe=f"lost:inbox:{item.id}:{to}", now=kit.clock(), **about)


MAKERS: dict[str, Maker] = {
    PostKind.INBOX: _item,
    PostKind.INBOX_AGAIN: _again,
    PostKind.INBOX_WORD: _word,
}
"""As in `handlers.post_kinds`."""
LOSERS: dict[str, Loser] = {PostKind.INBOX: _tell, PostKind.INBOX_AGAIN: _tell}
