"""The way of an accepted text to a phone, and what the app is told of it.

Twilio posts no callback for the state that the 201 carried, promises no order among the others, and may post one before
the 201 has reached anybody.
"""

import asyncio
import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.carrier import media
from sandbox.carrier.errors import FAILURES
from sandbox.carrier.resources import API_VERSION, Text, segments

if TYPE_CHECKING:
    from sandbox.carrier import Carrier

EARLY_PATIENCE = 2.0  # an app that answers callbacks only after its own POST has returned must not wait for ever


@dataclass(slots=True)
class Delivery:
    """Seconds that texts wait in the carrier's queue, and from sent to delivered."""

    delay: float = 0.0
    receipt: float = 0.0


class Courier:
    def __init__(self, carrier: "Carrier") -> None:
        self._carrier = carrier
        self._turn = itertools.count()
        self.sticky: dict[str, str] = {}

    def take(self, text: Text, answered: asyncio.Event, *, failing: int | None) -> None:
        """Carry a text. `answered` is set when its POST has been answered; `failing` is the code it is to fail with."""
        delivery = self._carrier.delivery
        if text.media or text.status_callback or delivery.delay or delivery.receipt:
            self._carrier.spawn(self._carry(text, answered, failing))
        else:
            for _ in self._life(text, failing):
                pass

    async def _carry(self, text: Text, answered: asyncio.Event, failing: int | None) -> None:
        if not self._carrier.early_callbacks:
            await answered.wait()
        if text.media:
            try:
                text.attachments = await media.fetch_all(self._carrier.hooks.session(), text.media)
            except media.NotTaken as trouble:
                failing = failing or trouble.code
        held: list[dict[str, str]] = []
        first = text.status
        for pause in self._life(text, failing):
            if text.status_callback and text.status != first:
                held.append(self._callback(text))
                if self._carrier.callback_order == "normal":
                    await self._tell(text, held.pop())
            if pause:
                await self._carrier.sleep(pause)
        if self._carrier.callback_order == "shuffled":
            self._carrier.random.shuffle(held)
        for params in reversed(held):
            await self._tell(text, params)

    def _life(self, text: Text, failing: int | None) -> Iterator[float]:
        """Move a text from state to state; each step yields the seconds that it rests there."""
        carrier, delivery = self._carrier, self._carrier.delivery
        if text.from_ is None:
            text.from_ = self._sender_for(text.to)
        text.segments = len(text.media) or segments(text.body)
        self._move(text, "queued")
        yield min(delivery.delay, text.validity_period)

        waited = max(delivery.delay, carrier.clock() - text.created)
        if waited > text.validity_period:
            failing = 30036
        elif carrier.stop_list.blocks(text.from_, text.to):
            failing = 21610  # the STOP came while the text waited
        phone = carrier.phones.get(text.to)
        failing = failing or (phone.unreachable if phone else None)
        last, words = FAILURES.get(failing, ("undelivered", "Unknown error")) if failing else ("delivered", None)
        if last != "failed":
            text.sent = carrier.clock()
            self._move(text, "sent")
            yield delivery.receipt
        text.error_code, text.error_message = failing, words
        if phone and not failing:
            phone.receive(text)
        self._move(text, last)
        yield 0.0

    def _move(self, text: Text, status: str) -> None:
        text.status, text.updated = status, self._carrier.clock()
        self._carrier.wire.changed()

    def _sender_for(self, phone: str) -> str:
        if phone not in self.sticky:
            numbers = self._carrier.numbers
            self.sticky[phone] = numbers[next(self._turn) % len(numbers)]
        return self.sticky[phone]

    def _callback(self, text: Text) -> dict[str, str]:
        params = {
            "AccountSid": self._carrier.account_sid,
            "ApiVersion": API_VERSION,
            "From": text.from_ or "",
            "MessageSid": text.sid,
            "MessageStatus": text.status,
            "SmsSid": text.sid,
            "SmsStatus": text.status,
            "To": text.to,
        }
        if text.messaging_service_sid:
            params["MessagingServiceSid"] = text.messaging_service_sid
        if text.error_code:
            params["ErrorCode"] = str(text.error_code)
        return params

    async def _tell(self, text: Text, params: dict[str, str]) -> None:
        if self._carrier.lose_callbacks or not text.status_callback:
            return
        event = str(uuid.uuid4())
        for _ in range(2 if self._carrier.duplicate_callbacks else 1):
            await self._carrier.hooks.post(text.status_callback, params, event=event)
