"""`/textbank doctor`: what is wrong with the set-up, and how to mend it."""

from bot.views import doctor as views
from handlers.examining import examine_and_keep
from handlers.kit import Kit
from handlers.requests import say_when_done
from handlers.subcommands import Command, Subcommand
from models import Role


async def command(command: Command, kit: Kit) -> str:
    """It takes longer than Slack waits."""
    if command.words:
        how = f"with Textbank stopped, `python -m bot doctor --live --admin {command.who} --phone` and your number"
        return f"`/textbank doctor` takes nothing behind it. To measure, use a terminal: {how}."
    kit.later(say_when_done(kit, command.response_url, _said(kit)))
    return "Looking at everything. It takes a few seconds …"


async def _said(kit: Kit) -> str:
    return views.findings(await examine_and_keep(kit))


SUBCOMMANDS: dict[str, Subcommand] = {
    "doctor": Subcommand(command, Role.ADMIN, "/textbank doctor", "what is wrong with the set-up, and how to mend it"),
}
