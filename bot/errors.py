"""The errors that people are meant to see.

Everything else that goes wrong is a fault of ours: it is logged, and the person is told only that it was not their
doing.
"""

from collections.abc import Callable, Sequence


class Refusal(Exception):
    """A rule said no. `str(refusal)` is the sentence shown to whoever asked, `field` the modal field it concerns."""

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class Refusals(Refusal):
    """All that is wrong with one form: `each` stands under its own field."""

    def __init__(self, each: Sequence[Refusal]) -> None:
        super().__init__(" ".join(dict.fromkeys(str(refusal) for refusal in each)), field=each[0].field)
        self.each = tuple(each)


def check_all(*checks: Callable[[], object]) -> None:
    """Make each of these checks of one form. Raises Refusals with whatever they refuse, or nothing."""
    refused = []
    for check in checks:
        try:
            check()
        except Refusal as refusal:
            refused.append(refusal)
    if refused:
        raise Refusals(refused)


class Forbidden(Refusal):
    """A rule said no to this very person. It goes into the audit log."""
