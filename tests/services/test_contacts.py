"""Rows become contacts, and those that may not are rejected with the reason."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

import models
from bot.database import Database
from bot.services import campaigns, contact_staging, contacts, csv_files, phones, tallies
from bot.services.contact_columns import columns
from bot.services.contact_rows import Chunk, Options, birth_year, chunks, split_name
from bot.services.contacts import Running

NOW = datetime(2026, 10, 20, 16, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
OPTIONS = Options(region="US", secret="a secret for tests", hours="09:00-20:00", chunk_rows=2)


class Office:
    """A campaign, and an organizer who imports files into it, step by step."""

    def __init__(self, database: Database, folder: Path, campaign_id: int) -> None:
        self.database, self.folder, self.campaign_id = database, folder, campaign_id

    async def receives(self, name: str = "people.csv") -> Running:
        new = campaigns.NewCampaign("", "", "", name, None)
        async with self.database.transaction() as session:
            import_id = await campaigns.add_import(
                session, self.campaign_id, new, consent="They signed up", by="U1", now=NOW
            )
            running = await contacts.take(session, import_id, owner="me", now=NOW, until=LATER)
        assert running
        return running

    def chunks(self, content: str) -> list[Chunk]:
        path = self.folder / "people.csv"
        path.write_text(content, encoding="utf-8")
        with csv_files.opened(path) as table:
            return list(chunks(table, columns(table.header), 0, OPTIONS))

    async def stages(self, running: Running, chunk: Chunk) -> tuple[int, int]:
        async with self.database.transaction() as session:
            windows = await contact_staging.windows(session, chunk.windows)
            return await contacts.stage(session, running, chunk, windows, until=LATER)

    async def imports(self, content: str) -> Running:
        running = await self.receives()
        for chunk in self.chunks(content):
            await self.stages(running, chunk)
        async with self.database.transaction() as session:
            await contacts.go_live(session, running, names=["first_name", "town"], now=NOW)
        await self.opens(running)
        return running

    async def opens(self, running: Running) -> None:
        after: int | None = 0
        while after is not None:
            async with self.database.transaction() as session:
                after = await contacts.open_some(session, running, after=after, limit=2, until=LATER, now=NOW)

    async def all(self, statement: Any) -> list[Any]:
        async with self.database.reading() as session:
            return list((await session.execute(statement)).all())

    async def reasons(self, running: Running) -> dict[int, str]:
        reject = models.import_reject.c
        return {
            row.row: row.reason
            for row in await self.all(select(reject.row, reject.reason).where(reject.import_id == running.id))
        }

    async def does(self, statement: Any) -> None:
        async with self.database.transaction() as session:
            await session.execute(statement)


@pytest.fixture
async def office(database: Database, tmp_path: Path) -> Office:
    new = campaigns.NewCampaign("October", "Hi {first_name}", "They signed up on our page", "people.csv", None)
    async with database.transaction() as session:
        campaign_id, _ = await campaigns.create(session, new, by="U1", now=NOW)
        await session.execute(text("DELETE FROM contact_import"))
    return Office(database, tmp_path, campaign_id)


async def test_a_row_becomes_a_person_a_contact_and_a_conversation_in_the_pool(office: Office) -> None:
    await office.imports(
        "First Name,Last Name,Cell,Zip,State,City,VANID,DOB,Opt In Source,Opt In Date,Precinct\n"
        "Zoë,Doe,(313) 555-0123,48201-1234,MI,Detroit,V7,3/9/1984,web form,2026-03-01, 12 \n"
    )
    (contact,) = await office.all(select(models.contact))
    assert (contact.first_name, contact.last_name, contact.external_id, contact.birth_year) == (
        "Zoë",
        "Doe",
        "V7",
        1984,
    )
    assert (contact.zip, contact.region, contact.place) == ("48201-1234", "MI", "Detroit, Michigan")
    assert (contact.consent_source, contact.consent_at) == ("web form", "2026-03-01")
    assert contact.fields["precinct"] == "12"
    assert contact.fields["cell"] == "(313) 555-0123"
    (person,) = await office.all(select(models.person))
    assert person.phone == "+13135550123"
    assert person.phone_hash == phones.phone_hash(OPTIONS.secret, person.phone)
    (window,) = await office.all(select(models.texting_window))
    assert window.key == "America/Detroit 09:00-20:00"
    (conversation,) = await office.all(select(models.conversation))
    assert (conversation.contact_id, conversation.person_id) == (contact.id, person.id)
    assert (conversation.window_id, conversation.state) == (window.id, "pool")


async def test_going_live_is_counted_and_gives_the_campaign_its_script_fields(office: Office) -> None:
    running = await office.imports("name,phone\nAnn,3135550123\nBob,3135550124\nCy,nonsense\n")
    (campaign,) = await office.all(select(models.campaign))
    assert campaign.fields == ["first_name", "town"]
    (tally,) = await office.all(select(models.tally))
    assert (tally.metric, tally.n, tally.bucket) == ("imported", 2, tallies.bucket_of(NOW))
    (done,) = await office.all(select(models.contact_import).where(models.contact_import.c.id == running.id))
    assert (done.state, done.imported, done.rejected, done.open_after) == ("live", 2, 1, None)


async def test_the_first_number_that_can_be_texted_is_taken(office: Office) -> None:
    running = await office.imports(
        "name,WorkPhone,HomePhone,CellPhone\nAnn,3135550101,3135550102,3135550103\nBob,3135550104,313555,n/a\n"
        "Cy,,313555,n/a\nDi,,,\n"
    )
    assert {row.phone for row in await office.all(select(models.person.c.phone))} == {"+13135550103", "+13135550104"}
    assert await office.reasons(running) == {
        4: "CellPhone: not a phone number; HomePhone: too few digits",
        5: "no phone number",
    }


async def test_who_opted_out_or_cannot_be_reached_is_rejected_and_a_held_one_is_not(office: Office) -> None:
    for phone, state in (("+13135550101", "out"), ("+13135550102", "held")):
        hashed = phones.phone_hash(OPTIONS.secret, phone)
        await office.does(insert(models.opt_out).values(phone_hash=hashed, state=state, at=NOW, source="text"))
    hashed = phones.phone_hash(OPTIONS.secret, "+13135550103")
    await office.does(insert(models.person).values(phone="+13135550103", phone_hash=hashed, unreachable="wrong number"))
    running = await office.imports("name,phone\nOut,3135550101\nHeld,3135550102\nWrong,3135550103\nFine,3135550104\n")
    assert await office.reasons(running) == {
        2: "opted out: this person asked not to be texted",
        4: "cannot be reached: wrong number",
    }
    names = await office.all(select(models.contact.c.first_name).order_by(models.contact.c.id))
    assert [row.first_name for row in names] == ["Held", "Fine"]
    numbers = {row.phone for row in await office.all(select(models.person.c.phone))}
    assert "+13135550101" not in numbers, "nothing is kept of who opted out"


async def test_one_phone_is_one_contact_of_a_campaign(office: Office) -> None:
    first = await office.imports(
        "name,phone\nAnn,3135550101\nAnn again,313.555.0101\nBob,3135550102\nAnn once more,+13135550101\n"
    )
    assert await office.reasons(first) == {
        3: "same phone as row 2",
        5: "same phone as an earlier row of this file",
    }
    second = await office.imports("name,phone\nAnn,3135550101\nCy,3135550103\n")
    assert await office.reasons(second) == {2: "already in this campaign"}
    assert len(await office.all(select(models.contact))) == len(await office.all(select(models.conversation))) == 3


async def test_the_same_person_in_another_campaign_is_one_person_with_two_contacts(office: Office) -> None:
    await office.imports("name,phone\nAnn,3135550101\n")
    new = campaigns.NewCampaign("November", "Hi {first_name}", "They signed up on our page", "people.csv", None)
    async with office.database.transaction() as session:
        office.campaign_id, _ = await campaigns.create(session, new, by="U1", now=NOW)
    await office.imports("name,phone\nAnn,3135550101\n")
    assert len(await office.all(select(models.person))) == 1
    assert len(await office.all(select(models.contact))) == 2


async def test_an_erased_person_who_agrees_anew_has_a_number_again(office: Office) -> None:
    await office.imports("name,phone\nAnn,3135550101\n")
    await office.does(update(models.person).values(phone=None))
    await office.does(text("DELETE FROM conversation"))
    await office.does(text("DELETE FROM contact"))
    await office.imports("name,phone\nAnn,3135550101\n")
    (person,) = await office.all(select(models.person))
    assert person.phone == "+13135550101"


async def test_a_chunk_counts_once_however_often_it_is_staged(office: Office) -> None:
    running = await office.receives()
    (chunk,) = office.chunks("name,phone\nAnn,3135550101\nBob,x\n")
    assert await office.stages(running, chunk) == (1, 1)
    with pytest.raises(contacts.LeaseLost):
        await office.stages(running, chunk)
    (row,) = await office.all(select(models.contact_import))
    assert (row.imported, row.rejected, row.next_row) == (1, 1, 4)
    assert await office.reasons(running) == {3: "not a phone number"}


async def test_who_lost_the_lease_changes_nothing_any_more(office: Office) -> None:
    running = await office.receives()
    chunk, *_ = office.chunks("name,phone\nAnn,3135550101\n")
    async with office.database.transaction() as session:
        at = LATER + timedelta(seconds=1)
        assert await contacts.take(session, running.id, owner="another", now=NOW, until=LATER) is None
        assert await contacts.take(session, running.id, owner="another", now=at, until=at + timedelta(minutes=1))
    with pytest.raises(contacts.LeaseLost):
        await office.stages(running, chunk)
    async with office.database.transaction() as session:
        with pytest.raises(contacts.LeaseLost):
            await contacts.go_live(session, running, names=[], now=NOW)
    assert await office.all(select(models.contact)) == []


async def test_a_live_import_whose_conversations_are_not_all_there_waits_for_somebody_to_go_on(office: Office) -> None:
    running = await office.receives()
    for chunk in office.chunks("name,phone\n" + "".join(f"A,313555010{n}\n" for n in range(5))):
        await office.stages(running, chunk)
    async with office.database.transaction() as session:
        await contacts.go_live(session, running, names=[], now=NOW)
        await contacts.open_some(session, running, after=0, limit=2, until=LATER, now=NOW)
        await contacts.give_back(session, running.id, owner="me")
    async with office.database.transaction() as session:
        assert await contacts.waiting(session, now=NOW) == [running.id]
        again = await contacts.take(session, running.id, owner="another", now=NOW, until=LATER)
    assert again
    assert again.open_after
    async with office.database.transaction() as session:
        with pytest.raises(contacts.LeaseLost):
            await contacts.open_some(session, running, after=again.open_after, limit=2, until=LATER, now=NOW)
    after: int | None = again.open_after
    while after is not None:
        async with office.database.transaction() as session:
            after = await contacts.open_some(session, again, after=after, limit=2, until=LATER, now=NOW)
    assert len(await office.all(select(models.conversation))) == 5
    async with office.database.transaction() as session:
        assert await contacts.waiting(session, now=LATER + timedelta(days=1)) == []


async def test_a_failed_import_leaves_nothing_behind(office: Office) -> None:
    await office.imports("name,phone\nKept,3135550199\n")
    running = await office.receives()
    for chunk in office.chunks("name,phone\nAnn,3135550101\nBob,3135550102\nCy,x\n"):
        await office.stages(running, chunk)
    async with office.database.transaction() as session:
        await contacts.fail(session, running, "The file changed.", now=NOW)
        assert await contacts.waiting(session, now=LATER + timedelta(seconds=1)) == [running.id]
    left = True
    while left:
        async with office.database.transaction() as session:
            left = await contacts.drop_some(session, running, limit=1, until=LATER)
    assert [row.first_name for row in await office.all(select(models.contact.c.first_name))] == ["Kept"]
    assert await office.all(select(models.import_reject)) == []
    (row,) = await office.all(select(models.contact_import).where(models.contact_import.c.id == running.id))
    assert (row.state, row.error, row.imported, row.rejected) == ("failed", "The file changed.", 0, 0)
    async with office.database.transaction() as session:
        assert await contacts.waiting(session, now=LATER + timedelta(seconds=1)) == []


async def test_rejected_rows_come_back_as_they_were_and_run_nothing(office: Office) -> None:
    running = await office.receives()
    async with office.database.transaction() as session:
        await contacts.describe(session, running, ["Name", "Phone", "=Note"])
    content = 'Name,Phone,=Note\n"Doe, Zoë",+313,"=HYPERLINK(""x"")"\n@SUM(A1),313555,-1\n\tx,n/a,-1+cmd|x\n'
    for chunk in office.chunks(content):
        await office.stages(running, chunk)
    out = io.StringIO()
    assert await contacts.rejects_csv(office.database, running.id, out) == 3
    assert out.getvalue().splitlines() == [
        "row,reason,Name,Phone,'=Note",
        '2,too few digits,"Doe, Zoë",+313,"\'=HYPERLINK(""x"")"',
        "3,too few digits,'@SUM(A1),313555,-1",
        "4,not a phone number,'\tx,n/a,'-1+cmd|x",
    ]


async def test_two_imports_of_the_same_new_people_at_once_make_each_of_them_once(office: Office) -> None:
    first, second = await office.receives(), await office.receives()
    (chunk,) = office.chunks("name,phone\nAnn,3135550101\nBob,3135550102\n")
    async with office.database.transaction() as session:
        windows = await contact_staging.windows(session, chunk.windows)
    async with office.database.transaction() as session:
        assert await contacts.stage(session, first, chunk, windows, until=LATER) == (2, 0)
        late = asyncio.create_task(office.stages(second, chunk))
        await asyncio.sleep(0.3)
    # SQLite lets the second begin only now; PostgreSQL let it look before there was anything to see.
    if not office.database.sqlite:
        with pytest.raises(contact_staging.Overtaken):
            await late
        late = asyncio.create_task(office.stages(second, chunk))
    assert await late == (0, 2)
    assert len(await office.all(select(models.contact))) == len(await office.all(select(models.person))) == 2
    assert await office.reasons(second) == {2: "already in this campaign", 3: "already in this campaign"}


async def test_two_imports_of_people_known_from_elsewhere_make_each_of_them_one_contact(office: Office) -> None:
    await office.imports("name,phone\nAnn,3135550101\n")
    new = campaigns.NewCampaign("December", "Hi {first_name}", "They signed up on our page", "people.csv", None)
    async with office.database.transaction() as session:
        office.campaign_id, _ = await campaigns.create(session, new, by="U1", now=NOW)
    first, second = await office.receives(), await office.receives()
    (chunk,) = office.chunks("name,phone\nAnn,3135550101\n")
    async with office.database.transaction() as session:
        windows = await contact_staging.windows(session, chunk.windows)
    async with office.database.transaction() as session:
        assert await contacts.stage(session, first, chunk, windows, until=LATER) == (1, 0)
        late = asyncio.create_task(office.stages(second, chunk))
        await asyncio.sleep(0.3)
    if not office.database.sqlite:
        with pytest.raises(contact_staging.Overtaken):
            await late
        late = asyncio.create_task(office.stages(second, chunk))
    assert await late == (0, 1)
    assert await office.reasons(second) == {2: "already in this campaign"}


async def test_an_import_that_broke_off_waits_behind_the_others(office: Office) -> None:
    first = await office.receives()
    async with office.database.transaction() as session:
        await contacts.give_back(session, first.id, owner="me")
        new = campaigns.NewCampaign("", "", "", "more.csv", None)
        later = await campaigns.add_import(session, office.campaign_id, new, consent="They signed up", by="U1", now=NOW)
    async with office.database.reading() as session:
        assert await contacts.waiting(session, now=NOW) == [later, first.id]


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ("Jane Doe", ("Jane", "Doe")),
        ("Doe, Jane Q.", ("Jane Q.", "Doe")),
        ("Mary Ann de la Cruz", ("Mary Ann de la", "Cruz")),
        ("Cher", ("Cher", "")),
        ("", ("", "")),
    ],
)
def test_a_whole_name_is_parted(whole: str, parts: tuple[str, str]) -> None:
    assert split_name(whole) == parts


@pytest.mark.parametrize(
    ("written", "year"),
    [
        *(("1984", 1984), ("1984-03-09", 1984), ("3/9/1984", 1984), ("9.3.1984 00:00", 1984), ("19840309", 1984)),
        *(("9 Mar 1984", 1984), ("1984.0", 1984), ("12/20/19", None), ("12201985", None), ("unknown", None)),
    ],
)
def test_a_year_of_birth_is_read_where_no_guess_is_needed(written: str, year: int | None) -> None:
    assert birth_year(written) == year
