"""`/textbank …`: finds the subcommand, asks whether this person may, and says what came of it."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.errors import Refusal
from bot.services import volunteers
from handlers import (
    auditing,
    batches,
    digests,
    doctor,
    exporting,
    inbox,
    looking_up,
    opt_out_files,
    people,
    running,
    spending,
)
from handlers.kit import Kit
from handlers.requests import require
from handlers.roles import acting
from handlers.subcommands import Command, Subcommand
from models import Role


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
    role = await acting(kit, command.who)
    lines = ["`/text` — get your next contact, in your direct messages with Textbank"]
    lines += [f"`{sub.usage}` — {sub.does}" for sub in SUBCOMMANDS.values() if sub.role in volunteers.MAY[role]]
    return "\n".join(lines)


SUBCOMMANDS: dict[str, Subcommand] = {
    "help": Subcommand(help_, Role.VOLUNTEER, "/textbank help", "what you can do"),
    **running.SUBCOMMANDS,
    **spending.SUBCOMMANDS,
    **batches.SUBCOMMANDS,
    **digests.SUBCOMMANDS,
    **exporting.SUBCOMMANDS,
    **auditing.SUBCOMMANDS,
    **inbox.SUBCOMMANDS,
    **looking_up.SUBCOMMANDS,
    **people.SUBCOMMANDS,
    **opt_out_files.SUBCOMMANDS,
    **doctor.SUBCOMMANDS,
}
