"""Everything that the doctor looks at, from the outside in: each check in turn, and none of them may fail."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

from bot.database import sqlite_file
from bot.gateways.carrier_checks import of_carrier
from bot.gateways.slack_checks import of_public_url, of_slack
from bot.migrate import NEWER, Schema, schema_of
from bot.services import doctor, findings
from bot.services.doctor import Finding
from handlers.kit import Kit

log = structlog.get_logger()

WRITE_SECONDS = 15
"""Another process may be writing; SQLite waits ten seconds for it."""


async def examine(kit: Kit, *, serving: bool) -> list[Finding]:
    """Everything that can be found out, from the outside in. `serving`: the program is known to run."""
    settings = kit.settings
    checks: dict[str, Callable[[], Awaitable[Iterable[Finding]]]] = {
        "Slack": lambda: of_slack(kit.slack, settings),
        "PUBLIC_URL": lambda: of_public_url(settings),
        "the carrier": lambda: of_carrier(kit.sms, settings),
        "the database": lambda: _database(kit, serving),
    }
    asked = [_guarded(what, check) for what, check in checks.items()]
    found = await asyncio.gather(*asked)
    return [*(each for some in found for each in some), *doctor.of_settings(settings)]


async def examine_and_keep(kit: Kit) -> list[Finding]:
    """The same while the program runs, kept for the Home."""
    found = await examine(kit, serving=True)
    try:
        async with kit.database.transaction() as session:
            await findings.keep(session, found, now=kit.clock())
    except Exception as wrong:  # it is among what was found
        log.warning("what the doctor found could not be kept", why=type(wrong).__name__)
    return found


async def _guarded(what: str, check: Callable[[], Awaitable[Iterable[Finding]]]) -> Iterable[Finding]:
    try:
        return await check()
    except Exception as wrong:
        log.warning("the doctor could not look", at=what, exc_info=wrong)
        words = f"The doctor could not look at {what} ({type(wrong).__name__})."
        return [doctor.error(words, "See the program's log.")]


async def _database(kit: Kit, serving: bool) -> list[Finding]:
    file = sqlite_file(kit.settings.database_url)
    if file is not None and not file.exists():
        return [doctor.no_file(file)]
    try:
        schema = await asyncio.to_thread(schema_of, kit.settings.database_url)
    except Exception as away:
        words = f"The database cannot be reached ({type(away).__name__})."
        return [doctor.error(words, "See that DATABASE_URL is right, and that the database runs.")]
    found = [doctor.of_database(file=file)]
    if schema is Schema.NEWER:
        found.append(doctor.warning(NEWER, "Restart this process with the release that migrated the database."))
    if schema is Schema.OLDER:
        return [*found, doctor.error("The database is not up to date.", "Run `python -m bot migrate`.")]
    found.append(await _writable(kit))
    by_socket, now = bool(kit.settings.slack_app_token), kit.clock()
    async with kit.database.reading() as session:
        shared = doctor.of_lone_file(session, now=now) if kit.database.sqlite else doctor.of_durability(session)
        found += await shared
        found += await doctor.of_events(session, serving=serving, by_socket=by_socket)
        found += await doctor.of_work(session, now=now, serving=serving)
        return [*found, await doctor.of_log(session, secret=kit.settings.textbank_secret)]


async def _writable(kit: Kit) -> Finding:
    try:
        async with asyncio.timeout(WRITE_SECONDS), kit.database.transaction() as session:
            return await doctor.can_write(session, now=kit.clock())
    except Exception as wrong:
        log.warning("the doctor could not write", exc_info=wrong)
        words = f"The database cannot be written to ({type(wrong).__name__}): no click counts, and no text leaves."
        return doctor.error(
            words, "See that its disk has room, that its file or user may be written, and who locks it."
        )
