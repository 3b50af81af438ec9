"""The script check: an organizer sees what to mend while she types, and a volunteer after an edit that went wrong."""

from bot.services.script_check import OPT_OUT_WORDS
from sandbox.slack import File, Person
from sandbox.slack.drawn import Drawn
from tests.world import CONSENT, LIST, World

FINE = f"Hi {{first_name}}, it's {{volunteer}} with Michigan Votes. Will you vote? {OPT_OUT_WORDS}"
PAID = "Paid for by Michigan Votes"


def _field(person: Person, label: str, on: Drawn | None) -> str:
    assert on is not None
    found = on.field(label)
    assert found is not None
    return str(on.value(person.id, *found))


def _shown(person: Person) -> str:
    assert person.modal
    return str(person.modal.words)


async def test_what_to_mend_is_said_while_the_script_is_typed(world: World) -> None:
    olivia = world.organizer
    await olivia.types("/textbank new")
    assert "said here as you type" in _shown(olivia)

    await olivia.types_into("Script", "VOTE TUESDAY — PLEASE!!! bit.ly/abc")
    said = _shown(olivia)
    for word in ("who is writing", "for whom", "how to opt out", "bit.ly", "shouts", "plain characters"):
        assert word in said

    await olivia.types_into("Script", FINE)
    assert "It says who is writing, for whom, and how to opt out" in _shown(olivia)


async def test_plain_characters_are_written_at_a_press(world: World) -> None:
    await world.new_campaign(script=FINE)
    olivia = world.organizer
    await olivia.types("/textbank script Fall GOTV")
    await olivia.types_into("Script", FINE.replace("it's", "it’s"))
    assert "“’” makes each text cost more" in _shown(olivia)

    await olivia.presses("Use plain characters")
    assert "cost more" not in _shown(olivia)
    await olivia.submits()

    await olivia.types("/textbank script Fall GOTV")
    assert _field(olivia, "Script", olivia.modal) == FINE


async def test_the_script_is_tried_on_real_contacts(world: World) -> None:
    lacking = "First Name,Cell Phone,City\nSara,(313) 555-0101,Detroit\nMaximiliana,(313) 555-0102,\n"
    await world.new_campaign(contacts=lacking, script=FINE + " See you in {city}")
    olivia = world.organizer
    await olivia.types("/textbank script Fall GOTV")
    assert "1 of 2 contacts have no {city}" in _shown(olivia)
    assert "As Sara gets it" in _shown(olivia)
    assert "Hi Sara, it's Olivia with Michigan Votes" in _shown(olivia)

    await olivia.presses("Next person")
    assert "As Maximiliana gets it" in _shown(olivia)
    await olivia.presses("Next person")
    assert "As Sara gets it" in _shown(olivia)


async def test_the_start_says_it_once_more(world: World) -> None:
    await world.new_campaign(script="Hi {first_name}, it's {volunteer} with Michigan Votes. Will you vote?")

    said = await world.organizer.types("/textbank start Fall GOTV")

    assert said
    assert "Fall GOTV is live" in said.words
    assert "how to opt out" in said.words


async def test_whoever_is_no_organizer_any_more_sees_nobody_on_the_list(world: World) -> None:
    await world.new_campaign(script=FINE)
    mara = world.slack.person("Mara Manager")
    await world.organizer.types("/textbank role @mara organizer")
    await mara.types("/textbank script Fall GOTV")
    await world.organizer.types("/textbank role @mara volunteer")

    await mara.presses("Next person")

    assert "As Tom Reed gets it" not in _shown(mara)


async def test_a_footer_stands_below_each_first_text_however_it_is_edited(world: World, priya: Person) -> None:
    olivia = world.organizer
    await olivia.types("/textbank new")
    fields = {"Name": "Fall GOTV", "Script": FINE, "Consent": CONSENT, "Footer": PAID}
    await olivia.submits({**fields, "Contacts (CSV)": File("list.csv", LIST.encode())})
    await world.settles()
    await olivia.types("/textbank start Fall GOTV")
    await world.texting(priya)
    assert f"Below it stands: {PAID}" in priya.card.words

    priya.edits("Message", f"Hello Sara, it's Priya with Michigan Votes. {OPT_OUT_WORDS}")
    await priya.presses("Send")
    await world.drawn()
    await priya.presses("Undo")
    await world.drawn()
    assert _field(priya, "Message", priya.card) == f"Hello Sara, it's Priya with Michigan Votes. {OPT_OUT_WORDS}"
    await priya.presses("Send")
    await world.drawn()
    await world.a_while()

    [text] = world.carrier.texts_to(world.phone("+13135550101"))
    assert text == f"Hello Sara, it's Priya with Michigan Votes. {OPT_OUT_WORDS}\n{PAID}"


async def test_an_edit_that_took_something_out_is_spoken_of_on_the_next_card(world: World, priya: Person) -> None:
    await world.live_campaign(script=FINE)
    await world.texting(priya)
    priya.edits("Message", "Hi Sara! See tinyurl.com/vote")
    await priya.presses("Send")
    await world.drawn()

    said = priya.card.words
    assert "About your edit for Sara Lopez" in said
    assert "how to opt out" in said
    assert "tinyurl.com" in said

    await priya.presses("Send")
    await world.drawn()
    assert "About your edit" not in priya.card.words
