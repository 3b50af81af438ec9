"""`/textbank …`: each subcommand parses its words, calls one service and says what came of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.errors import Refusal
from bot.gateways.slack import SlackTrouble
from bot.services import assignments, campaigns, reports, volunteers
from bot.views import organizing as views
from handlers.handing_out import hand_out
from handlers.kit import Kit
from handlers.requests import require
from handlers.words import one, split, unquoted
from models import Role


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command without its first word."""

    who: str
    words: str
    trigger_id: str
    response_url: str


@dataclass(frozen=True, slots=True)
class Subcommand:
    """What `/textbank NAME` does, who may, and how it is written."""

    run: Callable[[Command, Kit], Awaitable[str]]
    role: Role
    usage: str
    does: str


def register(app: AsyncApp) -> None:
    """The one slash command of organizers and managers."""
    app.command("/textbank")(textbank)


async def textbank(ack: AsyncAck, command: dict[str, Any], kit: Kit) -> None:
    """Find the subcommand, ask whether this person may, and say what came of it."""
    name, _, words = command.get("text", "").strip().partition(" ")
    name = name.lower() or "help"
    if name not in SUBCOMMANDS:
        raise Refusal(f"There is no `/textbank {name}`. `/textbank help` shows what there is.")
    found = SUBCOMMANDS[name]
    await require(kit, command["user_id"], found.role, f"/textbank {name}")
    asked = Command(command["user_id"], words.strip(), command["trigger_id"], command["response_url"])
    await ack(await found.run(asked, kit))


async def help_(command: Command, kit: Kit) -> str:
    """What this person can do."""
    async with kit.database.reading() as session:
        role = await volunteers.role_of(session, command.who) or Role.VOLUNTEER
    if command.who in kit.settings.admin_users or (await kit.slack.profile(command.who))["admin"]:
        role = Role.ADMIN
    lines = ["`/text` — get your next contact, in your direct messages with Textbank"]
    lines += [f"`{sub.usage}` — {sub.does}" for sub in SUBCOMMANDS.values() if sub.role in volunteers.MAY[role]]
    return "\n".join(lines)


async def new(command: Command, kit: Kit) -> str:
    """Open the modal "New campaign"."""
    await kit.slack.open_view(command.trigger_id, views.new_campaign())
    return ""


async def import_(command: Command, kit: Kit) -> str:
    """Open the modal that adds contacts."""
    async with kit.database.reading() as session:
        campaign = await campaigns.find(session, unquoted(command.words))
        campaigns.check_open(campaign)
    await kit.slack.open_view(command.trigger_id, views.add_contacts(campaign.name, campaign.id))
    return ""


async def script(command: Command, kit: Kit) -> str:
    """Open the modal that changes the script."""
    async with kit.database.reading() as session:
        campaign = await campaigns.find(session, unquoted(command.words))
        body = await campaigns.current_script(session, campaign)
    await kit.slack.open_view(command.trigger_id, views.edit_script(campaign.name, campaign.id, body))
    return ""


async def list_(command: Command, kit: Kit) -> str:
    """All campaigns, the newest first."""
    async with kit.database.reading() as session:
        rows = await campaigns.newest(session)
    return views.campaign_list([(row.name, row.state) for row in rows])


async def status(command: Command, kit: Kit) -> str:
    """A campaign at a glance."""
    async with kit.database.reading() as session:
        campaign = await campaigns.find(session, unquoted(command.words))
        found = await reports.status(session, campaign, now=kit.clock(), rate=kit.settings.sms_segments_per_second)
    return views.status(found, now=kit.clock())


def _moves(act: Callable[..., Awaitable[None]], said: str) -> Callable[[Command, Kit], Awaitable[str]]:
    async def run(command: Command, kit: Kit) -> str:
        async with kit.database.transaction() as session:
            campaign = await campaigns.find(session, unquoted(command.words))
            await act(session, campaign, by=command.who, now=kit.clock())
        return said.format(name=campaign.name)

    return run


async def assign(command: Command, kit: Kit) -> str:
    """A batch for a person, or one for each member of a group or a channel."""
    name, mentioned, count = split(command.words)
    if not mentioned:
        raise Refusal("Say whom: `/textbank assign CAMPAIGN @somebody 50` (or a @group, or a #channel).")
    wanted = assignments.check_count(count)
    async with kit.database.reading() as session:
        campaign = await campaigns.find(session, name)
    return await hand_out(kit, campaign, mentioned, wanted, by=command.who, response_url=command.response_url)


async def invite(command: Command, kit: Kit) -> str:
    """Post an invitation; whoever clicks it gets a batch."""
    name, mentioned, batch = split(command.words)
    channel = one(mentioned, "#", SUBCOMMANDS["invite"].usage)
    async with kit.database.reading() as session:
        campaign = await campaigns.find(session, name)
        campaigns.check_open(campaign)
    size = assignments.check_count(batch) if batch else assignments.BATCH
    try:
        await kit.slack.post(channel, views.invitation(campaign.name, campaign.id, command.who, size))
    except SlackTrouble as trouble:
        if trouble.for_good:
            raise Refusal(
                "I can't post there. Add me to the channel first: type `/invite @Textbank` in it."
            ) from trouble
        raise
    people = "1 person" if size == 1 else f"{size} people"
    return f"<#{channel}> is invited to text for {campaign.name}, {people} at a time."


async def role(command: Command, kit: Kit) -> str:
    """Give or take a role."""
    usage = SUBCOMMANDS["role"].usage
    _, mentioned, words = split(command.words)
    who = one(mentioned, "@", usage)
    if words.lower() not in list(Role):
        raise Refusal(f"Write it like this: `{usage}`")
    async with kit.database.transaction() as session:
        await volunteers.set_role(session, who, Role(words.lower()), by=command.who, now=kit.clock())
    return f"<@{who}> is suspended." if words.lower() == Role.NONE else f"<@{who}> is now: {words.lower()}."


_START = (
    "{name} is live. "
    "Hand contacts out with `/textbank assign {name} @somebody 50` or `/textbank invite {name} #channel`."
)
_PAUSE = "{name} is paused: nothing is sent, not even what was clicked already. `/textbank resume {name}` goes on."

SUBCOMMANDS: dict[str, Subcommand] = {
    "help": Subcommand(help_, Role.VOLUNTEER, "/textbank help", "what you can do"),
    "new": Subcommand(new, Role.ORGANIZER, "/textbank new", "make a campaign"),
    "import": Subcommand(import_, Role.ORGANIZER, "/textbank import CAMPAIGN", "add contacts"),
    "script": Subcommand(script, Role.ORGANIZER, "/textbank script CAMPAIGN", "change what drafts start from"),
    "list": Subcommand(list_, Role.MANAGER, "/textbank list", "all campaigns"),
    "status": Subcommand(status, Role.MANAGER, "/textbank status [CAMPAIGN]", "how far a campaign is"),
    "start": Subcommand(
        _moves(campaigns.start, _START), Role.ORGANIZER, "/textbank start CAMPAIGN", "open it for texting"
    ),
    "pause": Subcommand(
        _moves(campaigns.pause, _PAUSE), Role.ORGANIZER, "/textbank pause CAMPAIGN", "stop every send at once"
    ),
    "resume": Subcommand(
        _moves(campaigns.resume, "{name} goes on."), Role.ORGANIZER, "/textbank resume CAMPAIGN", "go on after a pause"
    ),
    "close": Subcommand(
        _moves(campaigns.close, "{name} is closed. Answers still come in."),
        Role.ORGANIZER,
        "/textbank close CAMPAIGN",
        "end it",
    ),
    "assign": Subcommand(
        assign,
        Role.ORGANIZER,
        "/textbank assign CAMPAIGN @somebody COUNT",
        "a batch for a person, a @group or a #channel",
    ),
    "invite": Subcommand(
        invite, Role.ORGANIZER, "/textbank invite CAMPAIGN #channel [BATCH]", "whoever clicks gets a batch"
    ),
    "role": Subcommand(
        role, Role.ADMIN, "/textbank role @somebody admin|organizer|manager|volunteer|none", "give or take a role"
    ),
}
