"""Who may do what: refusals in words that only one person sees, and in the audit log."""

import re

import pytest

from sandbox.slack import File, Person
from tests.world import CONSENT, LIST, SCRIPT, World

ORGANIZERS = ["new", "import Fall", "script Fall", "start Fall", "pause Fall", "resume Fall", "close Fall"]
ORGANIZERS += ["assign Fall @priya 5", "invite Fall #field", "unassign Fall @priya", "reassign Fall @priya"]
ORGANIZERS += ["inbox #field", "inbox off"]
ORGANIZERS += ["start Fall at 2026-10-21 09:00", "close Fall at never", "optout 3135550101", "optin 3135550101 asked"]
MANAGERS = ["list", "status Fall"]
ADMINS = ["role @priya organizer", "forget 3135550101"]


async def refused(world: World) -> list[tuple[str, str]]:
    """Who was refused what."""
    rows = await world.query("SELECT who, subject FROM audit WHERE what = 'refused' ORDER BY id")
    return [(row.who, row.subject) for row in rows]


async def given(world: World, olivia: Person, person: Person, role: str) -> None:
    await olivia.types(f"/textbank role @{person.name} {role}")


@pytest.mark.parametrize(
    ("role", "may_not"),
    [
        (None, ORGANIZERS + MANAGERS + ADMINS),
        ("volunteer", ORGANIZERS + MANAGERS + ADMINS),
        ("manager", ORGANIZERS + ADMINS),
        ("organizer", ADMINS),
        ("none", ORGANIZERS + MANAGERS + ADMINS),
    ],
)
async def test_a_command_beyond_ones_role_is_refused_and_noted(
    world: World, olivia: Person, priya: Person, role: str | None, may_not: list[str]
) -> None:
    world.slack.channel("#field", priya)
    await world.live_campaign()
    if role:
        await given(world, olivia, priya, role)
    for line in may_not:
        answer = await priya.types(f"/textbank {line}")
        assert answer is not None, line
        if role == "none":
            assert "Your access to texting has been taken away." in answer.text, line
            continue
        assert answer.text.startswith("Only a"), line
        assert "Ask an admin" in answer.text
    assert priya.modal is None
    assert await refused(world) == [(priya.id, f"/textbank {line.split()[0]}") for line in may_not]
    assert [row.state for row in await world.query("SELECT state FROM campaign")] == ["live"]
    for line in {"manager": MANAGERS, "organizer": [*MANAGERS, "pause Fall"]}.get(role or "", []):
        answer = await priya.types(f"/textbank {line}")
        assert not answer.text.startswith("Only a"), line


async def test_help_shows_what_each_role_can_do(world: World, olivia: Person, priya: Person) -> None:
    assert "/textbank role" in (await olivia.types("/textbank help")).text
    plain = (await priya.types("/textbank")).text
    assert "`/text`" in plain
    assert "/textbank help" in plain
    assert "/textbank start" not in plain
    await given(world, olivia, priya, "manager")
    helped = (await priya.types("/textbank help")).text
    assert "/textbank status" in helped
    assert "/textbank start" not in helped
    await given(world, olivia, priya, "organizer")
    helped = (await priya.types("/textbank help")).text
    assert "/textbank start" in helped
    assert "/textbank role" not in helped


HELP = {
    "volunteer": {"help"},
    "manager": {"list", "status", "digest", "export"},
    "organizer": set(
        "new import script start pause resume close assign unassign reassign invite inbox optout".split()
        + "optouts optin budget lookup".split()
    ),
    "admin": {"forget", "doctor", "role", "audit"},
}
"""Each role's commands, beside those of the roles above it."""


async def test_help_shows_exactly_what_each_role_may(world: World, olivia: Person, priya: Person) -> None:
    async def shown(person: Person) -> set[str]:
        return set(re.findall(r"`/textbank (\w+)", (await person.types("/textbank help")).text))

    everything, may = await shown(olivia), set[str]()
    assert everything <= set().union(*HELP.values())
    for role, more in HELP.items():
        may |= more & everything
        await given(world, olivia, priya, role)
        assert await shown(priya) == may, role
    await given(world, olivia, priya, "none")
    assert await shown(priya) == set()


async def test_roles_are_given_taken_and_remembered(world: World, olivia: Person, priya: Person) -> None:
    assert "is now: organizer" in (await olivia.types("/textbank role @priya organizer")).text
    assert "is suspended" in (await olivia.types("/textbank role @priya NONE")).text
    rows = await world.query("SELECT who, subject, data FROM audit WHERE what = 'role' ORDER BY id")
    assert [(row.who, row.subject) for row in rows] == [(olivia.id, priya.id)] * 2


@pytest.mark.parametrize("command", ["new", "import Fall", "script Fall"])
async def test_a_form_that_was_open_when_the_role_was_taken_away_is_refused(
    world: World, olivia: Person, priya: Person, command: str
) -> None:
    await world.new_campaign()
    await given(world, olivia, priya, "organizer")
    await priya.types(f"/textbank {command}")
    await given(world, olivia, priya, "volunteer")
    fields = {"Name": "Mine", "Script": SCRIPT, "Contacts (CSV)": File("list.csv", LIST.encode()), "Consent": CONSENT}
    modal = await priya.submits({label: value for label, value in fields.items() if priya.modal.field(label)})
    [(_, words)] = modal.errors.items()
    assert words.startswith("Only an organizer can do that")
    assert len(await refused(world)) == 1
    assert [row.name for row in await world.query("SELECT name FROM campaign")] == ["Fall GOTV"]
    assert len(await world.query("SELECT id FROM contact_import")) == 1
    assert len(await world.query("SELECT id FROM script")) == 1


async def test_somebody_suspended_texts_nobody_any_more(world: World, olivia: Person, priya: Person) -> None:
    field = world.slack.channel("#field", priya)
    await world.live_campaign()
    await olivia.types("/textbank invite Fall #field 2")
    await world.texting(priya, 2)
    await priya.presses("Send")
    await world.a_while()
    await world.phone("+13135550101").texts("Hello?")
    await world.a_while()
    [thread] = priya.threads
    await given(world, olivia, priya, "none")
    sent = len(world.carrier.texts)

    for label in ("Send", "Skip"):
        await priya.presses(label, on=priya.card)
        await world.drawn()
        assert "access to texting has been taken away" in priya.ephemerals[-1].words
    await priya.presses("Reply", on=thread)
    await world.drawn()
    assert priya.modal is None
    await priya.writes("Hi there", in_=thread)
    await world.a_while()
    assert "access to texting has been taken away" in thread.replies[-1].words
    assert "taken away" in (await priya.types("/text")).text
    await priya.presses("Start texting", on=field.messages[0])
    await world.drawn()
    assert "taken away" in priya.ephemerals[-1].words
    assert "nobody there who could text" in (await olivia.types("/textbank assign Fall @priya 1")).text
    assert len(world.carrier.texts) == sent
    what = ["card.send", "card.skip", "thread.reply", "message", "/text", "start_texting"]
    assert await refused(world) == [(priya.id, each) for each in what]
    assert [row.state for row in await world.query("SELECT state FROM message")] == ["delivered"]


async def test_whoever_has_nothing_to_text_is_refused_and_noted(world: World, olivia: Person, priya: Person) -> None:
    await world.live_campaign()
    await priya.types("/text")
    await priya.types("/text Fall GOTV")
    assert await refused(world) == [(priya.id, "/text")] * 2

    await world.texting(priya)
    assert len(await refused(world)) == 2


async def test_somebody_suspended_is_refused_in_words_even_for_a_bare_command(
    world: World, olivia: Person, priya: Person
) -> None:
    await given(world, olivia, priya, "none")
    answer = await priya.types("/textbank")
    assert answer is not None
    assert "Your access to texting has been taken away." in answer.text
    assert await refused(world) == [(priya.id, "/textbank")]
