"""One person by their number: opted out and let in again by hand, erased; and somebody whose role is taken away."""

import pytest

from sandbox.carrier import Phone
from sandbox.slack import Message, Person
from tests.everything import found
from tests.world import LIST, World, people

SARA = "+13135550101"


async def said(person: Person, line: str) -> str:
    """What a command answers."""
    shown = await person.types(line)
    return shown.text if shown else ""


# ------------------------------------------------------------------------------------------------- out and in by hand


@pytest.mark.parametrize(
    "number", ["+13135550101", "313-555-0101", "(313) 555-0101", "1 313 555 0101", "313.555.0101", "cell: 3135550101"]
)
async def test_a_number_is_opted_out_by_hand_in_any_notation(
    world: World, olivia: Person, priya: Person, number: str
) -> None:
    await world.live_campaign()
    await world.texting(priya)
    assert await said(olivia, f"/textbank optout {number}") == (
        f"{SARA} is opted out now: nobody texts them, in any campaign."
    )
    await priya.presses("Send")
    await world.a_while()

    assert world.carrier.texts == []
    [row] = await world.query("SELECT source, by FROM opt_out")
    assert (row.source, row.by) == ("by hand", olivia.id)
    [noted] = await world.query("SELECT who, at FROM audit WHERE what = 'opt-out out'")
    assert noted.who == olivia.id
    assert "had opted out already" in await said(olivia, f"/textbank optout {number}")


@pytest.mark.usefixtures("sara")
async def test_an_opt_out_by_hand_counts_where_they_were_texted_and_is_on_the_volunteers_card(
    world: World, olivia: Person, priya: Person
) -> None:
    await olivia.types("/textbank optout 3135550101")
    assert "pt-outs 1" in await said(olivia, "/textbank status")
    await priya.presses("Skip")
    await world.drawn()
    assert "Sara Lopez opted out and won't be texted again." in priya.card.words


async def test_a_number_that_no_campaign_knows_is_opted_out_too(world: World, olivia: Person) -> None:
    await olivia.types("/textbank optout (313) 555-0101")
    await world.new_campaign()

    assert "2 contacts imported" in olivia.dm.messages[-2].words
    assert "opted out: this person asked not to be texted" in olivia.files[-1].text


async def test_somebody_who_opted_out_is_let_in_again_for_a_reason_that_is_kept(world: World, olivia: Person) -> None:
    await olivia.types("/textbank optout 313 555 0101")
    assert "Say why, after the number" in await said(olivia, "/textbank optin 313 555 0101")
    assert "is opted out" in await said(olivia, "/textbank optout 313 555 0102")
    answer = await said(olivia, "/textbank optin (313) 555-0101 2 emails, asked us to text again")
    assert answer.startswith(f"{SARA} may be texted again")
    [noted] = await world.query("SELECT who, words, w.subject FROM audit a JOIN audit_words w ON w.audit_id = a.id")
    assert noted.who == olivia.id
    assert noted.words == "2 emails, asked us to text again"
    assert "5550101" not in noted.subject
    assert "has not opted out" in await said(olivia, "/textbank optin 3135550101 asked again")

    await world.new_campaign()
    assert "2 contacts imported" in olivia.dm.messages[-2].words
    assert "opted out" in olivia.files[-1].text
    assert "0102" in olivia.files[-1].text
    assert "0101" not in olivia.files[-1].text


async def test_a_wrong_number_that_was_a_slip_can_be_undone(world: World, olivia: Person, priya: Person) -> None:
    await world.live_campaign()
    await world.texting(priya)
    await priya.chooses("Wrong number")
    await world.drawn()
    assert "may be texted again" in await said(olivia, "/textbank optin 313 555 0101 it was a slip of mine")
    await world.live_campaign("Winter")
    await world.texting(priya, name="Winter")
    await priya.types("/text Winter")
    await world.settles()
    assert "*Sara Lopez*" in priya.card.words
    [row] = await world.query("SELECT who, words FROM audit JOIN audit_words ON audit_id = id ORDER BY id DESC LIMIT 1")
    assert (row.who, row.words) == (olivia.id, "it was a slip of mine")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("optin", "`/textbank optin PHONE REASON`"),
        ("forget", "`/textbank forget PHONE`"),
        ("optout 12", "“12” can't be taken for somebody's phone: "),
        ("optout Sara", "“Sara” can't be taken for somebody's phone: not a phone number"),
        ("optin 555-0101 asked again", "“555-0101” can't be taken for somebody's phone: "),
        ("optin asked again", "“asked” can't be taken for somebody's phone: "),
        ("forget +44 20 7946 0018", "it belongs to another country"),
    ],
)
async def test_what_is_no_number_is_refused_in_words(world: World, olivia: Person, line: str, why: str) -> None:
    assert why in await said(olivia, f"/textbank {line}")
    assert await world.query("SELECT * FROM opt_out") == []
    assert await world.query("SELECT * FROM audit WHERE what <> 'role'") == []


# ------------------------------------------------------------------------------------------------------------ erasing


async def test_a_person_is_erased_everywhere_and_only_the_hash_of_an_opt_out_stays(
    world: World, olivia: Person, priya: Person
) -> None:
    contacts = LIST.replace("City,State", "City,State,VANID").replace("Detroit,MI", "Detroit,MI,V777", 1)
    await world.live_campaign(contacts=contacts + "Sarah,Lopes,313-555-0101,Detroit,MI,V778\n")
    await world.texting(priya)
    await priya.edits("Message", "Dear Sara, will you vote?")
    await priya.presses("Send")
    await world.a_while()
    sara = world.phone(SARA)
    await sara.texts("My sister Sara votes too")
    await world.a_while()
    [thread] = priya.threads
    await priya.writes("Good to hear, Sara!", in_=thread)
    await priya.presses("Ask for help", on=thread)
    await world.a_while()
    await sara.texts("Stop, Sara is tired")
    await world.a_while()
    words = ("Sara", "Lopez", "Lopes", "5550101", "555-0101", "V777", "V778", "tired")
    assert len(await found(world, *words)) > 6

    before = await found(world, *words)
    await olivia.types("/textbank forget (313) 555-0101")
    assert "Erase whoever has +13135550101?" in olivia.modal.words.replace("*", "")
    assert await found(world, *words) == before, "nobody is erased before it is confirmed"
    answer = await world.forgets("(313) 555-0101")
    assert "is erased: number, names and every word. Their opt-out stays" in answer
    assert await found(world, *words) == []
    [row] = await world.query("SELECT phone_hash, state FROM opt_out")
    assert row.state == "out"
    [noted] = await world.query("SELECT who, subject FROM audit WHERE what = 'erased'")
    assert (noted.who, noted.subject) == (olivia.id, row.phone_hash)
    assert "*1* of 3" in await said(olivia, "/textbank status")
    assert "Nothing is kept of that number. Their opt-out stays" in await world.forgets(SARA)

    await world.new_campaign("Again")
    assert "2 contacts imported" in olivia.dm.messages[-2].words
    assert "opted out" in olivia.files[-1].text


@pytest.mark.usefixtures("card")
async def test_whoever_is_erased_is_texted_by_no_card_and_from_no_queue(
    world: World, olivia: Person, priya: Person
) -> None:
    await priya.presses("Send")
    await world.drawn()
    assert "They had not opted out: a new file may bring them back." in await world.forgets(SARA)
    await world.forgets("313.555.0102")
    await priya.presses("Send")
    await world.a_while()

    assert world.carrier.texts == []
    assert "*Ana Díaz*" in priya.card.words
    await priya.presses("Send")
    await world.a_while()
    assert [text.to for text in world.carrier.texts] == ["+13135550103"]


async def test_news_of_somebody_else_keeps_their_name_when_one_is_erased_that_is_part_of_it(
    world: World, olivia: Person, priya: Person
) -> None:
    await world.live_campaign(contacts=LIST.replace("Tom,Reed", "Sara,Lopezki"))
    await world.texting(priya)
    for _ in range(2):
        await priya.presses("Send")
        await world.drawn()
    await world.a_while()
    await world.phone(SARA).texts("STOP")
    await world.phone("+13135550102").texts("STOP")
    await world.settles()
    await world.forgets(SARA)
    await priya.presses("Skip")
    await world.drawn()

    shown = priya.dm.messages[-1].words
    assert "Sara Lopezki opted out and won't be texted again." in shown
    assert "this contact opted out and won't be texted again." in shown


async def test_whoever_was_erased_and_agrees_anew_comes_back_with_the_new_file(
    world: World, olivia: Person, priya: Person
) -> None:
    await world.new_campaign("Spring")
    await world.forgets(SARA)
    await world.live_campaign()
    assert "3 contacts imported" in olivia.dm.messages[-1].words
    await world.texting(priya)
    await priya.presses("Send")
    await world.a_while()

    assert len(world.carrier.texts_to(SARA)) == 1


@pytest.mark.usefixtures("thread")
async def test_what_somebody_erased_writes_later_can_be_read_but_not_answered(
    world: World, olivia: Person, priya: Person, sara: Phone, thread: Message
) -> None:
    await world.forgets(SARA)
    await world.a_while()
    await priya.writes("At the library", in_=thread)
    await world.a_while()
    assert "this contact can't be texted (erased), so nothing was sent." in thread.replies[-1].words
    assert len(world.carrier.texts_to(SARA)) == 1


async def test_texts_of_somebody_whom_nobody_had_texted_are_erased_too(world: World, olivia: Person) -> None:
    await world.live_campaign()
    await world.phone("+13135550177").texts("Is this Michigan Votes?")
    await world.settles()
    assert await found(world, "5550177", "Is this Michigan") != []
    assert "is erased" in await world.forgets("313-555-0177")
    assert await found(world, "5550177", "Is this Michigan") == []


# ---------------------------------------------------------------------------------------------------------- suspended


@pytest.mark.usefixtures("sara")
async def test_whoever_suspends_somebody_is_told_what_they_still_have(
    world: World, olivia: Person, priya: Person
) -> None:
    answer = await said(olivia, "/textbank role @priya none")
    assert "`/textbank reassign Fall GOTV @them` hands those on." in answer
    await olivia.types("/textbank reassign Fall GOTV @priya")
    await world.settles()
    assert await said(olivia, "/textbank role @priya none") == f"<@{priya.id}> is suspended."


async def test_a_role_does_not_take_away_what_slack_or_the_settings_give(world: World, olivia: Person) -> None:
    ada = world.slack.person("Ada Admin", is_admin=True)
    for role, said_ in {
        "none": "can't text any more",
        "volunteer": "is now: volunteer.",
        "admin": "is now: admin.",
    }.items():
        answer = await said(olivia, f"/textbank role @ada {role}")
        assert answer.startswith(f"<@{ada.id}> {said_}")
        assert ("They stay an admin all the same" in answer) == (role != "admin")
    await olivia.types("/textbank role @ada none")
    assert "Only an admin" not in await said(ada, "/textbank role @olivia organizer")


async def test_of_many_campaigns_it_is_said_how_many_are_not_named(world: World, olivia: Person, priya: Person) -> None:
    for number in range(7):
        await world.live_campaign(f"Fall {number}", people(1))
        await olivia.types(f"/textbank assign Fall {number} @priya 1")
    answer = await said(olivia, "/textbank role @priya none")
    assert answer.count("They still have people of") == 5
    assert "… and of 2 more campaigns." in answer
