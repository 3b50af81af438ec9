"""`status` and `list`: a campaign at a glance, on a phone."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from sandbox.slack import Person
from tests.world import World, people


async def said(person: Person, line: str) -> str:
    """What a command answers."""
    shown = await person.types(line)
    return shown.text if shown else ""


async def test_how_far_how_fast_and_until_when(world: World, olivia: Person, priya: Person) -> None:
    await world.live_campaign(contacts=people(20))
    await world.texting(priya, 20)
    assert "░░░░░░░░░░ *0%*" in await said(olivia, "/textbank status")
    assert "in the last hour" not in await said(olivia, "/textbank status")
    for _ in range(5):
        await priya.presses("Send")
        await world.drawn()
    await world.a_while()
    shown = await said(olivia, "/textbank status")
    assert "██░░░░░░░░ *25%*" in shown
    assert "*5 texts* in the last hour" in shown
    assert "At the carrier's pace the rest takes at least 1 min, until <!date^" in shown
    assert "at the last hour's pace 3 hours." in shown
    assert "*Fall GOTV* — :large_green_circle: live · 25% of 20 texted" in await said(olivia, "/textbank list")

    world.time.passes(minutes=55)
    await priya.presses("Send")
    await world.a_while()
    assert "*6 texts* in the last hour" in await said(olivia, "/textbank status")
    world.time.passes(minutes=12)  # half of the quarter in which the first five were counted is over an hour ago
    assert "*4 texts* in the last hour" in await said(olivia, "/textbank status")
    world.time.passes(minutes=13)
    assert "*1 text* in the last hour" in await said(olivia, "/textbank status")
    world.time.passes(minutes=60)
    assert "in the last hour" not in await said(olivia, "/textbank status")


@pytest.mark.parametrize(("rate", "takes"), [(0.2, "10 min"), (0.05, "40 min"), (0.01, "3 hours"), (1000, "1 min")])
async def test_the_rest_is_timed_by_the_carriers_pace_behind_what_other_campaigns_have_queued(
    world: World, olivia: Person, priya: Person, sam: Person, rate: float, takes: str
) -> None:
    settings = world.kit.settings.model_copy(update={"sms_segments_per_second": rate})
    object.__setattr__(world.kit, "settings", settings)
    await world.live_campaign(contacts=people(120))
    shown = await said(olivia, "/textbank status Fall GOTV")
    until = round((world.time.now + timedelta(seconds=60 * max(round(120 / rate / 60), 1))).timestamp())
    assert f"the rest takes at least {takes}, until <!date^{until}^" in shown

    await olivia.types("/textbank pause Fall GOTV")
    assert "takes at least" not in await said(olivia, "/textbank status Fall GOTV")
    await olivia.types("/textbank resume Fall GOTV")

    await world.live_campaign("Winter", people(3))  # three texts of four segments each, clicked and not gone
    await world.texting(sam, 3, "Winter")
    for _ in range(3):
        await sam.edits("Message", "x" * 600)
        await sam.presses("Send")
        await world.drawn()
    behind = {0.2: "11 min", 0.05: "44 min", 0.01: "4 hours", 1000: "1 min"}
    assert f"takes at least {behind[rate]}, until" in await said(olivia, "/textbank status Fall GOTV")
    await olivia.types("/textbank pause Winter")
    assert f"takes at least {takes}, until" in await said(olivia, "/textbank status Fall GOTV")


async def test_what_went_wrong_is_said_in_plain_words_with_the_carriers_code(
    world: World, olivia: Person, priya: Person
) -> None:
    await world.live_campaign(contacts=people(10))
    await world.texting(priya, 10)
    for number in (100, 101, 102):
        world.phone(f"+1313555{number:04}").unreachable = 30003
    for words in (None, None, None, "carrier:21614", "carrier:30007", None):
        if words:
            await priya.edits("Message", words)
        await priya.presses("Send")
        await world.drawn()
    await world.a_while()

    shown = (await said(olivia, "/textbank status")).splitlines()
    assert [line for line in shown if line.startswith("•")] == [
        "• 3 × the phone is switched off or out of reach (code 30003)",
        "• 1 × not a mobile number (code 21614)",
        "• 1 × the carrier took it for spam (code 30007)",
    ]


async def test_opt_outs_are_counted_and_rated(world: World, olivia: Person, priya: Person) -> None:
    await world.live_campaign(contacts=people(8))
    await world.texting(priya, 8)
    for _ in range(8):
        await priya.presses("Send")
        await world.drawn()
    await world.a_while()
    await world.phone("+13135550100").texts("STOP")
    assert "opt-outs 1 (12.5%)" in await said(olivia, "/textbank status")
    assert "█████████" in await said(olivia, "/textbank status")
    assert "*100%*" in await said(olivia, "/textbank status")


async def test_a_campaign_is_done_when_nobody_is_left_who_can_be_texted(
    world: World, olivia: Person, priya: Person, sam: Person
) -> None:
    await world.live_campaign(contacts=people(7))
    await world.live_campaign("Winter", people(8))
    await world.texting(priya, 5)
    await olivia.types("/textbank optout (313) 555-0103")  # in Priya's hand
    await olivia.types("/textbank optout (313) 555-0105")  # nobody's yet
    await world.forgets("(313) 555-0106")
    await priya.chooses("Wrong number")
    await world.drawn()
    await priya.edits("Message", "carrier:21614")  # a landline: it is not texted in Winter either
    await priya.presses("Send")
    await world.drawn()
    await priya.presses("Skip")
    await world.drawn()
    assert "nobody is left" not in await said(olivia, "/textbank status Fall GOTV")
    await priya.presses("Send")
    await world.drawn()
    assert "*Done: nobody is left to text*, the last wait in the queue" in await said(olivia, "/textbank status Fall")
    await world.a_while()

    fall = await said(olivia, "/textbank status Fall GOTV")
    assert "*66%*" in fall  # of those who could be: one was skipped
    assert "Texted *2* of 7 · 0 not handed out yet" in fall
    assert "Could not be texted: 4 (2 opted out, 1 wrong number, 1 can't be reached)" in fall
    assert ":white_check_mark: *Done: nobody is left to text*\n" in fall
    assert "takes at least" not in fall
    winter = await said(olivia, "/textbank status Winter")
    assert "Texted *0* of 8 · 3 not handed out yet" in winter
    assert "Could not be texted: 5 (2 opted out, 1 wrong number, 2 can't be reached)" in winter
    assert "nobody is left" not in winter
    await olivia.opens_home()
    await world.drawn()
    home = olivia.home.words.replace("*", "")
    assert "Texted 2 of 7 (66%) · 4 can't be texted · nobody is left to text" in home
    assert "Texted 0 of 8 (0%) · 5 can't be texted\n" in home
    listed = await said(olivia, "/textbank list")
    assert "28% of 7 texted, nobody is left" in listed
    assert "0% of 8 texted\n" in listed
    assert "assigned you" not in await said(olivia, "/textbank assign Winter @sam 50")
    await world.settles()
    assert "You have 3 contacts to text" in str([message.as_json() for message in sam.dm.messages])


async def test_status_takes_the_same_statements_however_large_the_campaign_is(world: World, olivia: Person) -> None:
    seen: list[str] = []
    engine = world.kit.database.engine.sync_engine

    def note(*args: object) -> None:
        seen.append(str(args[2]))

    await world.live_campaign(contacts=people(3))
    counts = []
    event.listen(engine, "before_cursor_execute", note)
    try:
        for size in (0, 200):
            if size:
                await world.live_campaign("Larger", people(size))
            seen.clear()
            await said(olivia, f"/textbank status {'Larger' if size else 'Fall GOTV'}")
            counts.append(len(seen))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert counts[0] == counts[1]
