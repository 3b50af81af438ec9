"""Commands about people: who may do what."""

from bot.errors import Refusal
from bot.services import volunteers
from handlers.kit import Kit
from handlers.subcommands import Command, Subcommand
from handlers.words import one, split
from models import Role


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


SUBCOMMANDS: dict[str, Subcommand] = {
    "role": Subcommand(
        role, Role.ADMIN, "/textbank role @somebody admin|organizer|manager|volunteer|none", "give or take a role"
    ),
}
