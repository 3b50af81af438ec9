"""Pictures: a campaign's on its way in and out, and a voter's when the volunteer asks to see it."""

import asyncio
import tempfile
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.errors import Refusal
from bot.gateways.slack import SlackTrouble
from bot.services import conversations, media, pictures
from bot.services.cards import Card
from bot.services.conversations import Pictures
from bot.views import cards as card_views
from bot.views import ids
from bot.views import threads as views
from bot.views.blocks import Message
from handlers.kit import Kit
from handlers.loops import go_round
from handlers.requests import OUR_FAULT, Click, say_when_done
from handlers.saying import say_once
from handlers.worker import GIVEN_UP_AFTER, LOOK_SECONDS, TRY_AGAIN

log = structlog.get_logger()

A_FEW = 4
"""So many pictures a process keeps at hand: the carrier fetches the same one for each text."""
HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",  # a name is its content's hash: it never changes
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
}


def register(app: AsyncApp) -> None:
    """The button beside a text that brought a picture."""
    app.action(ids.SHOW_PICTURE)(show)


# ------------------------------------------------------------------------------------------- a voter's, to a thread


async def show(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """Bring a voter's picture into the thread, for its volunteer who has asked to see it."""
    async with kit.database.reading() as session:
        found = await conversations.pictures_of(session, click.number(), click.numbers(), by=click.who)
    await ack()
    kit.later(say_when_done(kit, click.response_url, _bring(kit, found), ours=OUR_FAULT))


async def _bring(kit: Kit, found: Pictures) -> str:
    """Those that can be shown are, whatever the others are; what is wrong with one is said."""
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="textbank-") as folder:
        files: dict[str, Path] = {}
        for number, address in enumerate(found.addresses, 1):
            try:
                content, kind = await _fetch(kit, address)
            except Refusal as refusal:
                wrong.append(str(refusal))
                continue
            name = f"picture-{number}.{media.ENDINGS[kind]}"
            files[name] = Path(folder) / name
            files[name].write_bytes(content)
        if files:
            comment = views.shown_picture(found.name)
            await kit.slack.upload(found.channel, files, comment=comment, thread_ts=found.root_ts)
    return " ".join(dict.fromkeys(wrong))


async def _fetch(kit: Kit, address: str) -> tuple[bytes, str]:
    content = await kit.sms.fetch_media(address, most=media.LARGEST)
    kind = media.kind_of(content)
    if kind is None:
        raise Refusal("It is no JPEG, PNG or GIF picture, so it is not shown.")
    return content, kind


# ------------------------------------------------------------------------------------------- a campaign's, on cards


async def post_card(kit: Kit, to: str, card: Card) -> tuple[str, str]:
    """A card as a message of its own, for whoever has just asked for it."""
    where = await _with_picture(kit, card, lambda shown: kit.slack.post(to, shown))
    kit.budget.spend(to, where[0])
    return where


async def queued_card(kit: Kit, post: Any, card: Card) -> tuple[str, str]:
    """The card that this post waits to bring."""
    return await _with_picture(kit, card, lambda shown: say_once(kit, post, shown))


async def _with_picture(kit: Kit, card: Card, show: Callable[[Message], Awaitable[tuple[str, str]]]) -> tuple[str, str]:
    """Should Slack not be able to fetch the card's picture, the picture is left out of it."""
    address = kit.picture(card)
    try:
        return await show(card_views.card(card, address))
    except SlackTrouble as trouble:
        if address is None or str(trouble) != "invalid_blocks":
            raise
        log.warning("slack cannot fetch a picture from our public address", address=kit.settings.public_url)
        return await show(card_views.card(card))


# ------------------------------------------------------------------------------------------- a campaign's, going out


class Shelf:
    """Where the carrier, and Slack, fetch a campaign's picture."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._at_hand: OrderedDict[str, tuple[str, bytes]] = OrderedDict()

    def routes(self) -> Iterable[Route]:
        """An address for each picture, and none for a list of them."""
        return [Route("/media/{name}", self.picture, methods=["GET"])]

    async def picture(self, request: Request) -> Response:
        """The bytes. An address that we did not make leads nowhere, whether or not there is such a picture."""
        name, mark = request.path_params["name"], request.query_params.get("k", "")
        found = await self._find(name) if pictures.is_ours(self._kit.settings, name, mark) else None
        if found is None:
            return Response(status_code=404)
        kind, content = found
        named = f'inline; filename="picture.{media.ENDINGS[kind]}"'
        return Response(content, media_type=kind, headers={**HEADERS, "Content-Disposition": named})

    async def _find(self, name: str) -> tuple[str, bytes] | None:
        if name in self._at_hand:
            self._at_hand.move_to_end(name)
            return self._at_hand[name]
        async with self._kit.database.reading() as session:
            row = await pictures.stored(session, name)
        if row is None:
            return None
        self._at_hand[name] = row.content_type, bytes(row.content)
        while len(self._at_hand) > A_FEW:
            self._at_hand.popitem(last=False)
        return row.content_type, bytes(row.content)


# ------------------------------------------------------------------------------------------- a campaign's, coming in


class PictureFetcher:
    """The worker's loop that fetches pictures handed over in Slack. Two that fetch the same one do no harm."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def run(self, stopping: asyncio.Event) -> None:
        """Until the program stops."""
        await go_round(stopping, self.step, failed="a picture could not be taken in", idle=LOOK_SECONDS)

    async def step(self) -> bool:
        """Fetch the picture that waits first; False when none waits."""
        kit = self._kit
        async with kit.database.reading() as session:
            request = await pictures.waiting(session, now=kit.clock())
        if request is None:
            return False
        with tempfile.TemporaryDirectory(prefix="textbank-") as folder:
            path = Path(folder) / "picture"
            try:
                await kit.slack.fetch_file(request.file_url, path, most=media.LARGEST)
            except SlackTrouble as trouble:
                await self._not_fetched(request, trouble, kit.clock())
                return True
            content = path.read_bytes()
        async with kit.database.transaction() as session:
            await pictures.keep(session, request, content, now=kit.clock())
        return True

    async def _not_fetched(self, request: Any, trouble: SlackTrouble, now: datetime) -> None:
        log.warning("a picture could not be fetched", campaign=request.campaign_id, why=str(trouble))
        async with self._kit.database.transaction() as session:
            if trouble.locked_out or (trouble.pause and now < request.asked_at + GIVEN_UP_AFTER):
                until = now + max(timedelta(seconds=trouble.pause), TRY_AGAIN)
                return await pictures.put_off(session, request, until=until)
            await pictures.refuse(session, request, str(trouble), now=now)
