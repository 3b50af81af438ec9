"""A whole text bank, played by invented people: from the file of contacts to the last answered reply."""

import asyncio
from collections import Counter
from collections.abc import Callable
from math import ceil

from sandbox import invented
from sandbox.claims import check
from sandbox.page.desk import Desk
from sandbox.players import Organizer, Volunteer
from sandbox.product import ProductTrouble
from sandbox.screen import Screen
from sandbox.stage import CAMPAIGN, Stage
from sandbox.voters import Voters

VOLUNTEERS = (
    *("Priya Shah", "Marcus Bell", "Lena Novak", "Diego Ramos", "Aisha Okafor", "Tom Becker", "Mei Lin", "Noah Katz"),
    *("Rosa Silva", "Kwame Mensah", "Hana Sato", "Jonas Weber"),
)
LARGEST_BATCH = 25
HANGS_ON = 30.0
"""Seconds beyond the planned ones for the last replies to be answered, before it is counted as it is."""


def stage_of(desk: Desk, seconds: float, tell: Callable[[str, str], None]) -> Stage:
    """The people of a sandbox, about to play."""
    [channel] = [one for one in desk.slack.workspace.channels.values() if one.name == "volunteers"]
    volunteers = [member.person for member in desk.members if member.role == "volunteer"]
    return Stage(desk.slack, desk.carrier, desk.contacts, volunteers, channel, seconds, tell)


async def play(stage: Stage, desk: Desk, seed: int) -> None:
    """All of it. Raises ProductTrouble when there is no campaign to play with."""
    organizer = Organizer(stage, desk.members[0].person)
    try:
        await organizer.prepares(invented.contacts_csv(stage.contacts, seed))
        await organizer.hands_out(min(ceil(len(stage.contacts) / (4 * len(stage.volunteers))), LARGEST_BATCH))
    except AssertionError as wrong:
        raise ProductTrouble(f"The campaign could not be made: {wrong}") from None
    volunteers = [Volunteer(stage, person, seed + number) for number, person in enumerate(stage.volunteers)]
    voters = Voters(stage, seed)
    async with asyncio.TaskGroup() as players:
        plays = (*(one.run() for one in volunteers), voters.run(), organizer.watches())
        tasks = [players.create_task(each) for each in plays]
        await _all_said(stage, volunteers, voters, within=stage.seconds * 1.5 + HANGS_ON)
        for task in tasks:
            task.cancel()


async def _all_said(stage: Stage, volunteers: list[Volunteer], voters: Voters, *, within: float) -> None:
    """Returns when nobody has anything left to do, and has not had for a second; or when patience ends."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    quiet_since = loop.time()
    while loop.time() < deadline:
        at_rest = voters.resting and not stage.waiting and all(one.has_finished for one in volunteers)
        if not at_rest or not all(claim.holds for claim in check(stage.evidence())):
            quiet_since = loop.time()
        elif loop.time() - quiet_since > 1:
            return
        await asyncio.sleep(0.25)
    stage.tell("note", "not everybody was done when the time was up")


def sum_up(stage: Stage, screen: Screen) -> bool:
    """What came of it, and what the records prove; whether every claim holds."""
    evidence = stage.evidence()
    claims = check(evidence)
    calls = evidence.calls
    times = [post.at for post in evidence.posts if post.status == 201]
    lasted = max(times) - min(times) if len(times) > 1 else 1.0
    busiest = max(Counter(int(at) for at in times).values(), default=0)
    others = ", ".join(f"{method} {count}" for method, count in calls.most_common() if method != "response_url")
    total = sum(calls.values()) - calls["response_url"]
    screen.say("")
    texted = f"{stage.firsts} of {len(stage.contacts)} people texted by {len(stage.volunteers)} volunteers"
    aside = f", {stage.set_aside} skipped or with a wrong number" if stage.set_aside else ""
    screen.say(f"{CAMPAIGN} · {texted}{aside}", "bold")
    pace = f"{len(times) / max(lasted, 1):.1f} a second, {busiest} in the busiest"
    screen.say(
        f"{len(times)} texts in {lasted:.0f} s ({pace}) · "
        f"{stage.delivered} delivered · {stage.replies} replies · {len(stage.out)} opted out"
    )
    screen.say(f"To Slack: {calls['response_url']} posts to response_urls; {total} Web API calls ({others})")
    screen.say("")
    screen.say("What the simulated carrier's and Slack's own records prove:", "bold")
    screen.sums_up(claims)
    screen.say("")
    return all(claim.holds for claim in claims)
