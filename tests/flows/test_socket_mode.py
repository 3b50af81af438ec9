"""Behind a home router: Slack's requests come over a line that Textbank opens itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web

from bot.app import open_kit, socket_mode
from sandbox.carrier import Carrier
from sandbox.serving import serve
from sandbox.slack import Slack
from tests.world import Time, settings_for


class Line:
    """The least of Slack's side of Socket Mode: a greeting, one envelope at a time, and its acknowledgement."""

    def __init__(self) -> None:
        self.opened: asyncio.Future[web.WebSocketResponse] = asyncio.get_running_loop().create_future()
        self.answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def listens(self, request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        await line.send_json({"type": "hello", "num_connections": 1})
        self.opened.set_result(line)
        async for message in line:
            if message.type is WSMsgType.TEXT and message.data.startswith("{"):
                await self.answers.put(json.loads(message.data))
        return line

    async def asks(self, payload: dict[str, Any], kind: str) -> dict[str, Any]:
        line = await asyncio.wait_for(self.opened, 10)
        await line.send_json({"type": kind, "envelope_id": "e1", "accepts_response_payload": True, "payload": payload})
        return await asyncio.wait_for(self.answers.get(), 10)


@asynccontextmanager
async def slack_with_a_line(slack: Slack, line: Line) -> AsyncIterator[str]:
    """A Web API that knows how to open connections, and passes everything else on to the sandbox's Slack."""
    app = web.Application()

    async def open_connection(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer xapp-1"
        return web.json_response({"ok": True, "url": f"ws://127.0.0.1:{port}/line"})

    async def auth_test(_request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "user_id": "U0BOT", "bot_id": "B0BOT", "team_id": "T1"})

    async def users_info(_request: web.Request) -> web.Response:
        return web.json_response(
            {"ok": True, "user": {"id": "U1", "is_admin": False, "profile": {"real_name": "Priya"}}}
        )

    app.router.add_post("/api/apps.connections.open", open_connection)
    app.router.add_post("/api/auth.test", auth_test)
    app.router.add_post("/api/users.info", users_info)
    app.router.add_get("/line", line.listens)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def test_a_command_comes_over_the_line_and_is_answered_on_it(database_url: str) -> None:
    slack, carrier, line = Slack(), Carrier(), Line()
    async with serve(carrier.app) as carrier.url, slack_with_a_line(slack, line) as slack.url:
        settings = settings_for(database_url, slack, carrier, slack_app_token="xapp-1", slack_signing_secret=None)
        async with open_kit(settings, clock=Time()) as kit, socket_mode(kit):
            command = {"command": "/text", "text": "", "user_id": "U1", "user_name": "priya", "channel_id": "D1"}
            common = {"team_id": "T1", "api_app_id": "A1", "trigger_id": "1", "response_url": f"{slack.url}/response/1"}
            answer = await line.asks({**command, **common}, "slash_commands")
    assert answer["envelope_id"] == "e1"
    assert "Ask an organizer" in json.dumps(answer["payload"])
