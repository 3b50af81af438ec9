"""The page's HTTP: the page itself, a stream of what one person sees, and one address for everything she does.

Loopback only. A page elsewhere on the web must not drive it: a request that names another host or comes from another
origin is refused, and what changes anything must be JSON or come with our origin. docs/sandbox.md has the protocol.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.page import acts, snapshot, traffic
from sandbox.page.desk import Desk
from sandbox.slack import File
from sandbox.wire import Wire

STATIC = Path(str(files("sandbox.page"))) / "static"
TOGETHER = 0.05
"""Seconds in which changes become one event; longer where a snapshot takes long."""
SHARE = 4
"""A stream pauses so many times longer than its snapshot took, so that watching never starves what is watched."""
SILENCE = 15.0
LARGEST_UPLOAD = 200 << 20
LARGEST_ACT = 1 << 20
HOSTS = ("127.0.0.1", "localhost", "[::1]")
HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data: blob: http://127.0.0.1:*; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Page:
    """The page's ASGI app. `desk` is the sandbox that it shows, or None while one is starting."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.desk: Desk | None = None
        self.closing = False
        routes = [
            Route("/", self._page),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/sample.csv", self._sample),
            Route("/healthz", self._health),
            Route("/api/stream", self._stream),
            Route("/api/act", self._act, methods=["POST"]),
            Route("/api/file", self._upload, methods=["POST"]),
            Route("/api/file/{id}", self._file),
            Route("/api/media/{sid}", self._media),
            Route("/api/log/{id:int}", self._log),
        ]
        self.app: ASGIApp = Starlette(routes=routes, middleware=[Middleware(OnlyOurs)])

    def shows(self, desk: Desk | None) -> None:
        """Another sandbox from now on, or none for a while."""
        self.desk = desk
        self.wire.changed()

    def closes(self) -> None:
        """Ends every stream, so that the server need not wait for them."""
        self.closing = True
        self.wire.changed()

    # -- reading

    async def _page(self, _request: Request) -> Response:
        return FileResponse(STATIC / "index.html", media_type="text/html")

    async def _health(self, _request: Request) -> Response:
        return PlainTextResponse("ok" if self.desk else "starting", status_code=200 if self.desk else 503)

    async def _sample(self, _request: Request) -> Response:
        if self.desk is None:
            return _starting()
        return Response(
            self.desk.sample.encode(),
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": 'attachment; filename="contacts.csv"'},
        )

    async def _stream(self, request: Request) -> Response:
        return StreamingResponse(self._events(request.query_params.get("as")), media_type="text/event-stream")

    async def _events(self, who: str | None) -> AsyncIterator[bytes]:
        """A snapshot at first and after every change, as long as the browser listens."""
        while not self.closing:
            version, began = self.wire.version, time.monotonic()
            if desk := self.desk:
                seen = snapshot.state(desk, desk.member(who).person)
                yield f"event: state\nid: {version}\ndata: {json.dumps(seen)}\n\n".encode()
            else:
                yield b"event: starting\ndata: {}\n\n"
            await asyncio.sleep(max(TOGETHER, SHARE * (time.monotonic() - began)))
            while self.wire.version == version and not self.closing:
                try:
                    await asyncio.wait_for(self.wire.later_than(version), SILENCE)
                except TimeoutError:
                    yield b": still here\n\n"

    async def _log(self, request: Request) -> Response:
        found = next((one for one in self.wire.exchanges if one.id == request.path_params["id"]), None)
        if found is None or self.desk is None:
            return PlainTextResponse("it is no longer kept", status_code=404)
        return JSONResponse(traffic.detail(found, self.desk.slack.workspace))

    async def _file(self, request: Request) -> Response:
        """A file that was shared where this person sees it, or that is hers."""
        if self.desk is None:
            return _starting()
        person = self.desk.member(request.query_params.get("as")).person
        found = person.world.files.get(request.path_params["id"])
        seen = found is not None and (found.user == person.id or any(one is found for one in person.files))
        if found is None or not seen:
            return PlainTextResponse("there is no such file", status_code=404)
        return _content(found.content, found.mimetype, found.name)

    async def _media(self, request: Request) -> Response:
        """A picture on a phone."""
        texts = self.desk.carrier.kept() if self.desk else []
        found = (one for text in texts for one in text.attachments if one.sid == request.path_params["sid"])
        medium = next(found, None)
        if medium is None:
            return PlainTextResponse("there is no such picture", status_code=404)
        return _content(medium.content, medium.content_type, medium.sid)

    # -- doing

    async def _act(self, request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return PlainTextResponse("an act is JSON", status_code=415)
        try:
            given = json.loads(await request.body())
        except ValueError:
            given = None
        if not isinstance(given, dict):
            return PlainTextResponse("an act is a JSON object", status_code=400)
        if self.desk is None:
            return _starting()
        return JSONResponse(await acts.perform(self.desk, given))

    async def _upload(self, request: Request) -> Response:
        """Slack takes a file as soon as it is picked, and the field holds its id."""
        if self.desk is None:
            return _starting()
        if int(request.headers.get("content-length") or LARGEST_UPLOAD + 1) > LARGEST_UPLOAD:
            return PlainTextResponse("this file is too large", status_code=413)
        async with request.form() as form:
            upload = form.get("file")
            if upload is None or isinstance(upload, str):
                return PlainTextResponse("a file is sent as the field “file”", status_code=400)
            person = self.desk.member(str(form.get("as") or request.query_params.get("as") or "")).person
            picked = File(Path(upload.filename or "file").name, await upload.read(), upload.content_type or "")
        kept = person.world.keep(picked, person.id, person.slack.url)
        return JSONResponse({"ok": True, "id": kept.id, "name": kept.name, "size": len(kept.content)})


class OnlyOurs:
    """Refuses what another site's page asks, and names whose address is not this machine's own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if why := _foreign(headers, changes=scope["method"] not in ("GET", "HEAD")):
            return await PlainTextResponse(why, status_code=403)(scope, receive, send)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                more = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message["headers"], *(pair for pair in more if pair[0] not in own)]
            await send(message)

        await self._app(scope, receive, with_headers)


def _foreign(headers: dict[str, str], *, changes: bool) -> str | None:
    """Why a request is not from our own page."""
    host, origin = headers.get("host", ""), headers.get("origin")
    if (host.rpartition(":")[0] or host) not in HOSTS:
        return "this is not the sandbox's address"
    if origin is not None and origin != f"http://{host}":
        return "another page may not use the sandbox"
    site = headers.get("sec-fetch-site", "same-origin")
    if site not in ("same-origin", "none") and (changes or headers.get("sec-fetch-mode") != "navigate"):
        return "another page may not use the sandbox"
    return None


def _starting() -> Response:
    return JSONResponse({"ok": False, "words": "The sandbox is starting: one moment."}, status_code=503)


def _content(content: bytes, kind: str, name: str) -> Response:
    """Shown if it is a picture, else kept as a file: nobody's words become a page of ours."""
    shown = kind in ("image/jpeg", "image/png", "image/gif", "image/webp")
    safe = re.sub(r"[^A-Za-z0-9_. -]", "_", name)
    headers: dict[str, Any] = {} if shown else {"content-disposition": f'attachment; filename="{safe}"'}
    return Response(content, media_type=kind if shown else "application/octet-stream", headers=headers)
