"""`status` and `list`: a campaign at a glance, on a phone."""

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
