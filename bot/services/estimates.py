"""What the texts that a campaign has still to send will cost, by its script as its own contacts would get it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select

from bot.database import Session
from bot.services import campaigns, reports, script_samples, spending
from bot.services.money import Prices, of_cents
from bot.services.script_check import Preview
from models import script

SOMEBODY = "Jordan"
"""Who sends each text is not known yet: a first name of common length."""
_PICTURES = select(script.c.media).where(script.c.id == bindparam("script_id"))


@dataclass(frozen=True, slots=True)
class Estimate:
    """First texts only: answers come on top. `segments` are each text's in the mean of those `looked_at`."""

    contacts: int
    looked_at: int
    segments: Decimal
    with_picture: bool
    price: Decimal
    """Of a segment, or of a text with a picture."""
    dollars: Decimal
    budget_left: Decimal | None

    @property
    def is_too_much(self) -> bool:
        """Whether the budget ends before the list does."""
        return self.budget_left is not None and self.dollars > self.budget_left


async def of_campaign(session: Session, found: Any, *, prices: Prices) -> Estimate | None:
    """By the script as it is. None if nobody is left to text, or texts cost nothing."""
    body = await campaigns.current_script(session, found)
    rows = await script_samples.of_campaign(session, found.id)
    texts = script_samples.previews(body, rows, volunteer=SOMEBODY, footer=found.footer)
    return await of_texts(session, found, texts, prices=prices)


async def of_texts(session: Session, found: Any, texts: Sequence[Preview], *, prices: Prices) -> Estimate | None:
    """By these texts, as some of its contacts would get them, and with the picture that goes along now."""
    contacts = (await reports.progress(session, [found.id]))[found.id].left
    if not contacts or not texts:
        return None
    with_picture = bool((await session.execute(_PICTURES, {"script_id": found.script_id})).scalar_one())
    each = Decimal(sum(text.measure.segments for text in texts)) / len(texts)
    dollars = prices.cost(0, contacts) if with_picture else prices.cost(each * contacts)
    if not dollars:
        return None
    return Estimate(
        contacts=contacts,
        looked_at=len(texts),
        segments=each,
        with_picture=with_picture,
        price=prices.picture if with_picture else prices.segment,
        dollars=dollars,
        budget_left=None
        if found.budget is None
        else of_cents(found.budget) - await spending.of_campaign(session, found.id, prices),
    )
