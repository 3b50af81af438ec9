"""What a look-up of numbers costs: said in one way, and always before it is spent."""

from decimal import ROUND_CEILING, Decimal

from bot.services.money import in_words
from bot.views import ids
from bot.views.blocks import Block, actions, boxes, button, choice, option, section
from bot.views.text import escape

BEGUN = "The numbers are being looked up. You get word when it is done."


def box(price: Decimal) -> Block:
    """The box in the forms that bring contacts."""
    more = f"{_each(price)}; the sum is said before it begins."
    ask = option("Ask the carrier which numbers are landlines", "yes", more)
    return choice("Landlines", "look_up", boxes([ask]), optional=True)


def offer(import_id: int, numbers: int, price: Decimal) -> list[Block]:
    """Below the word of an import: what it would cost, and the button that begins it."""
    words = f"Look up {_numbers(numbers)} for {_cost(numbers, price)}"
    return [section(f"*Landlines.* {_explained(numbers, price)}"), actions(button(words, ids.LOOK_UP, str(import_id)))]


def before(name: str, numbers: int, price: Decimal) -> str:
    """The command's answer, until it says `yes`."""
    begin = f"`/textbank lookup {escape(name)} yes` begins."
    return f"{escape(name)} has {_numbers(numbers)}. {_explained(numbers, price)} {begin}"


def _explained(numbers: int, price: Decimal) -> str:
    return (
        f"Asking the carrier what kind of line each is costs {_cost(numbers, price)} at the most ({_each(price)}; "
        "those that are known already or texted are not asked for). Landlines and the like are then never texted."
    )


def _cost(numbers: int, price: Decimal) -> str:
    """Up to the next cent: it is the most that it may be."""
    return in_words((numbers * price).quantize(Decimal("0.01"), ROUND_CEILING))


def _each(price: Decimal) -> str:
    return f"${price:f} for each number"


def _numbers(count: int) -> str:
    return "1 number" if count == 1 else f"{count:,} numbers"
