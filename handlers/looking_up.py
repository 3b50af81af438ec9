"""Looking numbers up: what it would cost, what begins it, and the worker's job that asks the carrier one by one."""

import asyncio
from datetime import timedelta

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.errors import Refusal
from bot.gateways.line_types import kind_of
from bot.services import campaigns, estimates, imports, leases, lookups
from bot.views import ids, organizing
from bot.views import looking_up as views
from handlers.kit import Kit
from handlers.loops import go_round
from handlers.requests import Click, require
from handlers.subcommands import Command, Subcommand
from handlers.words import unquoted
from models import Role

log = structlog.get_logger()

LEASE = timedelta(minutes=1)
LOOK_SECONDS = 2.0
TRY_AGAIN_SECONDS = 30.0


def register(app: AsyncApp) -> None:
    """The button below the word of an import."""
    app.action(ids.LOOK_UP)(begin)


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
    return views.before(found.name, most, kit.settings.lookup_price)


async def begin(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """The button below the word of an import: the price stands on it."""
    await require(kit, click.who, Role.ORGANIZER, "looking numbers up")
    import_id, now = click.number(), kit.clock()
    async with kit.database.transaction() as session:
        word = await imports.word_of(session, import_id)
        found = await campaigns.by_id(session, word.campaign_id)
        campaigns.check_open(found)
        await lookups.ask(session, found, by=click.who, now=now, import_id=import_id)
        estimate = await estimates.of_campaign(session, found, prices=kit.prices)
    await ack()
    price, key = kit.settings.lookup_price, f"import:{import_id}"
    shown = organizing.imported(word, estimate, lookup_price=price, looking=True)
    kit.slack.replace(click.response_url, shown, card=key, version=kit.slack.next_version(key))


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
