"""Handing a batch to each of many people, a short transaction for each; what may take long goes on after the answer."""

from typing import Any

from bot.errors import Refusal
from bot.gateways.slack import SlackTrouble
from bot.services import assignments, campaigns, posts, volunteers
from bot.services.posts import PostKind
from handlers.kit import Kit
from handlers.requests import say_when_done
from handlers.words import Mentioned
from models import Role

AT_ONCE = 5
"""More people than this, or members to be looked up, may take longer than Slack waits for a command's answer."""


async def hand_out(
    kit: Kit, campaign: Any, mentioned: list[Mentioned], count: int, *, by: str, response_url: str
) -> str:
    """Give everybody who is meant a batch, and tell each; the sentence for the organizer."""
    campaigns.check_open(campaign)
    work = _to_each(kit, campaign, mentioned, count, by)
    if len(mentioned) <= AT_ONCE and all(each.kind == "@" for each in mentioned):
        return await work
    kit.later(say_when_done(kit, response_url, work))
    each = "1 contact" if count == 1 else f"{count} contacts"
    return f"Handing out {each} of {campaign.name} to each of them. I'll say here when it is done."


async def _to_each(kit: Kit, campaign: Any, mentioned: list[Mentioned], count: int, by: str) -> str:
    people = await _people(kit, mentioned)
    if not people:
        raise Refusal("There is nobody there who could text.")
    given: dict[str, int] = {}
    for who in people:
        got = await _one(kit, campaign, who, count, by)
        if not got:
            break
        given[who] = got
    return _summary(campaign.name, given, len(people), count) + (campaigns.not_yet(campaign) if given else "")


async def _one(kit: Kit, campaign: Any, who: str, count: int, by: str) -> int:
    async with kit.database.transaction() as session:
        await volunteers.meet(session, who)
        got = await assignments.hand_out(session, campaign.id, who, count, by=by, now=kit.clock())
        if got:
            key = f"assigned:{campaign.id}:{who}:{kit.clock().timestamp()}"
            told = {"campaign_id": campaign.id, "campaign": campaign.name, "by": by, "count": got}
            await posts.add(session, PostKind.ASSIGNED, to=who, dedupe=key, now=kit.clock(), **told)
    return got


def _summary(name: str, given: dict[str, int], people: int, count: int) -> str:
    total = sum(given.values())
    if not total:
        return f"{name} has no contacts left to hand out."
    whom = f"<@{next(iter(given))}>" if len(given) == 1 else f"{len(given)} people"
    contacts = f"{total:,} contacts of {name} are" if total > 1 else f"1 contact of {name} is"
    said = f"{contacts} now with {whom}, who got word."
    return said if total == people * count else f"{said} There were no more left to hand out."


async def _people(kit: Kit, mentioned: list[Mentioned]) -> list[str]:
    """Everybody who is meant, once, without bots and those who have left."""
    found: dict[str, None] = {}
    for each in mentioned:
        if each.kind == "@":
            found[each.id] = None
        else:
            found |= dict.fromkeys(await _members(kit, each))
    async with kit.database.reading() as session:
        found = {who: None for who in found if await volunteers.role_of(session, who) is not Role.NONE}
    return await kit.slack.people_among(found)


async def _members(kit: Kit, each: Mentioned) -> list[str]:
    try:
        return await (kit.slack.members if each.kind == "#" else kit.slack.group_members)(each.id)
    except SlackTrouble as trouble:
        if trouble.for_good:
            raise Refusal(
                "I can't see who is in there. In a private channel, add me first: type `/invite @Textbank` in it."
            ) from trouble
        raise
