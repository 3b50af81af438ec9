"""Landlines and other numbers that take no texts: learned by texting, or looked up before, and never texted again."""

import csv
import io

import pytest

from sandbox.slack import Person
from tests.world import World

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
    assert "costs $0.02 at the most" in answer
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
