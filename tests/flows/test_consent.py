"""How people agreed to be texted: asked for at each import, on the card for whoever is asked, and in the export."""

import csv
import io

from sandbox.slack import File, Person
from tests.world import CONSENT, LIST, SCRIPT, World

HEADER, SARA, TOM, *_ = LIST.splitlines()
FILE = "\n".join([f"{HEADER},Opt-in source,Opt-in date", f"{SARA},Booth & fair,2026-05-17", f"{TOM},,"])


async def test_consent_is_on_the_card_and_in_the_export_and_a_persons_own_wins(
    world: World, olivia: Person, priya: Person
) -> None:
    await olivia.types("/textbank new")
    typed = {"Consent": CONSENT, "Where they agreed": "our web form", "When they agreed": "spring 2026"}
    file = File("fair.csv", FILE.encode())
    await olivia.submits({"Name": "Fall GOTV", "Script": SCRIPT, "Contacts (CSV)": file, **typed})
    await world.settles()
    await olivia.types("/textbank start Fall GOTV")
    await world.texting(priya)
    await priya.chooses("About")
    await world.drawn()
    said = priya.ephemerals[-1].words
    assert said.startswith("*About Sara Lopez*")
    assert f"They agreed: “{CONSENT}”" in said
    assert "Where: Booth & fair" in said.replace("&amp;", "&")
    assert "When: 2026-05-17" in said
    assert "From the list “fair.csv”, of October 20, 2026" in said
    await priya.presses("Skip")
    await world.drawn()
    await priya.chooses("About")
    await world.drawn()
    assert "*About Tom Reed*" in priya.ephemerals[-1].words
    assert "Where: our web form\nWhen: spring 2026" in priya.ephemerals[-1].words

    await olivia.types("/textbank export Fall GOTV")
    await world.settles()
    [contacts] = [each for each in olivia.files if each.name.endswith("contacts.csv")]
    sara, tom = csv.DictReader(io.StringIO(contacts.text))
    assert [row["consent"] for row in (sara, tom)] == [CONSENT, CONSENT]
    assert (sara["consent_source"], sara["consent_date"]) == ("Booth & fair", "2026-05-17")
    assert (tom["consent_source"], tom["consent_date"]) == ("our web form", "spring 2026")
    [noted] = await world.query("SELECT data FROM audit WHERE what = 'contacts handed over'")
    assert all(words in str(noted.data) for words in (CONSENT, "our web form", "spring 2026"))
