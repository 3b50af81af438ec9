"""Messages about people who were erased are blanked in Slack, a few at a time, until none is left in a place."""

from datetime import UTC, datetime
from typing import Any

from bot.database import Session
from bot.gateways.slack import SlackTrouble
from bot.services import erasing_slack, posts, replies
from bot.services.posts import PostKind
from bot.views import erasing as views
from handlers.kit import Kit, Loser, Maker
from handlers.saying import mark, post_of

WENT = {"message_not_found", "thread_not_found", "file_not_found", "file_deleted"}
"""Slack's words for what is not there any more."""


async def _erase(kit: Kit, post: Any, payload: dict[str, Any]) -> bool:
    root, since = payload.get("thread_ts"), datetime.fromtimestamp(payload.get("since", 0), UTC)
    try:
        channel, shown = await kit.slack.ours(post.recipient, since=since, thread_ts=root)
    except SlackTrouble as trouble:
        if str(trouble) not in WENT:
            raise
        channel, shown = "", []
    shown = [one for one in shown if one["text"] != views.HERE]
    theirs = shown if root else await _about_them(kit, payload, shown)
    for one in theirs[: erasing_slack.AT_ONCE]:
        await _blank(kit, channel, one)
    async with kit.database.transaction() as session:
        if len(theirs) > erasing_slack.AT_ONCE:
            until = await erasing_slack.next_turn(session, now=kit.clock())
            await posts.put_off(session, post.merge_key, until=until)
            return True
        await posts.finish(session, post)
        if theirs and not root:
            await replies.card_again(session, post.recipient, now=kit.clock())
    return True


async def _about_them(kit: Kit, payload: dict[str, Any], shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of our messages that tell of the person, or of anybody in the campaign."""
    contacts, made_by = payload.get("contacts", ()), payload.get("posts", ())
    if campaign_id := payload.get("campaign"):
        some = {contact for one in shown for contact in views.told_of(one)}
        posted = {post_of(made) for one in shown if (made := views.posted_by(one))}
        async with kit.database.reading() as session:
            contacts, made_by = await erasing_slack.of_campaign_among(session, campaign_id, some, posted)
    whom, marks = set(contacts), {mark(each) for each in made_by}
    return [one for one in shown if views.told_of(one) & whom or views.posted_by(one) in marks]


async def _blank(kit: Kit, channel: str, shown: dict[str, Any]) -> None:
    try:
        for file in shown.get("files", ()):
            await kit.slack.delete_file(file["id"])
        await kit.slack.update(channel, shown["ts"], views.blanked())
    except SlackTrouble as trouble:
        if str(trouble) not in WENT:
            raise


async def _not_blanked(kit: Kit, session: Session, post: Any, payload: dict[str, Any], why: str) -> None:
    """Whoever had them erased has to see to it."""
    where = f"<@{post.recipient}>" if post.recipient.startswith(("U", "W")) else f"<#{post.recipient}>"
    words = f"Messages about somebody who was erased could not be blanked in Slack ({where}: {why}). Delete them there."
    about: dict[str, Any] = {"words": words, "thread_ts": None}
    await posts.add(session, PostKind.NOTE, to=payload["by"], dedupe=f"not-blanked:{post.id}", now=kit.clock(), **about)


MAKERS: dict[str, Maker] = {PostKind.ERASE: _erase}
LOSERS: dict[str, Loser] = {PostKind.ERASE: _not_blanked}
"""As in `handlers.post_kinds`."""
