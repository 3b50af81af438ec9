"""The carrier's web hooks with anything in them: signed and odd, or so large that nobody reads them to the end."""

import asyncio
import time
from collections.abc import AsyncIterator
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.door import LARGEST
from sandbox.carrier import sign
from sandbox.slack.delivery import FORM
from tests.examples import few
from tests.hostile.day import SARA, listen
from tests.world import World, open_world

NAMES = (
    *("MessageSid", "SmsSid", "From", "To", "Body", "NumMedia", "MediaUrl0", "MediaContentType0", "MessageStatus"),
    *("ErrorCode", "AccountSid", "OptOutType", "m", "k", "\0", "", "Ünicode"),
)
ODD = st.sampled_from(
    [
        *(
            "",
            "\0",
            "²",
            "9" * 30,
            "9" * 5000,
            "-1",
            "1e9",
            "NaN",
            "STOP",
            "delivered",
            "failed",
            "x" * 5000,
            "\U0001f600",
        ),
        *(
            SARA,
            "+" + "9" * 400,
            "TextCorp",
            "whatsapp:+1",
            "<!channel>",
            "{x.__class__}",
            "https://evil.example/x.png",
        ),
        *("99999999999", "2147483648", "30003", "10", "' OR 1=1 --", "\ud800".encode("utf-8", "replace").decode()),
    ]
)
FORMS = st.dictionaries(st.sampled_from(NAMES), ODD | st.text(max_size=20), max_size=8)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """Sara has been texted, and there is one status hook of hers."""
    async with open_world(database_url) as world:
        await world.live_campaign()
        priya = world.slack.person("Priya Shah")
        await world.texting(priya)
        await priya.presses("Send")
        world.carrier.lose_callbacks = True
        await world.a_while()
        yield world


async def post(world: World, url: str, form: dict[str, str]) -> int:
    """A hook that the carrier has signed; what can't be sent as UTF-8 is not its."""
    listened = world.carrier.hooks  # its session of HTTP, which is open
    signed = {"X-Twilio-Signature": sign(world.carrier.auth_token, url, form), "Content-Type": FORM}
    async with listened.session().post(url, data=urlencode(form), headers=signed) as answer:
        return answer.status


async def states(world: World) -> list[str]:
    return [row.state for row in await world.query("SELECT state FROM message")]


@few(60)
@given(form=FORMS, whole=st.booleans())
async def test_a_voters_text_with_anything_in_it_is_stored_once_or_refused(
    world: World, form: dict[str, str], whole: bool
) -> None:
    form = {**({"MessageSid": "SM1", "From": SARA, "Body": "Hi"} if whole else {}), **form}
    before = len(await world.query("SELECT 1 FROM inbound"))
    statuses = [await post(world, world.carrier.inbound_url, form) for _ in range(2)]
    stored = len(await world.query("SELECT 1 FROM inbound")) - before
    assert statuses[0] in (204, 400), form
    assert statuses == [statuses[0]] * 2
    assert stored <= (statuses[0] == 204)


@few(60)
@given(form=FORMS, whole=st.booleans())
async def test_a_status_with_anything_in_it_says_what_it_says_or_nothing(
    world: World, form: dict[str, str], whole: bool
) -> None:
    form = {**({"MessageSid": "SM1", "MessageStatus": "sent"} if whole else {}), **form}
    assert await post(world, world.kit.sms.status_address(1), form) in (204, 400), form
    [state] = await states(world)
    assert state in ("accepted", "sent", "delivered", "failed")


@pytest.mark.parametrize("path", ["/slack/events", "/twilio/inbound", "/twilio/status?m=1", "/media/x", "/healthz"])
async def test_a_body_of_a_gigabyte_is_not_read_before_it_is_refused(world: World, path: str) -> None:
    for head, piece in (
        ("Content-Length: 1073741824", b"x"),
        ("Transfer-Encoding: chunked", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    ):
        url = urlsplit(str(world.kit.settings.public_url))
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
        sent, answered = 0, asyncio.create_task(reader.readline())
        ends = time.monotonic() + 60
        while not answered.done() and head.startswith("Transfer") and time.monotonic() < ends:
            writer.write(piece)
            sent += len(piece)
            try:
                await writer.drain()
            except ConnectionError:
                break
            await asyncio.sleep(0)
        assert b" 413 " in await asyncio.wait_for(answered, 60)
        assert sent < 16 * LARGEST  # what was on its way when the answer came
        writer.close()


async def test_what_carries_a_foreign_address_is_not_answered_there(world: World) -> None:
    """Slack signs the address that a press is answered by; nothing else of a request makes us call anybody."""
    seen = listen(world)
    calls = len(world.slack.calls)
    await world.phone(SARA).texts("Look", media=["https://evil.example/x.png"])
    await world.a_while()
    assert seen.requests
    assert {call.method for call in world.slack.calls[calls:]} <= {
        "chat.postMessage",
        "conversations.open",
        "users.info",
    }
