"""The composition root: the one place that knows every part, and puts them together for a role."""

import asyncio
import os
import secrets
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.clock import now
from bot.database import Database
from bot.ending import Ending
from bot.gateways.slack import Slack
from bot.gateways.sms import Sms
from bot.migrate import NEWER, Schema, schema_of
from bot.services.heard import What
from bot.serving import alone
from bot.settings import Settings, SettingsError
from handlers import (
    card_replies,
    cards,
    clock,
    commands,
    examining,
    faster,
    home,
    inbox,
    leavers,
    live,
    live_slack,
    looking_up,
    modals,
    opt_out_files,
    people,
    pictures,
    replying,
    requests,
    script_check,
    threads,
)
from handlers.budget import Budget
from handlers.carrier_list import Watch
from handlers.catching_up import CatchUp, listening
from handlers.door import NotTooLarge, is_from_slack
from handlers.exporting import Exporter
from handlers.hearing import keep, overhear
from handlers.heartbeat import beat
from handlers.kit import Clock, Kit
from handlers.metrics import Metrics
from handlers.posting import Writer
from handlers.sending import Sender
from handlers.twilio import Hooks
from handlers.worker import Importer

log = structlog.get_logger()

NOT_REACHED = (
    "PUBLIC_URL is not set: what voters text, a STOP too, is asked of the carrier every few seconds. For more than a "
    "small campaign set it."
)
CONNECTIONS = {"web": 6, "worker": 4, "clock": 2}
"""How many connections to PostgreSQL each role may open: two webs, a worker and a clock stay below twenty."""
ANSWER_SECONDS = 5
"""How long the database may take to say that it is there."""
CUT_OFF_SECONDS = 1
"""For what is cut off at the end to put itself away, and for what goes on behind an answer."""
PUT_AWAY_SECONDS = 8
"""For what was done beside serving."""
LAST_ANSWERS_SECONDS = 5
"""How long requests that are under way when the program ends may still take."""


@asynccontextmanager
async def open_kit(
    settings: Settings,
    roles: Iterable[str] = CONNECTIONS,
    *,
    clock: Clock = now,
    stopwatch: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Kit]:
    """The parts that these roles need, open until the block ends."""
    connections = settings.database_connections or sum(CONNECTIONS[role] for role in roles)
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url, connections=connections)
        stack.push_async_callback(database.close)
        slack = await stack.enter_async_context(Slack(settings))
        sms = await stack.enter_async_context(Sms(settings))
        owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        kit = Kit(settings, database, slack, sms, clock, owner, Budget(clock), stopwatch)
        yield kit
        await kit.drain(CUT_OFF_SECONDS)


async def examined(settings: Settings) -> list[tuple[str, str, str]]:
    """What the doctor finds: (level, words, how to mend it) each. Nothing of the program needs to run."""
    async with open_kit(settings) as kit:
        return [(each.level.value, each.words, each.mend) for each in await examining.examine(kit, serving=False)]


FEATURES = (
    *(cards, card_replies, faster, threads, replying, commands, modals, script_check, home, inbox, people, pictures),
    *(opt_out_files, leavers, looking_up, live_slack),
)
"""Each has listeners of its own."""


def slack_app(kit: Kit) -> AsyncApp:
    """Bolt with every listener. A listener runs before Slack is answered: nothing is said of what is not committed."""
    ours = kit.slack.client
    app = AsyncApp(
        name="textbank",  # or Bolt looks for one in the source code of whoever calls it, at the price of ten clicks
        before_authorize=overhear(kit),
        token=ours.token,  # not the client as well: Bolt also finds the token in the environment, and warns of two
        request_verification_enabled=False,  # handlers.door has done it, before anything was parsed
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        attaching_function_token_enabled=False,
    )
    app.client.base_url, app.client.session, app.client.timeout = ours.base_url, ours.session, ours.timeout
    requests.register(app, kit)
    for feature in FEATURES:
        feature.register(app)
    return app


@asynccontextmanager
async def socket_mode(kit: Kit) -> AsyncIterator[None]:
    """Take Slack's requests over a line of our own to Slack, with a token for it: no public address is needed."""
    if not kit.settings.slack_app_token:
        yield
        return
    line = AsyncSocketModeHandler(slack_app(kit), kit.settings.slack_app_token, web_client=kit.slack.client)
    await line.connect_async()
    try:
        yield
    finally:
        await line.close_async()


def web(kit: Kit) -> Starlette:
    """Everything that listens."""
    slack, figures = AsyncSlackRequestHandler(slack_app(kit)), Metrics(kit)

    async def events(request: Request) -> Response:
        if not is_from_slack(kit.settings.slack_signing_secret, request.headers, await request.body()):
            if kit.settings.slack_signing_secret and "x-slack-signature" in request.headers:
                await keep(kit, What.REFUSED)
            return PlainTextResponse("not signed by Slack", status_code=401)
        try:
            return await slack.handle(request)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            log.exception("a request in a form that Slack does not use")
            return PlainTextResponse("this cannot be read", status_code=400)

    async def healthz(_request: Request) -> Response:
        try:
            async with asyncio.timeout(ANSWER_SECONDS), kit.database.reading() as session:
                await session.execute(text("SELECT 1"))
        except Exception:
            return PlainTextResponse("the database is away", status_code=503)
        return PlainTextResponse("ok")

    async def metrics(_request: Request) -> Response:
        return Response(await figures.page(), media_type=CONTENT_TYPE_LATEST)

    routes = [
        Route("/slack/events", events, methods=["POST"]),
        *Hooks(kit).routes(),
        *pictures.Shelf(kit).routes(),
        Route("/healthz", healthz),
        Route("/metrics", metrics),
    ]
    return Starlette(routes=routes, middleware=[Middleware(NotTooLarge)])


@dataclass
class Running:
    """The roles of this process, and how to end them."""

    kit: Kit
    ending: Ending = field(default_factory=Ending)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start_worker(self) -> None:
        """Sending, posting to Slack, reading files and writing them, fetching pictures."""
        kit = self.kit
        files = (Importer(kit), Exporter(kit), pictures.PictureFetcher(kit), opt_out_files.OptOutReader(kit))
        for job in (Sender(kit), Watch(kit), Writer(kit), CatchUp(kit), looking_up.LookUps(kit), *files):
            self.tasks.append(asyncio.create_task(job.run(self.ending.stopping)))
        self.tasks.append(asyncio.create_task(beat(self.kit, self.ending.stopping)))

    def start_clock(self) -> Callable[[], None]:
        """The minute's tick; call what it returns to end it."""
        scheduler = clock.schedule(self.kit)
        scheduler.start()
        return lambda: scheduler.shutdown(wait=False)

    async def stop(self) -> None:
        """Take no more, and finish what is in flight, as far as the time goes."""
        self.ending.stopping.set()
        if self.tasks:
            _, late = await asyncio.wait(self.tasks, timeout=self.ending.left())
            for task in late:
                log.warning("cut off at the end", task=repr(task.get_coro()))
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=CUT_OFF_SECONDS)


@asynccontextmanager
async def running(settings: Settings, roles: Iterable[str], *, clock: Clock = now) -> AsyncIterator[Running]:
    """The worker and the clock, as far as they are among `roles`, until the block ends."""
    roles = tuple(roles)
    async with open_kit(settings, roles or CONNECTIONS, clock=clock) as kit:
        await _check(kit)
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


async def _check(kit: Kit) -> None:
    """Raises SettingsError for what would make everything fail: a token that is not taken, an old database.

    What would only fail the voters is warned of.
    """
    schema = schema_of(kit.settings.database_url)
    if schema is Schema.NEWER:
        log.warning(NEWER)
    wrong = ["The database is not up to date: run `python -m bot migrate`."] if schema is Schema.OLDER else []
    wrong += [words for words in (await kit.slack.wrong_token(), await kit.sms.wrong_account()) if words]
    if wrong:
        raise SettingsError("\n".join(wrong))
    if not kit.settings.public_url:
        log.warning(NOT_REACHED)


Beside = Callable[[Kit], Coroutine[Any, Any, None]]


async def serve(settings: Settings, roles: Iterable[str], *, clock: Clock = now, beside: Beside | None = None) -> None:
    """Run these roles until a signal ends them, and something of the caller's `beside` them."""
    roles = tuple(roles)
    with alone(settings.database_url):
        await _serve(settings, roles, clock, beside)


async def _serve(settings: Settings, roles: tuple[str, ...], clock: Clock, beside: Beside | None) -> None:
    async with running(settings, roles, clock=clock) as state, _beside(state.kit, beside):
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, state.ending.ask)
        log.info("textbank is up", roles=roles, port=settings.port if "web" in roles else None)
        if "web" not in roles:
            await state.ending.stopping.wait()
            return
        config = uvicorn.Config(
            web(state.kit),
            host=settings.bind_address,
            port=settings.port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
        )
        server = _Server(config)
        state.tasks.append(asyncio.create_task(listening(state.kit, state.ending.stopping)))
        ending = asyncio.create_task(server.ends_at(state.ending.stopping))
        async with socket_mode(state.kit):
            await server.serve()
        ending.cancel()


async def measured(
    settings: Settings, admin: str, phone: str, *, say: Callable[[str], None], shown: Callable[[live.Result], None]
) -> bool:
    """`doctor --live`, which serves the web hooks for as long as it takes: whether it came to its end.

    Raises Refusal where it must not be done.
    """
    ended = False
    async with open_kit(settings) as kit:
        number = await live.may_begin(kit, admin, phone)

    async def beside(kit: Kit) -> None:
        nonlocal ended
        await _listens(settings)
        try:
            await live.measure(kit, admin, number, say=say, shown=shown)
            ended = True
        except Exception as wrong:
            log.exception("measuring broke off")
            say(f"It broke off ({type(wrong).__name__}): the program's log has more.")
        signal.raise_signal(signal.SIGTERM)

    await serve(settings, ("web",), beside=beside)
    return ended


async def _listens(settings: Settings) -> None:
    """Until our own server takes connections."""
    while True:
        try:
            _, writer = await asyncio.open_connection(settings.bind_address, settings.port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            return writer.close()


@asynccontextmanager
async def _beside(kit: Kit, work: Beside | None) -> AsyncIterator[None]:
    """Something that goes on until the block ends; then it has a moment to put itself away."""
    task = asyncio.create_task(work(kit)) if work else None
    yield
    if task:
        task.cancel()
        await asyncio.wait([task], timeout=PUT_AWAY_SECONDS)


class _Server(uvicorn.Server):
    """uvicorn without its way with signals: it raises them again at its end, before the worker has come to its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def ends_at(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self.should_exit = True
