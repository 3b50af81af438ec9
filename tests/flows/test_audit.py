"""The audit log: who did what when, sealed by the clock so that a change shows, and exported by an admin."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from handlers.examining import examine
from sandbox.slack import Person
from tests.world import CONSENT, LIST, World

AS_SEALED = "The audit log is as it was sealed."


async def looked_at(world: World, **other: Any) -> str:
    """What the doctor says of the log."""
    kit = replace(world.kit, settings=world.kit.settings.model_copy(update=other))
    [said] = [each.words for each in await examine(kit, serving=True) if "audit log" in each.words]
    return said


def rows_of(person: Person, name: str) -> list[dict[str, str]]:
    """A CSV file of hers."""
    [file] = [each for each in person.files if each.name == name]
    return list(csv.DictReader(io.StringIO(file.text.lstrip("\ufeff"))))


async def sealed(world: World) -> None:
    """Two batches: a campaign, and later an opt-in."""
    await world.live_campaign()
    world.time.passes(minutes=6)
    await world.minute()
    await world.organizer.types("/textbank optout 313 555 0102")
    await world.organizer.types("/textbank optin 313 555 0102 Tom asked at our booth")
    world.time.passes(minutes=6)
    await world.minute()


async def test_the_log_says_what_was_done_and_an_admin_exports_it(world: World, olivia: Person, priya: Person) -> None:
    await world.live_campaign()
    await olivia.types("/textbank role @priya organizer")
    await world.texting(priya)
    await priya.edits("Message", "Free pizza tonight, come by!")
    await priya.presses("Send")
    await priya.presses("Send")
    assert "Only an admin" in (await priya.types("/textbank audit")).text
    await olivia.types("/textbank optout 313 555 0102")
    await olivia.types("/textbank optin 313 555 0102 =Tom asked at our booth")
    await olivia.types("/textbank export Fall GOTV")
    world.time.passes(minutes=6)
    await world.minute()
    await olivia.types("/textbank audit")
    await world.settles()

    acts = rows_of(olivia, "audit.csv")
    done = {(act["who"], act["what"]): act for act in acts}
    for what in ("contacts handed over", "contacts imported", "role", "opt-out out", "opt-in", "export"):
        assert (olivia.id, what) in done
    assert CONSENT in done[olivia.id, "contacts handed over"]["data"]
    assert done[olivia.id, "opt-in"]["words"] == "'=Tom asked at our booth"
    refused = done[priya.id, "refused"]
    assert (refused["name"], refused["subject"]) == ("Priya Shah", "/textbank audit")
    assert [act["who"] for act in acts if act["what"] == "edited far from the script"] == [priya.id]
    assert "Free pizza" not in str(acts)
    [seal] = rows_of(olivia, "seals.csv")
    assert len(seal["hash"]) == 64
    assert done[olivia.id, "audit log exported"]["at_utc"] >= seal["at_utc"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE audit SET who = 'UNOBODY' WHERE what = 'contacts imported'", "a row or a seal was changed"),
        ("UPDATE audit SET data = '{}' WHERE what = 'contacts handed over'", "a row or a seal was changed"),
        ("DELETE FROM audit WHERE what = 'contacts imported'", "1 rows are missing"),
        ("UPDATE seal SET hash = '0'", "a row or a seal was changed"),
        ("DELETE FROM seal WHERE up_to_id = (SELECT min(up_to_id) FROM seal)", "rows were added"),
        ("UPDATE audit_words SET words = 'Nobody asked'", "the words beside row"),
    ],
)
async def test_whoever_changes_the_log_is_found_out(world: World, change: str, why: str) -> None:
    await sealed(world)
    assert await looked_at(world) == AS_SEALED
    assert len(await world.query("SELECT 1 FROM seal")) == 2
    first = (await world.query("SELECT min(up_to_id) AS id FROM seal"))[0].id
    async with world.kit.database.transaction() as session:
        await session.execute(text(change))
    said = await looked_at(world)
    assert said.startswith("The audit log was changed: ")
    assert why in said
    if "WHERE what" in change:
        assert f"rows 1 to {first}," in said


async def test_what_is_added_after_a_seal_and_an_erasure_leave_the_seals_whole(world: World, olivia: Person) -> None:
    await sealed(world)
    await world.forgets("313 555 0102")
    assert await looked_at(world) == AS_SEALED
    assert "was changed" in await looked_at(world, textbank_secret="another secret, as long as it takes")


async def test_a_failed_import_is_in_the_log(world: World) -> None:
    await world.new_campaign(contacts=LIST.replace("Cell Phone", "Shoe Size"))
    [noted] = await world.query("SELECT who, data FROM audit WHERE what = 'import failed'")
    assert noted.who == world.organizer.id
    assert "No column looks like a phone number's" in str(noted.data)
