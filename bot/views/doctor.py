"""What the doctor says, for somebody who reads it in Slack: what is wrong first, and with it how to mend it."""

from collections.abc import Sequence

from bot.services.doctor import Finding, Level
from bot.views.text import clip, escape

_MARKS = {Level.ERROR: ":x:", Level.WARNING: ":warning:", Level.OK: ":white_check_mark:"}
LONGEST = 11_000


def findings(of: Sequence[Finding]) -> str:
    """Every finding, the worst first."""
    wrong = [each for each in of if each.level is not Level.OK]
    head = "Everything is in order." if not wrong else f"{len(wrong)} of {len(of)} need somebody."
    lines = [line(each) for level in _MARKS for each in of if each.level is level]
    return clip("\n".join([f"*{head}*", *lines]), LONGEST)


def line(of: Finding) -> str:
    """One finding, with how to mend it below."""
    mend = f"\n      _{escape(of.mend)}_" if of.mend else ""
    return f"{_MARKS[of.level]} {escape(of.words)}{mend}"
