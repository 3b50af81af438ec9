"""Landlines and other numbers that take no texts: learned by texting, or looked up before, and never texted again."""

import csv
import io

import pytest

from sandbox.slack import File, Person
from tests.world import CONSENT, LIST, SCRIPT, World, aims

SARA, TOM, ANA = "+13135550101", "+13135550102", "+13135550103"


async def exported(world: World, olivia: Person, name: str) -> list[dict[str, str]]:
    """The campaign's contacts.csv."""
    await olivia.types(f"/textbank export {name}")
    await world.settles()
    files = [each for each in olivia.files if each.name == f"{name} contacts.csv"]
    return list(csv.DictReader(io.StringIO(files[-1].text)))


def said(olivia: Person) -> str:
    return olivia.dm.messages[-1].words


@pytest.mark.parametrize(("code", "why"), [("30006", "landline"), ("21614", "not a mobile number")])
async def test_what_was_learned_of_a_number_is_said_at_its_next_import_and_in_the_export(
    world: World, olivia: Person, priya: Person, code: str, why: str
) -> None:
    await world.live_campaign()
    await world.texting(priya)
    await priya.edits("Message", f"carrier:{code}")
    await priya.presses("Send")
    await world.a_while()
    await world.a_while()
    sara, tom, _ = await exported(world, olivia, "Fall GOTV")
    assert (sara["cannot_be_texted"], tom["cannot_be_texted"]) == (why, "")
    await world.new_campaign("Spring")
    assert f"cannot be reached: {why}" in olivia.files[-1].text
    assert "0101" in olivia.files[-1].text


async def test_landlines_are_looked_up_for_a_price_that_is_said_first(
    world: World, olivia: Person, priya: Person
) -> None:
    world.phone(SARA).line_type, world.phone(TOM).line_type = "landline", "nonFixedVoip"
    await world.live_campaign()
    answer = (await olivia.types("/textbank lookup Fall GOTV")).text
    await world.settles()
    assert "has 3 numbers" in answer
    assert "costs $0.03 at the most ($0.008 for each number;" in answer
    assert not [call for call in world.carrier.calls if "/v2/" in call.path]

    assert "You get word" in (await olivia.types("/textbank lookup Fall GOTV yes")).text
    assert "being looked up already" in (await olivia.types("/textbank lookup Fall GOTV yes")).text
    await world.settles()
    assert said(olivia) == "3 numbers of Fall GOTV were looked up: 1 of them can't be texted, and won't be."
    kinds = await world.query("SELECT line_type FROM person ORDER BY phone")
    assert [row.line_type for row in kinds] == ["landline", "nonFixedVoip", "mobile"]
    await world.texting(priya)
    assert "*Tom Reed*" in priya.card.words
    sara, *_ = await exported(world, olivia, "Fall GOTV")
    assert sara["cannot_be_texted"] == "landline, by the carrier's look-up"

    await world.a_while()
    await olivia.types("/textbank lookup Fall GOTV yes")
    await world.settles()
    assert said(olivia).startswith("0 numbers of Fall GOTV were looked up")
    assert len([call for call in world.carrier.calls if "/v2/" in call.path]) == 3


async def test_a_look_up_that_the_carrier_refuses_is_told_and_given_up(world: World, olivia: Person) -> None:
    await world.live_campaign()
    await olivia.types("/textbank lookup Fall GOTV yes")
    world.kit.sms.client.auth = ("AC0", "wrong")
    await world.settles()
    assert "Then it was given up: the carrier refused to look numbers up" in said(olivia)
    assert await world.query("SELECT 1 FROM setting WHERE name LIKE 'lookup:%'") == []


ASK = "Ask the carrier which numbers are landlines"
MORE = "First Name,Cell Phone\nLou,(313) 555-0104\n"


def look_ups(world: World) -> list[str]:
    """Every number that the carrier was asked about."""
    return [call.path.rpartition("/")[2] for call in world.carrier.calls if "/v2/" in call.path]


async def test_a_box_at_import_has_its_numbers_looked_up_for_the_price_on_the_button_and_none_else(
    world: World, olivia: Person
) -> None:
    world.phone("+13135550104").line_type = "landline"
    await world.new_campaign()
    assert olivia.dm.messages[-1].buttons == []
    await olivia.types("/textbank import Fall GOTV")
    assert "$0.008 for each number" in str(olivia.modal.content)
    await olivia.chooses(ASK)
    await olivia.submits({"Contacts (CSV)": File("more.csv", MORE.encode()), "Consent": CONSENT})
    await world.settles()
    word = olivia.dm.messages[-1]
    assert "1 contact imported from more.csv" in word.words
    assert "costs $0.01 at the most" in word.words
    assert word.buttons == ["Look up 1 number for $0.01"]
    assert look_ups(world) == []

    press = aims(olivia, "Look up 1 number for $0.01")
    await press()
    await world.drawn()
    assert "You get word when it is done" in word.words
    assert word.buttons == []
    await press()
    await world.settles()
    assert "being looked up already" in olivia.ephemerals[-1].words
    assert look_ups(world) == ["+13135550104"]
    await world.a_while()
    assert said(olivia) == "1 number of Fall GOTV was looked up: 1 of them can't be texted, and won't be."


@pytest.mark.parametrize("asked", [True, False])
async def test_a_new_campaign_offers_a_look_up_only_if_its_box_was_ticked(
    world: World, olivia: Person, asked: bool
) -> None:
    fields = {"Name": "Fall", "Script": SCRIPT, "Contacts (CSV)": File("a.csv", LIST.encode()), "Consent": CONSENT}
    await olivia.types("/textbank new")
    if asked:
        await olivia.chooses(ASK)
    await olivia.submits(fields)
    await world.settles()
    assert olivia.dm.messages[-1].buttons == (["Look up 3 numbers for $0.03"] if asked else [])
    assert ("Landlines." in said(olivia)) == asked
    assert look_ups(world) == []
