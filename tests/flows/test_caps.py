"""How often somebody is texted, over all campaigns: first texts a day apart, and one follow-up."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.services import pool
from models import contact, person
from sandbox.slack import Message, Person
from tests.flows.sending import SARA, clicks
from tests.flows.test_in_doubt import call_about
from tests.world import LIST, World, aims, open_world, people

TEXTED = "already texted today by Fall GOTV"


async def both_campaigns(world: World, priya: Person, sam: Person) -> None:
    """Priya has Sara on her card, for Fall GOTV; Sam, who texts the same three people for Recount, has her on his."""
    await world.live_campaign()
    await world.live_campaign("Recount")
    await world.texting(priya)
    await world.texting(sam, name="Recount")
    assert "*Sara Lopez*" in priya.card.words
    assert "*Sara Lopez*" in sam.card.words


async def goes_on(world: World, person: Person) -> str:
    """What `/text` brings."""
    await world.settles()
    await person.types("/text")
    await world.settles()
    return person.dm.messages[-1].words


# --------------------------------------------------------------------------------------------------------- first texts


async def test_whom_one_campaign_has_texted_others_pass_over_until_the_next_day(
    world: World, priya: Person, sam: Person
) -> None:
    await world.live_campaign()
    await world.texting(priya)
    await clicks(world, priya)
    await world.a_while()
    await world.live_campaign("Recount")
    await world.texting(sam, name="Recount")
    assert "*Tom Reed*" in sam.card.words

    await clicks(world, sam, times=2)
    rest = sam.dm.messages[-1].words
    assert f"All the people left on your list of *Recount* were {TEXTED}. They may be texted again from" in rest
    assert "Oct 21, 4:00 PM UTC" in rest
    assert "type `/text` then" in rest
    await world.a_while()

    world.time.passes(hours=23, minutes=59)
    assert TEXTED in await goes_on(world, sam)
    world.time.passes(minutes=1)
    assert "*Sara Lopez*" in await goes_on(world, sam)
    assert "lready texted" not in sam.card.words
    await clicks(world, sam)
    await world.a_while()
    assert len(world.carrier.texts_to(SARA)) == 2


async def test_of_some_who_are_asleep_and_some_who_were_texted_both_is_said(
    world: World, priya: Person, sam: Person
) -> None:
    world.time.passes(hours=22, minutes=30)  # half past ten in Detroit, half past seven in Los Angeles
    await world.live_campaign()
    await world.texting(priya)
    await clicks(world, priya, times=3)
    await world.live_campaign("Recount", f"{LIST}Lee,Wong,(213) 555-0104,Los Angeles,CA\n")
    await world.texting(sam, name="Recount")
    rest = sam.dm.messages[-1].words
    assert f"are out of their texting hours, or were {TEXTED}. They may be texted again from" in rest
    assert "Oct 21, 4:00 PM UTC" in rest


async def test_a_press_that_comes_second_sends_nothing_keeps_its_words_and_the_card_goes_on(
    world: World, priya: Person, sam: Person
) -> None:
    await both_campaigns(world, priya, sam)
    await sam.edits("Message", "Sara, a word about the recount")
    await clicks(world, priya)
    await clicks(world, sam)
    assert f"Sara Lopez was {TEXTED}, so nothing was sent." in sam.card.words
    assert "*Tom Reed*" in sam.card.words
    await world.a_while()
    assert len(world.carrier.texts) == 1

    world.time.passes(hours=24)
    assert "*Sara Lopez*" in await goes_on(world, sam)
    await clicks(world, sam)
    await world.a_while()
    assert world.carrier.texts_to(SARA)[1:] == ["Sara, a word about the recount"]


async def test_text_faster_passes_them_over_too(world: World, priya: Person, sam: Person) -> None:
    await both_campaigns(world, priya, sam)
    await clicks(world, priya)
    await sam.presses("Text faster")
    assert "*Tom Reed*" in sam.modal.words

    await priya.presses("Send")  # Tom, whom Sam looks at
    await world.drawn()
    world.time.passes(seconds=1)
    await sam.submits()
    assert f"Tom Reed was {TEXTED}, so nothing was sent." in sam.modal.words
    assert "*Ana Díaz*" in sam.modal.words


async def _takes_back(world: World, priya: Person) -> None:
    await priya.presses("Undo")
    await world.a_while()


async def _is_refused(world: World, priya: Person) -> None:
    await world.a_while()


async def _is_too_late(world: World, priya: Person) -> None:
    await world.organizer.types("/textbank pause Fall GOTV")
    world.time.passes(hours=9)
    await world.minute()
    world.time.passes(hours=13)


async def _is_closed(world: World, priya: Person) -> None:
    await world.organizer.types("/textbank close Fall GOTV")
    await world.a_while()


NEVER_LEFT: dict[str, tuple[Callable[[World, Person], Awaitable[None]], str]] = {
    "undone": (_takes_back, "Are you voting?"),
    "refused": (_is_refused, "carrier:21617"),
    "not set up": (_is_refused, "carrier:21606"),
    "too late": (_is_too_late, "Are you voting?"),
    "closed": (_is_closed, "Are you voting?"),
}


@pytest.mark.parametrize("how", NEVER_LEFT)
async def test_a_text_that_never_left_keeps_nobody_from_being_texted(
    world: World, priya: Person, sam: Person, how: str
) -> None:
    never_leaves, words = NEVER_LEFT[how]
    await world.live_campaign()
    await world.texting(priya)
    await clicks(world, priya, words=words)
    await never_leaves(world, priya)
    assert world.carrier.texts == []
    await world.live_campaign("Recount")
    await world.texting(sam, name="Recount")
    assert "*Sara Lopez*" in sam.card.words
    await clicks(world, sam)
    await world.a_while()
    assert len(world.carrier.texts_to(SARA)) == 1


async def test_whoever_undoes_may_send_at_once_and_then_nobody_else(world: World, priya: Person, sam: Person) -> None:
    await both_campaigns(world, priya, sam)
    await clicks(world, priya)
    await priya.presses("Undo")
    await world.drawn()
    await clicks(world, priya)
    await clicks(world, sam)
    assert f"Sara Lopez was {TEXTED}" in sam.card.words
    await world.a_while()
    assert len(world.carrier.texts) == 1


async def test_two_presses_of_one_volunteer_are_one_text_and_no_other_campaigns_doing(
    world: World, priya: Person, sam: Person
) -> None:
    await both_campaigns(world, priya, sam)
    first, second = aims(priya, "Send"), aims(priya, "Send")
    await first()
    await second()
    await world.a_while()
    assert "lready texted" not in priya.card.words
    assert "Texted *Sara Lopez*" in priya.card.words
    assert len(world.carrier.texts) == 1


async def test_a_lead_does_not_send_again_what_another_campaign_has_overtaken(
    world: World, priya: Person, sam: Person, olivia: Person
) -> None:
    await both_campaigns(world, priya, sam)
    await clicks(world, priya)
    world.carrier.lose_callbacks = True
    world.carrier.fail_next("500")
    await world.a_while()
    call = await call_about(world, olivia)
    assert "*Tom Reed*" in await goes_on(world, sam)  # nobody knows whether Sara's text has left
    world.time.passes(hours=24)
    assert "*Sara Lopez*" in await goes_on(world, sam)
    await clicks(world, sam)
    await world.a_while()
    await olivia.presses("Send again", on=call)
    await world.drawn()
    assert "Sara Lopez was already texted today by Recount, so nothing was sent." in olivia.ephemerals[-1].words


async def test_with_fewer_hours_between_them_the_card_says_who_was_texted_today(database_url: str) -> None:
    async with open_world(database_url, hours_between_first_texts=8, follow_ups=0) as world:
        priya, sam = world.slack.person("Priya Shah"), world.slack.person("Sam Ito")
        world.time.passes(hours=22)
        await both_campaigns(world, priya, sam)
        await clicks(world, priya, times=2)
        await world.a_while()
        assert "*Ana Díaz*" in await goes_on(world, sam)
        await clicks(world, sam)
        assert "They may be texted again from" in sam.dm.messages[-1].words

        world.time.passes(hours=8)
        assert "*Sara Lopez*" in await goes_on(world, sam)
        assert "Already texted today by Fall GOTV" in sam.card.words
        await sam.presses("Text faster")
        assert "Already texted today by Fall GOTV" in sam.modal.words


# ------------------------------------------------------------------------------------------------------------- batches


REST = {"here and there": contact.c.id % 30 > 9, "the first of the list": contact.c.id <= 40}


@pytest.mark.parametrize("rest", REST)
@pytest.mark.parametrize(("stretch", "count"), [(5, 10), (500, 20)])
async def test_a_batch_is_of_those_who_may_be_texted_wherever_they_are_and_then_of_the_others(
    world: World, stretch: int, count: int, rest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_STRETCH", stretch)
    world.slack.person("Sam Ito")
    await world.live_campaign(contacts=people(60))
    async with world.kit.database.transaction() as session:
        later, resting = world.time.now + timedelta(hours=20), select(contact.c.person_id).where(REST[rest])
        await session.execute(person.update().where(person.c.id.in_(resting)).values(free_at=later))  # all but 20
    await world.organizer.types(f"/textbank assign Fall @sam {count}")
    held = "SELECT free_at FROM conversation JOIN person ON person.id = person_id WHERE state = 'held'"
    assert [row.free_at for row in await world.query(held)] == [None] * count
    await world.organizer.types("/textbank assign Fall @sam 60")
    assert len(await world.query(held)) == 60


# ---------------------------------------------------------------------------------------------------------- follow-ups


@pytest.mark.usefixtures("sara")
async def test_one_line_a_day_to_whoever_has_not_answered(world: World, priya: Person, thread: Message) -> None:
    await priya.writes("At the library", in_=thread)
    await priya.writes("on Main Street.", in_=thread)
    await world.a_while()
    assert len(world.carrier.texts_to(SARA)) == 3  # she has just written: as many as it takes

    world.time.passes(hours=25)
    await priya.writes("Did you find it?", in_=thread)
    await world.a_while()
    await priya.writes("Hello?", in_=thread)
    await world.a_while()
    assert world.carrier.texts_to(SARA)[3:] == ["Did you find it?"]
    said = thread.replies[-1].words
    assert "Sara Lopez has not answered since, and was texted often enough for a day, so nothing was sent." in said
    assert "They may be texted again from 1:00 PM there." in said
    await world.phone(SARA).texts("Yes, thanks!")
    await world.a_while()
    for words in ("Wonderful", "See you there"):
        await priya.writes(words, in_=thread)
    await world.a_while()
    assert world.carrier.texts_to(SARA)[4:] == ["Wonderful", "See you there"]


async def test_follow_ups_are_counted_over_all_campaigns_and_a_day_later_they_may_go_on(
    world: World, priya: Person, sam: Person, thread: Message
) -> None:
    await priya.writes("At the library", in_=thread)
    world.time.passes(hours=25)
    await world.live_campaign("Recount")
    await world.texting(sam, name="Recount")
    await clicks(world, sam)
    await world.a_while()
    await world.phone(SARA).texts("Who is this?")
    await world.a_while()
    await sam.writes("Sam, of the recount", in_=sam.threads[0])
    world.time.passes(hours=25)
    await world.a_while()

    await priya.writes("Did you vote?", in_=thread)
    await sam.writes("May we count on you?", in_=sam.threads[0])
    await world.a_while()
    assert "texted often enough for a day" in sam.threads[0].replies[-1].words
    assert world.carrier.texts_to(SARA)[-1] == "Did you vote?"
    world.time.passes(hours=24)
    await sam.writes("May we count on you?", in_=sam.threads[0])
    await world.a_while()
    assert world.carrier.texts_to(SARA)[-1] == "May we count on you?"


async def test_a_late_answer_goes_with_a_line_after_it_and_a_taken_back_line_counts_for_nothing(
    world: World, priya: Person, thread: Message
) -> None:
    world.time.passes(hours=26)
    await priya.writes("Sorry to be late!", in_=thread)
    slip = await priya.writes("At teh", in_=thread)
    await priya.deletes_message(slip)
    await world.drawn()
    await priya.writes("At the library", in_=thread)
    await priya.writes("on Main Street.", in_=thread)
    await world.a_while()
    assert world.carrier.texts_to(SARA)[1:] == ["Sorry to be late!", "At the library"]
    assert "texted often enough for a day" in thread.replies[-1].words


async def test_without_follow_ups_an_answer_may_go_and_no_line_after_a_day(database_url: str) -> None:
    async with open_world(database_url, follow_ups=0) as world:
        priya = world.slack.person("Priya Shah")
        await world.live_campaign()
        await world.texting(priya)
        await clicks(world, priya)
        await world.a_while()
        await world.phone(SARA).texts("Where do I vote?")
        world.time.passes(hours=26)
        await world.a_while()
        await priya.writes("At the library", in_=priya.threads[0])
        await world.a_while()
        assert len(world.carrier.texts_to(SARA)) == 2
        world.time.passes(hours=24)
        await priya.writes("Did you find it?", in_=priya.threads[0])
        await world.a_while()
        assert "They may be texted again once they write." in priya.threads[0].replies[-1].words
        assert len(world.carrier.texts_to(SARA)) == 2
