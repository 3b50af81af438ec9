"""Volunteers who click as fast as their next card comes, and the least of a Slack and a carrier for them.

A click is sent signed; the card that comes to its response_url gives the next click its value. In Text faster a click
is a submission, and its answer has the next card. The carrier accepts every text. All of it is as light as can be, so
that the product is what is measured.
"""

import asyncio
import hashlib
import hmac
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

import aiohttp
import uvicorn

from benchmarks.ground import SIGNING_SECRET

_VERSION = re.compile(rb'"action_id":\s*"card\.send",\s*"value":\s*"([\d:]+)"')
_BODY = "Hi Ann, it's Vera with Michigan Votes. Can we count on you in Flint?"


@dataclass
class Load:
    """The simulated outside, and what it has seen."""

    target: str
    port: int
    values: dict[str, str]
    """Volunteer → the value of the Send button on their newest card; in Text faster, the view."""
    faster: bool = False
    cards: dict[str, asyncio.Future[bytes]] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    clicks: int = 0
    texts: int = 0
    refused: int = 0
    listed: bool = False

    async def app(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        """ASGI: response_urls, the carrier's messages, and auth.test."""
        if scope["type"] != "http":
            return
        body = b""
        while True:
            event = await receive()
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        path, status, answer = scope["path"], 200, b"ok"
        if path.startswith("/response/"):
            waiting = self.cards.pop(path[10:], None)
            if waiting is not None and not waiting.done():
                waiting.set_result(body)
        elif path.endswith("/Messages.json") and scope["method"] == "GET":  # what it has from before: nothing
            self.listed, answer = True, b'{"messages": [], "next_page_uri": null, "page": 0, "page_size": 1000}'
        elif path.endswith("/Messages.json"):
            self.texts += 1
            status, answer = 201, json.dumps({"sid": f"SM{self.texts:032x}", "status": "accepted"}).encode()
        elif path.endswith("/chat.postMessage"):
            answer = b'{"ok": true, "channel": "D1", "ts": "1700000000.000100"}'
        elif path.endswith("/auth.test"):
            answer = b'{"ok": true, "user_id": "U0BOT", "bot_id": "B0BOT", "team_id": "T1", "team": "t", "user": "bot"}'
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        )
        await send({"type": "http.response.body", "body": answer})

    async def volunteer(self, session: aiohttp.ClientSession, who: str, until: float) -> None:
        """Click, wait for the next card, click again."""
        while time.perf_counter() < until:
            self.clicks += 1
            key = f"{who}-{self.clicks}"
            card = self.cards[key] = asyncio.get_running_loop().create_future()
            started = time.perf_counter()
            payload = _submission(who, self.values[who]) if self.faster else self._click(who, self.values[who], key)
            body, headers = _signed(payload)
            async with session.post(self.target, data=body, headers=headers) as answer:
                if answer.status != 200:
                    self.refused += 1
                shown = await answer.read()
            value = _next_view(shown) if self.faster else _next_value(await asyncio.wait_for(card, 30))
            if value is None:
                return  # the batch is done
            self.latencies.append(time.perf_counter() - started)
            self.values[who] = value

    def _click(self, who: str, value: str, key: str) -> dict[str, Any]:
        version = value.partition(":")[0]
        action = {
            "type": "button",
            "action_id": "card.send",
            "block_id": "b",
            "value": value,
            "action_ts": "1.0",
        }
        typed = {f"message.{version}": {f"draft.{version}": {"type": "plain_text_input", "value": _BODY}}}
        return {
            "type": "block_actions",
            **_from(who),
            "container": {"type": "message", "message_ts": "1700000000.000100", "channel_id": "D1"},
            "channel": {"id": "D1", "name": "directmessage"},
            "message": {"type": "message", "ts": "1700000000.000100", "text": "Next: Ann Lee", "blocks": []},
            "state": {"values": typed},
            "response_url": f"http://127.0.0.1:{self.port}/response/{key}",
            "actions": [action],
        }


def _from(who: str) -> dict[str, Any]:
    user = {"id": who, "username": who.lower(), "team_id": "T1"}
    return {"team": {"id": "T1", "domain": "bench"}, "user": user, "api_app_id": "A1", "trigger_id": "1.2.3"}


def _submission(who: str, value: str) -> dict[str, Any]:
    """The view with the words in its field, as if it had been read for a second: one within a blink sends nothing."""
    view = json.loads(value)
    handed_out = json.loads(view["private_metadata"])
    handed_out["milliseconds"] -= 1000
    typed, chosen = (block for block in view["blocks"] if block["type"] == "input")
    state = {
        typed["block_id"]: {"draft": {"type": "plain_text_input", "value": _BODY}},
        chosen["block_id"]: {"choice": {"type": "radio_buttons", "selected_option": chosen["element"]["options"][0]}},
    }
    given = {**view, "id": "V1", "hash": "1.1", "private_metadata": json.dumps(handed_out), "state": {"values": state}}
    return {"type": "view_submission", **_from(who), "view": given, "response_urls": []}


def _signed(payload: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    body = f"payload={quote_plus(json.dumps(payload))}".encode()
    stamp = str(int(time.time()))
    digest = hmac.new(SIGNING_SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return body, {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={digest}",
    }


def _next_value(card: bytes) -> str | None:
    found = _VERSION.search(card)
    return found.group(1).decode() if found else None


def _next_view(answer: bytes) -> str | None:
    view = json.loads(answer)["view"]
    return json.dumps(view) if "submit" in view else None


@asynccontextmanager
async def served(load: Load) -> AsyncIterator[None]:
    """Slack and the carrier, up until the block ends."""
    config = uvicorn.Config(
        load.app,
        host="127.0.0.1",
        port=load.port,
        interface="asgi3",
        log_level="error",
        access_log=False,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn sets no event)
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def let_begin(load: Load) -> None:
    """Wait until the product has seen what the carrier has from before: it posts nothing sooner."""
    async with served(load), asyncio.timeout(60):
        while not load.listed:  # noqa: ASYNC110 (the product does not call back)
            await asyncio.sleep(0.05)


async def run(load: Load, *, seconds: float, settle: bool) -> float:
    """Let every volunteer click for that long; how long it took, with `settle` until the carrier had every text."""
    async with served(load), aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        started = time.perf_counter()
        until = started + seconds
        await asyncio.gather(*(load.volunteer(session, who, until) for who in load.values))
        while settle and load.texts < load.clicks and time.perf_counter() < until + 60:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return time.perf_counter() - started
