"""Who texts whom: batches given to people, taken back and handed on, and invitations to take one."""

from bot.errors import Refusal
from bot.gateways.slack import SlackTrouble
from bot.services import assignments, campaigns, pool
from bot.views import organizing as views
from handlers.handing_out import hand_out
from handlers.kit import Kit
from handlers.reassigning import hand_on, take_back
from handlers.requests import say_when_done
from handlers.subcommands import Command, Subcommand
from handlers.words import one, split
from models import Role

_NOBODY_LEFT = " All its contacts are handed out, though: whoever presses gets none until there are more."


async def assign(command: Command, kit: Kit) -> str:
    """A batch for a person, or one for each member of a group or a channel."""
    name, mentioned, count = split(command.words)
    if not mentioned:
        raise Refusal("Say whom: `/textbank assign CAMPAIGN @somebody 50` (or a @group, or a #channel).")
    if " " in count:
        raise Refusal("Write it in this order: `/textbank assign CAMPAIGN @somebody 50`")
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
        left = "" if await pool.anybody_left(session, campaign.id) else _NOBODY_LEFT
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
    return (
        f"<#{channel}> is invited to text for {campaign.name}, {people} at a time.{campaigns.not_yet(campaign)}{left}"
    )


async def unassign(command: Command, kit: Kit) -> str:
    """Take back what is not yet texted."""
    name, mentioned, more = split(command.words)
    usage = SUBCOMMANDS["unassign"].usage
    holder = one([] if more else mentioned, "@", usage)
    async with kit.database.reading() as session:
        campaign = await campaigns.find(session, name)
    return await take_back(kit, campaign, holder, by=command.who)


async def reassign(command: Command, kit: Kit) -> str:
    """Hand on what somebody holds, open conversations too."""
    name, mentioned, more = split(command.words)
    usage = SUBCOMMANDS["reassign"].usage
    holder = one([] if more else mentioned[:1], "@", usage)
    to = one(mentioned[1:], "@", usage) if len(mentioned) > 1 else None
    if to == holder:
        raise Refusal("That is the same person twice.")
    async with kit.database.reading() as session:
        campaign = await campaigns.find(session, name)
    work = hand_on(kit, campaign, holder, to, by=command.who)
    kit.later(say_when_done(kit, command.response_url, work))
    return f"Handing on what <@{holder}> has of {campaign.name}. I'll say here when it is done."


SUBCOMMANDS: dict[str, Subcommand] = {
    "assign": Subcommand(
        assign,
        Role.ORGANIZER,
        "/textbank assign CAMPAIGN @somebody COUNT",
        "a batch for a person, a @group or a #channel",
    ),
    "invite": Subcommand(
        invite, Role.ORGANIZER, "/textbank invite CAMPAIGN #channel [BATCH]", "whoever clicks gets a batch"
    ),
    "unassign": Subcommand(
        unassign, Role.ORGANIZER, "/textbank unassign CAMPAIGN @somebody", "take back what is not yet texted"
    ),
    "reassign": Subcommand(
        reassign,
        Role.ORGANIZER,
        "/textbank reassign CAMPAIGN @from [@to]",
        "hand on what somebody has, open conversations too",
    ),
}
