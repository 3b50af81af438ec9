"""Status, the digest and the export tell of one campaign, and agree with each other and with the rows to the number."""

from collections import Counter

from sandbox.slack import Person
from tests.flows.test_exports import asks, table
from tests.world import World, people

SAID = {"pool": "unassigned", "held": "assigned"}
LEFT = ("accepted", "sent", "delivered", "undelivered", "failed")


async def test_status_digest_and_export_agree_with_the_rows(
    world: World, olivia: Person, priya: Person, sam: Person
) -> None:
    await world.live_campaign(contacts=people(14))
    await world.texting(priya, 10)
    await olivia.types("/textbank assign Fall GOTV @sam 3")
    await world.settles()
    world.phone("+13135550101").unreachable = 30003  # it is taken, and does not arrive
    for words in (None, None, "carrier:21614", None, None):  # 100 to 104, 102 a landline
        if words:
            await priya.edits("Message", words)
        await priya.presses("Send")
        await world.drawn()
    await world.a_while()
    await priya.presses("Send")  # 105, and back
    await world.drawn()
    await priya.presses("Undo")
    await world.drawn()
    await priya.presses("Skip")
    await world.drawn()
    await priya.chooses("Wrong number")  # 106
    await world.drawn()
    await priya.chooses("Opt out")  # 107, who was not texted
    await world.drawn()
    await world.phone("+13135550100").texts("Where do I vote?")
    await world.phone("+13135550103").texts("STOP")
    await world.phone("+13135550104").texts("Yes")
    await world.a_while()
    for thread in priya.threads:
        line = await priya.writes("At the librari", in_=thread)
        await priya.deletes_message(line)
        await priya.writes("At the library", in_=thread)
    await world.a_while()
    await world.phone("+13135550104").texts("Thank you")
    await olivia.types("/textbank optout (313) 555-0113")  # nobody's
    await olivia.types("/textbank unassign Fall GOTV @sam")
    await world.a_while()

    await asks(world, olivia)
    await olivia.types("/textbank digest now")
    await world.settles()
    status, digest = (await olivia.types("/textbank status")).words, olivia.dm.messages[-1].words
    contacts, texts = table(olivia, "contacts"), table(olivia, "messages")
    rows = await world.query("SELECT state, kind FROM message")
    states = Counter(row.state for row in rows)
    assert Counter(text["state"] for text in texts) == states
    assert states == {"delivered": 5, "undelivered": 1, "rejected": 1, "taken_back": 3}

    sent, texted = sum(states[each] for each in LEFT), 5
    assert f"sent {sent} · delivered 5 · not delivered 1 · not sent 1 · queued 0" in status
    assert f"*{sent}* texts sent, {texted} of them first texts" in digest
    assert "*5* delivered" in digest
    assert "*2* failed" in digest

    of = Counter((row["status"], row["closed_as"]) for row in contacts)
    found = await world.query("SELECT state, coalesce(closed_as, '') AS why FROM conversation")
    assert Counter((SAID.get(row.state, row.state), row.why) for row in found) == of
    assert of["assigned", ""] + of["unassigned", ""] == 5
    assert f"Texted *{texted}* of {len(contacts)} · {of['unassigned', '']} not handed out yet" in status
    assert (of["done", "skipped"], of["done", "wrong_number"], of["done", "opted_out"]) == (1, 1, 3)
    assert "Could not be texted: 3 (2 opted out, 1 wrong number)" in status

    assert "Replies 3 · opt-outs 3, 1 after a text (20.0%) · skipped 1 · wrong numbers 1" in status
    assert sum(int(row["replies"]) for row in contacts) == 3 + 1  # the STOP is a text too
    assert "*3* replies" in digest
    assert "*2* voters answered for the first time" in digest
    assert len(table(olivia, "opt_outs")) == 3
    assert "*3* opted out" in digest
