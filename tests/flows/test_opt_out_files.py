"""Opt-outs in bulk: a file of numbers that are never texted again, and all opt-outs of the organization as a file."""

import csv
import io

import pytest

from sandbox.slack import File, Person
from tests.world import LIST, World, people

SARA, TOM, ANA = "+13135550101", "+13135550102", "+13135550103"
WHENCE = "Opt-outs of our last vendor, June 2026"
NUMBERS = """Name,Cell,Home phone
Sara,313.555.0101,(313) 555-0177
Nobody,+1 313 555 0199,
Wrong,12,
,,
"""


async def hands_over(
    world: World, who: Person, numbers: str = NUMBERS, *, name: str = "old.csv", whence: str = WHENCE
) -> None:
    """The organizer opts out a whole file."""
    await who.types("/textbank optout")
    await who.submits({"Numbers (CSV)": File(name, numbers.encode()), "Where is this list from?": whence})
    await world.settles()


async def kept(world: World) -> list[tuple[str, str, str]]:
    """State, source and reason of every opt-out."""
    return [tuple(row) for row in await world.query("SELECT state, source, reason FROM opt_out")]


async def test_every_number_of_a_file_is_never_texted_again(world: World, olivia: Person, priya: Person) -> None:
    await world.live_campaign()
    await world.texting(priya)
    await priya.presses("Send")
    await world.drawn()
    await hands_over(world, olivia)
    await world.a_while()

    assert world.carrier.texts == []
    assert await kept(world) == [("out", "file", WHENCE)] * 3
    assert "old.csv: 3 numbers opted out now" in olivia.dm.messages[-1].words
    assert "1 row has no number that could be read" in olivia.dm.messages[-1].words
    rejected = list(csv.reader(io.StringIO(olivia.files[-1].text.lstrip("\ufeff"))))
    assert rejected == [["row", "reason", "Name", "Cell", "Home phone"], ["4", "too few digits", "Wrong", "12", ""]]
    [noted] = await world.query("SELECT who, data FROM audit WHERE what = 'opt-outs from a file'")
    assert noted.who == olivia.id
    assert WHENCE in str(noted.data)

    await world.new_campaign("Recount", LIST + "Una,Unknown,313-555-0199,Detroit,MI\n")
    assert "2 contacts imported" in olivia.dm.messages[-2].words
    assert "opted out: this person asked not to be texted" in olivia.files[-1].text


async def test_a_file_that_comes_twice_changes_nothing_more(world: World, olivia: Person) -> None:
    await world.phone(SARA).texts("STOP")
    for _ in range(2):
        await hands_over(world, olivia, "phone\n3135550101\n3135550102\n")
    assert "1 number opted out now; nobody texts them, in any campaign. 1 number had" in olivia.dm.messages[-2].words
    assert "0 numbers opted out now; nobody texts them, in any campaign. 2 numbers" in olivia.dm.messages[-1].words
    rows = await world.query("SELECT source FROM opt_out ORDER BY source")
    assert [row.source for row in rows] == ["file", "text"]


@pytest.mark.usefixtures("sara")
async def test_a_held_number_in_a_file_is_out_and_counts_where_they_were_texted(world: World, olivia: Person) -> None:
    await world.phone(SARA).texts("not interested")
    await hands_over(world, olivia, "phone\n3135550101\n")
    assert await kept(world) == [("out", "file", WHENCE)]
    status = await olivia.types("/textbank status")
    assert status
    assert "pt-outs 1" in status.text


async def test_what_is_no_list_of_numbers_opts_nobody_out_and_says_so(world: World, olivia: Person) -> None:
    for words, why in {
        "name\nSara\n": "No column looks like a phone number's",
        "313-555-0101\n": "The first row looks like a person",
        "": "The file is empty",
    }.items():
        await hands_over(world, olivia, words)
        assert "old.csv was not read, so nobody more is opted out by it:" in olivia.dm.messages[-1].words
        assert why in olivia.dm.messages[-1].words
    assert await kept(world) == []
    assert await world.query("SELECT * FROM opt_out_file") == []


async def test_a_list_without_a_word_on_where_it_is_from_is_refused(world: World, olivia: Person) -> None:
    await hands_over(world, olivia, whence="?")
    assert olivia.modal
    assert "Say where this list is from" in str(olivia.modal.errors)
    assert await kept(world) == []


async def test_only_an_organizer_opts_out_a_list_or_takes_all_of_them_out(world: World, priya: Person) -> None:
    for line in ("optout", "optouts"):
        shown = await priya.types(f"/textbank {line}")
        assert shown
        assert "Only an organizer can do that" in shown.text


async def test_a_file_that_slack_cannot_give_is_asked_for_again(world: World, olivia: Person) -> None:
    world.slack.respond_next("download", status=503)
    await hands_over(world, olivia)
    assert await kept(world) == []
    await world.a_while(60)
    assert len(await kept(world)) == 3


async def test_numbers_are_opted_out_even_if_slack_will_not_have_the_rejected_rows(
    world: World, olivia: Person
) -> None:
    world.slack.respond_next("files.getUploadURLExternal", error="restricted_action")
    await hands_over(world, olivia)
    assert len(await kept(world)) == 3
    assert "Slack would not take that file (restricted_action)" in olivia.dm.messages[-1].words


async def test_all_opt_outs_of_the_organization_are_a_file(world: World, olivia: Person) -> None:
    await world.new_campaign(contacts=people(3))
    await world.phone("+13135550101").texts("STOP")
    await hands_over(world, olivia, "phone\n3135550199\n")
    await olivia.types("/textbank optout 3135550102")
    await olivia.types("/textbank optouts")
    await world.settles()

    rows = list(csv.DictReader(io.StringIO(olivia.files[-1].text.lstrip("\ufeff"))))
    assert sorted((row["phone"], row["state"], row["source"], row["by"], row["reason"]) for row in rows) == [
        ("", "out", "file", olivia.id, WHENCE),
        ("+13135550101", "out", "text", "", ""),
        ("+13135550102", "out", "by hand", olivia.id, ""),
    ]
    assert "3 opt-outs of all campaigns" in olivia.dm.messages[-1].words
