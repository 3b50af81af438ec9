"""Media: what the carrier fetches for a text that goes out, and where it keeps what came in.

For a text with a MediaUrl, Twilio asks the app's server by HEAD and by GET, and the text fails if it cannot have it.
What a voter sent is at the API behind the account's credentials, and from there redirected to a store that wants none:
a request that brings some all the same is refused, as such stores do.
"""

import hashlib
import hmac

import aiohttp
from yarl import URL

from sandbox.carrier.resources import Attachment, new_sid

LARGEST = 5_000_000
NOT_FETCHED, WRONG_TYPE, TOO_LARGE = 11200, 12300, 30019
STORE = "/store"

_KINDS = ("image/", "video/", "audio/", "text/vcard", "text/x-vcard", "text/csv", "application/pdf")
_BEGINNINGS = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/gif": (b"GIF87a", b"GIF89a"),
}


class NotTaken(Exception):
    """Why a text with this media fails, as Twilio's code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


async def fetch_all(session: aiohttp.ClientSession, addresses: tuple[str, ...]) -> list[Attachment]:
    """Everything that goes along with one text. Raises NotTaken."""
    found = [await _fetch(session, address) for address in addresses]
    if sum(len(one.content) for one in found) > LARGEST:
        raise NotTaken(TOO_LARGE)
    return found


async def _fetch(session: aiohttp.ClientSession, address: str) -> Attachment:
    url = URL(address, encoded=True)
    try:
        async with session.head(url, allow_redirects=True) as asked:
            told = asked.status, asked.content_type
        async with session.get(url) as given:
            content = await given.content.read(LARGEST + 1)
            while len(content) <= LARGEST and (more := await given.content.read(LARGEST + 1)):
                content += more
    except (aiohttp.ClientError, TimeoutError):
        raise NotTaken(NOT_FETCHED) from None
    if given.status != 200 or told[0] != 200:
        raise NotTaken(NOT_FETCHED)
    _check(given.content_type, told[1], content)
    return Attachment(new_sid("ME"), given.content_type, content)


def _check(kind: str, told: str, content: bytes) -> None:
    """The type that the app's server says must be one that Twilio takes, and be true."""
    if kind != told or not kind.startswith(_KINDS):
        raise NotTaken(WRONG_TYPE)
    if len(content) > LARGEST:
        raise NotTaken(TOO_LARGE)
    if not content.startswith(_BEGINNINGS.get(kind, (b"",))):
        raise NotTaken(WRONG_TYPE)


def store_address(base: str, secret: str, medium: str) -> str:
    """Where a medium lies for whoever was sent there."""
    return f"{base}{STORE}/{medium}?Signature={_signature(secret, medium)}"


def may_take(secret: str, medium: str, signature: str, brings_credentials: bool) -> bool:
    """Whether the store gives a medium out: to a signed address, and to nobody who brings credentials besides."""
    return not brings_credentials and hmac.compare_digest(_signature(secret, medium), signature)


def _signature(secret: str, medium: str) -> str:
    return hmac.new(secret.encode(), medium.encode(), hashlib.sha256).hexdigest()
