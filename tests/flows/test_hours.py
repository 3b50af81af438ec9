"""People whom the settings and the law of their place together leave no hour for."""

from sqlalchemy import text

from sandbox.slack import Person
from tests.flows.sending import SARA, one_text
from tests.world import LIST, World, open_world


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
