"""The doctor: what is wrong with the set-up is said in a sentence, with how to mend it."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.app import examined, running
from bot.gateways.slack_checks import scopes_needed
from bot.services import doctor, leases
from handlers import heartbeat
from handlers.examining import examine
from sandbox.carrier import Carrier
from sandbox.serving import serve
from sandbox.slack import Person, Slack
from tests.forks import Forked
from tests.world import World, open_world, settings_for


async def looks(world: World, **other: Any) -> dict[str, str]:
    """Everything that the doctor finds, with some other settings: words and how to mend it → how bad it is."""
    kit = replace(world.kit, settings=world.kit.settings.model_copy(update=other))
    found = await examine(kit, serving=True)
    return {f"{each.words} {each.mend}".strip(): each.level.value for each in found}


def level(found: dict[str, str], words: str) -> str:
    """How bad what is said with these words is."""
    [one] = [how for said, how in found.items() if words in said] or [f"nobody says {words!r}: {found}"]
    return one


async def alive(world: World) -> None:
    """A worker and a clock are running."""
    async with world.kit.database.transaction() as session:
        for name in ("worker", "clock"):
            await leases.take(session, name, owner="another", now=world.time.now, lasting=timedelta(seconds=60))


async def test_an_admin_reads_in_slack_what_is_wrong_and_how_to_mend_it(world: World, olivia: Person) -> None:
    await alive(world)
    await olivia.opens_home()
    world.carrier.registration = None
    said = await olivia.types("/textbank doctor")
    assert "a few seconds" in said.text
    await world.drawn()
    words = olivia.ephemerals[-1].words
    assert f"{2 + (not world.kit.database.sqlite)} of" in words  # an address of this machine; a forgetful database
    assert words.index(":x:") < words.index(":warning:") < words.index(":white_check_mark:")
    assert "not registered for texts to the US: carriers turn texts to the US away (error 30034)." in words
    assert "Register brand and campaign in the console" in words


async def test_only_an_admin_may_call_the_doctor(world: World, olivia: Person, priya: Person) -> None:
    await olivia.types("/textbank role @priya organizer")
    assert "Only an admin can do that" in (await priya.types("/textbank doctor")).text
    assert await world.query("SELECT 1 FROM audit WHERE what = 'refused' AND subject = '/textbank doctor'")


async def test_where_all_is_well_the_doctor_says_so(world: World, olivia: Person) -> None:
    await alive(world)
    await olivia.opens_home()
    await world.drawn()
    found = await looks(world, sms_segments_per_second=75)
    wrong = [said for said, how in found.items() if how != "ok" and not said.startswith("After a crash PostgreSQL")]
    assert wrong == [
        f"PUBLIC_URL ({world.kit.settings.public_url}) is an address of this machine or network only. "
        "Right for a sandbox; neither Slack nor the carrier reaches it."
    ]
    for words in (
        "The settings are complete",
        "TEXTBANK_SECRET is long enough",
        "Texting hours are 09:00-20:00",
        "The time zone data is there",
        "A worker is running",
        "A clock is running",
        "Slack takes the bot token, for the workspace Sandbox",
        "every scope",
        "SLACK_SIGNING_SECRET is set",
        "This machine's clock is right",
        "Textbank answers at",
        "account is active",
        "Messaging Service Sandbox has 1 number",
        "Texts from voters come to",
        "registered for texts to the US (A2P 10DLC), for POLITICAL; T-Mobile takes 200,000 segments a day",
        "Texts leave at 75 segments a second at most (SMS_SEGMENTS_PER_SECOND); the sender is registered for about 225",
        "The database is at this release's schema, and can be written to",
        "Slack's events reach Textbank: the last was noted on 2026-10-20",
    ):
        assert level(found, words) == "ok", words


async def test_a_postgresql_that_may_forget_what_it_has_committed_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await looks(world)
    forgets = "(fsync, full_page_writes, synchronous_commit: off)"  # as in these tests, whose databases outlive nothing
    if world.kit.database.sqlite:
        assert not [said for said in found if "commit" in said]
        return
    assert level(found, forgets) == "error"
    assert level(found, "`ALTER SYSTEM SET fsync = on; ALTER SYSTEM SET full_page_writes = on; ") == "error"
    async with world.kit.database.transaction() as session:
        await session.exec_driver_sql("SET LOCAL synchronous_commit = on")
        assert "(fsync, full_page_writes: off)" in (await doctor.of_durability(session))[0].words
        monkeypatch.setattr(doctor, "MUST_BE_ON", ("synchronous_commit",))
        assert (await doctor.of_durability(session))[0].level == "ok"


async def test_a_clock_that_has_just_started_is_seen_at_once(world: World) -> None:
    settings = world.kit.settings
    assert level(await looks(world), "No clock is running") == "error"
    async with running(settings, ("clock",), clock=world.time), asyncio.timeout(30):
        while not await world.query("SELECT 1 FROM lease WHERE name = 'clock'"):  # noqa: ASYNC110 (another engine's)
            await asyncio.sleep(0.01)
    assert level(await looks(world), "A clock is running") == "ok"


def wrong_inbound(world: World) -> None:
    world.carrier.inbound_url = "https://elsewhere.example.org/sms"


def no_inbound(world: World) -> None:
    world.carrier.inbound_url = None


def suspended(world: World) -> None:
    world.carrier.account_status = "suspended"


def on_trial(world: World) -> None:
    world.carrier.account_type = "Trial"


def registering(world: World) -> None:
    world.carrier.registration = "IN_PROGRESS"


def registration_failed(world: World) -> None:
    world.carrier.registration = "FAILED"


def no_numbers(world: World) -> None:
    world.carrier.numbers = ()


def another_service(world: World) -> None:
    world.carrier.messaging_service_sid = "MG" + "00" * 16


def mute_number(world: World) -> None:
    world.carrier.mute = {"+15005550006"}


def toll_free(world: World) -> None:
    world.carrier.numbers = ("+18885550123",)


def toll_free_waits(world: World) -> None:
    toll_free(world)
    world.carrier.tollfree = {"+18885550123": "IN_REVIEW"}


def toll_free_refused(world: World) -> None:
    toll_free(world)
    world.carrier.tollfree = {"+18885550123": "TWILIO_REJECTED"}


def for_another_use(world: World) -> None:
    world.carrier.use = "DELIVERY_NOTIFICATION"


def slow_class(world: World) -> None:
    world.carrier.att_class = "E"


def token_changed(world: World) -> None:
    world.carrier.auth_token = "another"


def carrier_away(world: World) -> None:
    world.carrier.outage = True


def scope_missing(world: World) -> None:
    world.slack.scopes = set(scopes_needed()) - {"files:read"}


def clock_behind(world: World) -> None:
    world.slack.ahead = 600


def slack_token_changed(world: World) -> None:
    world.slack.bot_token = "xoxb-another"


WRONG: dict[Callable[[World], Any], tuple[str, str, str]] = {
    wrong_inbound: ("error", "send a webhook) sends them to https://elsewhere.example.org/sms.", "/twilio/inbound#rc"),
    no_inbound: ("error", "Texts from voters go nowhere, STOP among them", "/twilio/inbound#rc=3&rp=all, by POST"),
    suspended: ("error", "The carrier's account is suspended", "console"),
    on_trial: ("warning", "on trial", "Upgrade it"),
    registering: ("error", "still being looked at", "Wait for it"),
    registration_failed: ("error", "registration for texts to the US is failed", "Register brand and campaign"),
    no_numbers: ("error", "has no number to send from", "Sender Pool"),
    another_service: ("error", "There is no Messaging Service MG5b", "Copy the Messaging Service SID"),
    mute_number: ("error", "+15005550006 cannot send texts", "another number"),
    toll_free: ("error", "+18885550123 is toll-free and not verified", "toll-free verification"),
    toll_free_waits: ("error", "+18885550123 is toll-free, and its verification is being looked at", "Wait for it"),
    toll_free_refused: ("error", "The verification of +18885550123, which is toll-free, was refused (The opt", "again"),
    for_another_use: (
        "warning",
        "(A2P 10DLC), for DELIVERY_NOTIFICATION; T-Mobile",
        "Register a campaign for POLITICAL",
    ),
    slow_class: ("warning", "at 1000 segments a second at most (SMS_SEGMENTS_PER_SECOND), and the", "Set it to 12 or"),
    token_changed: ("error", "does not take TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN (401)", "Copy both again"),
    carrier_away: ("error", "The carrier would not say everything (503)", "status page"),
    scope_missing: ("error", "The app lacks scopes: files:read (the CSV file", "Put manifest.yml into the app's"),
    clock_behind: ("error", "seconds behind", "Let it be set by the network"),
    slack_token_changed: ("error", "Slack does not take SLACK_BOT_TOKEN (invalid_auth)", "Install App"),
}


@pytest.mark.parametrize("breaks", WRONG, ids=lambda breaks: breaks.__name__)
async def test_what_is_wrong_outside_is_found(world: World, breaks: Callable[[World], Any]) -> None:
    breaks(world)
    how, words, mend = WRONG[breaks]
    found = await looks(world)
    [said] = [said for said in found if words in said] or [str(found)]
    assert found.get(said) == how, said
    assert mend in said


async def test_numbers_of_ones_own_are_checked_one_by_one(database_url: str) -> None:
    numbers = "+15005550006,+13135550199,+18335550100,+18885550100"
    async with open_world(
        database_url, twilio_messaging_service_sid=None, twilio_from_numbers=numbers, slack_app_token="xapp-1-sandbox"
    ) as world:
        world.carrier.numbers += ("+18335550100", "+18885550100")
        world.carrier.tollfree = {"+18335550100": "TWILIO_APPROVED"}
        found = await looks(world, sms_segments_per_second=7)
        assert level(found, "Texts from voters come to") == "ok"
        assert level(found, "+13135550199 is not a number of this account") == "error"
        assert level(found, "unless they are registered") == "warning"
        assert level(found, "+18335550100 is toll-free and verified, for POLITICAL") == "ok"
        assert level(found, "+18885550100 is toll-free and not verified") == "error"
        assert level(found, "see that it is what you are registered for") == "ok"
        assert level(found, "come by Socket Mode, and Slack takes the token") == "ok"
        world.carrier.inbound_url, world.slack.app_token = "https://old.example.org/sms", "xapp-another"
        found = await looks(world)
        assert level(found, "+15005550006 sends them to https://old.example.org/sms") == "error"
        assert level(found, "see that Socket Mode and Event Subscriptions are on") == "error"
        assert level(found, "Slack does not take SLACK_APP_TOKEN (invalid_auth)") == "error"


@pytest.mark.parametrize("only_sends", [False, True])
async def test_an_api_key_that_may_not_see_the_account_is_good(database_url: str, only_sends: bool) -> None:
    key = "SK" + "1" * 32
    async with open_world(database_url, twilio_api_key=key, twilio_api_secret="the key's secret") as world:
        world.carrier.api_keys[key] = "the key's secret"
        world.carrier.may_only_send = {key} if only_sends else set()
        assert await world.kit.sms.wrong_account() is None
        assert await world.kit.sms.is_well()
        found = await looks(world)
        assert level(found, "The carrier takes TWILIO_API_KEY") == "ok"
        assert level(found, "Messaging Service Sandbox has 1 number") == "ok"
        world.carrier.api_keys[key] = "another"
        assert level(await looks(world), "TWILIO_API_KEY or TWILIO_API_SECRET is wrong") == "error"
        assert not await world.kit.sms.is_well()


async def test_a_service_that_leaves_incoming_texts_to_its_numbers_is_understood(world: World) -> None:
    world.carrier.inbound_by_number = True
    assert level(await looks(world), "Texts from voters come to") == "ok"
    world.carrier.inbound_url = "https://old.example.org/sms"
    assert level(await looks(world), "+15005550006 sends them to https://old.example.org/sms") == "error"


async def test_settings_that_make_little_sense_are_said(world: World) -> None:
    odd = {"texting_hours": "06:00-23:00", "textbank_secret": "a" * 40, "admin_users": ("U404", world.organizer.id)}
    found = await looks(world, public_url="http://textbank.invalid", **odd)
    assert level(found, "goes beyond 08:00-21:00") == "warning"
    assert level(found, "TEXTBANK_SECRET could be guessed") == "warning"
    assert level(found, "ADMIN_USERS names U404, whom Slack does not know") == "warning"
    assert level(found, "is not https") == "error"
    assert level(found, "Nobody answers at http://textbank.invalid") == "error"
    found = await looks(world, public_url=None, texting_hours="12:00-13:00")
    assert level(found, "PUBLIC_URL is not set: what voters text, a STOP too, is asked of the carrier") == "warning"
    assert level(found, "Texts from voters are asked of the carrier every few seconds") == "ok"
    assert level(found, "leaves less than two hours a day") == "warning"


async def test_another_program_at_the_public_address_is_noticed(world: World) -> None:
    assert level(await looks(world, public_url=world.slack.url), "It is not Textbank that answers") == "error"


async def test_another_textbank_or_a_proxy_that_meddles_at_the_public_address_is_noticed(world: World) -> None:
    found = await looks(world, twilio_auth_token="another", slack_signing_secret="another")
    assert level(found, "A call signed as the carrier signs it is refused at") == "error"
    assert level(found, "A call signed with SLACK_SIGNING_SECRET is refused at") == "error"


async def test_that_no_event_of_slacks_ever_came_is_said_until_one_does(world: World, olivia: Person) -> None:
    await olivia.types("/textbank help")  # commands work without
    assert level(await looks(world), "No event of Slack's has ever come") == "error"
    assert level(await looks(world), "Event Subscriptions, and press Retry until it says Verified") == "error"
    before = await examine(world.kit, serving=False)
    assert [each.level for each in before if "No event of Slack's" in each.words] == ["warning"]
    assert await world.slack.verify_url()
    await world.drawn()
    assert level(await looks(world), "Slack has verified the address for events, and none has come yet") == "warning"
    await olivia.opens_home()
    await world.drawn()
    assert level(await looks(world), "Slack's events reach Textbank") == "ok"


async def test_requests_that_our_signing_secret_did_not_sign_are_said(world: World, olivia: Person) -> None:
    ours, world.slack.delivery.signing_secret = world.slack.delivery.signing_secret, "of another app"
    await olivia.types("/textbank help")
    await world.drawn()
    none = "Requests that say they are Slack's come in, and none is signed by SLACK_SIGNING_SECRET"
    assert level(await looks(world), none) == "error"
    world.slack.delivery.signing_secret = ours
    await olivia.opens_home()
    await world.drawn()
    assert level(await looks(world), "was not signed by SLACK_SIGNING_SECRET came on 2026-10-20") == "warning"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_database_that_cannot_be_written_to_is_said(world: World) -> None:
    async with world.kit.database.transaction() as session:
        full = "CREATE TRIGGER full BEFORE INSERT ON setting BEGIN SELECT RAISE(FAIL, 'the disk is full'); END"
        await session.exec_driver_sql(full)
    assert level(await looks(world), "The database cannot be written to") == "error"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_sqlite_file_that_two_machines_serve_is_an_error(world: World) -> None:
    async with world.kit.database.transaction() as session:
        for name, owner in (("worker", "here:1:ab"), ("clock", "there:1:cd")):
            await leases.take(session, name, owner=owner, now=world.time.now, lasting=timedelta(seconds=60))
    assert level(await looks(world), "2 machines serve this SQLite file (here, there)") == "error"


async def test_nobody_at_work_is_an_error_while_the_program_serves(world: World) -> None:
    found = await looks(world)
    assert level(found, "No worker is running") == "error"
    assert level(found, "No clock is running") == "error"
    before = await examine(world.kit, serving=False)
    assert {each.level.value for each in before if "is running" in each.words} == {"warning"}


async def test_a_worker_shows_that_it_runs_and_that_it_ends(world: World) -> None:
    stopping = heartbeat.asyncio.Event()
    beating = heartbeat.asyncio.create_task(heartbeat.beat(world.kit, stopping))
    while not await world.query("SELECT 1 FROM lease WHERE name = 'worker'"):
        await heartbeat.asyncio.sleep(0.01)
    assert level(await looks(world), "A worker is running") == "ok"
    world.time.passes(minutes=2)  # it has died, and nobody renews it
    assert level(await looks(world), "No worker is running") == "error"
    stopping.set()
    await beating
    assert not await world.query("SELECT 1 FROM lease WHERE name = 'worker'")


async def test_what_holds_texts_or_posts_up_is_said(world: World, olivia: Person, priya: Person) -> None:
    await world.live_campaign()
    world.slack.respond_next("chat.postMessage", error="fatal_error", times=100)
    await olivia.types("/textbank assign Fall @priya 1")
    await world.settles()
    async with world.kit.database.transaction() as session:
        await session.execute(text("UPDATE pace SET tripped_until = '2026-10-21', tripped_why = 'the carrier is away'"))
    world.time.passes(hours=2)
    found = await looks(world)
    assert level(found, "Nothing is being sent: the carrier is away.") == "error"
    assert level(found, "to be shown in Slack. Slack said: fatal_error.") == "warning"


async def test_a_database_that_is_not_migrated_or_away_is_said(tmp_path: Path) -> None:
    slack, carrier = Slack(), Carrier()
    async with serve(slack.app) as slack.url, serve(carrier.app) as carrier.url:
        (tmp_path / "old.db").touch()
        old = await examined(settings_for(f"sqlite:///{tmp_path / 'old.db'}", slack, carrier))
        none = await examined(settings_for(f"sqlite:///{tmp_path / 'none.db'}", slack, carrier))
        away = await examined(settings_for("postgresql://nobody@127.0.0.1:1/nowhere", slack, carrier))
        await slack.aclose()
        await carrier.aclose()
    assert ("error", "The database is not up to date.", "Run `python -m bot migrate`.") in old
    assert any(how == "error" and "The database cannot be reached" in words for how, words, _ in away)
    assert any(how == "error" and f"There is no database {tmp_path / 'none.db'}" in words for how, words, _ in none)
    assert not (tmp_path / "none.db").exists()


# ------------------------------------------------------------------------------------------------- on the command line


async def on_the_command_line(settings: dict[str, str], log: Path) -> tuple[int, str]:
    """`python -m bot doctor`: its exit code, and what it says."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "TWILIO_"))}
    doctor = Forked(["doctor"], {**environment, **settings}, log)
    return await asyncio.to_thread(doctor.wait, 60), doctor.said()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the command has a database of its own
async def test_on_the_command_line_an_error_is_exit_code_one(
    world: World, migrated_sqlite: Path, tmp_path: Path
) -> None:
    chosen = world.kit.settings
    assert chosen.public_url is not None
    good = {
        "DATABASE_URL": f"sqlite:///{migrated_sqlite}",
        "PUBLIC_URL": chosen.public_url,
        "SLACK_BOT_TOKEN": chosen.slack_bot_token,
        "SLACK_SIGNING_SECRET": str(chosen.slack_signing_secret),
        "SLACK_API_URL": chosen.slack_api_url,
        "TWILIO_ACCOUNT_SID": chosen.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": chosen.twilio_auth_token,
        "TWILIO_MESSAGING_SERVICE_SID": str(chosen.twilio_messaging_service_sid),
        "TWILIO_API_URL": str(chosen.twilio_api_url),
        "TEXTBANK_SECRET": chosen.textbank_secret,
    }
    code, said = await on_the_command_line(good, tmp_path / "said 1")
    assert code == 0, said
    assert "warning No worker is running" in said
    assert "        -> Start `python -m bot` (everything)" in said

    world.carrier.registration = None
    code, said = await on_the_command_line(good, tmp_path / "said 2")
    assert code == 1
    assert "error   The Messaging Service is not registered" in said

    code, said = await on_the_command_line(
        {**good, "TEXTBANK_SECRET": "", "TEXTING_HOURS": "always"}, tmp_path / "said 3"
    )
    assert code == 1
    assert "error   TEXTBANK_SECRET is missing" in said
    assert "error   TEXTING_HOURS is wrong" in said
