"""The yardstick: a bare Bolt app that acknowledges each click and posts a card to its response_url. No database.

By `respond`, as Bolt's documentation writes it; with KEPT=1 through one kept connection pool, which is faster.
"""

import os
from typing import Any

import aiohttp
import uvicorn
import uvloop
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.services.cards import Card, Draft
from bot.services.segments import count
from bot.views.cards import card

TEXT = "Hi Ann, it's Vera with Michigan Votes. Can we count on you in Flint?"


async def main() -> None:
    """Serve until a signal."""
    session = aiohttp.ClientSession()
    client = AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"], session=session)
    app = AsyncApp(client=client, signing_secret=os.environ["SLACK_SIGNING_SECRET"])

    @app.action("card.send")
    async def send(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        version = int(body["actions"][0]["value"].partition(":")[0]) + 1
        draft = Draft(1, "Ann Lee", "Flint", "8:00 PM", version, 50, TEXT, count(TEXT), picture=None)
        message = {**card(Card(version, 1, "Benchmark", draft)), "replace_original": True}
        if "KEPT" in os.environ:
            async with session.post(body["response_url"], json=message):
                return
        await respond(**message)

    handler = AsyncSlackRequestHandler(app)

    async def events(request: Request) -> Response:
        return await handler.handle(request)

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok")

    web = Starlette(routes=[Route("/slack/events", events, methods=["POST"]), Route("/healthz", healthz)])
    config = uvicorn.Config(web, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)
    await uvicorn.Server(config).serve()
    await session.close()


if __name__ == "__main__":
    uvloop.run(main())
