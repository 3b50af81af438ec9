"""Commands about people: who may do what, and what becomes of one phone number."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.errors import Refusal
from bot.gateways.slack import SlackTrouble
from bot.services import campaigns, erasing, inbox, people, phones, reassigning, volunteers
from bot.views import erasing as views
from bot.views import ids, opting_out
from handlers.kit import Kit
from handlers.requests import require
from handlers.roles import is_admin
from handlers.subcommands import Command, Subcommand
from handlers.words import one, split, unquoted
from models import Role

BLOCKED_THERE = "If they had texted STOP, their carrier blocks us until they text START."
STAYS = "They stay an admin all the same: Slack's workspace admins, and those in `ADMIN_USERS`, are admins here too."
MOST_NAMED = 5


def register(app: AsyncApp) -> None:
    """What is asked before somebody is erased."""
    app.view(ids.FORGET)(forget_them)


async def role(command: Command, kit: Kit) -> str:
    """Give or take a role."""
    usage = SUBCOMMANDS["role"].usage
    _, mentioned, words = split(command.words)
    who = one(mentioned, "@", usage)
    if words.lower() not in list(Role):
        raise Refusal(f"Write it like this: `{usage}`")
    async with kit.database.transaction() as session:
        await volunteers.set_role(session, who, Role(words.lower()), by=command.who, now=kit.clock())
        still_in = await reassigning.still_in(session, who) if words.lower() == Role.NONE else []
        if words.lower() == Role.NONE:
            await inbox.suspended(session, who, now=kit.clock(), admins=kit.settings.admin_users)
        names = [(await campaigns.by_id(session, each)).name for each in still_in[:MOST_NAMED]]
    stays = await _stays_admin(kit, who)
    if words.lower() != Role.NONE:
        also = f" {STAYS}" if stays and words.lower() != Role.ADMIN else ""
        return f"<@{who}> is now: {words.lower()}.{also}"
    said = f"<@{who}> can't text any more. {STAYS}" if stays else f"<@{who}> is suspended."
    return said + _to_hand_on(names, len(still_in) - len(names))


async def _stays_admin(kit: Kit, who: str) -> bool:
    """Somebody whom Slack does not know any more is no admin of it."""
    try:
        return await is_admin(kit, who)
    except SlackTrouble as trouble:
        if trouble.for_good:
            return False
        raise


def _to_hand_on(names: list[str], more: int) -> str:
    """What a suspended person still has; so many campaigns more are not named."""
    lines = [f"They still have people of {name}: `/textbank reassign {name} @them` hands those on." for name in names]
    if more:
        lines.append(f"… and of {more} more {'campaign' if more == 1 else 'campaigns'}.")
    return "".join(f"\n{line}" for line in lines)


async def optout(command: Command, kit: Kit) -> str:
    """Nobody texts this number again; with no number, a modal for a file of them."""
    if not command.words:
        await kit.slack.open_view(command.trigger_id, opting_out.opt_out_file())
        return ""
    phone = _phone(unquoted(command.words), kit, "optout")
    async with kit.database.transaction() as session:
        secret = kit.settings.textbank_secret
        is_new = await people.opt_out_by_hand(session, phone, secret=secret, by=command.who, now=kit.clock())
    return f"{phone} {'is opted out now' if is_new else 'had opted out already'}: nobody texts them, in any campaign."


async def optin(command: Command, kit: Kit) -> str:
    """This number may be texted again, for a reason that is kept."""
    number, reason = _number_first(unquoted(command.words), kit.settings.default_region)
    phone = _phone(number, kit, "optin")
    async with kit.database.transaction() as session:
        secret = kit.settings.textbank_secret
        had = await people.opt_in(session, phone, reason, secret=secret, by=command.who, now=kit.clock())
    if not had:
        return f"{phone} has not opted out and can be texted, so there is nothing to change."
    return f"{phone} may be texted again, from their next campaign or answer on. {BLOCKED_THERE}"


async def forget(command: Command, kit: Kit) -> str:
    """Ask whether it is to be: nothing brings an erased person back."""
    phone = _phone(unquoted(command.words), kit, "forget")
    await kit.slack.open_view(command.trigger_id, views.forget(phone))
    return ""


async def forget_them(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any], kit: Kit) -> None:
    """Erase a person; their opt-out stays."""
    who = body["user"]["id"]
    await require(kit, who, Role.ADMIN, "erasing a person")
    words = await _forget(view["private_metadata"], who, kit)
    await ack(response_action="update", view=views.forgotten(words))


async def _forget(phone: str, who: str, kit: Kit) -> str:
    async with kit.database.transaction() as session:
        secret = kit.settings.textbank_secret
        done = await erasing.forget(session, phone, secret=secret, by=who, now=kit.clock())
    return views.erased(done)


def _phone(words: str, kit: Kit, name: str) -> str:
    """The number in E.164. Raises Refusal with what is wrong with it."""
    if not words:
        raise Refusal(f"Write it like this: `{SUBCOMMANDS[name].usage}`")
    try:
        return phones.parse(words, kit.settings.default_region)
    except ValueError as why:
        raise Refusal(f"“{words}” can't be taken for somebody's phone: {why}.") from None


def _number_first(words: str, region: str) -> tuple[str, str]:
    """`(313) 555-0101 signed up again` → the number, the reason: as many words as make a number, the most first."""
    each = words.split()
    most = next((nth for nth, word in enumerate(each) if any(c.isalpha() for c in word)), len(each))
    for count in range(most, 0, -1):
        number = " ".join(each[:count])
        try:
            phones.parse(number, region)
        except ValueError:
            continue
        return number, " ".join(each[count:])
    return " ".join(each[: most or 1]), " ".join(each[most or 1 :])


SUBCOMMANDS: dict[str, Subcommand] = {
    "role": Subcommand(
        role, Role.ADMIN, "/textbank role @somebody admin|organizer|manager|volunteer|none", "give or take a role"
    ),
    "optout": Subcommand(
        optout, Role.ORGANIZER, "/textbank optout [PHONE]", "never text this number again; without one: a whole file"
    ),
    "optin": Subcommand(
        optin, Role.ORGANIZER, "/textbank optin PHONE REASON", "let it be texted again; who and why is kept"
    ),
    "forget": Subcommand(forget, Role.ADMIN, "/textbank forget PHONE", "erase a person; an opt-out stays"),
}
