"""The App Home: a volunteer's page, and below it the campaigns of whoever looks after some."""

from collections.abc import Iterator
from typing import Any

from bot.services.home import Home, Line, List, Mine, SetUp
from bot.services.reports import Progress
from bot.services.volunteers import MAY, SUSPENDED
from bot.views import ids, setting_up
from bot.views.blocks import Block, actions, button, confirm, context, header, plain, section
from bot.views.text import ago, clip, escape
from models import CampaignState, Role

_STATES = {
    CampaignState.DRAFT: "not started",
    CampaignState.LIVE: ":large_green_circle: live",
    CampaignState.PAUSED: ":double_vertical_bar: paused",
    CampaignState.CLOSED: "closed",
}
_MARKS = {True: ":white_check_mark:", False: ":white_circle:"}
_BUTTONS = {
    CampaignState.DRAFT: (("Start", ids.HOME_START),),
    CampaignState.LIVE: (("Pause", ids.HOME_PAUSE), ("Close", ids.HOME_CLOSE)),
    CampaignState.PAUSED: (("Resume", ids.HOME_RESUME), ("Close", ids.HOME_CLOSE)),
    CampaignState.CLOSED: (),
}


def home(of: Home, *, reachable: bool, line: str | None = None) -> Block:
    """One person's Home. `line` says what came of the last press; `reachable`, that voters' texts can come in."""
    blocks = [section(clip(line, 2900)), _rule()] if line else []
    if of.role is Role.NONE:
        blocks.append(section(SUSPENDED))
    if of.set_up and of.is_first:
        blocks += setting_up.page(of.looked, of.set_up)
    elif of.set_up and not (of.set_up.done and reachable):
        blocks += [*_first_steps(of.set_up, reachable), _rule()]
    if of.mine and not of.is_first:
        blocks += _mine(of.mine)
    if of.campaigns is not None:
        blocks += [_rule(), *_campaigns(of)]
    return {"type": "home", "blocks": blocks}


def status(words: str) -> Block:
    """A campaign's status, on its own page over the Home."""
    return {"type": "modal", "title": plain("Status"), "close": plain("Close"), "blocks": [section(clip(words, 2900))]}


def _rule() -> Block:
    return {"type": "divider"}


def _first_steps(done: SetUp, reachable: bool) -> Iterator[Block]:
    steps = [
        (True, "Textbank is in this workspace, and knows its carrier account"),
        (reachable, "voters' texts come in at once: `PUBLIC_URL` is set"),
    ]
    yield header("First steps")
    lines = [f"{_MARKS[is_done]} {words}" for is_done, words in steps]
    yield section("\n".join([*lines, setting_up.next_steps(done)]))
    yield context("`/textbank doctor` looks at all of the set-up, and says how to mend what is wrong.")


def _mine(mine: Mine) -> Iterator[Block]:
    yield header("Your texting")
    if mine.waiting and mine.since:
        yield section(f":speech_balloon: *{_voters(mine.waiting)} for your answer*\n{_who_waits(mine)}")
        yield context("Each has a thread in *Messages* here above: type in it to answer.")
    for each in mine.lists:
        yield _list(each)
    if not mine.lists and not mine.waiting:
        yield section("Nothing waits for you now. When an organizer gives you people to text, they are here.")
    if mine.texted or mine.answered:
        yield context(
            f"Texted today *{mine.texted_today:,}* · in all *{mine.texted:,}* · answers you wrote *{mine.answered:,}*"
        )


def _voters(count: int) -> str:
    return "1 voter waits" if count == 1 else f"{count:,} voters wait"


def _who_waits(mine: Mine) -> str:
    lines = [f"{escape(name)}, since {ago(since)}" for name, since in mine.who]
    if mine.waiting > len(lines):
        lines.append(f"… and {mine.waiting - len(lines):,} more")
    return "\n".join(lines)


def _list(of: List) -> Block:
    name = f"*{escape(of.campaign)}*"
    people = "1 person" if of.in_hand == 1 else f"{of.in_hand:,} people"
    words = f"{people} on your list" if of.in_hand else "you are invited to text"
    if of.state is CampaignState.PAUSED:
        waits = "they wait for you" if of.in_hand else "come back here when it goes on"
        return section(f"{name} · {words}\nPaused for now: {waits}.")
    if of.state is CampaignState.DRAFT:
        return section(f"{name} · {words}\nIt has not started yet. Once it has, “Start texting” is here.")
    start = button("Start texting", ids.HOME_TEXT, str(of.campaign_id), style="primary")
    return section(f"{name} · {words}", accessory=start)


def _campaigns(of: Home) -> Iterator[Block]:
    yield header("Campaigns")
    if of.stopped_why:
        yield section(f":rotating_light: Nothing is being sent: {escape(of.stopped_why)}.")
    leads = Role.ORGANIZER in MAY[of.role]
    for line in of.campaigns or ():
        yield from _campaign(line, leads)
    if of.more_campaigns:
        yield context("There are more: `/textbank list` shows them.")
    if not of.campaigns:
        yield section("There are none yet.")
    if leads:
        yield actions(button("New campaign", ids.HOME_NEW, "new", style=None if of.campaigns else "primary"))


def _campaign(line: Line, leads: bool) -> Iterator[Block]:
    words = [f"*{escape(line.name)}* — {_STATES[line.state]}"]
    if line.state is not CampaignState.CLOSED:
        words.append(_how_far(line.far))
    if line.waiting and line.since:
        words.append(f":speech_balloon: {_voters(line.waiting)} for an answer, the first since {ago(line.since)}")
    yield section("\n".join(words))
    value = str(line.id)
    buttons = [_button(label, action, line) for label, action in _BUTTONS[line.state]] if leads else []
    yield actions(*buttons, button("Status", ids.HOME_STATUS, value))


def _how_far(far: Progress) -> str:
    """As the status says it: the share is of those who can be texted."""
    reachable = far.contacts - far.out_of_reach
    share = f" ({100 * far.texted // reachable}%)" if reachable else ""
    others = f" · {far.out_of_reach:,} can't be texted" if far.out_of_reach else ""
    over = " · nobody is left to text" if far.contacts and not far.left else ""
    return f"Texted *{far.texted:,}* of {far.contacts:,}{share}{others}{over}"


def _button(label: str, action: str, line: Line) -> Block:
    style: Any = "primary" if action in (ids.HOME_START, ids.HOME_RESUME) else None
    name = clip(escape(line.name), 120)
    words = (
        f"Nobody is texted for {name} any more, nor what was clicked and has not left yet; it cannot be opened again. "
        "Answers still come in."
    )
    ask = confirm("Close the campaign?", words, "Close it") if action == ids.HOME_CLOSE else None
    return button(label, action, str(line.id), style=style, confirm=ask)
