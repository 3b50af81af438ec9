"""Taking contacts back and handing them on, a short transaction for each step, so that clicks go on meanwhile."""

from collections.abc import Awaitable, Callable
from typing import Any

from bot.database import Session
from bot.errors import Refusal
from bot.services import assignments, cards, posts, reassigning, volunteers
from bot.services.posts import PostKind
from handlers.kit import Kit
from models import Role

_MINUTES = int(reassigning.LATELY.total_seconds() // 60)
NO_MORE = (
    " They were invited, and take no more by themselves, unless they press “Start texting” in the invitation once more."
)
GONE = "An organizer gave contacts that you had not texted yet to somebody else."


async def take_back(kit: Kit, campaign: Any, holder: str, *, by: str) -> str:
    """What is not yet texted goes back to the pool; the sentence for the organizer."""
    no_more = await _takes_no_more(kit, campaign.id, holder)
    taken = await in_steps(
        kit, lambda session: reassigning.take_back(session, campaign.id, holder, by=by, now=kit.clock())
    )
    if not taken:
        return f"<@{holder}> has no contacts of {campaign.name} that are not texted yet.{no_more}"
    await _tell_holder(kit, holder)
    back = f"{_are(taken)} back from <@{holder}>, to be handed out again."
    return f"{contacts_in_words(taken)} of {campaign.name} {back}{no_more}"


async def hand_on(kit: Kit, campaign: Any, holder: str, to: str | None, *, by: str) -> str:
    """What is not yet texted, and what is open; the sentence for the organizer."""
    if to is not None:
        await _check_can_text(kit, to)
    helpers = [to] if to else await _helpers(kit, campaign.id, holder, by)

    async def contacts(session: Session) -> int:
        if to is None:
            return await reassigning.take_back(session, campaign.id, holder, by=by, now=kit.clock())
        return await reassigning.hand_on(session, campaign.id, holder, to, by=by, now=kit.clock())

    async def conversations(session: Session) -> int:
        return await reassigning.hand_on_conversations(session, campaign.id, holder, helpers, by=by, now=kit.clock())

    no_more = await _takes_no_more(kit, campaign.id, holder)
    held = await in_steps(kit, contacts)
    talks = await in_steps(kit, conversations) if helpers else 0
    if held:
        await _tell_holder(kit, holder)
    if to is not None and (held or talks):
        await _tell_new(kit, campaign, to, by, held, talks)
    return _summary(campaign.name, holder, to, helpers, held, talks) + no_more


async def _takes_no_more(kit: Kit, campaign_id: int, holder: str) -> str:
    """What was taken away must not come back by the next `/text`; the sentence for the organizer, if any."""
    async with kit.database.transaction() as session:
        return NO_MORE if await assignments.no_more(session, campaign_id, holder) else ""


async def in_steps(kit: Kit, step: Callable[[Session], Awaitable[int]]) -> int:
    """Step after step until nothing is left; how many in all."""
    total = 0
    while True:
        async with kit.database.transaction() as session:
            moved = await step(session)
        if not moved:
            return total
        total += moved


async def _check_can_text(kit: Kit, who: str) -> None:
    async with kit.database.reading() as session:
        suspended = await volunteers.role_of(session, who) is Role.NONE
    if suspended or not await kit.slack.people_among([who]):
        raise Refusal(f"<@{who}> can't text: choose somebody else.")
    async with kit.database.transaction() as session:
        await volunteers.meet(session, who)


async def _helpers(kit: Kit, campaign_id: int, holder: str, by: str) -> list[str]:
    """Who takes over conversations when nobody was named: those who texted just now, or else whoever asks."""
    async with kit.database.transaction() as session:
        found = await reassigning.at_hand(session, campaign_id, but=holder, now=kit.clock())
        if not found and by != holder:
            await volunteers.meet(session, by)
            found = [by]
    return found


async def _tell_holder(kit: Kit, holder: str) -> None:
    async with kit.database.transaction() as session:
        await cards.add_news(session, holder, GONE)


async def _tell_new(kit: Kit, campaign: Any, to: str, by: str, held: int, talks: int) -> None:
    told = {"campaign_id": campaign.id, "campaign": campaign.name, "by": by, "count": held, "conversations": talks}
    key = f"assigned:{campaign.id}:{to}:{kit.clock().timestamp()}"
    async with kit.database.transaction() as session:
        await posts.add(session, PostKind.ASSIGNED, to=to, dedupe=key, now=kit.clock(), **told)


def _summary(name: str, holder: str, to: str | None, helpers: list[str], held: int, talks: int) -> str:
    if not held and not talks and helpers:
        return f"<@{holder}> has nothing of {name} to hand on."
    lines = []
    if held:
        where = f"now with <@{to}>" if to else "to be handed out again"
        lines.append(f"{contacts_in_words(held)} of {name} {_are(held)} {where}.")
    if talks:
        several = f"{min(len(helpers), talks)} people who texted within the last {_MINUTES} minutes"
        whom = f"<@{helpers[0]}>" if len(helpers) == 1 else several
        what = "1 open conversation is" if talks == 1 else f"{talks:,} open conversations are"
        lines.append(f"{what} now with {whom}: who waits for an answer shows up there as a thread at once.")
    elif not helpers:
        lines.append(f"Open conversations stay: nobody else has texted within the last {_MINUTES} minutes.")
        lines.append("Name somebody at the end of the command.")
    return " ".join(lines)


def contacts_in_words(count: int) -> str:
    return "1 contact" if count == 1 else f"{count:,} contacts"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
