"""The carrier's HTTP: Twilio's paths, parameters, checks and answers.

The order matters to a client: the weather comes first, then credentials, then the request's own faults. A text is taken
before it is answered, so that a spoiled answer may be one about a text that is already on its way.
"""

import asyncio
import base64
import binascii
import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.carrier import media, resources, weather
from sandbox.carrier.delivery import EARLY_PATIENCE
from sandbox.carrier.errors import FAILURES, MAGIC_FROM, MAGIC_TO, REFUSALS, Problem
from sandbox.carrier.lookups import Lookups
from sandbox.carrier.resources import API_VERSION, LONGEST_VALIDITY, Call, Text, new_sid
from sandbox.wire import CARRIER, TEXTBANK

if TYPE_CHECKING:
    from sandbox.carrier import Carrier

LONGEST_BODY = 1600
MOST_MEDIA = 10
LONGEST_URL = 4000
MOST_PER_PAGE = 1000

# Numbers of the North American plan have a fixed length; of the others only E.164's bounds are sure.
_E164 = re.compile(r"\+(?:1[2-9]\d{2}[2-9]\d{6}|[2-9]\d{6,14})\Z")
_SHORT_CODE = re.compile(r"\d{5,6}\Z")
_MAGIC_WORD = re.compile(r"\bcarrier:(\w+)")

_ACCOUNT = rf"/{API_VERSION}/Accounts/(?P<account>AC\w+)"
_PAGING = ("PageSize", "Page", "PageToken")


@dataclass(slots=True)
class Asked:
    """One request, taken apart."""

    method: str
    path: str
    query: dict[str, str]
    pairs: list[tuple[str, str]]
    authorization: str

    @property
    def form(self) -> dict[str, str]:
        return dict(self.pairs)

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.pairs if key == name and value)


class Server:
    """The ASGI app."""

    def __init__(self, carrier: "Carrier") -> None:
        self._carrier = carrier
        self._lookups = Lookups(carrier)
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Response]]] = [
            (method, re.compile(pattern + r"\Z"), answer)
            for method, pattern, answer in (
                ("POST", rf"{_ACCOUNT}/Messages\.json", self._create),
                ("GET", rf"{_ACCOUNT}/Messages\.json", self._list),
                ("GET", rf"{_ACCOUNT}/Messages/(?P<sid>\w+)\.json", self._fetch),
                ("POST", rf"{_ACCOUNT}/Messages/(?P<sid>\w+)\.json", self._redact),
                ("DELETE", rf"{_ACCOUNT}/Messages/(?P<sid>\w+)\.json", self._delete),
                ("GET", rf"{_ACCOUNT}/Messages/(?P<sid>\w+)/Media\.json", self._media_list),
                ("GET", rf"{_ACCOUNT}/Messages/(?P<sid>\w+)/Media/(?P<medium>\w+)(?P<json>\.json)?", self._media),
                ("GET", rf"{_ACCOUNT}\.json", self._lookups.account),
                ("GET", rf"{_ACCOUNT}/IncomingPhoneNumbers\.json", self._lookups.numbers),
                ("GET", r"/v2/PhoneNumbers/(?P<number>\+?\d+)", self._lookups.line),
                ("GET", r"/v1/Services/(?P<service>\w+)", self._lookups.service),
                ("GET", r"/v1/Services/(?P<service>\w+)/PhoneNumbers", self._lookups.service_numbers),
                ("GET", r"/v1/Services/(?P<service>\w+)/ShortCodes", self._lookups.short_codes),
                ("GET", r"/v1/Services/(?P<service>\w+)/Compliance/Usa2p", self._lookups.registrations),
                ("GET", r"/v1/Tollfree/Verifications", self._lookups.tollfree),
            )
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await weather.lifespan(scope, receive, send)
            return
        request = Request(scope, receive)
        asked = Asked(
            method=request.method,
            path=scope["path"],
            query=dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
            pairs=parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True),
            authorization=request.headers.get("authorization", ""),
        )
        carrier = self._carrier
        call = Call(asked.method, asked.path, asked.query, asked.form, carrier.clock())
        carrier.calls.append(call)
        answered, began = asyncio.Event(), time.monotonic()
        try:
            await self._respond(asked, call, answered, scope, receive, send)
        finally:
            answered.set()
            facts = {"at": call.at, "status": call.status, "seconds": time.monotonic() - began}
            told = {**call.query, **call.form}
            carrier.wire.passed(TEXTBANK, CARRIER, f"{call.method} {call.path}", asked=told, **facts)

    async def _respond(
        self, asked: Asked, call: Call, answered: asyncio.Event, scope: Scope, receive: Receive, send: Send
    ) -> None:
        carrier = self._carrier
        mishap = self._mishap(asked)
        under_way = carrier.in_flight() if carrier.early_callbacks else frozenset()
        response: Response | None = None
        if mishap is None or mishap.accepts:
            response = self._answer(asked, answered)
        if carrier.early_callbacks and (started := carrier.in_flight() - under_way):
            await asyncio.wait(started, timeout=EARLY_PATIENCE)
        if mishap is not None:
            response = weather.spoil(mishap.answer, response)
        pause = carrier.latency + (carrier.slow_seconds if mishap is not None and mishap.answer == "slow" else 0.0)
        if pause:
            await carrier.sleep(pause)
        if response is not None:
            call.status = response.status_code
            await response(scope, receive, send)
            return
        answered.set()  # nobody will ever be answered: the text goes its way meanwhile
        if mishap is not None and mishap.answer == "hang":
            await weather.hang(receive, carrier.closing)
        await weather.cut(receive, send)

    def _mishap(self, asked: Asked) -> weather.Mishap | None:
        if self._carrier.outage:
            return weather.Mishap(accepts=False, answer="503")
        if asked.method != "POST":
            return None
        planned = self._carrier.next_mishap()
        word = self._magic_word(asked.form.get("Body", ""))
        return planned or (weather.Mishap.named(word) if word in weather.KINDS else None)

    def _magic_word(self, body: str) -> str:
        found = _MAGIC_WORD.search(body) if self._carrier.magic_words and "carrier:" in body else None
        return found[1] if found else ""

    # -- routing and credentials

    def _answer(self, asked: Asked, answered: asyncio.Event) -> Response:
        if asked.method == "GET" and asked.path.startswith(f"{media.STORE}/"):
            return self._stored(asked)
        try:
            self._check_credentials(asked)
            other_method = False
            for method, pattern, answer in self._routes:
                if (found := pattern.match(asked.path)) is None:
                    continue
                if method != asked.method:
                    other_method = True
                    continue
                parts = found.groupdict()
                if parts.pop("account", self._carrier.account_sid) != self._carrier.account_sid:
                    raise Problem(20003)
                if answer == self._create:
                    return self._create(asked, answered)
                return answer(asked, **parts)
            raise Problem(20004) if other_method else Problem(20404, what=asked.path)
        except Problem as problem:
            return problem.response()

    def _check_credentials(self, asked: Asked) -> None:
        kind, _, encoded = asked.authorization.partition(" ")
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise Problem(20003) from None
        secret = self._carrier.secret_of(user)
        if kind.lower() != "basic" or secret is None or not hmac.compare_digest(secret.encode(), password.encode()):
            raise Problem(20003)
        # A standard key may do everything but look at accounts.
        if user != self._carrier.account_sid and re.fullmatch(rf"{_ACCOUNT}\.json", asked.path):
            raise Problem(20003)
        if user in self._carrier.may_only_send and asked.method != "POST":
            raise Problem(70051)

    # -- sending

    def _create(self, asked: Asked, answered: asyncio.Event) -> Response:
        carrier, form = self._carrier, asked.form
        to, from_, service = self._parties(form)
        body, addresses = self._content(asked)
        callback = form.get("StatusCallback") or None
        if callback and not _is_url(callback):
            raise Problem(21609, what=callback)
        validity = _validity(form.get("ValidityPeriod"))
        code = self._magic_word(body)
        if carrier.stop_list.blocks(from_, to):
            raise Problem(21610)
        if code.isdigit() and int(code) in REFUSALS:
            raise Problem(int(code), to=to, from_=from_ or "")
        text = Text(
            sid=new_sid("MM" if addresses else "SM"),
            to=to,
            from_=from_,
            body=body,
            created=carrier.clock(),
            # A Messaging Service has not chosen a sender yet, so it cannot count segments either.
            status="accepted" if service else "queued",
            segments=0 if service else resources.segments(body),
            media=addresses,
            status_callback=callback,
            validity_period=validity,
            messaging_service_sid=service,
        )
        response = JSONResponse(resources.message(carrier.account_sid, text), status_code=201)
        failing = int(code) if code.isdigit() and int(code) in FAILURES else None
        carrier.accept(text, answered, failing=failing)
        return response

    def _parties(self, form: Mapping[str, str]) -> tuple[str, str | None, str | None]:
        """To whom, from which number, by which Messaging Service; or the Problem with them."""
        carrier = self._carrier
        to, from_, service = form.get("To", ""), form.get("From", ""), form.get("MessagingServiceSid", "")
        if not to:
            raise Problem(21604)
        if not from_ and not service:
            raise Problem(21603)
        if code := MAGIC_TO.get(to):
            raise Problem(code, to=to, from_=from_ or service)
        if not _E164.match(to):
            raise Problem(21211, to=to)
        if service and service != carrier.messaging_service_sid:
            raise Problem(21701, what=service)
        if service and not carrier.numbers:
            raise Problem(21703)
        if from_ and from_ not in carrier.numbers:
            well_formed = _E164.match(from_) or _SHORT_CODE.match(from_)
            raise Problem(MAGIC_FROM.get(from_) or (21659 if well_formed else 21212), from_=from_)
        if to == from_ or (service and to in carrier.numbers):
            raise Problem(21266, to=to)
        return to, from_ or None, service or None

    def _content(self, asked: Asked) -> tuple[str, tuple[str, ...]]:
        body, addresses = asked.form.get("Body"), asked.all("MediaUrl")
        if not body and not addresses:
            raise Problem(21619 if body is None else 21602)
        if body and len(body) > LONGEST_BODY:
            raise Problem(21617)
        if len(addresses) > MOST_MEDIA:
            raise Problem(21623)
        if wrong := [url for url in addresses if not _is_url(url)]:
            raise Problem(21620, what=", ".join(wrong))
        return body or "", addresses

    # -- looking up

    def _list(self, asked: Asked) -> Response:
        """Texts, the last sent first. One without a date of sending is in no list that is filtered by date.

        One that has not been sent yet counts from when it was made.
        """
        carrier, query = self._carrier, asked.query
        matches = _date_filter(query, self._carrier.by_days)
        to, from_ = query.get("To"), query.get("From")
        candidates = carrier.kept_to(to) if to else carrier.kept()
        visible = carrier.clock() - carrier.list_lag
        found = (
            text
            for text in reversed(candidates)
            if text.created <= visible and (not from_ or text.from_ == from_) and matches(text)
        )
        return self._page(asked, sorted(found, key=lambda text: text.sent or text.created, reverse=True))

    def _page(self, asked: Asked, texts: list[Text]) -> Response:
        """A page, and the address of the next one, which goes on after the last text whatever has come in meanwhile."""
        size, page = _whole(asked.query, "PageSize", 50), _whole(asked.query, "Page", 0)
        size = min(max(size, 1), MOST_PER_PAGE)
        start = 0
        if token := asked.query.get("PageToken"):
            start = next((i + 1 for i, text in enumerate(texts) if "PA" + text.sid == token), len(texts))
        shown = texts[start : start + size]
        filters = {name: value for name, value in asked.query.items() if name not in _PAGING}

        def address(number: int, **more: str) -> str:
            return f"{asked.path}?{urlencode({**filters, 'PageSize': size, 'Page': number, **more})}"

        following = address(page + 1, PageToken="PA" + shown[-1].sid) if start + size < len(texts) else None
        first = start if shown else 0
        return JSONResponse(
            {
                "end": first + max(len(shown) - 1, 0),
                "first_page_uri": address(0),
                "messages": [resources.message(self._carrier.account_sid, text) for text in shown],
                "next_page_uri": following,
                "page": page,
                "page_size": size,
                "previous_page_uri": None,
                "start": first,
                "uri": address(page),
            }
        )

    def _fetch(self, asked: Asked, sid: str) -> Response:
        return JSONResponse(resources.message(self._carrier.account_sid, self._found(asked, sid)))

    def _redact(self, asked: Asked, sid: str) -> Response:
        """Twilio lets a body be emptied, and nothing else be changed."""
        text = self._found(asked, sid)
        if asked.form.get("Body") != "":
            raise Problem(20001, what="only an empty Body is allowed")
        text.body = ""
        return JSONResponse(resources.message(self._carrier.account_sid, text))

    def _delete(self, asked: Asked, sid: str) -> Response:
        text = self._found(asked, sid)
        if text.status in ("accepted", "queued", "sending", "sent"):
            raise Problem(20009)
        self._carrier.forget(text)
        return Response(status_code=204)

    def _media_list(self, asked: Asked, sid: str) -> Response:
        text = self._found(asked, sid)
        shown = [resources.media(self._carrier.account_sid, text, medium) for medium in text.attachments]
        return JSONResponse(
            {
                "end": max(len(shown) - 1, 0),
                "first_page_uri": asked.path,
                "media_list": shown,
                "next_page_uri": None,
                "page": 0,
                "page_size": 50,
                "previous_page_uri": None,
                "start": 0,
                "uri": asked.path,
            }
        )

    def _media(self, asked: Asked, sid: str, medium: str, json: str | None) -> Response:
        text = self._found(asked, sid)
        for attachment in text.attachments:
            if attachment.sid != medium:
                continue
            if json:
                return JSONResponse(resources.media(self._carrier.account_sid, text, attachment))
            carrier = self._carrier
            stored = media.store_address(carrier.url, carrier.auth_token, medium)
            return Response(status_code=307, headers={"Location": carrier.media_moved_to or stored})
        raise Problem(20404, what=asked.path)

    def _stored(self, asked: Asked) -> Response:
        """What a voter sent, from where the API has redirected to."""
        sid = asked.path.rpartition("/")[2]
        if not media.may_take(
            self._carrier.auth_token, sid, asked.query.get("Signature", ""), bool(asked.authorization)
        ):
            return Response(status_code=400 if asked.authorization else 403)
        every = (one for text in self._carrier.kept() for one in text.attachments if one.sid == sid)
        found = next(every, None)
        if found is None:
            return Response(status_code=404)
        return Response(found.content, media_type=found.content_type)

    def _found(self, asked: Asked, sid: str) -> Text:
        text = self._carrier.kept_under(sid)
        if text is None:
            raise Problem(20404, what=asked.path)
        return text


def _is_url(address: str) -> bool:
    """Whether Twilio would take an address to call; it refuses host names with an underscore."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and "_" not in host and len(address) <= LONGEST_URL


def _validity(asked: str | None) -> int:
    if asked is None:
        return LONGEST_VALIDITY
    if not asked.isascii() or not asked.isdigit() or int(asked) < 1:
        raise Problem(90014, what=asked)
    if int(asked) > LONGEST_VALIDITY:
        raise Problem(90007, what=asked)
    return int(asked)


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name) or str(default)
    if not value.isdigit():
        raise Problem(20001, what=name)
    return int(value)


def _date_filter(query: Mapping[str, str], by_days: bool) -> Callable[[Text], bool]:
    """Twilio writes its filters `DateSent<=…` and `DateSent>=…`: both ends count, and a date alone is its whole day.

    It takes a time of day too, but promises nothing of it: `by_days` goes by the date.
    """
    since, until = float("-inf"), float("inf")
    wanted = False
    for name, value in query.items():
        if not name.startswith("DateSent") or not value:
            continue
        wanted = True
        first, last = _span(value[:10] if by_days else value)
        if name in ("DateSent", "DateSent>"):
            since = max(since, first)
        if name in ("DateSent", "DateSent<"):
            until = min(until, last)
    return lambda text: not wanted or (text.sent is not None and since <= text.sent < until)


def _span(value: str) -> tuple[float, float]:
    """The moments from which and before which something happened at `value`."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise Problem(20001, what=f"DateSent {value}") from None
    length = timedelta(seconds=1) if "T" in value else timedelta(days=1)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.timestamp(), (moment + length).timestamp()
