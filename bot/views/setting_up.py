"""The first page of an admin: what the doctor finds as steps, done or to do, and then what comes next."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from bot.services.doctor import Finding, Level
from bot.services.findings import Looked
from bot.services.home import SetUp
from bot.views import ids
from bot.views.blocks import Block, actions, button, context, header, section
from bot.views.doctor import line
from bot.views.text import ago, clip

LONGEST = 2_900
MOST = 12
"""Blocks for each half: Slack takes a hundred blocks, and the page below needs some."""
_MARKS = {True: ":white_check_mark:", False: ":white_circle:"}


def page(looked: Looked | None, done: SetUp) -> Iterator[Block]:
    """What an admin sees until there is a campaign. `looked`: None before the doctor has looked at all."""
    yield header("Setting up Textbank")
    if looked is None:
        yield section("Looking at everything: Slack, the carrier, the database. It takes a few seconds …")
    else:
        yield from _found(looked.found, looked.at)
    yield actions(button("Look again", ids.HOME_LOOK, "look"))
    yield {"type": "divider"}
    yield header("What comes next")
    yield section(next_steps(done))


def next_steps(done: SetUp) -> str:
    """What an admin does in Slack, once the set-up is right."""
    steps = [
        (done.role_given, "somebody besides you may run campaigns: `/textbank role @somebody organizer`"),
        (done.inbox_set, "calls for help have a place: `/textbank inbox #channel`"),
        (done.campaign_made, "a first campaign is made: `/textbank new`, or “New campaign” below"),
        (done.digest_set, "the day's figures come by themselves: `/textbank digest #channel 18:00`"),
    ]
    return "\n".join(f"{_MARKS[is_done]} {words}" for is_done, words in steps)


def _found(found: Sequence[Finding], at: datetime) -> Iterator[Block]:
    to_do = [each for level in (Level.ERROR, Level.WARNING) for each in found if each.level is level]
    done = [each for each in found if each.level is Level.OK]
    yield context(f"{len(done)} of {len(found)} steps are done. The doctor looked {ago(at)}.")
    yield from map(section, _texts("*To do*" if to_do else "*Nothing is left to do.*", to_do))
    yield from map(context, _texts("*Done*", done))


def _texts(head: str, found: Iterable[Finding]) -> list[str]:
    """As few blocks as hold them: each may be so long."""
    texts = [head]
    for each in found:
        words = clip(line(each), LONGEST - 100)
        if len(texts[-1]) + len(words) < LONGEST:
            texts[-1] += f"\n{words}"
        else:
            texts.append(words)
    return texts[:MOST]
