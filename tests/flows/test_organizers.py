"""What organizers do: campaigns and their life, handing contacts out, and who may do what."""

from sqlalchemy import text

from sandbox.slack import Person
from tests.flows.sending import people
from tests.world import World


async def said(person: Person, line: str) -> str:
    """What a command answers."""
    shown = await person.types(line)
    return shown.text if shown else ""


# --------------------------------------------------------------------------------------------------- a campaign's life


async def test_a_campaigns_life(world: World, olivia: Person) -> None:
    await world.new_campaign()
    assert "*Fall GOTV* — not started · 0% of 3 texted" in await said(olivia, "/textbank list")
    assert "Fall GOTV has not been started" in await said(olivia, "/textbank pause Fall GOTV")
    assert "Fall GOTV is live" in await said(olivia, "/textbank start Fall GOTV")
    assert "is live. Hand contacts out" in await said(olivia, "/textbank start Fall GOTV")
    assert "nothing is sent, not even what was clicked" in await said(olivia, "/textbank pause")
    assert "`/textbank resume` lets it go on" in await said(olivia, "/textbank start Fall GOTV")
    assert "Fall GOTV is paused" in await said(olivia, "/textbank pause Fall GOTV")
    assert "Fall GOTV goes on" in await said(olivia, "/textbank resume")
    assert "No campaign is paused" in await said(olivia, "/textbank resume")
    assert "Fall GOTV is live" in await said(olivia, "/textbank resume Fall GOTV")
    for when in ("", " at 2026-11-03 20:00", " at never"):
        assert "Say which: a closed campaign cannot be opened again" in await said(olivia, f"/textbank close{when}")
    assert "Answers still come in" in await said(olivia, "/textbank close Fall GOTV")
    for act in ("start", "pause", "resume", "close", "import", "assign", "invite"):
        more = {"assign": " @olivia 5", "invite": " #field"}.get(act, "")
        world.slack.channel("#field")
        answer = await said(olivia, f"/textbank {act} Fall GOTV{more}")
        assert "Fall GOTV is closed. It cannot be opened again" in answer, act
    happened = [
        row.what for row in await world.query("SELECT what FROM audit WHERE what LIKE 'campaign %' ORDER BY id")
    ]
    assert happened == [f"campaign {what}" for what in ("created", "live", "paused", "live", "closed")]


async def test_a_campaign_without_anybody_to_text_cannot_start(world: World, olivia: Person) -> None:
    await world.new_campaign("Empty", "Name,Phone\nSara,12\n")
    assert "Empty has no contacts yet. Add a file" in await said(olivia, "/textbank start Empty")


async def test_a_campaign_whose_file_is_still_being_read_cannot_start(world: World, olivia: Person) -> None:
    step, world.importer.step = world.importer.step, world.writer.step  # nobody reads files now
    await world.new_campaign()
    assert "still being read" in await said(olivia, "/textbank start Fall GOTV")
    world.importer.step = step
    await world.settles()
    assert "is live" in await said(olivia, "/textbank start Fall GOTV")


# ------------------------------------------------------------------------------------------------- naming a campaign


async def test_a_campaign_is_named_by_any_start_of_it_that_fits_no_other(world: World, olivia: Person) -> None:
    for name in ("Fall", "Fall GOTV", "Fallback & more", "Spring Vote.org drive"):
        await world.new_campaign(name)
    assert "Fall is live" in await said(olivia, "/textbank start fall")
    ambiguous = await said(olivia, "/textbank start fa")
    assert "“fa” could be several campaigns" in ambiguous
    assert "Fall GOTV" in ambiguous
    assert "Fallback & more is live" in await said(olivia, "/textbank start Fallback & more")
    assert "Spring Vote.org drive is live" in await said(olivia, "/textbank start Spring Vote.org")
    for words in ("'FALL gotv'", "“Fall  GOTV”", '"fall g"'):
        assert "Fall GOTV" in await said(olivia, f"/textbank status {words}"), words
    assert "no campaign named “Winter”" in await said(olivia, "/textbank start Winter")
    assert "More than one campaign is live" in await said(olivia, "/textbank status")


async def test_the_only_live_campaign_needs_no_name(world: World, olivia: Person, priya: Person) -> None:
    assert "No campaign is live" in await said(olivia, "/textbank status")
    assert "There are no campaigns yet" in await said(olivia, "/textbank list")
    await world.new_campaign("Spring")
    await world.live_campaign("Fall GOTV")
    assert "*Fall GOTV*" in await said(olivia, "/textbank status")
    assert "2 contacts of Fall GOTV" in await said(olivia, "/textbank assign @priya 2")


async def test_what_is_no_subcommand_is_said(world: World, olivia: Person) -> None:
    assert "There is no `/textbank frobnicate`" in await said(olivia, "/textbank frobnicate x")
    assert "`/text`" in await said(olivia, "/textbank")


# ----------------------------------------------------------------------------------------------- handing contacts out


async def test_contacts_go_to_a_person_a_group_a_channel_and_many_people(
    world: World, olivia: Person, priya: Person, sam: Person
) -> None:
    lee, gone = world.slack.person("Lee Wong"), world.slack.person("Gone Already")
    gone.user.deleted = True
    world.slack.group("@texters", priya, sam)
    world.slack.channel("#field", priya, sam, lee, gone)
    await world.live_campaign(contacts=people(40))
    assert "5 contacts of Fall GOTV are now with <@" in await said(olivia, "/textbank assign Fall GOTV @priya 5")
    world.time.passes(seconds=20)
    for whom, count, given in (
        ("@texters", 3, "6 contacts of Fall GOTV are now with 2 people"),
        ("#field", 2, "6 contacts of Fall GOTV are now with 3 people"),
    ):
        assert "Handing out" in await said(olivia, f"/textbank assign Fall {whom} {count}")
        await world.settles()
        assert given in olivia.ephemerals[-1].words
        world.time.passes(seconds=20)
    assert "2 contacts of Fall GOTV are now with 2 people" in await said(olivia, "/textbank assign Fall @sam @lee 1")
    one = await said(olivia, '/textbank assign "Fall GOTV" @lee 1')
    assert one == f"1 contact of Fall GOTV is now with <@{lee.id}>, who got word."
    await world.settles()
    assert sum("gave you" in message.words for message in priya.dm.messages) == 3
    assert gone.dm.messages == []

    assert "There were no more left" in await said(olivia, "/textbank assign Fall GOTV @priya 1,000")
    assert "no contacts left to hand out" in await said(olivia, "/textbank assign Fall GOTV @priya 5")
    held = await world.query("SELECT volunteer_id, count(*) AS n FROM conversation GROUP BY volunteer_id")
    assert {row.volunteer_id: row.n for row in held} == {priya.id: 30, sam.id: 6, lee.id: 4}


async def test_a_channel_of_many_is_handed_out_after_the_answer(world: World, olivia: Person) -> None:
    crowd = [world.slack.person(f"Volunteer{number} Smith") for number in range(15)]
    await world.live_campaign(contacts=people(40))
    gone = world.slack.person("Gone Already")
    gone.user.deleted = True
    world.slack.channel("#all", *crowd, gone)
    handing = "Handing out 2 contacts of Fall GOTV to each of them"
    assert handing in await said(olivia, "/textbank assign Fall GOTV #all 2")
    await world.settles()
    assert "30 contacts of Fall GOTV are now with 15 people" in olivia.ephemerals[-1].words
    assert all("gave you 2 contacts" in each.dm.messages[-1].words for each in crowd)
    assert "conversations.members" in [call.method for call in world.slack.calls]
    assert [call.method for call in world.slack.calls].count("users.list") == 1
    assert gone.dm.messages == []
    assert [row.n for row in await world.query("SELECT count(DISTINCT volunteer_id) AS n FROM membership")] == [15]


async def test_what_fails_after_the_answer_is_said(world: World, olivia: Person, priya: Person) -> None:
    world.slack.channel("#secret", priya, private=True, bot=False)
    world.slack.channel("#field", priya)
    await world.live_campaign()
    for line, weather, why in (
        ("assign Fall GOTV #secret 5", {}, "I can't see who is in there"),
        ("assign Fall GOTV #field 5", {"retry_after": 7}, "Slack did not do it (ratelimited). Try again in 7 seconds."),
    ):
        if weather:
            world.slack.respond_next("conversations.members", **weather)
        before = len(olivia.ephemerals)
        assert "Handing out 5 contacts" in await said(olivia, f"/textbank {line}"), line
        await world.settles()
        [answer, outcome] = sorted(olivia.ephemerals[before:], key=lambda shown: why in shown.words)
        assert "Handing out 5 contacts" in answer.words, line
        assert why in outcome.words, line
    assert await world.query("SELECT 1 FROM conversation WHERE state <> 'pool'") == []


COUNTS = {
    "0": "a number from 1 to",
    "−5": "is not a number",
    "-5": "a number from 1 to",
    "1000000": "a number from 1 to",
    "lots": "“lots” is not a number",
    "2.5": "“2.5” is not a number",
    "": "Say how many contacts",
    "9" * 200: "a number from 1 to",
}


async def test_a_count_must_make_sense(world: World, olivia: Person, priya: Person) -> None:
    await world.live_campaign()
    for count, answer in COUNTS.items():
        assert answer in await said(olivia, f"/textbank assign Fall GOTV @priya {count}"), count
    assert await world.query("SELECT 1 FROM conversation WHERE state <> 'pool'") == []


UNFIT = [
    ("assign Fall GOTV @nobody 5", "Slack doesn't know @nobody"),
    ("assign Fall GOTV @priya @nobody 5", "Slack doesn't know @nobody"),
    ("assign Fall GOTV @nobody @priya 5", "Slack doesn't know @nobody"),
    ("assign Fall GOTV #nowhere 5", "Slack doesn't know #nowhere"),
    ("assign Fall GOTV 5", "Say whom"),
    ("assign @priya Fall GOTV 5", "Write it in this order: `/textbank assign CAMPAIGN @somebody 50`"),
    ("digest off", "Write it like this: `/textbank digest off #channel`"),
    ("assign Winter @priya 5", "no campaign named “Winter”"),
    ("assign Fall GOTV @textbank 5", "There is nobody there who could text"),
    ("invite Fall GOTV", "Write it like this: `/textbank invite CAMPAIGN #channel [BATCH]`"),
    ("invite Fall GOTV @priya", "Write it like this"),
    ("invite Fall GOTV #secret", "I can't post there. Add me to the channel first"),
    ("invite Fall GOTV #secret 0", "a number from 1 to"),
    ("role @priya boss", "Write it like this: `/textbank role"),
    ("role boss", "Write it like this"),
    ("role @olivia none", "You can't change your own role"),
]


async def test_a_command_that_does_not_fit_says_how(world: World, olivia: Person, priya: Person) -> None:
    world.slack.channel("#secret", priya, private=True, bot=False)
    await world.live_campaign()
    for line, answer in UNFIT:
        assert answer in await said(olivia, f"/textbank {line}"), line
    assert await world.query("SELECT 1 FROM conversation WHERE state <> 'pool'") == []
    assert await world.query("SELECT 1 FROM membership WHERE invited") == []


async def test_whoever_answers_an_invitation_gets_a_batch(world: World, olivia: Person, priya: Person) -> None:
    field = world.slack.channel("#field", olivia, priya)
    await world.live_campaign(contacts=people(5))
    assert "invited to text for Fall GOTV, 2 people at a time" in await said(olivia, "/textbank invite Fall #field 2")
    [invitation] = field.messages
    assert "invites you to text for *Fall GOTV*" in invitation.words
    await priya.presses("Start texting", on=invitation)
    await world.settles()
    assert "*1 of 2*" in priya.card.words
    assert "waiting in your direct messages" in priya.ephemerals[-1].words


# ------------------------------------------------------------------------------------------------------------ status


async def test_the_status_says_what_needs_somebody_first(world: World, olivia: Person, priya: Person) -> None:
    await world.live_campaign(contacts=people(10))
    await world.texting(priya, 4)
    await priya.presses("Send")
    await world.a_while()
    await priya.presses("Skip")
    await world.drawn()
    await priya.presses("Send")
    await world.drawn()
    await world.phone("+13135551000").texts("Who is this?")
    world.time.passes(seconds=1)
    status = await said(olivia, "/textbank status")
    assert "1 person is waiting for an answer" in status
    assert "Texted *2* of 10 · 6 not handed out yet" in status
    assert "All texts, answers too: sent 1 · delivered 1 · not delivered 0 · not sent 0 · queued 1" in status
    assert "Replies 1 · opt-outs 0 · skipped 1 · wrong numbers 0" in status
    assert f"Texting now: <@{priya.id}>" in status

    await world.a_while()
    [thread] = priya.threads
    await priya.writes("It is Priya!", in_=thread)
    assert "queued 1" in await said(olivia, "/textbank status")
    await world.a_while()
    status = await said(olivia, "/textbank status")
    assert "waiting for an answer" not in status
    assert "queued 0" in status
    world.time.passes(minutes=6)
    assert "Texting now" not in await said(olivia, "/textbank status")


async def test_the_rest_is_whoever_was_neither_texted_nor_skipped(world: World, olivia: Person, priya: Person) -> None:
    await world.live_campaign()
    await world.texting(priya)
    for act, left in (
        (priya.presses("Send"), True),
        (priya.presses("Skip"), True),
        (priya.chooses("Wrong number"), False),
    ):
        assert "the rest takes at least" in await said(olivia, "/textbank status")
        await act
        await world.a_while()
        assert ("the rest takes at least" in await said(olivia, "/textbank status")) is left


async def test_texts_in_doubt_are_never_sent_again_and_the_status_says_so(
    world: World, olivia: Person, priya: Person
) -> None:
    await world.live_campaign()
    await world.texting(priya)
    await priya.presses("Send")
    await world.a_while()
    async with world.kit.database.transaction() as session:
        await session.execute(text("UPDATE message SET state = 'review'"))
    status = await said(olivia, "/textbank status")
    assert "1 text of which nobody can say whether they were sent. They are not sent again" in status
