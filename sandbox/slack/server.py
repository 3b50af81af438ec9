"""`Slack`: one workspace with one app installed, as an ASGI app.

Serve `slack.app`, set `slack.url` to where it is served and `slack.request_url` to the app's own address, and point
the app's Web API base at `slack.url + "/api/"`.
"""

import asyncio
import itertools
import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from typing import Any

from starlette.requests import Request

from sandbox.slack import chat, directory, drawn, files_api, views_api, web_api
from sandbox.slack.delivery import Delivery
from sandbox.slack.drawn import Json
from sandbox.slack.limits import Forecast, Limits, Weather
from sandbox.slack.nouns import Call, Channel, Group
from sandbox.slack.people import Person
from sandbox.slack.workspace import APP, BOT_USER, TEAM, User, Workspace
from sandbox.wire import SLACK, TEXTBANK, Wire

REGISTERED = (chat, directory, files_api, views_api)  # importing them registers their methods

log = logging.getLogger("sandbox.slack")
Read = Callable[[Call], None]
Work = Callable[[Call], Json]
HTML = "text/html; charset=utf-8"
BROKEN = b"<html><head><title>Slack</title></head><body>Server Error</body></html>"


class Slack:
    """A simulated Slack workspace."""

    def __init__(
        self,
        *,
        signing_secret: str = "sandbox-signing-secret",  # noqa: S107 (nothing secret in a sandbox)
        bot_token: str = "xoxb-sandbox",  # noqa: S107
        clock: Callable[[], float] = time.time,
        strict: bool = True,
        limits: bool = True,
        wire: Wire | None = None,
    ) -> None:
        self.signing_secret = signing_secret
        self.bot_token = bot_token
        self.clock = clock
        self.wire = wire or Wire()
        self.strict = strict
        self.limited = limits
        self.url = ""
        self.app_token = "xapp-1-sandbox"  # noqa: S105
        self.revoked = False  # whether the bot's token has been taken away
        self.ahead = 0.0  # seconds by which this machine's clock is behind Slack's
        self.scopes: set[str] | None = None
        self.commands: set[str] | None = None
        self.should_escape = True
        self.messages_tab = True
        self.home_tab = True
        self.lacking: set[str] = set()  # types of blocks that have not come to this workspace yet
        self.replace_by_default = True  # a response_url of a click, with no replace_original said
        self.calls: list[Call] = []
        self.limits = Limits(clock, {name: m.tier for name, m in web_api.METHODS.items() if m.tier})
        self.delivery = Delivery(
            clock,
            signing_secret,
            {"team_id": TEAM, "app_id": APP, "bot_user_id": BOT_USER, "token": "sandbox"},
            self.wire,
        )
        self.workspace = Workspace(clock, self.delivery)
        self.climate: Weather | None = None  # what happens to every call that no weather was ordered for
        self._forecast = Forecast()
        self._people: dict[str, Person] = {}
        self.app = _App(self)

    # -- the people and places of a story ------------------------------------------------------------------

    def person(self, name: str, *, is_admin: bool = False, tz: str = "America/New_York") -> Person:
        """A new member, "Priya Shah"; her handle is her first name, or the whole when that is taken."""
        taken = {user.name for user in self.workspace.users.values()}
        first = name.split()[0].lower()
        handle = first if first not in taken else name.lower().replace(" ", ".")
        while handle in taken:
            handle += "2"
        user = User(self.workspace.new_id("U"), handle, name, is_admin, tz)
        self.workspace.users[user.id] = user
        self._people[user.id] = Person(self, user)
        return self._people[user.id]

    def channel(self, name: str, *members: Person, private: bool = False, bot: bool = True) -> Channel:
        """A new channel; the bot is in it unless `bot=False`."""
        kind = "private" if private else "public"
        channel = Channel(self.workspace.new_id("C"), name.lstrip("#"), kind, [one.id for one in members], bot)
        self.workspace.channels[channel.id] = channel
        return channel

    def group(self, handle: str, *members: Person) -> Group:
        """A new user group, written @handle."""
        group = Group(self.workspace.new_id("S"), handle.lstrip("@"), [one.id for one in members])
        self.workspace.groups[group.id] = group
        return group

    @property
    def people(self) -> list[Person]:
        return list(self._people.values())

    # -- the app, as Slack sees it -------------------------------------------------------------------------

    @property
    def request_url(self) -> str | None:
        return self.delivery.request_url

    @request_url.setter
    def request_url(self, address: str | None) -> None:
        self.delivery.request_url = address

    @property
    def recording(self) -> bool:
        """Whether `calls` and `events` are kept. Turn it off for a long load."""
        return self.delivery.recording

    @recording.setter
    def recording(self, yes: bool) -> None:
        self.delivery.recording = yes

    @property
    def echo_own_posts(self) -> bool:
        return self.workspace.echo_own_posts

    @echo_own_posts.setter
    def echo_own_posts(self, yes: bool) -> None:
        self.workspace.echo_own_posts = yes

    @property
    def events_an_hour(self) -> int:
        return self.delivery.events_an_hour

    @events_an_hour.setter
    def events_an_hour(self, most: int) -> None:
        self.delivery.events_an_hour = most

    @property
    def retry_delays(self) -> tuple[float, ...]:
        return self.delivery.retry_delays

    @retry_delays.setter
    def retry_delays(self, seconds: tuple[float, ...]) -> None:
        self.delivery.retry_delays = seconds

    @property
    def events(self) -> list[Json]:
        """The envelopes of all events sent, in order."""
        return self.delivery.sent

    def count(self, method: str) -> int:
        """How often a method (or "response_url") was called."""
        return sum(call.method == method for call in self.calls)

    def respond_next(
        self,
        method: str,
        *,
        status: int = 200,
        error: str | None = None,
        retry_after: int | None = None,
        times: int = 1,
        cut: bool = False,
        delay: float = 0.0,
        after: bool = False,
    ) -> None:
        """Weather for the next calls of a method; `after=True` does the work first and then fails."""
        if retry_after is not None and status == 200:
            status = 429
        self._forecast.order(method, Weather(status, error, retry_after, times, cut, delay, after))

    async def verify_url(self) -> bool:
        """Slack's check of the request address: does the app give the challenge back?"""
        return await self.delivery.verify_url()

    async def settle(self, timeout: float = 5.0) -> None:  # noqa: ASYNC109 (a test's patience)
        """Returns when no event, click or call is in flight any more."""
        await self.delivery.settle(timeout)

    def put_away(self) -> Json:
        """The workspace, to be kept on a disk. Open modals are not part of it, as they are nobody's but a client's."""
        kept = {name: one for name, one in vars(self.workspace).items() if name not in ("clock", "delivery", "modals")}
        return {"workspace": kept, "ids": next(drawn.ids)}

    def take_back(self, kept: Json) -> None:
        """The workspace as it was put away."""
        vars(self.workspace).update(kept["workspace"])
        drawn.ids = itertools.count(kept["ids"])
        people = (user for user in self.workspace.users.values() if not user.is_bot)
        self._people = {user.id: Person(self, user) for user in people}

    async def aclose(self) -> None:
        await self.delivery.aclose()

    # -- HTTP ----------------------------------------------------------------------------------------------

    async def serve_http(self, scope: Any, receive: Any, send: Any) -> None:
        """Everything that reaches the workspace by HTTP."""
        if scope["type"] == "lifespan":
            return await _lifespan(receive, send)
        if scope["type"] != "http":
            return None
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        authorization = headers.get("authorization", "")
        if path.startswith("/files/"):
            return await self._give_file(receive, send, path, authorization)
        if path.startswith("/upload/"):
            return await self._take_upload(scope, receive, send, path)
        body = await _body(receive)
        if path.startswith("/response/"):
            key = path.rpartition("/")[2]
            return await self._exchange(
                "response_url", receive, send, partial(_read_response, body), lambda call: self._respond(key, call)
            )
        if path.startswith("/api/"):
            query, kind = scope.get("query_string", b""), headers.get("content-type", "")
            return await self._exchange(
                path[5:].strip("/"),
                receive,
                send,
                partial(_read_arguments, query, kind, body),
                lambda call: web_api.perform(self, call.method, authorization, dict(call.payload), call.is_json),
            )
        return await _answer(send, 404, b"not found", HTML)

    async def _give_file(self, receive: Any, send: Any, path: str, authorization: str) -> None:
        """A download, whose weather is ordered under the name "download"."""
        weather, headers = self._forecast.next("download") or self.climate, []
        status, content, kind = files_api.download(self, path, authorization)
        if weather and weather.delay:
            await asyncio.sleep(weather.delay)
        facts = {"at": self.clock(), "status": weather.status if weather and weather.fails else status, "seconds": 0.0}
        self.wire.passed(TEXTBANK, SLACK, "download", asked={"file": path.rpartition("/")[2]}, **facts)
        if weather and weather.cut:
            return await _cut(receive, send)
        if weather and weather.fails:
            status, content, kind = weather.status, BROKEN, HTML
            headers = [(b"retry-after", str(weather.retry_after or 1).encode())] if status == 429 else []
        return await _answer(send, status, content, kind, headers)

    def _respond(self, key: str, call: Call) -> Json:
        chat.respond(self, key, call.payload)
        return {"ok": True}

    async def _exchange(self, name: str, receive: Any, send: Any, read: Read, work: Work) -> None:
        """One recorded call: the weather first, then the work, or the work and then the weather."""
        call, began = Call(name, {}, self.clock()), time.monotonic()
        if self.delivery.recording:
            self.calls.append(call)
        self.delivery.busy += 1
        try:
            weather = self._forecast.next(name) or self.climate
            if weather and weather.delay:
                await asyncio.sleep(weather.delay)
            if weather and weather.fails:
                await self._fail(call, weather, read, work, receive, send)
            else:
                self._work(call, read, work)
                await self._send_back(call, send)
        finally:
            self.delivery.busy -= 1
            self.delivery.touched = time.monotonic()
            self._passed(call, began)

    def _passed(self, call: Call, began: float) -> None:
        facts = {"at": call.at, "status": call.status, "seconds": time.monotonic() - began}
        self.wire.passed(TEXTBANK, SLACK, call.method, asked=call.payload, answered=call.response, **facts)

    def _work(self, call: Call, read: Read, work: Work) -> None:
        try:
            read(call)
            call.status, call.response = 200, work(call)
        except web_api.RateLimited as limited:
            call.status, call.response = 429, {"ok": False, "error": "ratelimited"}
            call.headers = {"retry-after": str(limited.retry_after)}
        except web_api.SlackError as refusal:
            call.status, call.response = 200, refusal.body
            if call.method == "response_url":
                gone = refusal.body["error"] in ("expired_url", "used_url")
                call.status = 404 if gone else 400

    async def _fail(self, call: Call, weather: Weather, read: Read, work: Work, receive: Any, send: Any) -> None:
        if weather.after:
            self._work(call, read, work)
        else:
            with suppress(web_api.SlackError):
                read(call)
        call.status = 0 if weather.cut else weather.status
        if weather.cut:
            call.response = {}
            return await _cut(receive, send)
        call.response = {"ok": False, "error": weather.error or "internal_error"}
        if weather.status == 429:
            call.response["error"] = weather.error or "ratelimited"
            call.headers = {"retry-after": str(weather.retry_after or 1)}
        if weather.status >= 500:
            return await _answer(send, weather.status, BROKEN, HTML)
        return await self._send_back(call, send)

    async def _send_back(self, call: Call, send: Any) -> None:
        headers = [(name.encode(), value.encode()) for name, value in call.headers.items()]
        if call.method != "response_url":
            granted = "*" if self.scopes is None else ",".join(sorted(self.scopes))
            headers.append((b"x-oauth-scopes", granted.encode()))
            headers.append((b"date", formatdate(time.time() + self.ahead, usegmt=True).encode()))
        await _answer(send, call.status, json.dumps(call.response).encode(), "application/json; charset=utf-8", headers)

    async def _take_upload(self, scope: Any, receive: Any, send: Any, path: str) -> None:
        request = Request(scope, receive)
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            async with request.form() as form:
                parts = [part for part in form.values() if not isinstance(part, str)]
                content = await parts[0].read() if parts else b""
        else:
            content = await request.body()
        status, said = files_api.take_bytes(self, path.rpartition("/")[2], content)
        await _answer(send, status, said, "text/plain")


class _App:
    """The ASGI face. An object and not a method, which some servers would take for ASGI 2."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._slack.serve_http(scope, receive, send)
        except Exception:
            log.exception("the sandbox itself failed at %s", scope.get("path"))
            raise


def _read_response(body: bytes, call: Call) -> None:
    try:
        call.payload = json.loads(body)
    except ValueError as wrong:
        raise web_api.SlackError("invalid_payload") from wrong


def _read_arguments(query: bytes, content_type: str, body: bytes, call: Call) -> None:
    call.payload, call.is_json = web_api.arguments(query, content_type, body)


async def _body(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def _answer(
    send: Any, status: int, body: bytes, content_type: str, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    sent = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode()), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})


async def _cut(receive: Any, send: Any) -> None:
    """Drops the connection with no answer. Under uvicorn that is its transport; elsewhere half an answer must do."""
    owners: Any = (getattr(one, "__self__", None) for one in (send, receive))  # a router wraps send, but not receive
    transport = next((owner.transport for owner in owners if hasattr(owner, "transport")), None)
    if transport is None:
        head = [(b"content-length", b"100")]
        return await send({"type": "http.response.start", "status": 200, "headers": head})
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
    return None


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
