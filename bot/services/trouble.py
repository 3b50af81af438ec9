"""What somebody must be told of texts that went wrong; `alarms` tells it."""

from dataclasses import dataclass, field
from typing import Any

from bot.services.cards import LEFT
from bot.services.carrier_codes import in_words
from models import MessageKind

TOO_LATE = "could not leave before the texting hours ended"
_LATE = "The carrier says only now that it took the text to {name} of which nobody could say whether it left"
BOTH_WENT = f"{_LATE}. It had been sent again meanwhile: both went."
BOTH_MAY = f"{_LATE}. It had been sent again meanwhile, and that one may have gone as well."
TAKEN_BACK = f"{_LATE}. Sending it again was stopped in time: it went once."


@dataclass(frozen=True, slots=True)
class Trouble:
    """Texts that the account may not send, codes of a carrier that is asked for too much, and answers that did not
    arrive, with why.

    `news` is for the volunteer's card: a text, and words in which {name} is its contact's. `twice` are texts that left
    after all, who had them sent again, and words. `closed` are texts that still waited when their campaign was closed.
    `spent` are campaigns whose texts the carrier took.
    """

    not_set_up: list[Any] = field(default_factory=list)
    too_fast: set[int] = field(default_factory=set)
    lost: list[tuple[Any, str]] = field(default_factory=list)
    news: list[tuple[Any, str]] = field(default_factory=list)
    twice: list[tuple[Any, str, str]] = field(default_factory=list)
    closed: list[Any] = field(default_factory=list)
    spent: set[int] = field(default_factory=set)

    def left(self, row: Any) -> None:
        """The carrier knew of a STOP that we had not seen."""
        self.news.append((row, LEFT))

    def not_sent(self, row: Any, code: int | None) -> None:
        """The carrier would not take this first text."""
        self.news.append((row, f"Your text to {{name}} was not sent: {in_words(code)}."))

    def turned_away(self, row: Any, code: int) -> None:
        """The carrier took this text and then turned it away, for a fault of ours."""
        if row.kind == MessageKind.FIRST:
            self.news.append(
                (row, f"Your text to {{name}} was not sent: {in_words(code)}; they are on your list again.")
            )
        else:
            self.lost.append((row, in_words(code)))

    def too_late(self, row: Any) -> None:
        """Its window closed while it waited."""
        if row.kind == MessageKind.FIRST:
            self.news.append((row, f"Your text to {{name}} {TOO_LATE}; they are on your list again."))
        else:
            self.lost.append((row, f"it {TOO_LATE}"))
