"""The carrier's web hooks: texts from voters, and what became of ours.

A signature has no time in it, so a replay is as good as the first: what makes a text count once is the carrier's id.
"""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.gateways.sms import LONGEST_SID, delivery_of
from bot.services import alarms, outcomes
from bot.services.inbound import Received
from bot.services.outcomes import Delivery
from handlers.incoming import take_in
from handlers.kit import Kit
from handlers.requests import is_id

LARGEST_BODY = 1 << 18
MOST_TOGETHER = 100


class Hooks:
    """The two hooks. Delivery states come in crowds: those that wait together are written in one transaction."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    def routes(self) -> list[Route]:
        """Where the carrier posts."""
        return [
            Route("/twilio/inbound", self.inbound, methods=["POST"]),
            Route("/twilio/status", self.status, methods=["POST"]),
        ]

    async def inbound(self, request: Request) -> Response:
        """A text from a voter: stored before it is answered, so that the carrier may forget it."""
        form = await self._signed(request)
        if form is None:
            return Response(status_code=403)
        received = _received(form)
        if received is None:
            return Response("MessageSid and From are missing", status_code=400)
        await take_in(self._kit, received)
        return Response(status_code=204)

    async def status(self, request: Request) -> Response:
        """What became of a text of ours, bound by the id and the mark in the address."""
        form = await self._signed(request)
        number, mark = request.query_params.get("m", ""), request.query_params.get("k", "")
        if form is None or not is_id(number) or not self._kit.sms.is_our_mark(int(number), mark):
            return Response(status_code=403)
        self._kit.ear.hears("status", form)
        delivery = delivery_of(int(number), form)
        if delivery is not None:
            await self._write(delivery)
        return Response(status_code=204)

    async def _signed(self, request: Request) -> dict[str, str] | None:
        """The form, if the carrier signed it for our public address."""
        body = await request.body()
        if len(body) > LARGEST_BODY:
            return None
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        query = f"?{request.url.query}" if request.url.query else ""
        signature = request.headers.get("X-Twilio-Signature", "")
        if not self._kit.sms.is_signed(request.url.path + query, form, signature):
            return None
        return {name: value.replace("\0", "") for name, value in form.items()}  # PostgreSQL stores no NUL

    async def _write(self, delivery: Delivery) -> None:
        """Returns once this delivery state is committed."""
        waiting = _Waiting(delivery)
        self._waiting.append(waiting)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await waiting.written

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            try:
                await self._write_batch([each.delivery for each in batch])
            except Exception as error:  # each of those who wait gets it, and the carrier asks again
                for each in batch:
                    each.written.set_exception(error)
            else:
                for each in batch:
                    each.written.set_result(None)

    async def _write_batch(self, deliveries: list[Delivery]) -> None:
        now = self._kit.clock()
        async with self._kit.database.transaction() as session:
            trouble = await outcomes.delivered(session, deliveries, now=now)
            await alarms.follow(session, trouble, prices=self._kit.prices, now=now)


@dataclass(slots=True)
class _Waiting:
    delivery: Delivery
    written: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


def _received(form: dict[str, str]) -> Received | None:
    if not 0 < len(form.get("MessageSid", "")) <= LONGEST_SID or not form.get("From"):
        return None
    count = int(form["NumMedia"]) if is_id(form.get("NumMedia", "")) else 0
    media = tuple(
        {"url": form.get(f"MediaUrl{number}", ""), "type": form.get(f"MediaContentType{number}", "")}
        for number in range(min(count, 10))
    )
    return Received(form["MessageSid"], form["From"], form.get("To", ""), form.get("Body", ""), media)
