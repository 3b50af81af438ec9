"""Requests as strangers, carriers and a confused Slack send them: each gets its answer, and none a 500."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
import structlog

from bot.app import NOT_REACHED, open_kit, running, web
from handlers.door import LARGEST
from sandbox.carrier import Carrier, sign
from sandbox.serving import serve
from sandbox.slack import Slack
from sandbox.slack.delivery import FORM, JSON
from tests.world import World, open_world, settings_for

COMMAND = urlencode({"command": "/textbank", "text": "list", "user_id": "U1", "trigger_id": "t", "response_url": "r"})


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def everything(world: World) -> dict[str, list[Any]]:
    """What the database holds of people and texts."""
    tables = (
        "volunteer",
        "campaign",
        "contact",
        "conversation",
        "message",
        "inbound",
        "opt_out",
        "slack_post",
        "audit",
    )
    return {table: await world.query(f"SELECT * FROM {table}") for table in tables}


# ------------------------------------------------------------------------------------------------------------- Slack


def forged(world: World) -> dict[str, dict[str, str]]:
    """Headers that Slack would never send with COMMAND."""
    delivery, body = world.slack.delivery, COMMAND.encode()
    now, good = str(int(time.time())), delivery.signature(body)
    old = delivery.signature(body, str(int(time.time()) - 600))
    future = delivery.signature(body, str(int(time.time()) + 600))
    stamp, mark = "X-Slack-Request-Timestamp", "X-Slack-Signature"
    return {
        "nothing": {},
        "no signature": {stamp: now},
        "no timestamp": {mark: good[mark]},
        "wrong": {**good, mark: "v0=" + "0" * 64},
        "of another body": delivery.signature(b"another"),
        "stale": old,
        "from the future": future,
        "another time": {**good, stamp: str(int(good[stamp]) - 1)},
        "no number": {**good, stamp: "yesterday"},
        "empty number": {**good, stamp: ""},
        "a number beyond all": {**good, stamp: "9" * 400},
        "not ascii": {**good, mark: "v0=é"},
        "superscript": {**good, stamp: "¹²"},
    }


async def test_what_slack_did_not_sign_is_answered_401_and_changes_nothing(
    world: World, http: aiohttp.ClientSession
) -> None:
    await world.live_campaign()
    before = await everything(world)
    for kind, headers in forged(world).items():
        sent = {"Content-Type": FORM, **headers}
        async with http.post(world.slack.request_url, data=COMMAND, headers=sent) as answer:
            assert answer.status == 401, kind
    async with http.post(world.slack.request_url, data=b"\xff\xfe{", headers={"Content-Type": JSON}) as answer:
        assert answer.status == 401
    assert await everything(world) == before


GARBAGE = [
    (b"", FORM),
    (b"", JSON),
    (b"{", JSON),
    (b"[]", JSON),
    (b"null", JSON),
    (b'"words"', JSON),
    (b"{}", JSON),
    (b"\xff\xfe\x00", JSON),
    (b"\xff\xfe\x00", FORM),
    (b"payload=", FORM),
    (b"payload=%7B", FORM),
    (b"payload=%5B%5D", FORM),
    (b"payload=%7B%7D", FORM),
    (b"payload=" + b"%7B%22a%22%3A" * 2000, FORM),
    (b"command=%2Ftextbank", FORM),
    (b"command=%2Fnothing&user_id=U1", FORM),
    (b'{"type": "event_callback"}', JSON),
    (b'{"type": "event_callback", "event": null}', JSON),
    (b'{"type": "event_callback", "event": {"type": "message", "channel_type": "im"}}', JSON),
    (b'{"type": "event_callback", "event": {"type": "nothing_known", "channel": "C1", "ts": "1.0"}}', JSON),
    (b"words", "text/plain"),
]


async def test_garbage_that_is_signed_is_no_fault_of_ours(world: World) -> None:
    before = await everything(world)
    for body, kind in GARBAGE:
        answer = await world.slack.delivery.send(body, kind)
        assert answer.status in (200, 400, 401, 404, 503), (body, answer)
        assert answer.status != 503 or b"event_callback" in body, "only an event is worth bringing again"
    assert await everything(world) == before


def interaction(world: World, **more: Any) -> bytes:
    user = {"id": world.organizer.id, "username": "olivia", "name": "olivia", "team_id": "T1"}
    payload = {"type": "block_actions", "user": user, "team": {"id": "T1"}, "token": "x", "trigger_id": "t", **more}
    return urlencode({"payload": json.dumps(payload)}).encode()


UNMADE: list[dict[str, Any]] = [
    {"type": "button", "action_id": "nobody.knows", "block_id": "b", "value": "1"},
    {"type": "button", "action_id": "card.send", "block_id": "b", "value": "not a version"},
    {"type": "button", "action_id": "card.send", "block_id": "b"},
    {"type": "button", "action_id": "card.undo", "block_id": "b", "value": "1:"},
    {"type": "button", "action_id": "card.undo", "block_id": "b", "value": "1:x9"},
    {"type": "button", "action_id": "card.undo", "block_id": "b", "value": "1:m999999999999999999999"},
    {"type": "overflow", "action_id": "card.menu", "block_id": "b", "selected_option": {"value": "1:what"}},
    {"type": "button", "action_id": "start_texting", "block_id": "b", "value": "999999"},
    {"type": "button", "action_id": "start_texting", "block_id": "b", "value": "x"},
    {"type": "button", "action_id": "thread.reply", "block_id": "b", "value": "999999"},
    {"type": "button", "action_id": "thread.done", "block_id": "b", "value": "9" * 40},
]


async def test_a_click_on_what_we_never_made_is_answered_in_words(world: World) -> None:
    whispered: list[str] = []
    world.kit.slack.whisper = lambda _url, words: whispered.append(words)  # type: ignore[method-assign]
    for number, action in enumerate(UNMADE, start=1):
        body = interaction(world, actions=[action], response_url=f"{world.slack.url}/response/none")
        answer = await world.slack.delivery.send(body, FORM)
        await world.settles()
        assert answer.status == 200, action
        assert len(whispered) == number, f"nobody was told: {action}"
        assert "went wrong" not in whispered[-1], action
    assert await world.query("SELECT id FROM message") == []


async def test_a_click_without_an_action_is_no_500(world: World) -> None:
    for actions in ([], None):
        answer = await world.slack.delivery.send(interaction(world, actions=actions), FORM)
        assert answer.status in (200, 400)


async def test_a_form_nobody_knows_keeps_what_was_typed(world: World) -> None:
    view = {"id": "V1", "type": "modal", "callback_id": "of.last.year", "state": {"values": {}}, "private_metadata": ""}
    view["blocks"] = [{"type": "input", "block_id": "name"}]
    answer = await world.slack.delivery.send(interaction(world, type="view_submission", view=view), FORM)
    assert answer.status == 200
    assert answer.json()["response_action"] == "errors"
    assert "does not know that" in answer.json()["errors"]["name"]

    view["blocks"] = []
    answer = await world.slack.delivery.send(interaction(world, type="view_submission", view=view), FORM)
    assert answer.status == 200


async def test_what_is_too_large_is_turned_away_however_it_comes(world: World, http: aiohttp.ClientSession) -> None:
    large = b"x" * (LARGEST + 1)

    async def in_pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 1 << 16):
            yield large[start : start + (1 << 16)]

    for address in (world.slack.request_url, world.carrier.inbound_url):
        for body in (large, in_pieces()):
            async with http.post(address, data=body) as answer:
                assert answer.status == 413
        async with http.post(address, data=large[:LARGEST]) as answer:
            assert answer.status in (401, 403)


async def test_the_same_click_brought_again_is_one_text(world: World) -> None:
    await world.live_campaign()
    priya = world.slack.person("Priya Shah")
    await world.texting(priya)
    sent: list[bytes] = []
    send, world.slack.delivery.send = world.slack.delivery.send, _recorded(world, sent)
    await priya.presses("Send")
    world.slack.delivery.send = send
    for _ in range(3):
        assert (await send(sent[0], FORM)).status == 200
    await asyncio.gather(*(send(sent[0], FORM) for _ in range(3)))
    await world.a_while()
    assert len(world.carrier.texts) == 1


def _recorded(world: World, sent: list[bytes]) -> Any:
    proper = world.slack.delivery.send

    async def send(body: bytes, kind: str, headers: Any = None) -> Any:
        sent.append(body)
        return await proper(body, kind, headers)

    return send


async def test_the_address_checks_out_with_slack(world: World) -> None:
    assert await world.slack.verify_url()


# ----------------------------------------------------------------------------------------------------------- carrier


async def posts(
    world: World, http: aiohttp.ClientSession, url: str, params: dict[str, str], signature: str | None = None
) -> int:
    """One web hook; `signature` instead of the right one."""
    headers = {"X-Twilio-Signature": sign(world.carrier.auth_token, url, params) if signature is None else signature}
    async with http.post(url, data=params, headers=headers) as answer:
        return answer.status


async def a_text(world: World) -> tuple[int, str]:
    """A text that the carrier accepted and told nothing about: its id, and the address of its status hook."""
    await world.live_campaign()
    priya = world.slack.person("Priya Shah")
    await world.texting(priya)
    await priya.presses("Send")
    world.carrier.lose_callbacks = True
    await world.a_while()
    [row] = await world.query("SELECT id, state FROM message")
    assert row.state == "accepted"
    return row.id, world.kit.sms.status_address(row.id)


async def state(world: World) -> str:
    [row] = await world.query("SELECT state FROM message")
    return str(row.state)


async def test_delivery_states_come_in_signed_and_marked_or_not_at_all(
    world: World, http: aiohttp.ClientSession
) -> None:
    message_id, address = await a_text(world)
    [text] = world.carrier.texts
    params = {"MessageSid": text.sid, "MessageStatus": "delivered"}
    base = address.partition("?")[0]
    mark = address.rpartition("k=")[2]
    other = world.kit.sms.status_address(message_id + 1)
    refused = {
        "unsigned": (address, params, ""),
        "wrong": (address, params, "AAAA"),
        "not ascii": (address, params, "é"),
        "of other words": (address, params, sign(world.carrier.auth_token, address, {"MessageStatus": "sent"})),
        "another text's mark": (f"{base}?m={message_id + 1}&k={mark}", params, None),
        "shifted": (f"{base}?m={message_id}1&k={mark[1:]}", params, None),
        "no mark": (f"{base}?m={message_id}", params, None),
        "no id": (f"{base}?k={mark}", params, None),
        "an id in other digits": (f"{base}?m=%C2%B2&k={mark}", params, None),
        "a mark in other letters": (f"{base}?m={message_id}&k=%C3%A9", params, None),
    }
    for kind, (url, form, signature) in refused.items():
        assert await posts(world, http, url, form, signature) == 403, kind
        assert await state(world) == "accepted", kind

    for form in ({}, {"MessageStatus": "delivered"}, {"MessageSid": text.sid}, {**params, "MessageStatus": "odd"}):
        assert await posts(world, http, address, form) == 204
        assert await state(world) == "accepted"
    assert await posts(world, http, other, params) == 204  # a text that we do not have
    assert await state(world) == "accepted"

    assert await posts(world, http, address, params) == 204
    assert await state(world) == "delivered"
    for late in ("sent", "delivered", "failed", "queued"):
        assert await posts(world, http, address, {**params, "MessageStatus": late, "ErrorCode": "30003"}) == 204
        assert await state(world) == "delivered"
    [row] = await world.query("SELECT n FROM tally WHERE metric = 'delivered'")
    assert row.n == 1


async def test_voters_texts_come_in_signed_and_whole_or_not_at_all(world: World, http: aiohttp.ClientSession) -> None:
    await a_text(world)
    url = world.carrier.inbound_url
    params = {"MessageSid": "SM1", "From": "+13135550101", "To": "+15005550006", "Body": "Yes!", "NumMedia": "0"}
    for signature in ("", "AAAA", "é", sign(world.carrier.auth_token, url, {**params, "Body": "No"})):
        assert await posts(world, http, url, params, signature) == 403
    for missing in ("MessageSid", "From"):
        assert await posts(world, http, url, {k: v for k, v in params.items() if k != missing}) == 400
    assert await world.query("SELECT id FROM inbound") == []

    odd = [{"NumMedia": "lots"}, {"NumMedia": "99999999"}, {"Body": ""}, {"Body": "\x00nul"}, {"From": "TextCorp"}]
    for number, more in enumerate(odd):
        assert await posts(world, http, url, {**params, "MessageSid": f"MM{number}", **more}) == 204, more
    for _ in range(3):
        assert await posts(world, http, url, params) == 204
    assert len(await world.query("SELECT id FROM inbound WHERE carrier_sid = 'SM1'")) == 1


async def test_five_deliveries_of_one_text_at_once_are_one(world: World) -> None:
    await a_text(world)
    answers = await world.phone("+13135550101").texts("Where?", times=5, at_once=True)
    assert answers == [204] * 5
    await world.a_while()
    priya = next(person for person in world.slack.people if person.first_name == "Priya")
    [thread] = priya.threads
    assert thread.words.count("Where?") == 1
    assert thread.replies == []


async def test_without_a_public_address_no_hook_is_believed(database_url: str, http: aiohttp.ClientSession) -> None:
    async with open_world(database_url) as world:
        settings = settings_for(database_url, world.slack, world.carrier, public_url=None)
        async with open_kit(settings) as kit, serve(web(kit)) as base:
            for path in ("/twilio/inbound", "/twilio/status?m=1&k=x"):
                assert await posts(world, http, base + path, {"MessageSid": "SM1", "From": "+13135550101"}) == 403


async def test_a_start_without_a_public_address_says_what_that_costs(database_url: str) -> None:
    async with open_world(database_url) as world:
        with structlog.testing.capture_logs() as logs:
            async with running(settings_for(database_url, world.slack, world.carrier, public_url=None), ()):
                assert [line["log_level"] for line in logs if line["event"] == NOT_REACHED] == ["warning"]


# ----------------------------------------------------------------------------------------------------------- the rest


async def test_healthz_and_metrics(world: World, http: aiohttp.ClientSession) -> None:
    base = world.kit.settings.public_url
    async with http.get(f"{base}/healthz") as answer:
        assert (answer.status, await answer.text()) == (200, "ok")
    async with http.get(f"{base}/metrics") as answer:
        assert answer.status == 200
        assert "process_cpu_seconds_total" in await answer.text()
    for method, path, status in [("GET", "/slack/events", 405), ("GET", "/twilio/inbound", 405), ("GET", "/no", 404)]:
        async with http.request(method, base + path) as answer:
            assert answer.status == status


@pytest.mark.parametrize("away", ["sqlite:////nowhere/at/all/textbank.db", "postgresql://nobody@127.0.0.1:9/none"])
async def test_healthz_says_when_the_database_is_away(http: aiohttp.ClientSession, away: str) -> None:
    slack, carrier = Slack(), Carrier()
    slack.url = carrier.url = "http://127.0.0.1:9"  # nobody is there either
    async with open_kit(settings_for(away, slack, carrier)) as kit, serve(web(kit)) as base:
        async with http.get(f"{base}/healthz") as answer:
            assert (answer.status, await answer.text()) == (503, "the database is away")
        body = COMMAND.encode()
        headers = {"Content-Type": FORM, **slack.delivery.signature(body)}
        async with http.post(f"{base}/slack/events", data=body, headers=headers) as answer:
            assert answer.status == 200
            assert "nothing was done" in await answer.text()


async def test_healthz_does_not_wait_for_a_database_that_is_silent(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.ANSWER_SECONDS", 0.05)
    slack, carrier = Slack(), Carrier()
    slack.url = carrier.url = "http://127.0.0.1:9"
    silent = await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(60), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    settings = settings_for(f"postgresql://x@127.0.0.1:{port}/x", slack, carrier)
    async with silent, open_kit(settings) as kit, serve(web(kit)) as base, http.get(f"{base}/healthz") as answer:
        assert (answer.status, await answer.text()) == (503, "the database is away")
