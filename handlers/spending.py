"""`/textbank budget`: how much a campaign may spend."""

import re

from bot.services import campaigns, money, spending
from bot.views import money as views
from handlers.kit import Kit
from handlers.subcommands import Command, Subcommand
from handlers.words import unquoted
from models import CampaignState, Role

_WITH_AMOUNT = re.compile(r"(?:(?P<name>.*?)\s+)?(?P<amount>none|(?:[$€£-]\s*)?[.\d][\d.,]*)", re.IGNORECASE)


async def budget(command: Command, kit: Kit) -> str:
    """`CAMPAIGN 250` sets it, `CAMPAIGN none` takes it away, a campaign alone says what it is."""
    words = unquoted(command.words)
    async with kit.database.transaction() as session:
        # "Fall 2026" may be a campaign.
        said = None if await campaigns.is_named(session, words) else _WITH_AMOUNT.fullmatch(words)
        found = await campaigns.find(session, unquoted(said["name"] or "") if said else words)
        cents = found.budget
        if said:
            campaigns.check_open(found)
            cents = money.read_budget(said["amount"])
            await spending.set_budget(session, found, cents, by=command.who, now=kit.clock())
        spent = await spending.of_campaign(session, found.id, kit.prices)
    limit = None if cents is None else money.of_cents(cents)
    return views.budget(found.name, spent, limit, CampaignState(found.state))


SUBCOMMANDS: dict[str, Subcommand] = {
    "budget": Subcommand(
        budget, Role.ORGANIZER, "/textbank budget CAMPAIGN [250|none]", "how much it may spend; it pauses then"
    ),
}
