"""Texting hours as volunteers meet them, and people whom the settings and the law together leave no hour for.

It is noon in Detroit, nine in Los Angeles, and six in the morning in Honolulu.
"""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from sandbox.slack import Person
from tests.flows.sending import SARA, one_text
from tests.world import LIST, World, open_world

COLUMNS = "First Name,Last Name,Cell Phone,City,State"
DETROIT, FLINT = "Dee,Ash,(313) 555-0101,Detroit,MI", "Flo,Fox,(313) 555-0104,Flint,MI"
LANSING = "Lee,Lim,(313) 555-0105,Lansing,MI"
WEST, ISLES = "Lou,Lee,(213) 555-0102,Los Angeles,CA", "Kai,Kea,(808) 555-0103,Honolulu,HI"
EIGHT_IN_DETROIT = int(datetime(2026, 10, 21, 0, 0, tzinfo=UTC).timestamp())
TEN_IN_THE_MORNING = int(datetime(2026, 10, 21, 14, 0, tzinfo=UTC).timestamp())
"""In Detroit; nine in the west of Michigan, which the list does not tell from the rest."""


async def in_hand(world: World) -> list[str]:
    """Whom volunteers have, in their order."""
    held = await world.query(
        "SELECT first_name FROM conversation JOIN contact ON contact.id = contact_id WHERE state = 'held'"
        " ORDER BY conversation.volunteer_id, position"
    )
    return [row.first_name for row in held]


async def never_opens(world: World, where: str = "") -> None:
    """The windows of an older import, made before such people were turned away."""
    closed = text("UPDATE texting_window SET key = 'America/Detroit closed' WHERE key LIKE :where")
    async with world.kit.database.transaction() as session:
        await session.execute(closed, {"where": f"{where}%"})


async def test_whoever_may_never_be_texted_is_not_imported_and_the_file_says_why(database_url: str) -> None:
    async with open_world(database_url, texting_hours="20:00-20:30") as world:
        rows = ["First Name,Cell Phone,City,State", "Sara,(614) 555-0101,Columbus,OH"]
        rows += ["Lou,(305) 555-0109,Miami,FL", "Max,(305) 555-0108,Miami,FL"]
        await world.new_campaign(contacts="\n".join(rows))
        word = next(message.words for message in world.organizer.dm.messages if "imported" in message.words)
        assert "1 contact imported" in word
        assert "2 rows were rejected" in word
        [file] = [one for one in world.organizer.files if one.name.startswith("rejected")]
        reasons = file.content.decode("utf-8-sig")
        assert reasons.count("never allowed: TEXTING_HOURS and the law of the place leave no hour in common") == 2


async def test_a_list_of_people_who_may_never_be_texted_is_said_in_words(world: World, priya: Person) -> None:
    await world.live_campaign()
    await never_opens(world)
    await world.texting(priya)
    assert "may be texted at no hour" in priya.dm.messages[-1].words
    assert priya.card is None


async def test_those_who_may_never_be_texted_do_not_hide_when_the_others_may(world: World, priya: Person) -> None:
    await world.live_campaign(contacts=f"{LIST}Lee,Wong,(213) 555-0104,Los Angeles,CA\n")
    await never_opens(world, "America/Detroit")
    world.time.passes(hours=13)
    await world.texting(priya)
    assert "They may be texted again from" in priya.dm.messages[-1].words


async def test_an_answer_to_somebody_who_may_never_be_texted_is_refused_in_words(world: World, priya: Person) -> None:
    await one_text(world, priya)
    await world.a_while()
    await world.phone(SARA).texts("Where do I vote?")
    await world.a_while()
    await never_opens(world)
    world.time.passes(hours=2)
    [thread] = priya.threads
    await priya.writes("At the library", in_=thread)
    await world.a_while()
    assert "too late or too early to text Sara Lopez now, so nothing was sent." in thread.replies[-1].words
    assert len(world.carrier.texts) == 1


# ------------------------------------------------------------------------------------------------- handing out


@pytest.mark.parametrize(
    ("at", "order"),
    [
        ({"hours": 0}, ["Dee", "Lou", "Kai"]),  # who is awake, the soonest to close first, and then who sleeps
        ({"hours": 7, "minutes": 50}, ["Dee", "Lou", "Kai"]),
        ({"hours": 7, "minutes": 51}, ["Lou", "Kai", "Dee"]),  # nine minutes to eight in Detroit
        ({"hours": 8}, ["Lou", "Kai", "Dee"]),
    ],
)
async def test_who_is_awake_with_ten_minutes_to_spare_is_handed_out_first_and_whose_hours_end_first_before_others(
    world: World, olivia: Person, priya: Person, at: dict[str, int], order: list[str]
) -> None:
    await world.live_campaign(contacts="\n".join((COLUMNS, ISLES, WEST, DETROIT)))
    world.time.passes(**at)
    for nth in range(1, 4):
        await olivia.types("/textbank assign Fall GOTV @priya 1")
        assert await in_hand(world) == order[:nth]


@pytest.mark.parametrize("awake", [WEST, ""], ids=["others", "nobody"])
async def test_whoever_was_invited_and_holds_only_sleepers_gets_others_who_are_awake_if_there_are_any(
    world: World, olivia: Person, priya: Person, awake: str
) -> None:
    await world.live_campaign(contacts="\n".join((COLUMNS, DETROIT, FLINT, LANSING, awake)))
    field = world.slack.channel("#field", olivia, priya)
    await olivia.types("/textbank invite Fall GOTV #field 2")
    await priya.presses("Start texting", on=field.messages[-1])
    await world.settles()
    assert "*Dee Ash*" in priya.card.words
    world.time.passes(hours=8)
    await world.settles()
    await priya.presses("Send")
    await world.drawn()
    shown = priya.dm.messages[-1]
    assert "are out of their texting hours. They may be texted again from" in shown.words
    assert f"<!date^{TEN_IN_THE_MORNING}^" in shown.words
    assert ("Meanwhile there are others who may be texted now" in shown.words) == bool(awake)
    assert ("Text 2 more" in shown.buttons) == bool(awake)
    await (priya.presses("Text 2 more") if awake else priya.types("/text"))
    await world.settles()
    assert await in_hand(world) == (["Dee", "Flo", "Lou"] if awake else ["Dee", "Flo"])
    assert ("*Lou Lee*" if awake else "are out of their texting hours") in priya.dm.messages[-1].words


# -------------------------------------------------------------------------------------------------- on the card


async def test_in_the_last_hour_the_card_counts_the_minutes_wherever_it_is_drawn(world: World, priya: Person) -> None:
    await world.live_campaign()
    world.time.passes(hours=6, minutes=59)
    await world.texting(priya)
    assert "You may text until 8:00 PM there." in priya.card.words
    assert "left" not in priya.card.words
    world.time.passes(minutes=36, seconds=1)
    await world.settles()
    await priya.presses("Send")
    await world.drawn()
    left = f"At most 25 minutes left: until <!date^{EIGHT_IN_DETROIT}^{{time}}|12:00 AM UTC> your time."
    assert (
        f"*Tom Reed* · Flint, Michigan\nYou may text until 8:00 PM there.\n:hourglass_flowing_sand: {left}"
        in priya.card.words
    )
    world.time.passes(minutes=24)
    await world.settles()
    await priya.presses("Text faster")
    await world.drawn()
    assert "At most 1 minute left: until" in priya.modal.words
