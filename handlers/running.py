"""The organizer's commands that make a campaign and lead it through its life."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from bot.database import Session
from bot.services import (
    campaigns,
    closing,
    estimates,
    money,
    pictures,
    reports,
    saved_replies,
    scripts,
    spending,
    surveys,
    timing,
)
from bot.services import script_check as check
from bot.views import money as money_views
from bot.views import organizing as views
from handlers import script_check
from handlers.kit import Kit
from handlers.subcommands import Command, Subcommand
from handlers.words import unquoted
from models import CampaignState, Role


async def new(command: Command, kit: Kit) -> str:
    """Open the modal "New campaign"."""
    await kit.slack.open_view(command.trigger_id, views.new_campaign(kit.settings.lookup_price))
    return ""


async def import_(command: Command, kit: Kit) -> str:
    """Open the modal that adds contacts."""
    async with kit.database.reading() as session:
        campaign = await campaigns.find(session, unquoted(command.words))
        campaigns.check_open(campaign)
    view = views.add_contacts(campaign.name, campaign.id, lookup_price=kit.settings.lookup_price)
    await kit.slack.open_view(command.trigger_id, view)
    return ""


async def script(command: Command, kit: Kit) -> str:
    """Open the modal that changes the script."""
    async with kit.database.reading() as session:
        campaign = await campaigns.find(session, unquoted(command.words))
        body = await campaigns.current_script(session, campaign)
        saved = await saved_replies.written(session, campaign.id)
        questions = await surveys.written(session, campaign.id)
        picture, coming = await pictures.of_campaign(session, campaign)
    view = views.edit_script(
        campaign.name,
        campaign.id,
        body,
        check=await script_check.blocks(kit, command.who, campaign.id, body, footer=campaign.footer),
        footer=campaign.footer or "",
        saved=saved,
        questions=questions,
        picture=kit.address_of(picture),
        coming=coming,
        budget=money.as_written(campaign.budget),
    )
    await kit.slack.open_view(command.trigger_id, view)
    return ""


async def list_(command: Command, kit: Kit) -> str:
    """All campaigns, the newest first."""
    async with kit.database.reading() as session:
        rows = await campaigns.newest(session)
        far = await reports.progress(session, [row.id for row in rows])
    return views.campaign_list((row, far[row.id]) for row in rows)


async def status(command: Command, kit: Kit) -> str:
    """A campaign at a glance."""
    async with kit.database.reading() as session:
        campaign = await campaigns.find(session, unquoted(command.words))
        pace: dict[str, Any] = {"rate": kit.settings.sms_segments_per_second, "prices": kit.prices}
        found = await reports.status(session, campaign, now=kit.clock(), **pace)
        is_draft = found.state is CampaignState.DRAFT
        estimate = await estimates.of_campaign(session, campaign, prices=kit.prices) if is_draft else None
    return views.status(found, now=kit.clock(), estimate=estimate)


async def _start(kit: Kit, session: Session, found: Any, who: str) -> str:
    """Open it, and say once more what it will cost and what the script check says: afterwards is too late for whoever
    has been texted.
    """
    await campaigns.start(session, found, by=who, now=kit.clock())
    estimate = await estimates.of_campaign(session, found, prices=kit.prices)
    cost = f"\n{money_views.estimate(estimate)}" if estimate else ""
    advice = check.advice(scripts.with_footer(await campaigns.current_script(session, found), found.footer))
    if not advice:
        return cost
    lines = "".join(f"\n• {line}" for line in advice)
    return f"{cost}\n:warning: Its script could be better. Change it with `/textbank script {found.name}`:{lines}"


async def _pause(kit: Kit, session: Session, found: Any, who: str) -> None:
    await campaigns.pause(session, found, by=who, now=kit.clock())


async def _resume(kit: Kit, session: Session, found: Any, who: str) -> None:
    await spending.resume(session, found, prices=kit.prices, by=who, now=kit.clock())


async def _close(kit: Kit, session: Session, found: Any, who: str) -> str:
    return await closing.close(session, found, by=who, now=kit.clock())


Unnamed = CampaignState | None
"""A command without a name means the only campaign in this state; None: it must have one."""
Act = Callable[[Kit, Session, Any, str], Awaitable[str | None]]
"""A step in a campaign's life; what it returns is said too."""


def _moves(act: Act, said: str, unnamed: Unnamed = CampaignState.LIVE) -> Callable[[Command, Kit], Awaitable[str]]:
    async def run(command: Command, kit: Kit) -> str:
        async with kit.database.transaction() as session:
            campaign = await campaigns.find(session, unquoted(command.words), unnamed=unnamed)
            what_then = await act(kit, session, campaign, command.who)
        return said.format(name=campaign.name) + (what_then or "")

    return run


Plan = Callable[..., Awaitable[None]]


def _moves_at(
    act: Act, said: str, plan: Plan, what: str, unnamed: Unnamed = CampaignState.LIVE
) -> Callable[[Command, Kit], Awaitable[str]]:
    """The same, at once or at a time that is said: `CAMPAIGN at 2026-10-20 09:00`."""
    at_once = _moves(act, said, unnamed)

    async def run(command: Command, kit: Kit) -> str:
        if not re.search(r"\bat\s", command.words):
            return await at_once(command, kit)
        async with kit.database.reading() as session:
            if await campaigns.is_named(session, unquoted(command.words)):  # "Rally at noon" is a campaign, not a plan
                return await at_once(command, kit)
        tz = (await kit.slack.profile(command.who))["tz"]
        name, when = timing.read(command.words, tz=tz)
        if when is None:
            return await at_once(command, kit)
        async with kit.database.transaction() as session:
            campaign = await campaigns.find(session, unquoted(name), unnamed=unnamed)
            await plan(session, campaign, when, by=command.who, now=kit.clock())
        if when.at is None:
            return f"{campaign.name} no longer {what} by itself."
        return f"{campaign.name} {what} by itself on {when.words}. I'll tell whoever made it."

    return run


_STARTED = (
    "{name} is live. "
    "Hand contacts out with `/textbank assign {name} @somebody 50` or `/textbank invite {name} #channel`."
)
_PAUSED = "{name} is paused: nothing is sent, not even what was clicked already. `/textbank resume {name}` goes on."
SUBCOMMANDS: dict[str, Subcommand] = {
    "new": Subcommand(new, Role.ORGANIZER, "/textbank new", "make a campaign"),
    "import": Subcommand(import_, Role.ORGANIZER, "/textbank import CAMPAIGN", "add contacts"),
    "script": Subcommand(
        script, Role.ORGANIZER, "/textbank script CAMPAIGN", "change the script, saved replies and questions"
    ),
    "list": Subcommand(list_, Role.MANAGER, "/textbank list", "all campaigns"),
    "status": Subcommand(status, Role.MANAGER, "/textbank status [CAMPAIGN]", "how far a campaign is"),
    "start": Subcommand(
        _moves_at(_start, _STARTED, timing.plan_opening, "opens"),
        Role.ORGANIZER,
        "/textbank start CAMPAIGN [at 2026-10-20 09:00]",
        "open it for texting, now or then",
    ),
    "pause": Subcommand(_moves(_pause, _PAUSED), Role.ORGANIZER, "/textbank pause CAMPAIGN", "stop every send at once"),
    "resume": Subcommand(
        _moves(_resume, "{name} goes on.", CampaignState.PAUSED),
        Role.ORGANIZER,
        "/textbank resume CAMPAIGN",
        "go on after a pause",
    ),
    "close": Subcommand(
        _moves_at(_close, "{name} is closed. ", timing.plan_closing, "closes", unnamed=None),
        Role.ORGANIZER,
        "/textbank close CAMPAIGN [at 2026-11-03 20:00]",
        "end it, now or then",
    ),
}
