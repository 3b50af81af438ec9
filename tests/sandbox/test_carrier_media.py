"""A text with a MediaUrl: the carrier fetches it as the real one does, and the text fails if it cannot have it."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.carrier import Carrier
from sandbox.serving import serve

SARA = "+14155550101"
PNG = b"\x89PNG\r\n\x1a\n and the rest"
FILES = {
    "picture": (PNG, "image/png"),
    "page": (b"<html>", "text/html"),
    "liar": (b"<html>", "image/png"),
    "large": (PNG + b"\0" * 5_000_001, "image/png"),
    "half": (PNG + b"\0" * 3_000_000, "image/png"),
}


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    carrier = Carrier()
    async with serve(carrier.app) as carrier.url:
        yield carrier
        await carrier.aclose()


@pytest.fixture
async def shelf() -> AsyncIterator[str]:
    """The address of a server with files."""

    async def give(request: Request) -> Response:
        found = FILES.get(request.path_params["name"])
        return Response(found[0], media_type=found[1]) if found else Response(status_code=404)

    async with serve(Starlette(routes=[Route("/{name}", give)])) as url:
        yield url


async def sends(carrier: Carrier, *addresses: str) -> Any:
    """A text with these media; what the carrier has of it afterwards."""
    values = [("To", SARA), ("Body", "Hi"), ("MessagingServiceSid", carrier.messaging_service_sid or "")]
    form = aiohttp.FormData([*values, *(("MediaUrl", address) for address in addresses)])
    auth = aiohttp.BasicAuth(carrier.account_sid, carrier.auth_token)
    url = f"{carrier.url}/2010-04-01/Accounts/{carrier.account_sid}/Messages.json"
    async with aiohttp.ClientSession(auth=auth) as session, session.post(url, data=form) as answer:
        assert answer.status == 201
    await carrier.settle()
    return carrier.texts[-1]


async def test_a_picture_is_fetched_and_arrives(carrier: Carrier, shelf: str) -> None:
    sara = carrier.phone(SARA)
    text = await sends(carrier, f"{shelf}/picture")

    assert (text.status, text.sid[:2]) == ("delivered", "MM")
    assert [picture.content for picture in sara.pictures] == [PNG]
    assert sara.received == ["Hi [1 media]"]


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["nothing"], 11200),
        (["page"], 12300),
        (["liar"], 12300),
        (["large"], 30019),
        (["half", "half"], 30019),
    ],
)
async def test_what_cannot_be_had_or_taken_fails_the_text(
    carrier: Carrier, shelf: str, names: list[str], code: int
) -> None:
    sara = carrier.phone(SARA)
    text = await sends(carrier, *(f"{shelf}/{name}" for name in names))

    assert (text.status, text.error_code) == ("failed", code)
    assert sara.received == []


async def test_a_server_that_is_away_fails_the_text(carrier: Carrier) -> None:
    text = await sends(carrier, "http://127.0.0.1:9/picture")

    assert (text.status, text.error_code) == ("failed", 11200)
