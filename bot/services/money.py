"""Money: what texts cost, by the prices that the operator has set. Nothing else computes it.

Segments and pictures are counted, not dollars: a price that was set wrong is put right for what went before, too.
"""

import re
from decimal import Decimal
from typing import NamedTuple

from bot.errors import Refusal

MOST = 1_000_000
"""Dollars: more is a slip of the finger."""
_AMOUNT = re.compile(r"\$?\s*(?P<dollars>\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.(?P<cents>\d\d?))?")
_NONE = ("", "none")


class Prices(NamedTuple):
    """Dollars for a segment, and for a text with a picture, whatever its length."""

    segment: Decimal
    picture: Decimal

    def cost(self, segments: Decimal | int, pictures: Decimal | int = 0) -> Decimal:
        """Dollars for so many segments and so many texts with a picture."""
        return segments * self.segment + pictures * self.picture


def in_words(dollars: Decimal) -> str:
    """`$1,250.50`."""
    return f"${dollars:,.2f}"


def of_cents(cents: int) -> Decimal:
    """A budget, as it is kept, in dollars."""
    return Decimal(cents) / 100


def read_budget(words: str) -> int | None:
    """What somebody wrote as a budget, in cents; "none" and nothing at all are None. Raises Refusal."""
    written = words.strip()
    if written.lower() in _NONE:
        return None
    found = _AMOUNT.fullmatch(written)
    if found is None:
        raise Refusal(
            f"“{written[:40]}” is not an amount. Write dollars, such as 250 or $1,250.50.",
            field="budget",
        )
    cents = int(found["dollars"].replace(",", "")) * 100 + int((found["cents"] or "0").ljust(2, "0"))
    if not 0 < cents <= MOST * 100:
        raise Refusal(f"A budget is more than nothing and at most {in_words(Decimal(MOST))}.", field="budget")
    return cents


def as_written(cents: int | None) -> str:
    """A budget as `read_budget` takes it, for the field that it is typed in."""
    return "" if cents is None else f"{of_cents(cents):.2f}".removesuffix(".00")
