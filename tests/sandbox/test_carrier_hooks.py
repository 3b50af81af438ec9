"""The carrier's web hooks as an app receives them, and the voters' phones behind them.

Every hook is checked by Twilio's own validator, at the address that the app knows itself by.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
from starlette.requests import Request
from starlette.responses import Response
from twilio.request_validator import RequestValidator

from sandbox.carrier import Carrier, Delivery
from sandbox.serving import serve

SARA = "+14155550101"
OMAR = "+14155550102"
OURS = "+15005550006"


class App:
    """What stands behind the web hooks: it keeps each one, and answers with `status`."""

    def __init__(self, auth_token: str) -> None:
        self.url = ""
        self.status = 204
        self.validator = RequestValidator(auth_token)
        self.hooks: list[dict[str, str]] = []
        self.tokens: list[str] = []
        self.on_hook: Callable[[], Awaitable[Any]] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        address = self.url + scope["raw_path"].decode() + ("?" + request.url.query if request.url.query else "")
        assert self.validator.validate(address, form, request.headers["x-twilio-signature"]), address
        self.hooks.append(form)
        self.tokens.append(request.headers["i-twilio-idempotency-token"])
        if self.on_hook:
            await self.on_hook()
        await Response(status_code=self.status)(scope, receive, send)

    @property
    def statuses(self) -> list[str]:
        return [hook["MessageStatus"] for hook in self.hooks]


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    carrier = Carrier()
    async with serve(carrier.app) as carrier.url:
        yield carrier
        await carrier.aclose()


@pytest.fixture
async def app(carrier: Carrier) -> AsyncIterator[App]:
    app = App(carrier.auth_token)

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await app(scope, receive, send)

    async with serve(asgi) as app.url:
        carrier.inbound_url = f"{app.url}/inbound"
        yield app
        await carrier.aclose()


@pytest.fixture
async def send(carrier: Carrier, app: App) -> AsyncIterator[Callable[..., Awaitable[int]]]:
    """Send a text with a status callback; the value is the HTTP status."""
    head = {"Authorization": aiohttp.encode_basic_auth(carrier.account_sid, carrier.auth_token)}
    async with aiohttp.ClientSession(headers=head) as session:

        async def post(to: str = SARA, **form: str) -> int:
            form = {"Body": "Hi", "StatusCallback": f"{app.url}/status?text=17&seal=a%2Bb%3D", **form}
            if "From" not in form:
                form.setdefault("MessagingServiceSid", carrier.messaging_service_sid or "")
            url = f"{carrier.url}/2010-04-01/Accounts/{carrier.account_sid}/Messages.json"
            async with session.post(url, data={"To": to, **form}) as answer:
                return answer.status

        yield post


# -- status callbacks


async def test_a_services_text_is_reported_queued_sent_and_delivered(carrier: Carrier, app: App, send: Any) -> None:
    await send()
    await carrier.settle()

    assert app.statuses == ["queued", "sent", "delivered"]
    assert app.hooks[-1] == {
        "AccountSid": carrier.account_sid,
        "ApiVersion": "2010-04-01",
        "From": OURS,
        "MessageSid": carrier.texts[0].sid,
        "MessageStatus": "delivered",
        "MessagingServiceSid": carrier.messaging_service_sid,
        "SmsSid": carrier.texts[0].sid,
        "SmsStatus": "delivered",
        "To": SARA,
    }
    assert len(set(app.tokens)) == 3


async def test_a_numbers_text_is_not_reported_in_the_state_that_its_answer_carried(
    carrier: Carrier, app: App, send: Any
) -> None:
    await send(From=OURS)
    await carrier.settle()

    assert app.statuses == ["sent", "delivered"]


async def test_a_failure_is_reported_with_its_code(carrier: Carrier, app: App, send: Any) -> None:
    carrier.phone(SARA).unreachable = 30007
    await send(From=OURS)
    await send(OMAR, From=OURS, Body="Hi carrier:30003")
    await carrier.settle()

    last = {hook["To"]: (hook["MessageStatus"], hook.get("ErrorCode")) for hook in app.hooks}
    assert last == {SARA: ("undelivered", "30007"), OMAR: ("undelivered", "30003")}


async def test_callbacks_come_after_the_answer_unless_they_are_early(carrier: Carrier, app: App, send: Any) -> None:
    order: list[str] = []

    async def on_hook() -> None:
        order.append("hook")

    app.on_hook = on_hook
    carrier.latency = 0.05
    await send(From=OURS)
    order.append("answer")
    await carrier.settle()
    carrier.early_callbacks = True
    await send(From=OURS)
    order.append("answer")
    await carrier.settle()

    assert order == ["answer", "hook", "hook", "hook", "hook", "answer"]


async def test_an_app_that_holds_an_early_callback_back_is_answered_all_the_same(
    carrier: Carrier, app: App, send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.carrier.server.EARLY_PATIENCE", 0.1)
    answered = asyncio.Event()

    async def on_hook() -> None:
        await answered.wait()

    app.on_hook, carrier.early_callbacks = on_hook, True
    assert await asyncio.wait_for(send(From=OURS), 5) == 201
    answered.set()
    await carrier.settle()

    assert app.statuses == ["sent", "delivered"]


async def test_callbacks_in_the_wrong_order(carrier: Carrier, app: App, send: Any) -> None:
    carrier.callback_order = "reversed"
    await send()
    await carrier.settle()
    assert app.statuses == ["delivered", "sent", "queued"]

    carrier.callback_order = "shuffled"
    orders = set()
    for _ in range(12):
        app.hooks.clear()
        await send()
        await carrier.settle()
        orders.add(tuple(app.statuses))
    assert len(orders) > 1
    assert all(sorted(order) == ["delivered", "queued", "sent"] for order in orders)


async def test_callbacks_twice_and_not_at_all(carrier: Carrier, app: App, send: Any) -> None:
    carrier.duplicate_callbacks = True
    await send(From=OURS)
    await carrier.settle()
    assert app.statuses == ["sent", "sent", "delivered", "delivered"]
    assert app.tokens[0] == app.tokens[1] != app.tokens[2]

    app.hooks.clear()
    carrier.lose_callbacks = True
    await send(From=OURS)
    await carrier.settle()
    assert app.hooks == []
    assert carrier.texts[-1].status == "delivered"


@pytest.mark.parametrize("kind", ["accept_then_cut", "accept_then_500", "accept_then_hang"])
async def test_a_text_that_was_taken_without_a_word_is_reported_all_the_same(
    carrier: Carrier, app: App, send: Any, kind: str
) -> None:
    carrier.fail_next(kind)
    sending = asyncio.ensure_future(send(From=OURS))
    async with asyncio.timeout(3):
        while app.statuses != ["sent", "delivered"]:  # noqa: ASYNC110 -- there is nothing else to wait for
            await asyncio.sleep(0.005)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)

    assert carrier.texts_to(SARA) == ["Hi"]


async def test_settle_waits_for_texts_that_still_wait(carrier: Carrier, app: App, send: Any) -> None:
    carrier.delivery = Delivery(delay=0.05, receipt=0.05)
    await send(From=OURS)
    assert app.hooks == []

    await carrier.settle()
    assert app.statuses == ["sent", "delivered"]
    await send(From=OURS)
    with pytest.raises(TimeoutError):
        await carrier.settle(timeout=0.01)


async def test_a_hook_is_repeated_only_when_no_connection_was_made(carrier: Carrier, app: App, send: Any) -> None:
    app.status = 500
    await send(From=OURS)
    await carrier.settle()
    assert app.statuses == ["sent", "delivered"]

    carrier.hooks.posted.clear()
    await send(From=OURS, StatusCallback="http://127.0.0.1:9/status")
    await carrier.settle()
    assert [(hook.params["MessageStatus"], hook.status) for hook in carrier.hooks.posted] == [
        ("sent", 0),
        ("sent", 0),
        ("delivered", 0),
        ("delivered", 0),
    ]


async def test_connection_overrides_are_obeyed_and_neither_sent_nor_signed(carrier: Carrier, app: App) -> None:
    app.status = 500
    carrier.inbound_url = f"{app.url}/inbound?v=1#rc=2&rp=all"

    assert await carrier.phone(SARA).texts("Hi") == [500]

    assert len(app.hooks) == 3
    assert len(set(app.tokens)) == 1


# -- voters' texts


async def test_a_voters_text_arrives_with_everything_that_twilio_says(carrier: Carrier, app: App) -> None:
    sara = carrier.phone(SARA, "Sara")
    carrier.inbound_url = f"{app.url}/inbound?campaign=a%20b&x=%2B1&seal=%7e%41"

    assert await sara.texts("Sí, “claro”") == [204]

    [hook] = app.hooks
    assert hook["MessageSid"] == hook["SmsSid"] == hook["SmsMessageSid"]
    assert (hook["From"], hook["To"], hook["Body"]) == (SARA, OURS, "Sí, “claro”")
    assert (hook["NumMedia"], hook["NumSegments"], hook["FromState"], hook["FromZip"]) == ("0", "1", "CA", "94103")
    assert hook["MessagingServiceSid"] == carrier.messaging_service_sid
    assert hook["AccountSid"] == carrier.account_sid


async def test_a_phone_answers_the_number_that_texted_it_last(app: App, send: Any, carrier: Carrier) -> None:
    carrier.numbers = (OURS, "+14155550007")
    sara = carrier.phone(SARA)
    await send(From="+14155550007")
    await carrier.settle()

    await sara.texts("Who is this?")
    await sara.texts("And you?", to=OURS)

    assert [hook["To"] for hook in app.hooks if "Body" in hook] == ["+14155550007", OURS]


async def test_one_text_five_times_at_once_is_one_text(carrier: Carrier, app: App) -> None:
    sara = carrier.phone(SARA)

    assert await sara.texts("Yes", times=5, at_once=True) == [204] * 5
    assert len({hook["MessageSid"] for hook in app.hooks}) == len(set(app.tokens)) == 1
    await sara.texts("Yes", sid=app.hooks[0]["MessageSid"])
    await sara.texts("Yes")

    assert len({hook["MessageSid"] for hook in app.hooks}) == 2
    assert len(carrier.kept_to(OURS)) == 2


async def test_a_picture_is_fetched_from_the_carrier_with_credentials(carrier: Carrier, app: App) -> None:
    sara = carrier.phone(SARA)
    await sara.texts("Look", media=[("image/png", b"the bytes"), "image/jpeg", "https://elsewhere.example/x"])

    [hook] = app.hooks
    assert hook["NumMedia"] == "3"
    assert (hook["MediaContentType0"], hook["MediaContentType1"]) == ("image/png", "image/jpeg")
    assert hook["MediaUrl2"] == "https://elsewhere.example/x"
    assert hook["MessageSid"].startswith("MM")
    async with aiohttp.ClientSession() as session:
        async with session.get(hook["MediaUrl0"]) as refused:
            assert refused.status == 401
        head = {"Authorization": aiohttp.encode_basic_auth(carrier.account_sid, carrier.auth_token)}
        async with session.get(hook["MediaUrl0"], headers=head, allow_redirects=False) as sent_on:
            assert sent_on.status == 307
        async with session.get(sent_on.headers["Location"], headers=head) as too_much:
            assert too_much.status == 400, "a store takes one kind of proof, and its address is one"
        async with session.get(sent_on.headers["Location"] + "0") as forged:
            assert forged.status == 403
        async with session.get(sent_on.headers["Location"]) as fetched:
            assert (fetched.content_type, await fetched.read()) == ("image/png", b"the bytes")
        of_text = hook["MediaUrl0"].rpartition("/")[0]
        async with session.get(f"{of_text}.json", headers=head) as listed:
            assert [medium["content_type"] for medium in (await listed.json())["media_list"]] == [
                "image/png",
                "image/jpeg",
            ]


async def test_a_lost_inbound_text_is_answered_by_nobody(carrier: Carrier, app: App) -> None:
    carrier.lose_inbound = True

    assert await carrier.phone(SARA).texts("Yes") == [0]
    assert app.hooks == []


# -- the carrier's own stop list


@pytest.mark.parametrize("word", ["STOP", "stop", " Unsubscribe\n", "OptOut", "REVOKE", "quit"])
async def test_a_keyword_blocks_at_the_carrier_and_start_opens_again(
    carrier: Carrier, app: App, send: Any, word: str
) -> None:
    sara = carrier.phone(SARA)
    await sara.texts(word)

    assert await send() == 400
    assert await send(OMAR) == 201
    assert len(sara.received) == 1
    assert "unsubscribed" in sara.received[0]
    assert app.hooks[0]["Body"] == word, "the app is told all the same"
    await sara.texts("Start")
    assert await send() == 201


@pytest.mark.parametrize("words", ["Stop please", "please stop", "STOP.", "no", "ENDE"])
async def test_anything_but_a_single_keyword_blocks_nobody(carrier: Carrier, send: Any, words: str) -> None:
    sara = carrier.phone(SARA)
    await sara.texts(words)

    assert await send() == 201
    assert not any("unsubscribed" in body for body in sara.received)


async def test_without_a_service_each_number_has_its_own_list() -> None:
    carrier = Carrier(numbers=(OURS, "+14155550007"), messaging_service_sid=None)
    await carrier.phone(SARA).texts("STOP", to=OURS)

    assert carrier.stop_list.blocks(OURS, SARA)
    assert not carrier.stop_list.blocks("+14155550007", SARA)


async def test_a_stop_that_comes_while_a_text_waits_at_the_carrier_keeps_it_there(
    carrier: Carrier, app: App, send: Any
) -> None:
    carrier.delivery = Delivery(delay=0.1)
    sara = carrier.phone(SARA)
    await send(From=OURS)
    await sara.texts("STOP")
    await carrier.settle()

    assert (app.hooks[-1]["MessageStatus"], app.hooks[-1]["ErrorCode"]) == ("failed", "21610")
    assert "Hi" not in sara.received
