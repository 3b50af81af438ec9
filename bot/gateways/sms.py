"""The carrier. One POST for each text, never repeated: only `Sms.post` here sends anything.

An answer proves that a text was taken, or that it was not; anything else proves nothing and is UNKNOWN.
"""

import hashlib
import hmac
import logging
import re
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import structlog
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from yarl import URL

from bot.errors import Refusal
from bot.services import pictures
from bot.services.carrier_codes import NO_PUBLIC_ADDRESS, in_words
from bot.services.outbox import Claimed
from bot.services.outcomes import Delivery, Outcome, Result
from bot.settings import Settings
from models import MessageState

_quiet = logging.getLogger("textbank.carrier")
log = structlog.get_logger()

CONNECT_SECONDS = 5
ANSWER_SECONDS = 20
IDLE_SECONDS = 10
"""Idle connections are closed before the carrier does: a reuse after quiet looks like a broken POST."""
MOST_VALID_SECONDS = 36_000
MOST_REDIRECTS = 3
NOT_PERMITTED = 70051
"""The carrier's answer to a restricted key that is good, and may not do this."""
NO_TEXT = "SM" + "0" * 32
"""Asked for where the answer does not matter: that there is no such text tells that the carrier knows us."""
LONGEST_SID = 64
"""Characters; the carrier's ids have 34."""
RETRY_HOOKS = "#rc=3&rp=all"
"""Asks the carrier to try a status call again; it is neither sent nor signed."""

_API = re.compile(r"api(\.[a-z0-9-]+\.[a-z0-9-]+)?\.twilio\.com")
_KEPT_AT = {
    "mms.twiliocdn.com": "/",
    "media.twiliocdn.com": "/",
    "s3-external-1.amazonaws.com": "/media.twiliocdn.com/",
}
"""Where the carrier keeps what voters sent: hosts, and how the paths there begin."""

STATES = {
    "queued": MessageState.ACCEPTED,
    "accepted": MessageState.ACCEPTED,
    "sending": MessageState.ACCEPTED,
    "sent": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.DELIVERED,
    "undelivered": MessageState.UNDELIVERED,
    "failed": MessageState.FAILED,
}
"""What the carrier's words for a text's state mean here."""


class _Http(AsyncHttpClient):
    """What the SDK speaks through: one pool with time limits, no retries, and an address that can be replaced.

    The SDK's own client passes "no limit" on to each request, over whatever its session was given.
    """

    LIMITS = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS)

    def __init__(self, base: str | None) -> None:
        super().__init__(_quiet, True, None)
        self._base = urlsplit(base) if base else None
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=200, keepalive_timeout=IDLE_SECONDS), raise_for_status=False
        )

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 (the SDK's own signature)
        allow_redirects: bool = False,
    ) -> Response:
        """One request, made once."""
        if self._base is not None:
            parts = urlsplit(url)
            url = urlunsplit((self._base.scheme, self._base.netloc, parts.path, parts.query, ""))
        known = {"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {}
        asked: dict[str, Any] = {
            "params": params,
            "data": data,
            "headers": {**(headers or {}), **known},
            "timeout": self.LIMITS,
        }
        async with self._session.request(method, url, allow_redirects=allow_redirects, **asked) as answer:
            return Response(answer.status, await answer.text(), answer.headers)

    async def bring(self, url: URL, auth: tuple[str, str] | None, most: int) -> tuple[int, str, bytes]:
        """(status, Location, content) of a file, `most` bytes of it and one more at the most."""
        headers = {"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {}
        async with self._session.get(url, headers=headers, allow_redirects=False, timeout=self.LIMITS) as answer:
            content = bytearray()
            async for piece in answer.content.iter_chunked(1 << 16):
                content += piece
                if len(content) > most:
                    break
            return answer.status, answer.headers.get("Location", ""), bytes(content)

    async def close(self) -> None:
        """Give every connection back."""
        await self._session.close()


class Sms:
    """Texts out, and the proofs that what comes in is the carrier's. Open it inside a running event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._validator = RequestValidator(settings.twilio_auth_token)
        self._numbers = settings.twilio_from_numbers

    async def __aenter__(self) -> Self:
        self._http = _Http(self._settings.twilio_api_url)
        self._client = Client(*self._credentials, account_sid=self._settings.twilio_account_sid, http_client=self._http)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    @property
    def _credentials(self) -> tuple[str, str]:
        chosen = self._settings
        if chosen.twilio_api_key and chosen.twilio_api_secret:
            return chosen.twilio_api_key, chosen.twilio_api_secret
        return chosen.twilio_account_sid, chosen.twilio_auth_token

    async def post(self, text: Claimed, *, now: datetime) -> Outcome:
        """Ask the carrier, once, to take this text."""
        valid = int((text.expires_at - now).total_seconds())
        if valid < 1:
            return Outcome(text.id, Result.LATER, why="its window has closed")
        if text.media and not self._settings.public_url:
            return Outcome(text.id, Result.REFUSED, error=NO_PUBLIC_ADDRESS, why="PUBLIC_URL is not set")
        values: dict[str, Any] = {"to": text.to, "body": text.body, "validity_period": min(valid, MOST_VALID_SECONDS)}
        if self._settings.twilio_messaging_service_sid:
            values["messaging_service_sid"] = self._settings.twilio_messaging_service_sid
        else:
            values["from_"] = self._sender_for(text.to)
        if text.media:
            values["media_url"] = [pictures.address(self._settings, name) for name in text.media]
        if self._settings.public_url:
            values["status_callback"] = self.status_address(text.id) + RETRY_HOOKS
        try:
            taken = await self._client.messages.create_async(**values)
        except Exception as error:  # every kind has its own meaning, and none may end the worker
            outcome = outcome_of(text.id, error)
            said = {"result": outcome.result, "code": outcome.error, "why": outcome.why}
            log.warning("a text was not taken", message=text.id, **said)
            return outcome
        return Outcome(text.id, Result.ACCEPTED, carrier_sid=taken.sid, sender=taken.from_)

    async def remove(self, sid: str) -> bool:
        """Take a text of ours off the carrier's log. False where it will not, as of one that is still on its way."""
        try:
            return bool(await self._client.messages(sid).delete_async())
        except (TwilioException, aiohttp.ClientError, TimeoutError) as error:
            log.warning("a text stays in the carrier's log", sid=sid, why=type(error).__name__)
            return False

    @property
    def client(self) -> Client:
        """The SDK's client, for questions."""
        return self._client

    def by_token(self) -> Client:
        """The same by the account's own token, also where an API key is used for everything else."""
        sid, token = self._settings.twilio_account_sid, self._settings.twilio_auth_token
        return Client(sid, token, account_sid=sid, http_client=self._http)

    async def wrong_account(self) -> str | None:
        """What is wrong with the account's credentials, in words; None while they are taken, or nobody can be asked."""
        try:
            await self._ask()
        except TwilioRestException as error:
            if error.status in (401, 403, 404):
                name = "TWILIO_API_KEY or TWILIO_API_SECRET" if self._settings.twilio_api_key else "TWILIO_AUTH_TOKEN"
                return (
                    f"TWILIO_ACCOUNT_SID, {name} is wrong: the carrier answers {error.status}. "
                    "Copy them again from its console."
                )
        except Exception as error:
            log.warning("the carrier could not be asked about our account", why=type(error).__name__)
        return None

    async def is_well(self) -> bool:
        """A harmless question, to see whether the carrier answers and knows us."""
        try:
            await self._ask()
        except Exception:
            return False
        return True

    async def _ask(self) -> None:
        """What our credentials may ask: a key may not see the account, unless it is a main one."""
        if not self._settings.twilio_api_key:
            await self._client.api.v2010.accounts(self._settings.twilio_account_sid).fetch_async()
            return
        try:
            await self._client.messages(NO_TEXT).fetch_async()
        except TwilioRestException as refused:
            if refused.status != 404 and refused.code != NOT_PERMITTED:
                raise

    async def fetch_media(self, address: str, *, most: int) -> bytes:
        """What a voter sent, from where the carrier keeps it and nowhere else. Raises Refusal.

        Our credentials go to the account's own address alone: the file itself is behind a redirect that needs none.
        """
        where = self._of_our_account(address)
        auth: tuple[str, str] | None = self._credentials
        for _ in range(1 + MOST_REDIRECTS):
            try:
                status, location, content = await self._http.bring(where, auth, most)
            except (aiohttp.ClientError, TimeoutError) as error:
                raise Refusal("The carrier could not be reached. Try again in a moment.") from error
            if status not in (301, 302, 303, 307, 308):
                break
            where, auth = self._kept_at(where.join(URL(location, encoded=True))), None
        if status == 404:
            raise Refusal("The carrier does not have that picture, or not yet. Try again in a moment.")
        if status != 200:
            raise Refusal(f"The carrier did not give us the picture ({status}). Try again in a moment.")
        if len(content) > most:
            raise Refusal(f"That picture is larger than {most // 1_000_000} MB, so it is not shown.")
        return content

    def _of_our_account(self, address: str) -> URL:
        """The address of one of our account's files, at whatever base the account has. Raises Refusal for any other."""
        url, base = URL(address, encoded=True), self._settings.twilio_api_url
        ours = rf"/2010-04-01/Accounts/{self._settings.twilio_account_sid}/Messages/\w+/Media/\w+"
        if re.fullmatch(ours, url.raw_path):
            if base and (_is_api(url) or _same_origin(url, base)):
                return URL(base).origin().with_path(url.raw_path)
            if _is_api(url):
                return URL.build(scheme="https", host=str(url.host), path=url.raw_path)
        raise _ELSEWHERE

    def _kept_at(self, url: URL) -> URL:
        """A redirect's target, if it is the carrier's. Raises Refusal."""
        base, begins = self._settings.twilio_api_url, _KEPT_AT.get(url.host or "")
        kept = url.scheme == "https" and url.port == 443 and begins and url.raw_path.startswith(begins)
        if kept or _is_api(url) or (base and _same_origin(url, base)):
            return url
        raise _ELSEWHERE

    def status_address(self, message_id: int) -> str:
        """Where the carrier reports on this text: it carries our own id, and a mark that only we can make."""
        return f"{self._settings.public_url}/twilio/status?m={message_id}&k={self._mark(message_id)}"

    def is_our_mark(self, message_id: int, mark: str) -> bool:
        """Whether this status address was made here."""
        return mark.isascii() and hmac.compare_digest(self._mark(message_id), mark)

    def is_signed(self, path_and_query: str, form: Mapping[str, Any], signature: str) -> bool:
        """Whether the carrier signed this request for our public address; False where we have none."""
        if not self._settings.public_url or not signature:
            return False
        return bool(self._validator.validate(self._settings.public_url + path_and_query, form, signature))

    def _sender_for(self, to: str) -> str:
        """The same number for the same person every time, so that a conversation stays one on their phone."""
        return self._numbers[int(hashlib.sha256(to.encode()).hexdigest(), 16) % len(self._numbers)]

    def _mark(self, message_id: int) -> str:
        key = self._settings.textbank_secret.encode()
        return hmac.new(key, f"status:{message_id}".encode(), hashlib.sha256).hexdigest()[:32]


_ELSEWHERE = Refusal("That picture is not kept at the carrier, so it is not fetched.")


def _is_api(url: URL) -> bool:
    """Whether this is the carrier's own API."""
    return url.scheme == "https" and url.port == 443 and bool(_API.fullmatch(url.host or ""))


def _same_origin(url: URL, base: str) -> bool:
    return url.is_absolute() and url.origin() == URL(base).origin()


def outcome_of(message_id: int, error: Exception) -> Outcome:
    """What a failed POST proves about its text."""
    if isinstance(error, TwilioRestException):
        return _answered(message_id, error)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Outcome(message_id, Result.LATER, pause=5, why="the carrier could not be reached")
    return Outcome(message_id, Result.UNKNOWN, why=type(error).__name__)


def _answered(message_id: int, error: TwilioRestException) -> Outcome:
    status, code = error.status, error.code or None
    if status == 429:
        return Outcome(message_id, Result.LATER, error=code, pause=2, why="the carrier asked for a slower pace")
    if status in (401, 403, 404) and code not in (21408, 21610):
        return Outcome(message_id, Result.STOP, error=code, pause=30, why=f"the carrier refused our account ({code})")
    if 400 <= status < 500:
        return Outcome(message_id, Result.REFUSED, error=code, why=in_words(code))
    return Outcome(message_id, Result.UNKNOWN, error=code, why=f"the carrier answered {status}")


def delivery_of(message_id: int, form: Mapping[str, str]) -> Delivery | None:
    """A status web hook's form as a Delivery, or None for a status that says nothing new."""
    state = STATES.get(form.get("MessageStatus", ""))
    if state is None or not 0 < len(form.get("MessageSid", "")) <= LONGEST_SID:
        return None
    code = form.get("ErrorCode", "")
    error = int(code) if code.isascii() and code.isdigit() and len(code) < 8 else None
    return Delivery(message_id, form["MessageSid"], state, sender=form.get("From") or None, error=error)
