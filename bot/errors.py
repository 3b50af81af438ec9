"""The errors that people are meant to see.

Everything else that goes wrong is a fault of ours: it is logged, and the person is told only that it was not their
doing.
"""


class Refusal(Exception):
    """A rule said no. `str(refusal)` is the sentence shown to whoever asked, `field` the modal field it concerns."""

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class Forbidden(Refusal):
    """A rule said no to this very person. It goes into the audit log."""
