"""Whoever is no longer in the workspace: what they hold goes back, their talks go on, and organizers are told.

Slack tells of it by an event, or by refusing a post; both come to the same, and a second time finds nothing left to do.
"""

from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.services import campaigns, conversations, inbox, reassigning, volunteers
from bot.services.posts import PostKind, payload_of
from handlers.kit import Kit
from handlers.reassigning import contacts_in_words, in_steps

BY = "slack"
"""Who did it, for the audit log."""


def register(app: AsyncApp) -> None:
    """Slack's word that somebody's account has changed."""
    app.event("user_change")(changed)


async def changed(event: dict[str, Any], kit: Kit) -> None:
    """Only one kind of change matters. What breaks off half-way is taken up when Slack brings the event again."""
    if event["user"].get("deleted"):
        await hand_on(kit, event["user"]["id"])


async def see_to(kit: Kit, post: Any) -> bool:
    """After a post that can reach nobody: whether it will reach somebody else now, since its volunteer is gone."""
    if post.kind != PostKind.REPLY:
        if post.recipient.startswith(("U", "W")) and await kit.slack.has_left(post.recipient):
            await hand_on(kit, post.recipient)
        return False
    which = payload_of(post)["conversation_id"]
    who = await _whose(kit, which)
    if not await kit.slack.has_left(who):
        return False
    await hand_on(kit, who)
    return await _whose(kit, which) != who


async def hand_on(kit: Kit, who: str) -> None:
    """All that this person has, campaign by campaign."""
    async with kit.database.reading() as session:
        left_behind = await reassigning.still_in(session, who)
    for campaign_id in left_behind:
        await _hand_on(kit, who, campaign_id)


async def _hand_on(kit: Kit, who: str, campaign_id: int) -> None:
    times: dict[str, Any] = {"by": BY, "now": kit.clock()}
    held = await in_steps(kit, lambda session: reassigning.take_back(session, campaign_id, who, **times))
    helpers, talks = await _helpers(kit, campaign_id, who), 0
    if helpers:
        talks = await in_steps(
            kit, lambda session: reassigning.hand_on_conversations(session, campaign_id, who, helpers, **times)
        )
    async with kit.database.transaction() as session:
        found = await campaigns.by_id(session, campaign_id)
        words = _words(await volunteers.named(session, who) or who, found.name, held, talks, helpers)
        now, key = kit.clock(), f"left:{who}:{campaign_id}:{kit.clock().timestamp()}"
        admins = kit.settings.admin_users
        await inbox.alarm(session, words, key=key, campaign_id=campaign_id, now=now, admins=admins)


async def _helpers(kit: Kit, campaign_id: int, who: str) -> list[str]:
    """Those who text just now, or else whoever made the campaign, or else an admin."""
    async with kit.database.transaction() as session:
        found = await reassigning.at_hand(session, campaign_id, but=who, now=kit.clock())
        if found:
            return found
        made_by = (await campaigns.by_id(session, campaign_id)).created_by
        others = [each for each in (made_by, *kit.settings.admin_users) if each != who][:1]
        for other in others:
            await volunteers.meet(session, other)
        return others


async def _whose(kit: Kit, conversation_id: int) -> str:
    async with kit.database.reading() as session:
        return (await conversations.talk(session, conversation_id, last=1)).volunteer_id


def _words(name: str, campaign: str, held: int, talks: int, helpers: list[str]) -> str:
    lines = [f"{name} is no longer in this Slack."]
    if held:
        lines.append(f"{contacts_in_words(held)} of {campaign} that they had not texted yet can be handed out again.")
    if talks:
        whom = f"<@{helpers[0]}>" if len(helpers) == 1 else f"{min(len(helpers), talks)} people who texted lately"
        lines.append(f"Their open conversations of {campaign} ({talks:,}) are now with {whom}.")
    return " ".join(lines)
