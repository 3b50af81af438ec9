"""The composition root: the one place that knows every part, and puts them together for a role."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.database import Database
from bot.gateways.slack import Slack
from bot.gateways.sms import Sms
from bot.settings import Settings
from handlers import cards, clock, commands, modals, requests, threads
from handlers.kit import Clock, Kit
from handlers.posting import Writer
from handlers.sending import Sender
from handlers.twilio import Hooks
from handlers.worker import Importer, ReadFile

log = structlog.get_logger()

ROLES = ("web", "worker", "clock")
LARGEST_REQUEST = 1 << 20


def now() -> datetime:
    """The one clock."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_kit(settings: Settings, *, clock: Clock = now) -> AsyncIterator[Kit]:
    """The parts that every role needs, open until the block ends."""
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url)
        stack.push_async_callback(database.close)
        slack = await stack.enter_async_context(Slack(settings))
        sms = await stack.enter_async_context(Sms(settings))
        owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        kit = Kit(settings, database, slack, sms, clock, owner)
        yield kit
        await kit.drain()


def slack_app(kit: Kit) -> AsyncApp:
    """Bolt with every listener. A listener runs before Slack is answered: nothing is said of what is not committed."""
    app = AsyncApp(
        client=kit.slack.client,
        signing_secret=kit.settings.slack_signing_secret,
        process_before_response=True,
        attaching_function_token_enabled=False,
    )
    requests.register(app, kit)
    for feature in (cards, threads, commands, modals):
        feature.register(app)
    return app


def web(kit: Kit) -> Starlette:
    """Everything that listens."""
    slack = AsyncSlackRequestHandler(slack_app(kit))

    async def events(request: Request) -> Response:
        if int(request.headers.get("content-length") or 0) > LARGEST_REQUEST:
            return PlainTextResponse("too large", status_code=413)
        return await slack.handle(request)

    async def healthz(_request: Request) -> Response:
        try:
            async with kit.database.reading() as session:
                await session.execute(text("SELECT 1"))
        except Exception:
            return PlainTextResponse("the database is away", status_code=503)
        return PlainTextResponse("ok")

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    routes = [
        Route("/slack/events", events, methods=["POST"]),
        *Hooks(kit).routes(),
        Route("/healthz", healthz),
        Route("/metrics", metrics),
    ]
    return Starlette(routes=routes)


@dataclass
class Running:
    """The roles of this process, and how to end them."""

    kit: Kit
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start_worker(self, read_file: ReadFile | None = None) -> None:
        """Sending, posting to Slack, and reading files."""
        for job in (Sender(self.kit).run, Writer(self.kit).run, Importer(self.kit, read_file).run):
            self.tasks.append(asyncio.create_task(job(self.stopping)))

    def start_clock(self) -> Callable[[], None]:
        """The minute's tick; call what it returns to end it."""
        scheduler = clock.schedule(self.kit)
        scheduler.start()
        return lambda: scheduler.shutdown(wait=False)

    async def stop(self, within: float = 30.0) -> None:
        """Take no more, and finish what is in flight."""
        self.stopping.set()
        if self.tasks:
            _, late = await asyncio.wait(self.tasks, timeout=within)
            for task in late:
                task.cancel()


@asynccontextmanager
async def running(settings: Settings, roles: Iterable[str], *, clock: Clock = now) -> AsyncIterator[Running]:
    """The worker and the clock, as far as they are among `roles`, until the block ends."""
    async with open_kit(settings, clock=clock) as kit:
        state = Running(kit)
        end_clock = state.start_clock() if "clock" in roles else None
        if "worker" in roles:
            state.start_worker()
        try:
            yield state
        finally:
            if end_clock:
                end_clock()
            await state.stop()


async def serve(settings: Settings, roles: Iterable[str]) -> None:
    """Run these roles until a signal ends them."""
    roles = tuple(roles)
    async with running(settings, roles) as state:
        log.info("textbank is up", roles=roles, port=settings.port if "web" in roles else None)
        if "web" not in roles:
            return await _until_signalled(state.stopping)
        config = uvicorn.Config(
            web(state.kit),
            host="0.0.0.0",
            port=settings.port,
            log_level="warning",
            access_log=False,
        )
        await uvicorn.Server(config).serve()


async def _until_signalled(stopping: asyncio.Event) -> None:
    import signal

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await stopping.wait()
