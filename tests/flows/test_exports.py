"""A campaign's files, out of Textbank and into a voter file: asked for in Slack, in one's own direct message."""

import asyncio
import csv
import io
from pathlib import Path
from typing import Any

import pytest

from bot.gateways import slack as gateway
from bot.services import export_files
from handlers import exporting
from models import answer, question
from sandbox.carrier import Phone
from sandbox.slack import Person
from tests.world import CONSENT, TUESDAY_NOON, World, people

VOTER_FILE = """VANID,First Name,Last Name,Cell Phone,City,State,Opt In Source,Opt In Date
1001,Sara,Lopez,(313) 555-0101,Detroit,MI,Web form,2026-05-02
1002,Tom,Reed,313.555.0102,Flint,MI,,
1003,=Ana,Díaz,+1 313 555 0103,Lansing,MI,,
"""
NUMBERS = ("phone", "sender", "list_cell_phone")
"""Columns in which a + is part of a number."""
NAMES = [f"Fall GOTV {name}" for name in export_files.FILES]


def table(person: Person, name: str) -> list[dict[str, str]]:
    """The rows of the file of that name that came last."""
    file = [one for one in person.files if one.name == f"Fall GOTV {name}.csv"][-1]
    assert file.content.startswith(b"\xef\xbb\xbf"), "a spreadsheet takes a file without BOM for another code page's"
    return list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))


async def asks(world: World, person: Person, words: str = "/textbank export Fall GOTV") -> str:
    shown = await person.types(words)
    await world.settles()
    return shown.words


@pytest.fixture
async def talk(world: World, olivia: Person, priya: Person) -> Phone:
    """Priya has texted Sara, who answered, and Tom, who opted out; Ana she has not come to."""
    await world.live_campaign(contacts=VOTER_FILE)
    await world.texting(priya)
    await priya.presses("Send")
    await world.a_while()
    await priya.presses("Send")
    await world.a_while()
    sara, tom = world.phone("+13135550101"), world.phone("+13135550102")
    await sara.texts("=cmd|' /C calc'!A0 is what I'd vote for")
    await tom.texts("STOP")
    await world.a_while()
    await priya.writes("Thanks for telling me, José!", in_=priya.threads[0])
    await world.a_while()
    return sara


async def test_four_files_come_to_whoever_asked_and_to_nobody_else(
    world: World, olivia: Person, priya: Person, talk: Phone
) -> None:
    assert "They come to your direct messages" in await asks(world, olivia)
    assert [file.name for file in olivia.files] == NAMES
    word = olivia.dm.messages[-1].words
    assert "*Fall GOTV*: 3 contacts, as of " in word
    assert priya.files == []
    [row] = await world.query("SELECT who, subject FROM audit WHERE what = 'export'")
    assert tuple(row) == (olivia.id, "Fall GOTV")


async def test_contacts_have_their_voter_files_number_their_state_and_their_consent(
    world: World, olivia: Person, priya: Person, talk: Phone
) -> None:
    await asks(world, olivia)
    sara, tom, ana = table(olivia, "contacts")
    assert list(sara)[:4] == ["external_id", "phone", "first_name", "last_name"]
    assert [row["external_id"] for row in (sara, tom, ana)] == ["1001", "1002", "1003"]
    assert [row["phone"] for row in (sara, tom, ana)] == ["+13135550101", "+13135550102", "+13135550103"]
    assert [row["status"] for row in (sara, tom, ana)] == ["talking", "done", "assigned"]
    assert (tom["closed_as"], tom["opted_out"]) == ("opted_out", "out")
    assert (sara["texts"], sara["replies"], ana["texts"]) == ("2", "1", "0")
    assert sara["first_text_utc"] == f"{TUESDAY_NOON:%Y-%m-%d %H:%M:%S}"
    assert (sara["volunteer"], sara["volunteer_id"]) == ("Priya Shah", priya.id)
    assert (sara["consent"], sara["consent_source"], sara["consent_date"]) == (CONSENT, "Web form", "2026-05-02")
    assert (sara["list_city"], ana["last_name"]) == ("Detroit", "Díaz")


async def test_each_question_has_a_column(world: World, olivia: Person, talk: Phone) -> None:
    [row] = await world.query("SELECT c.id, c.campaign_id FROM contact c WHERE c.external_id = '1001'")
    async with world.kit.database.transaction() as session:
        for position, words in enumerate(("Can we count on you?", "status", "=1+1?")):
            values = {"campaign_id": row.campaign_id, "position": position, "words": words, "choices": ["Yes", "No"]}
            added = await session.execute(question.insert().values(values).returning(question.c.id))
            given = {"question_id": added.scalar_one(), "conversation_id": row.id, "by": "U1", "at": TUESDAY_NOON}
            await session.execute(answer.insert().values(choice="Yes" if position else "@No", **given))
    await asks(world, olivia)
    sara, tom, _ = table(olivia, "contacts")
    assert (sara["Can we count on you?"], sara["status (2)"], sara["'=1+1?"]) == ("'@No", "Yes", "Yes")
    assert sara["status"] == "talking"
    assert sara["answered_utc"] == f"{TUESDAY_NOON:%Y-%m-%d %H:%M:%S}"
    assert tom["Can we count on you?"] == ""


async def test_who_said_what_when(world: World, olivia: Person, talk: Phone) -> None:
    await asks(world, olivia)
    lines = [row for row in table(olivia, "conversations") if row["external_id"] == "1001"]
    assert [(row["direction"], row["who"]) for row in lines] == [
        ("out", "Priya Shah"),
        ("in", "voter"),
        ("out", "Priya Shah"),
    ]
    assert [row["at_utc"] for row in lines] == sorted(row["at_utc"] for row in lines)
    assert lines[2]["words"] == "Thanks for telling me, José!"
    texts = table(olivia, "messages")
    assert [row["kind"] for row in texts] == ["first", "answer", "first"]
    assert {row["state"] for row in texts} == {"delivered"}
    [stop] = table(olivia, "opt_outs")
    assert (stop["external_id"], stop["phone"], stop["state"], stop["source"]) == (
        "1002",
        "+13135550102",
        "out",
        "text",
    )


async def test_nothing_in_a_file_is_carried_out_by_a_spreadsheet(world: World, olivia: Person, talk: Phone) -> None:
    for words in ("+1 for us", "-1", "@here", "\tx", "\rx", "＝1+1", "fine = good"):
        await talk.texts(words)
    await world.a_while()
    await asks(world, olivia)
    cells = [
        cell
        for name in ("contacts", "messages", "conversations", "opt_outs")
        for row in table(olivia, name)
        for column, cell in row.items()
        if column not in NUMBERS
    ]
    assert [cell for cell in cells if cell[:1] in tuple("=+-@\t\r＝＋－＠")] == []
    said = [row["words"] for row in table(olivia, "conversations") if row["direction"] == "in"]
    assert said[0].startswith("'=cmd|")
    assert "'+1 for us" in said
    assert "'-1" in said
    assert "fine = good" in said
    assert {row["phone"] for row in table(olivia, "messages")} == {"+13135550101", "+13135550102"}
    assert table(olivia, "contacts")[2]["first_name"] == "'=Ana"


async def test_what_was_taken_back_is_among_the_messages_and_was_never_said(
    world: World, olivia: Person, priya: Person
) -> None:
    await world.live_campaign()
    await world.texting(priya)
    await priya.presses("Send")
    await world.drawn()
    await priya.presses("Undo")
    await world.a_while()
    await asks(world, olivia)
    assert [row["state"] for row in table(olivia, "messages")] == ["taken_back"]
    assert table(olivia, "conversations") == []
    assert table(olivia, "contacts")[0]["texts"] == "0"


async def test_a_manager_may_and_a_volunteer_may_not(world: World, olivia: Person, priya: Person, sam: Person) -> None:
    await world.new_campaign()
    await olivia.types("/textbank role @sam manager")
    await asks(world, sam)
    assert len(sam.files) == 4
    refused = await asks(world, priya)
    assert "manager" in refused
    await world.settles()
    assert priya.files == []
    assert len(await world.query("SELECT id FROM audit WHERE what = 'refused'")) == 1


async def test_one_export_of_a_campaign_at_a_time_for_each_person(world: World, olivia: Person, sam: Person) -> None:
    await world.new_campaign()
    await olivia.types("/textbank role @sam manager")
    await olivia.types("/textbank export Fall GOTV")
    second = await olivia.types("/textbank export Fall GOTV")
    assert "Your last export of Fall GOTV is still being written" in second.words
    await sam.types("/textbank export Fall GOTV")
    await world.settles()
    assert len(olivia.files) == len(sam.files) == 4
    await asks(world, olivia)
    assert len(olivia.files) == 8


async def test_a_long_one_says_how_far_it_is_in_one_message_that_changes(
    world: World, olivia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third page of two waits until it has been said that four are written."""
    read, pages, slack = export_files._read, 0, world.slack

    def said() -> list[str]:
        return [call.payload["text"] for call in slack.calls if call.method in ("chat.postMessage", "chat.update")]

    async def slowly(*args: Any) -> Any:
        nonlocal pages
        pages += 1
        while pages == 3 and not any(words.endswith("*Fall GOTV*: 4 of 9.") for words in said()):
            assert slack.count("chat.update") < 30, said()
            await asyncio.sleep(0.01)
        return await read(*args)

    monkeypatch.setattr(exporting, "PAGE_BESIDE_CLICKS", 2)
    monkeypatch.setattr(exporting, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(export_files, "_read", slowly)
    await world.new_campaign(contacts=people(9))
    before = len(olivia.dm.messages)
    await asks(world, olivia)
    new = olivia.dm.messages[before:]
    assert len(new) == 2, "one that says how far it is, and the files"
    assert new[0].words == ":white_check_mark: The files of *Fall GOTV* are written: 9 contacts."
    assert slack.count("chat.update") >= 1
    rows = table(olivia, "contacts")
    assert [row["first_name"] for row in rows] == [f"Voter{n}" for n in range(100, 109)]


async def test_one_that_breaks_off_is_written_anew_and_comes_once(
    world: World, olivia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.new_campaign(contacts=people(9))
    read, pages = export_files._read, 0

    async def breaks(*args: Any) -> Any:
        nonlocal pages
        pages += 1
        if pages == 3:
            raise ConnectionError("the database was restarted")
        return await read(*args)

    monkeypatch.setattr(exporting, "PAGE_BESIDE_CLICKS", 2)
    monkeypatch.setattr(export_files, "_read", breaks)
    await olivia.types("/textbank export Fall GOTV")
    with pytest.raises(ConnectionError):
        await world.settles()
    assert olivia.files == []
    assert not await world.exporter.step(), "not at once again"
    world.time.passes(minutes=2)
    await world.settles()
    assert len(table(olivia, "contacts")) == 9
    assert len(olivia.files) == 4


async def test_one_whose_worker_died_is_taken_up_by_another(
    world: World, olivia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.new_campaign()
    await olivia.types("/textbank export Fall GOTV")
    async with world.kit.database.transaction() as session:
        now = world.kit.clock()
        await exporting.exports.take(session, owner="dead", now=now, until=now + exporting.LEASE)
    await world.settles()
    assert olivia.files == []
    world.time.passes(seconds=61)
    await world.settles()
    assert len(olivia.files) == 4


async def test_one_that_breaks_off_every_time_is_given_up_with_another_way_to_the_files(
    world: World, olivia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.new_campaign()

    async def breaks(*_: Any) -> Any:
        raise ConnectionError("the disk is full")

    monkeypatch.setattr(export_files, "_read", breaks)
    await olivia.types("/textbank export Fall GOTV")
    for _ in range(exporting.TRIES):
        with pytest.raises(ConnectionError):
            await world.exporter.step()
        world.time.passes(hours=1)
    await world.settles()
    told = olivia.dm.messages[-1].words
    assert "broke off 5 times" in told
    assert '`python -m bot export "Fall GOTV" FOLDER`' in told


async def test_slack_that_is_away_gets_the_files_later(world: World, olivia: Person) -> None:
    await world.new_campaign()
    world.slack.respond_next("files.completeUploadExternal", status=503)
    await asks(world, olivia)
    assert olivia.files == []
    world.time.passes(minutes=2)
    await world.settles()
    assert len(olivia.files) == 4


async def test_files_that_slack_will_not_have_can_be_written_on_the_machine(
    world: World, olivia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.new_campaign()
    world.slack.respond_next("files.getUploadURLExternal", error="storage_limit_reached")
    await asks(world, olivia)
    told = olivia.dm.messages[-1].words
    assert "Slack would not take the files of Fall GOTV (storage_limit_reached)" in told
    assert '`python -m bot export "Fall GOTV" FOLDER`' in told

    monkeypatch.setattr(gateway, "MOST_BYTES", 100)
    await asks(world, olivia)
    assert "larger than Slack takes" in olivia.dm.messages[-1].words


async def test_many_contacts_are_written_by_a_process_of_their_own(
    world: World, olivia: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its environment has the settings that this process has by other means."""
    for name, value in world.kit.settings.model_dump().items():
        if isinstance(value, str | int | float):
            monkeypatch.setenv(name.upper(), str(value))
    monkeypatch.setattr(exporting, "FEW", 2)
    await world.new_campaign()
    await asks(world, olivia)
    assert [row["first_name"] for row in table(olivia, "contacts")] == ["Sara", "Tom", "Ana"]
