"""Money in words, for organizers: what the rest will cost, what is spent."""

from decimal import Decimal

from bot.services.estimates import Estimate
from bot.services.money import in_words
from models import CampaignState


def estimate(of: Estimate) -> str:
    """What the texts still to be sent will cost, and how it is reckoned."""
    people = "1 person" if of.contacts == 1 else f"{of.contacts:,} people"
    one = "text with a picture" if of.with_picture else "segment"
    each = f"{in_words(of.dollars)}* for the {people} left to text"
    if not of.with_picture:
        tried = "" if of.looked_at >= of.contacts else f", by {of.looked_at:,} of them"
        mean = f"{of.segments:.2f}".rstrip("0").rstrip(".")
        each += f" ({mean} {'segment' if mean == '1' else 'segments'} each{tried})"
    words = f":moneybag: About *{each}, at ${of.price:f} a {one}; answers come on top."
    if of.is_too_much and of.budget_left is not None:
        left = in_words(max(of.budget_left, Decimal(0)))
        words += f" *That is more than is left of its budget ({left})*: it pauses when that is spent."
    return words


def spent(dollars: Decimal, budget: Decimal | None) -> str:
    """What is spent, and of how much. "" if there is nothing to say."""
    if budget is not None:
        return f"Spent about *{in_words(dollars)}* of {in_words(budget)} ({int(dollars * 100 / budget)}%)"
    return f"Spent about *{in_words(dollars)}*" if dollars else ""


def budget(name: str, dollars: Decimal, limit: Decimal | None, state: CampaignState) -> str:
    """Word of what a campaign may spend, and what comes of it."""
    words = f"{name} has no budget." if limit is None else f"The budget of {name} is {in_words(limit)}."
    words += f" It has spent about {in_words(dollars)}."
    if state is CampaignState.CLOSED:
        return words
    if limit is not None and dollars >= limit:
        return f"{words} So it is paused until the budget is raised."
    if limit is not None:
        words += " It pauses when that is spent."
    return f"{words} It is paused: `/textbank resume {name}` goes on." if state is CampaignState.PAUSED else words
