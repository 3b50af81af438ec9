"""A short way in: what Bolt does for a listener, without Bolt.

Bolt costs ten times what a listener costs. Most schedules go this way, to the same listeners with the same payloads;
some go the whole way, through the web app with its signatures.
"""

import inspect
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from starlette.requests import Request as StarletteRequest

from bot.app import FEATURES
from handlers import requests
from handlers.dropped import slack_dropped
from handlers.kit import Kit
from handlers.twilio import Hooks
from tests.simulation.wire import Reply, Request, form_of

Listener = Callable[..., Any]


class _Register:
    """Takes the place of Bolt's app while listeners register."""

    def __init__(self) -> None:
        self.listeners: dict[tuple[str, str], Listener] = {}

    def __getattr__(self, kind: str) -> Callable[[str], Callable[[Listener], Listener]]:
        def named(name: str) -> Callable[[Listener], Listener]:
            return lambda listener: self.listeners.setdefault((kind, name), listener)

        return named


@cache
def _listeners() -> dict[tuple[str, str], tuple[Listener, tuple[str, ...]]]:
    register: Any = _Register()
    for feature in FEATURES:
        feature.register(register)
    return {key: (each, tuple(inspect.signature(each).parameters)) for key, each in register.listeners.items()}


class Desk:
    """Slack's requests and the carrier's, each to its listener."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._hooks = Hooks(kit)

    async def __call__(self, request: Request) -> Reply:
        if request.path == "/slack/events":
            return await self._slack(request)
        hook = self._hooks.inbound if request.path == "/twilio/inbound" else self._hooks.status
        response = await hook(_starlette(request))
        return response.status_code, dict(response.headers), bytes(response.body)

    async def _slack(self, request: Request) -> Reply:
        body = _body(request)
        if body.get("type") == "app_rate_limited":
            await slack_dropped(self._kit, datetime.fromtimestamp(body["minute_rate_limited"], UTC))
            return 200, {}, b""
        found = _listeners().get(_key(body))
        if found is None:
            return 200, {}, b""
        listener, names = found
        said: list[Any] = []

        async def ack(words: Any = "", **more: Any) -> None:
            said.append(words or more or "")

        kit = self._kit
        known = {"ack": ack, "kit": kit, "body": body, "command": body, "view": body.get("view")}
        known["event"] = body.get("event")
        if body.get("type") == "block_actions":
            known["click"] = requests.click_of(body)
        try:
            await listener(**{name: known[name] for name in names})
        except Exception as error:
            answer = await requests._on_error(kit, error, body)
            return answer.status, answer.first_headers(), answer.body.encode()
        if said and isinstance(said[0], dict):
            return 200, {"content-type": "application/json"}, json.dumps(said[0]).encode()
        return 200, {"content-type": "text/plain"}, (said[0] if said else "").encode()


def _body(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").startswith("application/json"):
        return dict(json.loads(request.body))
    form = form_of(request.body)
    return dict(json.loads(form["payload"])) if "payload" in form else form


def _key(body: dict[str, Any]) -> tuple[str, str]:
    if "command" in body:
        return "command", body["command"]
    if "event" in body:
        return "event", body["event"]["type"]
    if body.get("type") == "block_actions":
        return "action", body["actions"][0]["action_id"]
    return ("view" if body.get("type") == "view_submission" else "view_closed"), body["view"]["callback_id"]


def _starlette(request: Request) -> StarletteRequest:
    headers = [(name.encode(), value.encode()) for name, value in request.headers.items()]
    coming = [{"type": "http.request", "body": request.body, "more_body": False}]

    async def receive() -> Any:
        return coming.pop()

    scope = {"type": "http", "method": request.method, "scheme": "http", "path": request.path, "headers": headers}
    scope |= {"query_string": request.query.encode(), "server": ("there", 80), "root_path": ""}
    return StarletteRequest(scope, receive)
