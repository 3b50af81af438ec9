"""The organizer's files and forms: what a campaign really has, what comes back of it, and what is said of the rest."""

import csv
import io
from typing import Any

import pytest

from bot.database import Session
from bot.services import contacts, import_files
from bot.services.contact_rows import Chunk
from sandbox.slack import File, Person
from tests.world import CONSENT, LIST, SCRIPT, World

REAL_FILES = {
    "utf-16 with tabs": (
        "unicode.txt",
        "First Name\tLast Name\tCell Phone\tCity\r\nJosé\tNúñez\t(313) 555-0101\tDétroit\r\n".encode("utf-16"),
        "Hi José, join us in Détroit!",
    ),
    "a voter file": (
        "votebuilder.csv",
        b"VANID,FirstName,LastName,CellPhone,HomePhone,PreferredPhone,mCity\n"
        b"991,Jose,Nunez,313-555-0101,,313-555-0101,Flint\n992,Ana,Diaz,,3135550102,,Flint\n",
        "Hi Jose, join us in your town!",
    ),
    "spoke's": (
        "spoke.csv",
        b"firstName,lastName,cell,city\nJose,Nunez,+13135550101,Flint\n",
        "Hi Jose, join us in Flint!",
    ),
    "semicolons and cp1252": (
        "liste.csv",
        "First Name;Last Name;Cell Phone;City\r\nJosé;Núñez;313.555.0101;Détroit\r\n".encode("cp1252"),
        "Hi José, join us in Détroit!",
    ),
    "a BOM and quoted line ends": (
        "export.csv",
        b'\xef\xbb\xbfFirst Name,Notes,Cell Phone,City\nJose,"call\nback",3135550101,"Flint"\n',
        "Hi Jose, join us in Flint!",
    ),
}


@pytest.mark.parametrize("kind", REAL_FILES)
async def test_a_file_as_campaigns_really_have_it(world: World, olivia: Person, priya: Person, kind: str) -> None:
    name, content, draft = REAL_FILES[kind]
    script = "Hi {first_name|there}, join us in {city|your town}!"
    await world.live_campaign(contacts=content, script=script, file_name=name)
    assert f"imported from {name}" in olivia.dm.messages[-1].words
    assert "No row was rejected" in olivia.dm.messages[-1].words
    await world.texting(priya)
    assert priya.card.inputs["Message"] == draft
    people = await world.query("SELECT phone FROM person ORDER BY phone")
    assert [person.phone for person in people] == ["+13135550101", "+13135550102"][: len(people)]


async def test_rejected_rows_come_back_as_a_file_each_with_its_reason(world: World, olivia: Person) -> None:
    rows = [
        "First Name,Last Name,Cell Phone,City",
        "Sara,Lopez,(313) 555-0101,Detroit",
        "Tom,Reed,12345,Flint",
        "Sara,Again,313 555 0101,Detroit",
        "No,Number,,Flint",
        'Ana,=cmd|calc,555-none,"Lansing, MI"',
    ]
    await world.new_campaign(contacts="\n".join(rows))
    word = next(message.words for message in olivia.dm.messages if "imported" in message.words)
    assert "1 contact imported from list.csv" in word
    assert "4 rows were rejected" in word

    [file] = [one for one in olivia.files if one.name.startswith("rejected")]
    table = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [row["First Name"] for row in table] == ["Tom", "Sara", "No", "Ana"]
    reason = next(name for name in table[0] if "reason" in name.lower())
    assert all(row[reason] for row in table)
    assert "same phone" in table[1][reason]
    assert table[3]["City"] == "Lansing, MI"
    assert not table[3]["Last Name"].startswith("=")


NO_FILES = {
    "no csv": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x04\x00\x00\x00\x04\x00\x08\x06", "nothing was imported"),
    "a header without a phone": (b"Name,Email\nSara,sara@example.org\n", "No column looks like a phone number's"),
    "empty": (b"", "nothing was imported"),
    "a web page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "nothing was imported"),
}


@pytest.mark.parametrize("kind", NO_FILES)
async def test_a_file_that_is_none_is_said_and_another_can_follow(world: World, olivia: Person, kind: str) -> None:
    content, words = NO_FILES[kind]
    await world.new_campaign(contacts=content)
    told = olivia.dm.messages[-1].words
    assert words in told
    assert "`/textbank import Fall GOTV`" in told
    await adds(world, olivia, LIST)
    assert "3 contacts imported" in olivia.dm.messages[-1].words


async def test_word_comes_at_once_that_a_file_is_being_read(world: World, olivia: Person) -> None:
    await world.new_campaign()
    word = "Reading list.csv for *Fall GOTV*. I'll tell you here when its contacts are in."
    assert olivia.dm.messages[0].words == word
    await adds(world, olivia, LIST)
    assert any("Reading more.csv for *Fall GOTV*." in message.words for message in olivia.dm.messages)


async def test_a_file_without_a_row_says_so_and_another_can_follow(world: World, olivia: Person) -> None:
    await world.new_campaign(contacts=LIST.splitlines()[0] + "\n")
    word = olivia.dm.messages[-1].words
    assert "There is no row below the column names." in word
    assert "Put the file right and add it with `/textbank import Fall GOTV`." in word
    assert "No row was rejected" not in word


async def adds(world: World, olivia: Person, content: str, campaign: str = "Fall GOTV") -> None:
    await olivia.types(f"/textbank import {campaign}")
    await olivia.submits({"Contacts (CSV)": File("more.csv", content.encode()), "Consent": CONSENT})
    await world.settles()


async def test_without_the_scope_slack_gives_a_sign_in_page_and_that_is_said(world: World, olivia: Person) -> None:
    world.slack.scopes = {"chat:write", "commands", "files:write", "users:read", "im:write", "im:history"}
    await world.new_campaign()
    assert "files:read" in olivia.dm.messages[-1].words
    assert "nothing was imported" in olivia.dm.messages[-1].words
    assert olivia.warnings == []


async def test_more_contacts_come_by_import_and_those_there_already_are_rejected(world: World, olivia: Person) -> None:
    await world.live_campaign()
    await adds(world, olivia, LIST + "Lee,Wong,313 555 0104,Flint,MI\n", "fall")
    word = next(m.words for m in reversed(olivia.dm.messages) if "imported" in m.words)
    assert "1 contact imported from more.csv" in word
    assert "3 rows were rejected" in word
    assert "of 4 ·" in (await olivia.types("/textbank status")).text


async def test_a_campaign_closed_meanwhile_takes_no_more_contacts(world: World, olivia: Person) -> None:
    await world.live_campaign()
    await olivia.types("/textbank import Fall")
    await olivia.types("/textbank close Fall")
    modal = await olivia.submits({"Contacts (CSV)": File("more.csv", LIST.encode()), "Consent": CONSENT})
    assert "Fall GOTV is closed. It cannot be opened again" in str(modal.errors)
    assert len(await world.query("SELECT id FROM contact_import")) == 1


async def test_a_script_with_a_hole_is_refused_once_its_contacts_are_there(
    world: World, olivia: Person, priya: Person
) -> None:
    await world.live_campaign()
    await olivia.types("/textbank script Fall")
    modal = await olivia.submits(Script="Hi {first_name}, your place is {polling_place}.")
    assert "uses {polling_place}, but the contacts have no such field" in modal.errors["Script"]
    await world.texting(priya)
    assert priya.card.inputs["Message"].startswith("Hi Sara, it's Priya with Michigan Votes")

    await olivia.submits(Script="Hi {first_name}, your place is {polling_place|on your card}.")
    await priya.types("/text")
    assert priya.card.inputs["Message"] == "Hi Sara, your place is on your card."


WRONG = {
    "Name": ["@everyone", "the #1 drive", 'say "hi"', "   ", "fall  gotv"],
    "Script": ["   ", "Hi {first name}", "Hi {", "Hi {x.__class__}"],
    "Consent": ["yes", "   ", "No consent.", "not asked yet", "We don't know"],
}


@pytest.mark.parametrize("label", WRONG)
async def test_what_is_wrong_stands_under_its_field_and_nothing_typed_is_lost(
    world: World, olivia: Person, label: str
) -> None:
    await world.new_campaign()
    await olivia.types("/textbank new")
    fields = {"Name": "Next", "Script": SCRIPT, "Contacts (CSV)": File("l.csv", LIST.encode()), "Consent": CONSENT}
    for words in WRONG[label]:
        modal = await olivia.submits({**fields, label: words})
        assert list(modal.errors) == [label], words
        assert len(modal.errors[label]) > 15
    assert len(await world.query("SELECT id FROM campaign")) == 1

    right = {"Name": "Next one", "Script": SCRIPT, "Consent": CONSENT}[label]
    assert await olivia.submits({label: right}) is None
    await world.settles()
    assert "3 contacts imported from l.csv" in olivia.dm.messages[-1].words
    assert len(await world.query("SELECT id FROM campaign")) == 2
    assert olivia.warnings == []


async def test_all_that_is_wrong_with_a_form_is_said_at_once(world: World, olivia: Person) -> None:
    await world.new_campaign()
    await olivia.types("/textbank new")
    yesterday = int(world.time.now.timestamp()) - 86_400
    wrong = {"Name": "fall gotv", "Script": "Hi {", "Consent": "yes", "Saved replies": "Hi", "Questions": "Will you?"}
    wrong |= {"Open at": yesterday, "Close at": yesterday}
    modal = await olivia.submits({**wrong, "Contacts (CSV)": File("l.csv", LIST.encode())})
    assert modal.errors.keys() == wrong.keys()
    assert "There is a campaign named fall gotv already" in modal.errors["Name"]

    await olivia.types("/textbank script Fall GOTV")
    modal = await olivia.submits({"Script": "Hi {", "Questions": "Will you?"})
    assert modal.errors.keys() == {"Script", "Questions"}
    assert len(await world.query("SELECT id FROM script")) == 1


async def test_a_field_that_the_file_lacks_holds_the_start_until_the_script_is_mended(
    world: World, olivia: Person, priya: Person
) -> None:
    await world.new_campaign(script="Hi {first_name}, vote at {polling_place}!")
    assert "{polling_place}" in olivia.dm.messages[-1].words
    answer = (await olivia.types("/textbank start Fall GOTV")).text
    assert "uses {polling_place}, but the contacts have no such field" in answer
    assert "{city}" in answer
    assert "`/textbank script Fall GOTV`" in answer

    await olivia.types("/textbank script Fall GOTV")
    assert olivia.modal.inputs["Script"] == "Hi {first_name}, vote at {polling_place}!"
    modal = await olivia.submits({"Script": "Hi {"})
    assert list(modal.errors) == ["Script"]
    await olivia.submits({"Script": "Hi {first_name}, vote in {city}!"})
    assert "is live" in (await olivia.types("/textbank start Fall GOTV")).text
    await world.texting(priya)
    assert priya.card.inputs["Message"] == "Hi Sara, vote in Detroit!"
    assert len(await world.query("SELECT id FROM script")) == 2


async def test_a_file_that_slack_cannot_give_just_now_is_fetched_later(world: World, olivia: Person) -> None:
    """Reading it fails once as a whole; the import is taken up again from where it was."""
    read, tries = world.importer._read, []

    async def stumbles(import_id: int, path: object) -> None:
        tries.append(import_id)
        if len(tries) == 1:
            raise RuntimeError("the process that read the file was killed")
        await read(import_id, path)

    world.importer._read = stumbles  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        await world.new_campaign()
    await world.settles()
    assert "3 contacts imported" in olivia.dm.messages[-1].words


async def test_a_file_that_breaks_off_every_time_holds_up_no_other_and_is_given_up_in_the_end(
    world: World, olivia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = contacts.contact_staging.put_in

    async def breaks(session: Session, chunk: Chunk, *args: Any, **more: Any) -> tuple[int, int]:
        if "Sara" in chunk.raws[0]:
            raise RuntimeError("the process that read the file was killed")
        return await stage(session, chunk, *args, **more)

    monkeypatch.setattr(contacts.contact_staging, "put_in", breaks)
    with pytest.raises(RuntimeError):
        await world.new_campaign()
    await olivia.types("/textbank import Fall GOTV")
    more = LIST.splitlines()[0] + "\nLee,Wong,313 555 0104,Flint,MI\n"
    await olivia.submits({"Contacts (CSV)": File("more.csv", more.encode()), "Consent": CONSENT})
    await world.importer.step()
    for _ in range(import_files.TRIES - 1):
        with pytest.raises(RuntimeError):
            await world.importer.step()
    await world.settles()
    told = [message.words for message in olivia.dm.messages if "imported" in message.words]
    assert "1 contact imported from more.csv" in told[0]
    assert "broke off 5 times at row 1" in told[1]
