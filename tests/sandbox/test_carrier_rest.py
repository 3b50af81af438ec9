"""The carrier's REST API as Twilio's own client sees it.

The client is the real one; only its host is rewritten, which is also how the product reaches the carrier.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from sandbox.carrier import Carrier, Delivery
from sandbox.serving import serve

SARA = "+14155550101"
OMAR = "+14155550102"
OURS = "+15005550006"


class Line(AsyncTwilioHttpClient):
    def __init__(self, base: str) -> None:
        super().__init__(timeout=5)
        self.base = base

    async def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        _, _, rest = url.partition(".twilio.com")
        return await super().request(method, self.base + rest, *args, **kwargs)


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    carrier = Carrier(api_keys={"SK" + "1" * 32: "the key's secret"})
    async with serve(carrier.app) as carrier.url:
        yield carrier
        await carrier.aclose()


@pytest.fixture
async def twilio(carrier: Carrier) -> AsyncIterator[Client]:
    async with Line(carrier.url) as line:
        yield Client(carrier.account_sid, carrier.auth_token, http_client=line)


# -- sending


async def test_a_text_by_a_messaging_service_has_no_sender_until_it_is_sent(carrier: Carrier, twilio: Client) -> None:
    created = await twilio.messages.create_async(
        to=SARA, messaging_service_sid=carrier.messaging_service_sid, body="Hi Sara", validity_period=600
    )

    assert (created.status, created.from_, created.num_segments) == ("accepted", None, "0")
    assert (created.sid[:2], len(created.sid), created.direction) == ("SM", 34, "outbound-api")
    assert abs((created.date_created - datetime.now(UTC)).total_seconds()) < 5
    assert created.date_sent is None
    found = await twilio.messages(created.sid).fetch_async()
    assert (found.status, found.from_, found.num_segments) == ("delivered", OURS, "1")
    assert found.date_sent is not None
    [text] = carrier.texts
    assert (text.sid, text.to, text.body, text.validity_period) == (created.sid, SARA, "Hi Sara", 600)


async def test_a_text_from_a_number_is_queued_from_it(carrier: Carrier, twilio: Client) -> None:
    created = await twilio.messages.create_async(to=SARA, from_=OURS, body="Hi")

    assert (created.status, created.from_, created.num_segments) == ("queued", OURS, "1")
    assert created.messaging_service_sid is None


async def test_a_phone_receives_what_was_texted_to_it_and_nothing_else(carrier: Carrier, twilio: Client) -> None:
    sara, omar = carrier.phone(SARA, "Sara"), carrier.phone(OMAR)

    await twilio.messages.create_async(to=SARA, from_=OURS, body="Hi")
    await twilio.messages.create_async(to=OMAR, from_=OURS, body="Hello")

    assert sara.received == ["Hi"]
    assert omar.received == carrier.texts_to(omar) == ["Hello"]
    assert carrier.texts_to(SARA) == ["Hi"]


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("’" * 70, 1),
        ("’" * 71, 2),
        ("\N{GRINNING FACE}" * 36, 2),
    ],
)
async def test_segments(twilio: Client, body: str, segments: int) -> None:
    created = await twilio.messages.create_async(to=SARA, from_=OURS, body=body)

    assert created.num_segments == str(segments)


async def test_two_numbers_of_a_service_take_turns_and_a_phone_keeps_its_own(twilio: Client, carrier: Carrier) -> None:
    other = Carrier(numbers=("+14155550001", "+14155550002"))
    async with serve(other.app) as other.url, Line(other.url) as line:
        client = Client(other.account_sid, other.auth_token, http_client=line)
        for phone in (SARA, OMAR, SARA):
            await client.messages.create_async(to=phone, messaging_service_sid=other.messaging_service_sid, body="Hi")

    assert [text.from_ for text in other.texts] == ["+14155550001", "+14155550002", "+14155550001"]


REFUSED = [
    (21604, {"from_": OURS, "body": "Hi", "to": ""}),
    (21603, {"to": SARA, "body": "Hi"}),
    (21602, {"to": SARA, "from_": OURS, "body": ""}),
    (21619, {"to": SARA, "from_": OURS}),
    (21211, {"to": "4155550101", "from_": OURS, "body": "Hi"}),
    (21211, {"to": "+1415555010", "from_": OURS, "body": "Hi"}),
    (21211, {"to": "+11155550101", "from_": OURS, "body": "Hi"}),
    (21211, {"to": "+15005550001", "from_": OURS, "body": "Hi"}),
    (21612, {"to": "+15005550002", "from_": OURS, "body": "Hi"}),
    (21408, {"to": "+15005550003", "from_": OURS, "body": "Hi"}),
    (21610, {"to": "+15005550004", "from_": OURS, "body": "Hi"}),
    (21614, {"to": "+15005550009", "from_": OURS, "body": "Hi"}),
    (21212, {"to": SARA, "from_": "+15005550001", "body": "Hi"}),
    (21606, {"to": SARA, "from_": "+15005550007", "body": "Hi"}),
    (21611, {"to": SARA, "from_": "+15005550008", "body": "Hi"}),
    (21659, {"to": SARA, "from_": "+14155559999", "body": "Hi"}),
    (21212, {"to": SARA, "from_": "us", "body": "Hi"}),
    (21266, {"to": OURS, "from_": OURS, "body": "Hi"}),
    (21701, {"to": SARA, "messaging_service_sid": "MG" + "0" * 32, "body": "Hi"}),
    (21617, {"to": SARA, "from_": OURS, "body": "a" * 1601}),
    (21620, {"to": SARA, "from_": OURS, "body": "Hi", "media_url": ["/a.png"]}),
    (21623, {"to": SARA, "from_": OURS, "body": "Hi", "media_url": ["https://example.org/a.png"] * 11}),
    (21609, {"to": SARA, "from_": OURS, "body": "Hi", "status_callback": "ours.example/status"}),
    (21609, {"to": SARA, "from_": OURS, "body": "Hi", "status_callback": "https://a_b.example/status"}),
    (90014, {"to": SARA, "from_": OURS, "body": "Hi", "validity_period": 0}),
    (90007, {"to": SARA, "from_": OURS, "body": "Hi", "validity_period": 36_001}),
    (21408, {"to": SARA, "from_": OURS, "body": "Hi carrier:21408"}),
]


@pytest.mark.parametrize(("code", "asked"), REFUSED, ids=[f"{code}-{index}" for index, (code, _) in enumerate(REFUSED)])
async def test_what_twilio_refuses(carrier: Carrier, twilio: Client, code: int, asked: dict[str, Any]) -> None:
    with pytest.raises(TwilioRestException) as refused:
        await twilio.messages.create_async(**asked)

    assert refused.value.code == code
    assert refused.value.status == (429 if code == 21611 else 400)
    assert carrier.texts == []


async def test_1600_letters_and_36000_seconds_are_still_allowed(carrier: Carrier, twilio: Client) -> None:
    await twilio.messages.create_async(to=SARA, from_=OURS, body="a" * 1600, validity_period=36_000)

    assert len(carrier.texts) == 1


# -- credentials and paths


async def test_wrong_credentials_are_refused_as_twilio_does(carrier: Carrier) -> None:
    async with Line(carrier.url) as line:
        with pytest.raises(TwilioRestException) as refused:
            await Client(carrier.account_sid, "wrong", http_client=line).messages.create_async(
                to=SARA, from_=OURS, body="Hi"
            )
        stranger = Client("AC" + "9" * 32, carrier.auth_token, http_client=line)
        with pytest.raises(TwilioRestException):
            await stranger.messages.create_async(to=SARA, from_=OURS, body="Hi")

    assert (refused.value.status, refused.value.code) == (401, 20003)
    assert carrier.texts == []
    assert [call.status for call in carrier.calls] == [401, 401]
    async with aiohttp.ClientSession() as session, session.get(f"{carrier.url}/2010-04-01/Accounts.json") as answer:
        assert set(await answer.json()) == {"code", "message", "more_info", "status"}


async def test_an_api_key_may_send_but_not_for_another_account(carrier: Carrier) -> None:
    key = "SK" + "1" * 32
    async with Line(carrier.url) as line:
        ours = Client(key, "the key's secret", carrier.account_sid, http_client=line)
        await ours.messages.create_async(to=SARA, from_=OURS, body="Hi")
        with pytest.raises(TwilioRestException) as refused:
            await Client(key, "the key's secret", "AC" + "9" * 32, http_client=line).messages.create_async(
                to=SARA, from_=OURS, body="Hi"
            )

        assert refused.value.code == 20003
        with pytest.raises(TwilioRestException) as refused:  # which a standard key may not see
            await ours.api.v2010.accounts(carrier.account_sid).fetch_async()
        assert refused.value.code == 20003
        assert len(await ours.messages.list_async()) == 1
        carrier.may_only_send.add(key)
        await ours.messages.create_async(to=SARA, from_=OURS, body="Hi")
        with pytest.raises(TwilioRestException) as refused:
            await ours.messages("SM" + "0" * 32).fetch_async()
    assert refused.value.code == 70051


async def test_an_unknown_text_is_404(twilio: Client) -> None:
    with pytest.raises(TwilioRestException) as refused:
        await twilio.messages("SM" + "0" * 32).fetch_async()

    assert (refused.value.status, refused.value.code) == (404, 20404)


async def test_the_account_its_numbers_and_its_service_can_be_looked_at(carrier: Carrier, twilio: Client) -> None:
    carrier.inbound_url = "https://ours.example/inbound"

    account = await twilio.api.v2010.accounts(carrier.account_sid).fetch_async()
    numbers = await twilio.incoming_phone_numbers.list_async()
    service = await twilio.messaging.v1.services(carrier.messaging_service_sid).fetch_async()
    pool = await twilio.messaging.v1.services(carrier.messaging_service_sid).phone_numbers.list_async()

    assert account.status == "active"
    assert [(number.phone_number, number.sms_url) for number in numbers] == [(OURS, carrier.inbound_url)]
    assert (service.inbound_request_url, service.validity_period) == (carrier.inbound_url, 36_000)
    assert [number.phone_number for number in pool] == [OURS]


async def test_what_an_account_may_lack_can_be_looked_at(carrier: Carrier, twilio: Client) -> None:
    service = twilio.messaging.v1.services(carrier.messaging_service_sid)
    assert [each.campaign_status for each in await service.us_app_to_person.list_async()] == ["VERIFIED"]
    assert await service.short_codes.list_async() == []

    carrier.registration, carrier.mute, carrier.account_status = None, {OURS}, "suspended"
    assert await service.us_app_to_person.list_async() == []
    assert not (await service.fetch_async()).us_app_to_person_registered
    assert [number.capabilities for number in await service.phone_numbers.list_async()] == [["MMS"]]
    [number] = await twilio.incoming_phone_numbers.list_async(phone_number=OURS)
    assert not number.capabilities["sms"]
    assert (await twilio.api.v2010.accounts(carrier.account_sid).fetch_async()).status == "suspended"
    with pytest.raises(TwilioException, match="404"):
        await twilio.messaging.v1.services("MG" + "0" * 32).us_app_to_person.list_async()


# -- lists


async def test_the_list_is_newest_first_by_recipient_across_pages(carrier: Carrier, twilio: Client) -> None:
    for number in range(5):
        await twilio.messages.create_async(to=SARA, from_=OURS, body=str(number))
    await twilio.messages.create_async(to=OMAR, from_=OURS, body="another")

    found = await twilio.messages.list_async(to=SARA, page_size=2)

    assert [text.body for text in found] == ["4", "3", "2", "1", "0"]
    assert sum(call.method == "GET" for call in carrier.calls) == 3
    assert len(await twilio.messages.list_async(from_=OURS)) == 6
    assert await twilio.messages.list_async(from_=OMAR) == []


async def test_a_text_that_comes_in_between_two_pages_repeats_nothing(carrier: Carrier, twilio: Client) -> None:
    for number in range(3):
        await twilio.messages.create_async(to=SARA, from_=OURS, body=str(number))
    first = await twilio.messages.page_async(to=SARA, page_size=2)
    await twilio.messages.create_async(to=SARA, from_=OURS, body="new")
    second = await first.next_page_async()

    assert second is not None
    assert [text.body for text in [*first, *second]] == ["2", "1", "0"]


async def test_the_list_is_filtered_by_the_date_of_sending(carrier: Carrier, twilio: Client) -> None:
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    for days in (3, 2, 0):
        carrier.clock = lambda days=days: (now - timedelta(days=days)).timestamp()  # type: ignore[misc]
        await twilio.messages.create_async(to=SARA, from_=OURS, body=f"{days} days ago")

    async def bodies(**filters: datetime) -> list[str]:
        return [text.body for text in await twilio.messages.list_async(**filters)]

    assert await bodies(date_sent_after=now - timedelta(days=2)) == ["0 days ago", "2 days ago"]
    assert await bodies(date_sent_before=now - timedelta(days=2)) == ["2 days ago", "3 days ago"]
    assert await bodies(date_sent=now) == ["0 days ago"]
    assert [text.body for text in await twilio.messages.list_async(date_sent=now.date().isoformat())] == ["0 days ago"]


async def test_the_list_lags_but_the_text_itself_can_be_fetched(carrier: Carrier, twilio: Client) -> None:
    carrier.list_lag = 60
    created = await twilio.messages.create_async(to=SARA, from_=OURS, body="Hi")

    assert await twilio.messages.list_async(to=SARA) == []
    assert (await twilio.messages(created.sid).fetch_async()).body == "Hi"
    carrier.clock = lambda: time.time() + 61
    assert len(await twilio.messages.list_async(to=SARA)) == 1


async def test_what_a_voter_texted_is_in_the_list_even_when_its_hook_was_lost(carrier: Carrier, twilio: Client) -> None:
    await carrier.phone(SARA).texts("Yes please", media=["image/png"])

    [text] = await twilio.messages.list_async(to=OURS, date_sent_after=datetime.now(UTC) - timedelta(days=2))
    assert (text.body, text.direction, text.status, text.from_) == ("Yes please", "inbound", "received", SARA)
    assert text.num_media == "1"


async def test_a_body_can_be_emptied_and_a_text_deleted(carrier: Carrier, twilio: Client) -> None:
    created = await twilio.messages.create_async(to=SARA, from_=OURS, body="Hi")
    with pytest.raises(TwilioRestException):
        await twilio.messages(created.sid).update_async(body="Something else")
    assert (await twilio.messages(created.sid).update_async(body="")).body == ""

    assert await twilio.messages(created.sid).delete_async()
    assert await twilio.messages.list_async(to=SARA) == []


# -- weather


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("500", 500, 20500),
        ("503", 503, 20503),
        ("429", 429, 20429),
        ("401", 401, 20003),
        ("403", 403, 20005),
        ("accept_then_500", 500, 20500),
    ],
)
async def test_a_failing_answer_and_whether_the_text_left(
    carrier: Carrier, twilio: Client, kind: str, status: int, code: int
) -> None:
    carrier.fail_next(kind)

    with pytest.raises(TwilioRestException) as failed:
        await twilio.messages.create_async(to=SARA, from_=OURS, body="Hi")
    accepted = carrier.texts_to(SARA)
    await twilio.messages.create_async(to=OMAR, from_=OURS, body="Fine again")

    assert (failed.value.status, failed.value.code) == (status, code)
    assert accepted == (["Hi"] if kind.startswith("accept") else [])
    assert carrier.texts_to(OMAR) == ["Fine again"]


@pytest.mark.parametrize(("kind", "left"), [("cut", []), ("accept_then_cut", ["Hi"])])
async def test_a_cut_line_shows_nothing_of_whether_the_text_left(
    carrier: Carrier, twilio: Client, kind: str, left: list[str]
) -> None:
    carrier.fail_next(kind)

    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await twilio.messages.create_async(to=SARA, from_=OURS, body="Hi")

    assert carrier.texts_to(SARA) == left
    assert carrier.calls[-1].status == 0


@pytest.mark.parametrize(("kind", "left"), [("hang", []), ("accept_then_hang", ["Hi"])])
async def test_a_line_that_hangs_lasts_until_the_client_gives_up(
    carrier: Carrier, twilio: Client, kind: str, left: list[str]
) -> None:
    carrier.fail_next(kind)

    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(twilio.messages.create_async(to=SARA, from_=OURS, body="Hi"), timeout=0.2)

    assert carrier.texts_to(SARA) == left
    await carrier.settle()


async def test_nonsense_is_no_json(carrier: Carrier, twilio: Client) -> None:
    carrier.fail_next("nonsense")

    with pytest.raises(ValueError, match="Expecting value"):
        await twilio.messages.create_async(to=SARA, from_=OURS, body="Hi")

    assert carrier.texts == []


async def test_a_slow_answer_is_a_good_one(carrier: Carrier, twilio: Client) -> None:
    carrier.slow_seconds = 0.2
    carrier.fail_next("slow")
    start = time.monotonic()

    await twilio.messages.create_async(to=SARA, from_=OURS, body="Hi")

    assert time.monotonic() - start >= 0.2
    assert carrier.texts_to(SARA) == ["Hi"]


async def test_latency_is_for_every_request(carrier: Carrier, twilio: Client) -> None:
    carrier.latency = 0.1
    start = time.monotonic()

    await twilio.messages.list_async(to=SARA)

    assert time.monotonic() - start >= 0.1


async def test_weather_lasts_as_long_as_it_was_told_and_spares_looking_up(carrier: Carrier, twilio: Client) -> None:
    carrier.fail_next("500", times=2)
    assert await twilio.messages.list_async(to=SARA) == []

    for _ in range(2):
        with pytest.raises(TwilioRestException):
            await twilio.messages.create_async(to=SARA, from_=OURS, body="Hi")
    await twilio.messages.create_async(to=SARA, from_=OURS, body="Hi")

    assert carrier.texts_to(SARA) == ["Hi"]


async def test_in_an_outage_nothing_works_and_afterwards_everything(carrier: Carrier, twilio: Client) -> None:
    carrier.outage = True
    with pytest.raises(TwilioRestException) as failed:
        await twilio.messages.create_async(to=SARA, from_=OURS, body="Hi")
    with pytest.raises(TwilioRestException):
        await twilio.api.v2010.accounts(carrier.account_sid).fetch_async()
    carrier.outage = False
    await twilio.messages.create_async(to=SARA, from_=OURS, body="Hi again")

    assert failed.value.status == 503
    assert carrier.texts_to(SARA) == ["Hi again"]


async def test_a_magic_word_in_a_body_makes_weather(carrier: Carrier, twilio: Client) -> None:
    with pytest.raises(TwilioRestException) as failed:
        await twilio.messages.create_async(to=SARA, from_=OURS, body="Hi carrier:accept_then_500 there")
    assert failed.value.code == 20500
    assert len(carrier.texts_to(SARA)) == 1

    carrier.magic_words = False
    await twilio.messages.create_async(to=SARA, from_=OURS, body="Hi carrier:500")
    assert len(carrier.texts_to(SARA)) == 2


def test_weather_that_does_not_exist_is_a_mistake(carrier: Carrier) -> None:
    with pytest.raises(ValueError, match="no such weather"):
        carrier.fail_next("rain")


# -- delivery


@pytest.mark.parametrize(
    ("code", "status"),
    [(30003, "undelivered"), (30005, "undelivered"), (30006, "undelivered"), (30007, "undelivered"), (30001, "failed")],
)
async def test_an_unreachable_phone_receives_nothing(carrier: Carrier, twilio: Client, code: int, status: str) -> None:
    sara = carrier.phone(SARA)
    sara.unreachable = code

    created = await twilio.messages.create_async(to=SARA, from_=OURS, body="Hi")

    found = await twilio.messages(created.sid).fetch_async()
    assert (found.status, found.error_code) == (status, code)
    assert (found.date_sent is None) == (status == "failed")
    assert sara.received == []


async def test_a_text_that_waits_beyond_its_validity_is_never_delivered(carrier: Carrier, twilio: Client) -> None:
    naps: list[float] = []

    async def sleep(seconds: float) -> None:
        naps.append(seconds)

    carrier.sleep, carrier.delivery = sleep, Delivery(delay=100)
    sara = carrier.phone(SARA)
    expiring = await twilio.messages.create_async(to=SARA, from_=OURS, body="Too late", validity_period=99)
    lasting = await twilio.messages.create_async(to=SARA, from_=OURS, body="In time", validity_period=100)
    await carrier.settle()

    found = await twilio.messages(expiring.sid).fetch_async()
    assert (found.status, found.error_code, found.date_sent) == ("failed", 30036, None)
    assert (await twilio.messages(lasting.sid).fetch_async()).status == "delivered"
    assert sara.received == ["In time"]
    assert naps[:1] == [99]


async def test_a_text_costs_little(carrier: Carrier) -> None:
    """Benchmarks run through the carrier. The bound is loose: a shared machine must not fail it, a leak should."""
    sent = 300
    head = {"Authorization": aiohttp.encode_basic_auth(carrier.account_sid, carrier.auth_token)}
    async with aiohttp.ClientSession(headers=head) as session:
        before = time.process_time()
        for number in range(sent):
            form = {"To": f"+1415555{number:04}", "From": OURS, "Body": "Hi"}
            url = f"{carrier.url}/2010-04-01/Accounts/{carrier.account_sid}/Messages.json"
            async with session.post(url, data=form) as answer:
                assert answer.status == 201
        spent = time.process_time() - before

    assert spent / sent < 0.005, "seconds of processor time for both ends of one text"
