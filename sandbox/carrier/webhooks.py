"""Web hooks as Twilio posts them: signed over the exact address and all parameters, repeated only without a connection.

Twilio never repeats a hook that was answered, whatever the answer was: an app that says 500 has lost that hook, unless
its address asks for more with connection overrides (`https://…/inbound#rc=3&rp=all`). The fragment is neither sent nor
signed.
"""

import base64
import hashlib
import hmac
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import aiohttp
from yarl import URL

from sandbox.wire import CARRIER, TEXTBANK, Wire

KEEP_ALIVE = 2.0  # shorter than an app keeps idle lines, or a POST may meet one that is just being closed
MOST_RETRIES = 5


@dataclass(slots=True)
class Hook:
    """One attempt to post a web hook. `status` is 0 when nobody answered."""

    url: str
    params: Mapping[str, str]
    status: int


def sign(auth_token: str, url: str, params: Mapping[str, str]) -> str:
    signed = url + "".join(name + params[name] for name in sorted(params))
    digest = hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


class Hooks:
    """Posts web hooks over kept connections, and remembers each attempt in `posted`."""

    def __init__(self, auth_token: str, wire: Wire, clock: Callable[[], float]) -> None:
        self.auth_token = auth_token
        self._wire, self._clock = wire, clock
        self.timeout = 15.0
        self.posted: list[Hook] = []
        self._session: aiohttp.ClientSession | None = None

    async def post(self, address: str, params: Mapping[str, str], *, event: str | None = None) -> int:
        """Post one hook and return the status that it was answered with, 0 for none.

        The same `event` twice is the same hook delivered twice: both carry one idempotency token.
        """
        url, _, overrides = address.partition("#")
        again, when = _retries(overrides)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "I-Twilio-Idempotency-Token": event or str(uuid.uuid4()),
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": sign(self.auth_token, url, params),
        }
        body = urlencode(params).encode()
        status = 0
        for _ in range(1 + again):
            at, began = self._clock(), time.monotonic()
            status, trouble = await self._once(url, body, headers)
            facts = {"at": at, "status": status, "seconds": time.monotonic() - began}
            why = "" if status else "no answer"
            self._wire.passed(CARRIER, TEXTBANK, URL(url).path, asked=params, why=why, **facts)
            self.posted.append(Hook(url, params, status))
            if trouble not in when:
                break
        return status

    async def _once(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str | None]:
        """The status, and the trouble by the name that Twilio's retry policy has for it."""
        try:
            # Quoting the address again could change it, and then its signature would be wrong.
            async with self.session().post(URL(url, encoded=True), data=body, headers=headers) as response:
                await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return 0, "ct"
        except (aiohttp.ClientError, TimeoutError):
            return 0, "rt"
        trouble = {4: "4xx", 5: "5xx"}.get(response.status // 100)
        return response.status, trouble

    def session(self) -> aiohttp.ClientSession:
        """The lines by which the carrier calls others."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self.timeout, sock_connect=5),
                auto_decompress=False,
            )
        return self._session

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


def _retries(overrides: str) -> tuple[int, frozenset[str]]:
    """How often to try again, and after which troubles: by default once, when no connection was made."""
    asked = dict(parse_qsl(overrides))
    count = asked.get("rc", "1")
    again = min(int(count), MOST_RETRIES) if count.isdigit() else 1
    when = frozenset(asked.get("rp", "ct").split(","))
    return again, frozenset({"ct", "rt", "4xx", "5xx"}) if "all" in when else when
