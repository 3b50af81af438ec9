"""The App Home: what waits for a volunteer, the organizer's campaigns with their buttons, an admin's first steps."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from bot.services import home as service
from bot.services.doctor import warning
from bot.services.findings import Looked
from bot.services.reports import Progress
from bot.views import home as views
from models import CampaignState, Role
from sandbox.carrier import Phone
from sandbox.slack import Message, Person
from sandbox.slack.blocks import problems_in_view
from sandbox.slack.nouns import Home
from tests.flows.sending import clicks
from tests.world import World, people


async def looks(world: World, person: Person) -> str:
    """She opens the Home, and reads it."""
    await person.opens_home()
    await world.drawn()
    assert person.home is not None
    return person.home.words


async def does(world: World, person: Person, label: str) -> str:
    """She presses something on the Home, and reads it anew."""
    assert person.home is not None
    await person.presses(label, on=person.home)
    await world.drawn()
    return person.home.words


async def made(world: World, person: Person, role: str) -> None:
    await world.organizer.types(f"/textbank role @{person.name} {role}")


def published(world: World) -> int:
    """How often a Home was asked for."""
    return sum(call.method == "views.publish" for call in world.slack.calls)


# ------------------------------------------------------------------------------------------------------ the volunteer


async def test_a_volunteer_sees_who_waits_what_is_left_and_what_she_has_done(
    world: World, priya: Person, thread: Message
) -> None:
    page = await looks(world, priya)
    assert "1 voter waits for your answer" in page
    assert "Sara Lopez, since" in page
    assert "Fall GOTV · 2 people on your list" in page.replace("*", "")
    assert "Texted today 1 · in all 1 · answers you wrote 0" in page.replace("*", "")
    assert "Campaigns" not in page
    assert priya.home.buttons == ["Start texting"]

    await priya.writes("At the school!", in_=thread)
    await world.a_while(60)
    page = await looks(world, priya)
    assert "waits for your answer" not in page
    assert "answers you wrote 1" in page.replace("*", "")


async def test_texted_today_begins_at_her_own_midnight(world: World, priya: Person, card: None) -> None:
    await clicks(world, priya)
    world.time.passes(hours=11, minutes=59)  # a minute to midnight in New York
    assert "today 1 · in all 1" in (await looks(world, priya)).replace("*", "")
    world.time.passes(minutes=2)
    assert "today 0 · in all 1" in (await looks(world, priya)).replace("*", "")


async def test_start_texting_on_the_home_puts_the_card_in_the_direct_message(
    world: World, olivia: Person, priya: Person
) -> None:
    await world.live_campaign()
    await olivia.types("/textbank assign Fall @priya 2")
    await world.settles()
    await looks(world, priya)
    before = len(priya.dm.messages)
    page = await does(world, priya, "Start texting")
    assert "Your next contact is waiting" in page
    assert "Sara Lopez" in priya.card.words
    assert len(priya.dm.messages) == before + 1
    await priya.presses("Send", on=priya.card)
    await world.a_while()
    assert world.carrier.texts_to("+13135550101")


async def test_somebody_invited_takes_a_batch_from_the_home(world: World, olivia: Person, priya: Person) -> None:
    field = world.slack.channel("#field", priya)
    await world.live_campaign(contacts=people(5))
    await olivia.types("/textbank invite Fall #field 2")
    await priya.presses("Start texting", on=field.messages[-1])
    await world.drawn()
    for _ in range(2):
        await priya.presses("Send", on=priya.card)
        await world.drawn()
    await olivia.types("/textbank pause Fall")
    paused = "Fall GOTV · you are invited to text\nPaused for now: come back here when it goes on."
    assert paused in (await looks(world, priya)).replace("*", "")
    await olivia.types("/textbank resume Fall")
    world.time.passes(minutes=1)
    assert "you are invited to text" in await looks(world, priya)
    await does(world, priya, "Start texting")
    assert "1 of 2" in priya.card.words


async def test_whoever_has_nothing_to_do_reads_that(world: World, priya: Person) -> None:
    assert "Nothing waits for you now" in await looks(world, priya)
    assert priya.home.buttons == []


async def test_contacts_of_a_paused_or_a_closed_campaign_are_not_offered(
    world: World, olivia: Person, priya: Person, card: None
) -> None:
    await olivia.types("/textbank pause Fall")
    assert "Paused for now: they wait for you." in await looks(world, priya)
    assert priya.home.buttons == []
    world.time.passes(minutes=1)
    await olivia.types("/textbank close Fall")
    assert "Fall GOTV" not in await looks(world, priya)


async def test_a_suspended_volunteer_sees_nothing_but_that(world: World, priya: Person, card: None) -> None:
    await looks(world, priya)
    old: Home = priya.home
    await made(world, priya, "none")
    page = await does(world, priya, "Start texting")
    assert "Your access to texting has been taken away" in page
    assert "Fall GOTV" not in page
    assert old.buttons == []
    refused = await world.query("SELECT who, subject FROM audit WHERE what = 'refused'")
    assert [(row.who, row.subject) for row in refused] == [(priya.id, "home.text")]


# ------------------------------------------------------------------------------------------------------ the organizer


async def test_an_organizer_leads_a_campaign_from_the_home(world: World, priya: Person) -> None:
    await made(world, priya, "organizer")
    assert "There are none yet" in await looks(world, priya)
    await world.new_campaign()
    world.time.passes(minutes=1)
    page = await looks(world, priya)
    assert "Fall GOTV — not started" in page.replace("*", "")
    assert "Texted 0 of 3 (0%)" in page.replace("*", "")
    assert priya.home.buttons == ["Start", "Status", "New campaign"]

    page = await does(world, priya, "Start")
    assert page.startswith("Fall GOTV is live")
    assert priya.home.buttons == ["Pause", "Close", "Status", "New campaign"]
    assert (await does(world, priya, "Pause")).startswith("Fall GOTV is paused")
    assert (await does(world, priya, "Resume")).startswith("Fall GOTV goes on")
    await does(world, priya, "Status")
    assert priya.modal.title == "Status"
    assert "Fall GOTV" in priya.modal.words
    await priya.cancels()

    await priya.presses("Close", on=priya.home, confirm=False)
    assert [row.state for row in await world.query("SELECT state FROM campaign")] == ["live"]
    assert (await does(world, priya, "Close")).startswith("Fall GOTV is closed")
    assert priya.home.buttons == ["Status", "New campaign"]
    by_her = "SELECT what FROM audit WHERE who = :who AND what LIKE 'campaign %' ORDER BY id"
    moved = await world.query(by_her, who=priya.id)
    assert [row.what for row in moved] == [f"campaign {what}" for what in ("live", "paused", "live", "closed")]


async def test_new_campaign_on_the_home_opens_the_modal(world: World, olivia: Person) -> None:
    await looks(world, olivia)
    await olivia.presses("New campaign", on=olivia.home)
    assert olivia.modal.title == "New campaign"


async def test_a_campaigns_line_says_how_far_it_is_and_who_waits(world: World, olivia: Person, sara: Phone) -> None:
    await sara.texts("Where do I vote?")
    await world.settles()
    page = (await looks(world, olivia)).replace("*", "")
    assert "Texted 1 of 3 (33%)" in page
    assert "1 voter waits for an answer, the first since" in page


async def test_a_press_that_comes_too_late_is_said_on_the_page(world: World, olivia: Person) -> None:
    await world.live_campaign()
    await looks(world, olivia)
    await olivia.types("/textbank pause Fall")
    page = await does(world, olivia, "Pause")
    assert "Fall GOTV is paused." in page
    assert olivia.home.buttons[:2] == ["Resume", "Close"]


async def test_a_manager_looks_and_changes_nothing(world: World, olivia: Person, priya: Person) -> None:
    await world.live_campaign()
    await made(world, priya, "organizer")
    await looks(world, priya)
    await made(world, priya, "manager")
    for label in ("Pause", "New campaign"):  # on the page of a minute ago
        await looks_old(world, priya, label)
    assert priya.modal is None
    assert priya.home.buttons == ["Status"]
    assert [row.state for row in await world.query("SELECT state FROM campaign")] == ["live"]
    refused = await world.query("SELECT who, subject FROM audit WHERE what = 'refused' ORDER BY id")
    assert [(row.who, row.subject) for row in refused] == [(priya.id, "home.pause"), (priya.id, "home.new")]


async def looks_old(world: World, person: Person, label: str) -> None:
    """She presses a button of the page as organizers have it, whatever she is by now."""
    line = service.Line(1, "Fall GOTV", CampaignState.LIVE, Progress(0, 3, 3), 0, None)
    organizers = service.Home(Role.ORGANIZER, campaigns=(line,))
    person.home.draw(views.home(organizers, reachable=True)["blocks"])
    assert "Only an organizer can do that" in await does(world, person, label)


async def test_many_campaigns_are_cut_with_a_word(world: World, olivia: Person) -> None:
    async with world.kit.database.transaction() as session:
        for number in range(service.MOST_CAMPAIGNS + 5):
            state = "closed" if number < 20 else "live"
            await session.exec_driver_sql(
                "INSERT INTO campaign (name, name_key, state, created_by, created_at, fields)"
                f" VALUES ('C{number}', 'c{number}', '{state}', 'U1', '2026-10-20 12:00:00', '[]')"
            )
    page = await looks(world, olivia)
    assert "There are more: /textbank list shows them." in page.replace("`", "")
    assert page.index("C24") < page.index("C20") < page.index("C19")
    assert "C0 " not in page
    assert len(olivia.home.blocks) <= 100


async def test_the_page_takes_as_many_statements_for_many_campaigns_as_for_one(
    world: World, olivia: Person, thread: Message
) -> None:
    async def statements() -> int:
        asked: list[str] = []
        engine = world.kit.database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", note := lambda *each: asked.append(each[2]))
        world.time.passes(minutes=1)
        await looks(world, olivia)
        event.remove(engine, "before_cursor_execute", note)
        return len(asked)

    one = await statements()
    for number in range(6):
        await world.new_campaign(f"C{number}")
    assert await statements() == one <= 20


# ---------------------------------------------------------------------------------------------------------- the admin


async def test_before_any_campaign_an_admin_is_led_through_what_the_doctor_finds(
    world: World, olivia: Person, priya: Person
) -> None:
    world.carrier.registration = None
    page = await looks(world, olivia)
    assert published(world) == 2  # at once that the doctor looks, and then what it has found
    assert page.startswith("Setting up Textbank")
    to_do, done = page[page.index("To do") : page.index("*Done*")], page[page.index("*Done*") :]
    assert ":x: The Messaging Service is not registered for texts to the US" in to_do
    assert "Register brand and campaign in the console" in to_do
    assert to_do.index("not registered") < to_do.index(":warning:")
    assert ":white_check_mark: Slack's events reach Textbank" in done
    assert "a first campaign is made: `/textbank new`" in done[done.index("What comes next") :]
    assert olivia.home.buttons == ["Look again", "New campaign"]

    world.carrier.registration = "VERIFIED"
    page = await does(world, olivia, "Look again")
    assert "not registered" not in page
    assert ":white_check_mark: The Messaging Service is registered for texts to the US" in page
    assert "Looking at everything" not in page

    world.time.passes(minutes=5)
    world.carrier.account_status = "suspended"
    assert "The carrier's account is suspended" in await looks(world, olivia)  # each opening looks again
    asked = world.slack.count("auth.test")
    world.time.passes(seconds=30)
    await looks(world, olivia)
    assert world.slack.count("auth.test") == asked  # but not within a minute
    await made(world, priya, "organizer")
    assert "Setting up" not in await looks(world, priya)
    await world.new_campaign()
    world.time.passes(minutes=1)
    assert "Setting up" not in await looks(world, olivia)


async def test_the_first_page_is_there_at_once_though_the_doctor_takes_long(world: World, olivia: Person) -> None:
    answers = asyncio.Event()
    world.carrier.latency, world.carrier.sleep = 1.0, lambda _seconds: answers.wait()
    await olivia.opens_home()
    await world.kit.slack.drain()
    assert "Looking at everything: Slack, the carrier, the database." in olivia.home.words
    answers.set()
    await world.drawn()
    assert "The doctor looked" in olivia.home.words


async def test_only_an_admin_may_let_the_doctor_look(world: World, olivia: Person, priya: Person) -> None:
    await looks(world, olivia)
    await looks(world, priya)
    priya.home.draw(olivia.home.blocks)
    assert "Only an admin can do that" in await does(world, priya, "Look again")


async def test_first_steps_stay_until_they_are_done(world: World, olivia: Person, priya: Person) -> None:
    await made(world, priya, "organizer")
    await world.new_campaign()
    page = await looks(world, olivia)
    assert "First steps" in page
    assert page.count(":white_check_mark:") == 4  # in place, reachable, a role, a campaign
    async with world.kit.database.transaction() as session:
        await session.exec_driver_sql("INSERT INTO setting (name, value) VALUES ('inbox', 'C1')")
        await session.exec_driver_sql(
            "INSERT INTO digest (channel, at, tz, ranking, next_run_at, created_by)"
            " VALUES ('C1', '18:00', 'UTC', false, '2026-10-21 18:00:00', 'U1')"
        )
    world.time.passes(minutes=1)
    assert "First steps" not in await looks(world, olivia)
    assert "First steps" not in await looks(world, priya)


# -------------------------------------------------------------------------------------------------- published sparingly


async def test_the_same_page_is_not_published_again_nor_soon_again(world: World, priya: Person, card: None) -> None:
    await looks(world, priya)
    world.time.passes(minutes=5)
    await world.settles()
    await looks(world, priya)
    assert published(world) == 1

    await clicks(world, priya)
    assert published(world) == 1  # a text publishes nothing
    world.time.passes(minutes=1)
    await looks(world, priya)
    assert published(world) == 2
    await clicks(world, priya)
    await looks(world, priya)  # she has looked a moment ago
    assert published(world) == 2
    world.time.passes(seconds=10)
    await looks(world, priya)
    assert published(world) == 3


async def test_the_messages_tab_publishes_nothing(world: World, priya: Person) -> None:
    await priya.opens_home("messages")
    await world.drawn()
    assert published(world) == 0


async def test_a_home_that_slack_has_forgotten_is_published_again(world: World, priya: Person) -> None:
    await looks(world, priya)
    del world.slack.workspace.homes[priya.id]  # the app was removed and installed again
    world.time.passes(minutes=1)
    await looks(world, priya)
    assert published(world) == 2


async def test_an_older_page_never_covers_what_a_press_has_brought(world: World, olivia: Person) -> None:
    await world.live_campaign()
    await looks(world, olivia)
    await does(world, olivia, "Pause")
    world.time.passes(minutes=1)
    world.slack.respond_next("views.publish", status=429, retry_after=1)
    await olivia.opens_home()  # this drawing has to wait, and then it is an old one
    await does(world, olivia, "Resume")
    assert olivia.home.words.startswith("Fall GOTV goes on")
    assert [call.status for call in world.slack.calls if call.method == "views.publish"] == [200, 200, 429, 200]


async def test_nor_what_a_press_has_brought_by_another_process(world: World, olivia: Person) -> None:
    await looks(world, olivia)
    await world.new_campaign()
    world.time.passes(minutes=1)
    world.slack.respond_next("views.publish", status=429, retry_after=1)
    await olivia.opens_home()
    theirs = views.home(service.Home(Role.VOLUNTEER), reachable=True, line="From another process")
    olivia.home.replace(theirs, "another.hash")
    await world.drawn()
    assert olivia.home.words == "From another process"


async def test_a_crowd_that_opens_the_home_at_once_is_served_in_the_end(
    world: World, priya: Person, sam: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.gateways.slack.MOST_WAITED_FOR_HOME", 0.01)
    world.slack.respond_next("views.publish", status=429, retry_after=30, times=2)
    await asyncio.gather(priya.opens_home(), sam.opens_home())
    await world.drawn()
    assert None not in (priya.home, sam.home)


def test_the_largest_page_is_one_that_slack_takes() -> None:
    at, name = datetime(2026, 10, 20, tzinfo=UTC), "&" * 80
    lists = tuple(service.List(n, name, CampaignState.LIVE, 50, True) for n in range(service.MOST_LISTS))
    waiting = tuple((name, at) for _ in range(service.MOST_NAMED))
    lines = tuple(
        service.Line(n, name, CampaignState.LIVE, Progress(1, 3, 2), 1, at) for n in range(service.MOST_CAMPAIGNS)
    )
    page = views.home(
        service.Home(
            Role.ADMIN,
            service.Mine(9, at, waiting, lists, 1, 2, 3),
            lines,
            more_campaigns=True,
            stopped_why="the carrier is away",
            set_up=service.SetUp(False, False, False, False),
        ),
        reachable=False,
        line="&" * 4000,
    )
    assert problems_in_view(page, "home") == []
    wrong = tuple(warning("&" * 900, "&" * 900) for _ in range(40))
    first = service.SetUp(False, False, False, False)
    page = views.home(
        service.Home(Role.ADMIN, campaigns=(), set_up=first, looked=Looked(at, wrong)), reachable=False, line="&" * 4000
    )
    assert problems_in_view(page, "home") == []
