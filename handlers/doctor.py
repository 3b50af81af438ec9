"""`/textbank doctor`, and the same for `python -m bot doctor`: every check in turn, and none of them may fail."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

from bot.gateways.carrier_checks import of_carrier
from bot.gateways.slack_checks import of_public_url, of_slack
from bot.migrate import NEWER, Schema, schema_of
from bot.services import doctor
from bot.services.doctor import Finding
from bot.views import doctor as views
from handlers.kit import Kit
from handlers.requests import say_when_done
from handlers.subcommands import Command, Subcommand
from models import Role

log = structlog.get_logger()


async def examine(kit: Kit, *, serving: bool) -> list[Finding]:
    """Everything that can be found out. `serving`: the program is known to run."""
    settings = kit.settings
    checks: dict[str, Callable[[], Awaitable[Iterable[Finding]]]] = {
        "the database": lambda: _database(kit, serving),
        "Slack": lambda: of_slack(kit.slack, settings),
        "PUBLIC_URL": lambda: of_public_url(settings),
        "the carrier": lambda: of_carrier(kit.sms, settings),
    }
    asked = [_guarded(what, check) for what, check in checks.items()]
    found = await asyncio.gather(*asked)
    return [*doctor.of_settings(settings), *(each for some in found for each in some)]


async def command(command: Command, kit: Kit) -> str:
    """What is wrong with the set-up; it takes longer than Slack waits."""
    kit.later(say_when_done(kit, command.response_url, _said(kit)))
    return "Looking at everything. It takes a few seconds …"


async def _said(kit: Kit) -> str:
    return views.findings(await examine(kit, serving=True))


async def _guarded(what: str, check: Callable[[], Awaitable[Iterable[Finding]]]) -> Iterable[Finding]:
    try:
        return await check()
    except Exception as wrong:
        log.warning("the doctor could not look", at=what, exc_info=wrong)
        words = f"The doctor could not look at {what} ({type(wrong).__name__})."
        return [doctor.error(words, "See the program's log.")]


async def _database(kit: Kit, serving: bool) -> list[Finding]:
    try:
        schema = await asyncio.to_thread(schema_of, kit.settings.database_url)
    except Exception as away:
        words = f"The database cannot be reached ({type(away).__name__})."
        return [doctor.error(words, "See that DATABASE_URL is right, and that the database runs.")]
    found = [doctor.of_database(sqlite=kit.database.sqlite)]
    if schema is Schema.NEWER:
        found.append(doctor.warning(NEWER, "Restart this process with the release that migrated the database."))
    if schema is Schema.OLDER:
        return [*found, doctor.error("The database is not up to date.", "Run `python -m bot migrate`.")]
    async with kit.database.reading() as session:
        if not kit.database.sqlite:
            found.append(await doctor.of_durability(session))
        found += await doctor.of_work(session, now=kit.clock(), serving=serving)
        return [*found, await doctor.of_log(session, secret=kit.settings.textbank_secret)]


SUBCOMMANDS: dict[str, Subcommand] = {
    "doctor": Subcommand(command, Role.ADMIN, "/textbank doctor", "what is wrong with the set-up, and how to mend it"),
}
