"""`/textbank lookup`: what it would cost, and the worker's job that asks the carrier number by number."""

import asyncio
from datetime import timedelta

import structlog

from bot.errors import Refusal
from bot.gateways.line_types import kind_of
from bot.services import campaigns, leases, lookups
from handlers.kit import Kit
from handlers.loops import go_round
from handlers.subcommands import Command, Subcommand
from handlers.words import unquoted
from models import Role

log = structlog.get_logger()

LEASE = timedelta(minutes=1)
LOOK_SECONDS = 2.0
TRY_AGAIN_SECONDS = 30.0


async def lookup(command: Command, kit: Kit) -> str:
    """Say what it costs; begin only when told so."""
    words = unquoted(command.words)
    name, yes = (
        (words[:-3].strip(), True) if words.lower().endswith(" yes") or words.lower() == "yes" else (words, False)
    )
    async with kit.database.transaction() as session:
        found = await campaigns.find(session, name)
        campaigns.check_open(found)
        most = await lookups.at_most(session, found.id)
        if yes:
            await lookups.ask(session, found, by=command.who, now=kit.clock())
            return f"Looking up the numbers of {found.name} that were not texted yet. You get word when it is done."
    cost = f"${most * kit.settings.lookup_price:,.2f}"
    return (
        f"{found.name} has {most:,} numbers. Asking the carrier what kind of line each is costs {cost} at the most "
        f"(${kit.settings.lookup_price:g} each; those that are known already or texted are not asked for). "
        f"Landlines and the like are then never texted. `/textbank lookup {found.name} yes` begins."
    )


SUBCOMMANDS: dict[str, Subcommand] = {
    "lookup": Subcommand(
        lookup,
        Role.ORGANIZER,
        "/textbank lookup CAMPAIGN",
        "find landlines before they are texted; says the cost first",
    ),
}


class LookUps:
    """Goes on with look-ups that were asked for, one process at a time."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def run(self, stopping: asyncio.Event) -> None:
        """Until the program stops; whoever comes next goes on."""
        await go_round(
            stopping, self.step, failed="a look-up failed", idle=LOOK_SECONDS, after_trouble=TRY_AGAIN_SECONDS
        )

    async def step(self) -> bool:
        """Ask for a few numbers; False when nothing is to be looked up. Raises CarrierBusy."""
        kit = self._kit
        async with kit.database.reading() as session:
            if await lookups.waiting(session) is None:
                return False
        async with kit.database.transaction() as session:
            if not await leases.take(session, lookups.JOB, owner=kit.owner, now=kit.clock(), lasting=LEASE):
                return False
            running = await lookups.waiting(session)
            rows = await lookups.some(session, running) if running else []
        if running is None:
            return False
        unknown = [row for row in rows if row.phone and row.line_type is None and row.unreachable is None]
        try:
            found = await asyncio.gather(*(kind_of(kit.sms, row.phone) for row in unknown))
        except Refusal as refused:
            async with kit.database.transaction() as session:
                await lookups.end(session, running, now=kit.clock(), why=str(refused))
            return True
        kinds = {row.id: kind for row, kind in zip(unknown, found, strict=True)}
        async with kit.database.transaction() as session:
            if rows:
                await lookups.learned(session, running, rows, kinds, now=kit.clock())
            else:
                await lookups.end(session, running, now=kit.clock())
        return True
