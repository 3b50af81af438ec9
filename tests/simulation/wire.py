"""The network: a stand-in for aiohttp's session, below both SDKs, that carries requests to ASGI apps in this process.

What the weather does to a request, it does here, with the very exceptions that aiohttp would raise.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
from starlette.datastructures import Headers

from tests.simulation.loop import OUTSIDE, PROCESS
from tests.simulation.weather import Weather

LIMIT = 300.0
"""Seconds that anybody waits who has set no limit."""
NONSENSE = b"<html><body><h1>Welcome to the hotel's Wi-Fi</h1></body></html>"
STATUS = {
    "answers 429": (429, {"retry-after": "3", "content-type": "application/json"}),
    "answers 500": (500, {"content-type": "text/html"}),
    "accepts, then 500": (500, {"content-type": "text/html"}),
    "answers 503": (503, {"content-type": "text/html"}),
    "answers 401": (401, {"content-type": "application/json"}),
    "accepts, then nonsense": (200, {"content-type": "text/html"}),
}
BODIES = {
    "answers 429": b'{"ok": false, "error": "ratelimited", "code": 20429, "status": 429, "message": "Too Many"}',
    "answers 401": b'{"code": 20003, "status": 401, "message": "Authenticate"}',
}


@dataclass(slots=True)
class Request:
    """One request on its way."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def query(self) -> str:
        return urlsplit(self.url).query


Reply = tuple[int, Mapping[str, str], bytes]
App = Callable[[Request], Awaitable[Reply]]


class Answer:
    """As aiohttp's response, as far as anybody here reads it."""

    def __init__(self, reply: Reply) -> None:
        self.status, headers, self._body = reply
        self.headers = Headers(headers=dict(headers))
        self.content_type = self.headers.get("content-type", "application/octet-stream").partition(";")[0]
        self.content = self

    async def read(self) -> bytes:
        return self._body

    async def text(self) -> str:
        return self._body.decode()

    async def json(self) -> Any:
        if self.content_type != "application/json":
            raise aiohttp.ContentTypeError(SimpleNamespace(real_url=""), ())  # type: ignore[arg-type]
        return json.loads(self._body)

    async def iter_chunked(self, _size: int) -> Any:
        yield self._body


class Line:
    """In the place of `aiohttp.ClientSession`."""

    network: "Network"
    """The one that is there now."""

    def __init__(self, timeout: Any = None, **_more: Any) -> None:
        self.closed = False
        self._timeout = timeout

    def post(self, url: Any, **asked: Any) -> "_Asking":
        return self.request("POST", url, **asked)

    def get(self, url: Any, **asked: Any) -> "_Asking":
        return self.request("GET", url, **asked)

    def request(self, method: str, url: Any, **asked: Any) -> "_Asking":
        limit = asked.get("timeout") or self._timeout
        return _Asking(_request(method, str(url), asked), limit)

    async def close(self) -> None:
        self.closed = True


@dataclass(slots=True)
class _Asking:
    request: Request
    limit: Any

    async def __aenter__(self) -> Answer:
        return Answer(await Line.network.carry(self.request, self.limit))

    async def __aexit__(self, *_: Any) -> None:
        return None


def _request(method: str, url: str, asked: dict[str, Any]) -> Request:
    headers = {name.lower(): value for name, value in (asked.get("headers") or {}).items()}
    if params := asked.get("params"):
        url += ("&" if "?" in url else "?") + urlencode(_flat(params), doseq=True)
    body = asked.get("data") or b""
    if asked.get("json") is not None:
        body = json.dumps(asked["json"]).encode()
        headers.setdefault("content-type", "application/json")
    elif isinstance(body, dict):
        body = urlencode(_flat(body), doseq=True).encode()
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
    elif hasattr(body, "read"):
        body = body.read()
    return Request(method, url, headers, body.encode() if isinstance(body, str) else body)


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


@dataclass
class Site:
    """Somewhere that requests go: its processes that listen now, each with its app and its context."""

    place: Callable[[Request], str]
    listeners: list[Any] = field(default_factory=list)


class Network:
    """Everybody's lines to everybody."""

    def __init__(self, weather: Weather, note: Callable[[str], None], is_posted: Callable[[Request], None]) -> None:
        self.weather = weather
        self.sites: dict[str, Site] = {}
        self.closed = False
        self.to_the_carrier: list[tuple[float, str | None, Request]] = []
        """Each POST of a text: when, what the weather did to it, and the request."""
        self.told_of: set[int] = set()
        """Minutes of which the product has heard from Slack that events were dropped."""
        self._note = note
        self._is_posted = is_posted

    async def carry(self, request: Request, limit: Any) -> Reply:
        """The answer, or the exception that aiohttp would raise."""
        if self.closed:
            raise aiohttp.ServerDisconnectedError
        loop = asyncio.get_running_loop()
        site = self.sites[urlsplit(request.url).hostname or ""]
        place = site.place(request)
        fault, random = self.weather.strikes(place), self.weather.random
        if place == "carrier":
            self.to_the_carrier.append((loop.time(), fault, request))
            self._is_posted(request)
        if fault:
            self._note(f"{place}: {fault}")
        answered = loop.create_future()
        trip = random.uniform(0.001, 0.04)
        if fault == "delivered late":
            trip += random.uniform(0.2, 2.5)
        for number in range(2 if fault == "delivered twice" else 1):
            delay = trip * (number + 1)
            loop.call_later(
                delay, self._arrive, site, request, answered, fault if not number else None, context=OUTSIDE
            )
        total, sock_read = getattr(limit, "total", limit), getattr(limit, "sock_read", None)
        patience = min(total or LIMIT, sock_read or LIMIT)
        impatient = loop.call_later(patience, _give_up, answered, sock_read is not None)
        process: Any = PROCESS.get()
        if process is not None:
            is_killed = fault == "accepts, and the sender is killed"
            if is_killed or await process.meets("with a request on its way") == "crash":
                await process.dies("with a request on its way")
        try:
            return await answered
        finally:
            impatient.cancel()

    def _arrive(self, site: Site, request: Request, answered: asyncio.Future[Reply], fault: str | None) -> None:
        loop = asyncio.get_running_loop()
        listeners = [each for each in site.listeners if each.listens]
        if fault == "refused line" or not listeners:
            return _fail(answered, _no_line())
        if fault == "cut before":
            return _fail(answered, aiohttp.ServerDisconnectedError())
        if fault == "silence before":
            return None
        if fault is not None and fault.startswith("answers"):
            kind, _, is_late = fault.partition(" after")
            delay = self.weather.random.uniform(1, 12) if is_late else 0.01
            reply = (*STATUS[kind], BODIES.get(kind, NONSENSE))
            loop.call_later(delay, _settle, answered, reply, context=OUTSIDE)
            return None
        listener = self.weather.random.choice(listeners) if len(listeners) > 1 else listeners[0]
        listener.serving.add(answered)
        serving = self._serve(listener, request, answered, fault)
        loop.create_task(serving, context=listener.context.copy())  # noqa: RUF006 (the loop keeps every task)
        return None

    async def _serve(self, listener: Any, request: Request, answered: asyncio.Future[Reply], fault: str | None) -> None:
        loop = asyncio.get_running_loop()
        try:
            reply = await listener.app(request)
        except Exception as error:  # as a server does: its own trouble is a 500
            self._note(f"{request.path}: answered 500 for {error!r}"[:300])
            reply = (500, {"content-type": "text/plain"}, b"Internal Server Error")
        if reply[0] == 200 and b'"app_rate_limited"' in request.body:
            self.told_of.add(json.loads(request.body)["minute_rate_limited"])
        if listener.alive:
            listener.serving.discard(answered)
        back = self.weather.random.uniform(0.001, 0.04)
        if fault == "slow answer":
            back += self.weather.random.choice((0.5, 2.0, 4.0, 12.0))
        if fault == "accepts, then silence":
            return
        if fault == "accepts, then cut":
            loop.call_later(back, _fail, answered, aiohttp.ServerDisconnectedError(), context=OUTSIDE)
        elif fault in STATUS:
            spoilt = (*STATUS[fault], NONSENSE)
            loop.call_later(back, _settle, answered, spoilt, context=OUTSIDE)
        else:
            loop.call_later(back, _settle, answered, reply, context=OUTSIDE)


def _settle(answered: asyncio.Future[Reply], reply: Any) -> None:
    if not answered.done():
        answered.set_result(reply)


def _fail(answered: asyncio.Future[Reply], error: Exception) -> None:
    if not answered.done():
        answered.set_exception(error)


def cut(answered: asyncio.Future[Reply]) -> None:
    """The process at the other end is gone."""
    _fail(answered, aiohttp.ServerDisconnectedError())


def _give_up(answered: asyncio.Future[Reply], by_silence: bool) -> None:
    _fail(answered, aiohttp.SocketTimeoutError("silence") if by_silence else TimeoutError())


def _no_line() -> aiohttp.ClientConnectorError:
    key: Any = SimpleNamespace(host="there", port=443, is_ssl=True, ssl=True)
    return aiohttp.ClientConnectorError(key, OSError(111, "Connection refused"))


def asgi(app: Any) -> App:
    """An ASGI app as something that answers requests."""

    async def answer(request: Request) -> Reply:
        sent: dict[str, Any] = {"body": b""}
        coming = [{"type": "http.request", "body": request.body, "more_body": False}]

        async def receive() -> Any:
            return coming.pop() if coming else await asyncio.get_running_loop().create_future()

        async def send(event: Any) -> None:
            if event["type"] == "http.response.start":
                sent["status"], sent["headers"] = event["status"], event["headers"]
            else:
                sent["body"] += event.get("body", b"")

        headers = [(name.encode(), str(value).encode()) for name, value in request.headers.items()]
        scope = {
            **{"type": "http", "http_version": "1.1", "method": request.method, "scheme": "http", "path": request.path},
            **{"raw_path": request.path.encode(), "query_string": request.query.encode(), "root_path": ""},
            **{"headers": headers, "client": ("127.0.0.1", 1), "server": ("there", 80), "asgi": {"version": "3.0"}},
        }
        await app(scope, receive, send)
        return sent["status"], {k.decode(): v.decode() for k, v in sent["headers"]}, sent["body"]

    return answer


def form_of(body: bytes) -> dict[str, str]:
    """A form's fields."""
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


__all__ = ["PROCESS", "Answer", "Line", "Network", "Request", "Site", "asgi", "cut", "form_of"]
