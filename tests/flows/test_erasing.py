"""Erasing, looked for in the whole database and on every screen: a person at once, a campaign when its time is over."""

from typing import Any

from sqlalchemy import text

from bot.services import posts
from sandbox.slack import Person
from tests.everything import found
from tests.world import LIST, TUESDAY_NOON, World

SARA = "+13135550101"
NATIONAL = ("3135550101", "(313) 555-0101", "313-555-0101", "313.555.0101", "313 555 0101", "5550101", "555-0101")
HERE = "What stood here has been erased."
FILE = (
    LIST.replace("City,State", "City,State,VANID,Opt-in source,Opt-in date")
    .replace("Detroit,MI", "Detroit,MI,V777,Fair of Lopezville,2026-05-17")
    .replace("Flint,MI", "Flint,MI,V778,Fair,2026-05-17")
    .replace("Lansing,MI", "Lansing,MI,V779,Fair,2026-05-17")
    + "Sarah,Lopez,313-555-0101,Detroit,MI,V780,Fair,2026-05-17\n"
)
OF_SARA = (*NATIONAL, "Sara", "Lopez", "V777", "V780", "pineapple", "Quetzal", "walrus", "zeppelin", "marmalade")
"""Everything by which a file, a form or anybody's words named her: each word is said in one place of the story."""


def on_screens(world: World, *words: str) -> list[str]:
    """Where in Slack these still stand, in messages of the app's own; files aside."""
    shown = [one for channel in world.slack.workspace.channels.values() for one in channel.messages if one.by_bot]
    return sorted({f"{word} in {one.words}" for one in shown for word in words if word in str(one.as_json())})


async def erased(world: World) -> None:
    """The posts that blank Slack go one after another."""
    for _ in range(12):
        await world.a_while()


async def texted(world: World, olivia: Person, priya: Person) -> None:
    """Sara is everywhere: in a list twice, texts both ways, a thread, the inbox, the card, and an opt-in's reason."""
    await world.live_campaign(contacts=FILE)
    await world.texting(priya)
    await priya.edits("Message", "Dear Sara, do you like pineapple?")
    await priya.presses("Send")
    await world.a_while()
    await olivia.types(f"/textbank optout {SARA}")
    await olivia.types(f"/textbank optin {SARA} Sara told Quetzal so")
    sara = world.phone(SARA)
    await sara.texts("A walrus votes too")
    await world.a_while()
    [thread] = priya.threads
    await priya.presses("Ask for help", on=thread)
    await world.a_while()
    await sara.texts("And my zeppelin")
    await world.a_while()
    await priya.presses("Send")
    await world.drawn()
    await priya.presses("Undo")
    await world.drawn()


async def test_of_whoever_is_erased_nothing_is_left_in_any_table_nor_on_any_screen(
    world: World, olivia: Person, priya: Person
) -> None:
    await texted(world, olivia, priya)
    await olivia.types("/textbank export Fall GOTV")
    await world.settles()
    before = await found(world, *OF_SARA)
    for place in ("contact.first_name", "message.body", "inbound.body", "import_reject.raw", "audit_words.words"):
        assert any(f" in {place}" in one for one in before), place
    assert len(on_screens(world, "Sara", "walrus")) > 3

    said = await world.forgets("(313) 555-0101")
    assert "is erased: number, names and every word. They had not opted out" in said
    assert f"• “list.csv” (<@{olivia.id}>, Oct 20, 2026)" in said
    assert await found(world, *OF_SARA) == []

    await erased(world)
    assert await found(world, *OF_SARA) == []
    assert on_screens(world, *OF_SARA) == []
    assert HERE in priya.threads[0].words
    assert "*Tom Reed*" in priya.card.words
    await priya.presses("Send")
    await world.a_while()
    assert [text.to for text in world.carrier.texts] == [SARA, "+13135550102"]
    again = await world.forgets(SARA)
    assert "Nothing is kept of that number." in again


async def test_notes_about_them_go_too_said_or_not(world: World, olivia: Person, priya: Person) -> None:
    await texted(world, olivia, priya)
    async with world.kit.database.transaction() as session:
        for nth, words in enumerate(("To Sara: marmalade", "Sara again")):
            about: dict[str, Any] = {"words": words, "thread_ts": None, "about": 1}
            await posts.add(session, posts.PostKind.NOTE, to=priya.id, dedupe=str(nth), now=TUESDAY_NOON, **about)
        await session.execute(text("UPDATE slack_post SET state = 'failed' WHERE dedupe_key = '0'"))
    await world.a_while()
    assert priya.dm.messages[-1].words == "Sara again"
    assert await found(world, "marmalade") == ["marmalade in slack_post.payload"]

    await world.forgets(SARA)
    assert await found(world, *OF_SARA) == []
    await erased(world)
    assert on_screens(world, *OF_SARA) == []


async def test_what_slack_will_not_blank_is_told(world: World, olivia: Person, priya: Person) -> None:
    await texted(world, olivia, priya)
    await world.forgets(SARA)
    world.slack.respond_next("chat.update", error="cant_update_message", times=9)
    await erased(world)
    assert "could not be blanked" in olivia.dm.messages[-1].words


async def test_a_campaign_is_purged_when_its_time_is_over(world: World, olivia: Person, priya: Person) -> None:
    await texted(world, olivia, priya)
    await world.phone("+13135550102").texts("STOP")
    await world.phone("+13135550177").texts("Is this Sara?")
    await world.new_campaign("Spring", LIST.splitlines()[0] + "\nAna,Díaz,+1 313 555 0103,Lansing,MI\n")
    await olivia.types("/textbank close Fall GOTV")
    await olivia.types("/textbank start Spring")
    await world.texting(priya, 1, "Spring")
    elsewhere = priya.card
    counted = await world.query("SELECT * FROM tally")
    world.time.passes(days=359)
    await world.minute()
    assert "The personal data of Fall GOTV will be erased on October 20, 2027" in olivia.dm.messages[-1].words
    assert await found(world, "walrus") != []

    world.time.passes(days=6)
    for _ in range(3):
        await world.minute()
    assert "The personal data of Fall GOTV have been erased" in olivia.dm.messages[-1].words
    assert "“list.csv”" in olivia.dm.messages[-1].words
    await erased(world)
    assert await found(world, *OF_SARA, "Tom", "Reed", "V778", "5550102", "5550177") == []
    assert await found(world, "Ana", "5550103") == ["5550103 in person.phone", "Ana in contact.first_name"]
    assert HERE in priya.threads[0].words
    assert on_screens(world, *OF_SARA, "Tom", "Reed") == []
    assert "*Ana Díaz*" in elsewhere.words
    assert await world.query("SELECT 1 FROM opt_out WHERE state = 'out'") != []
    assert await world.query("SELECT * FROM tally") == counted
    assert len(await world.query("SELECT 1 FROM audit WHERE what = 'campaign purged'")) == 1

    await world.phone(SARA).texts("Who is this walrus?")
    world.time.passes(days=364)
    await world.minute()
    assert await found(world, "walrus") != []
    world.time.passes(days=2)
    await world.minute()
    assert await found(world, "walrus", *NATIONAL) == []
    await erased(world)
    assert on_screens(world, "walrus") == []
