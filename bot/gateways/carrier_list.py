"""The carrier's list of texts, both ways: pages, one request for each, and never more than somebody asks for.

Asking changes nothing. What is not listed may have been sent all the same: the list lags.
"""

import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp
import structlog
from twilio.base.exceptions import TwilioException, TwilioRestException

from bot.gateways.sms import STATES, Sms
from bot.services.carrier_log import Listed
from bot.settings import Settings

log = structlog.get_logger()

PAGE = 500
MOST_TO_ONE = 100
"""More than anybody is texted in the days for which a text may be in doubt."""
MOST_MEDIA = 10
MOST_NUMBERS = 1_000
NUMBERS_KEPT = 600.0
"""Seconds before the Messaging Service is asked again for a number that it did not have."""


class Unlisted(Exception):
    """The carrier did not give us its list."""


class CarrierList:
    """Questions about texts that were sent and received."""

    def __init__(self, sms: Sms, settings: Settings) -> None:
        self._sms = sms
        self._settings = settings
        self._numbers = frozenset(settings.twilio_from_numbers)
        self._numbers_asked = -NUMBERS_KEPT

    async def since(self, moment: datetime) -> AsyncIterator[list[Listed]]:
        """All texts sent or received since then, the newest first, a page at a time. Raises Unlisted.

        One that has not left the carrier yet has no date, and is in none of these. The carrier promises to go by the
        day only, so that older ones are left out here.
        """
        page = await self._asked(lambda: self._messages.page_async(date_sent_after=moment, page_size=PAGE))
        oldest = moment.replace(microsecond=0)
        while page is not None:
            found = list(page)
            recent = [each for each in found if (each.date_sent or each.date_created or moment) >= oldest]
            if found and not recent:
                return
            await self._know_numbers(recent)
            yield [self._listed(each) for each in recent]
            page = await self._asked(page.next_page_async)

    async def to(self, phone: str) -> list[Listed]:
        """The newest texts to this number, `MOST_TO_ONE` at most. Raises Unlisted."""
        page = await self._asked(lambda: self._messages.page_async(to=phone, page_size=MOST_TO_ONE))
        return [self._listed(each) for each in page]

    async def one(self, sid: str) -> Listed | None:
        """This very text; None if the carrier has it no more. Raises Unlisted."""
        try:
            return self._listed(await self._asked(self._messages(sid).fetch_async))
        except Unlisted as trouble:
            if isinstance(trouble.__cause__, TwilioRestException) and trouble.__cause__.status == 404:
                return None
            raise

    async def media(self, sid: str) -> tuple[dict[str, str], ...]:
        """What came along with a voter's text, as a web hook would have told it. Raises Unlisted."""
        page = await self._asked(lambda: self._messages(sid).media.page_async(page_size=MOST_MEDIA))
        base = f"https://api.twilio.com/2010-04-01/Accounts/{self._settings.twilio_account_sid}/Messages/{sid}/Media"
        return tuple({"url": f"{base}/{each.sid}", "type": each.content_type} for each in page)

    async def _know_numbers(self, listed: Sequence[Any]) -> None:
        """The account may have numbers that are somebody else's business: what comes to them is not for us.

        The Messaging Service is asked for its own when one turns up that is not known, and not twice in ten minutes.
        """
        sid = self._settings.twilio_messaging_service_sid
        unknown = any(each.direction == "inbound" and each.to not in self._numbers for each in listed)
        if not (sid and unknown) or time.monotonic() - self._numbers_asked < NUMBERS_KEPT:
            return
        service = self._sms.by_token().messaging.v1.services(sid)
        numbers = await self._asked(lambda: service.phone_numbers.list_async(limit=MOST_NUMBERS))
        codes = await self._asked(lambda: service.short_codes.list_async(limit=MOST_NUMBERS))
        self._numbers = frozenset([each.phone_number for each in numbers] + [each.short_code for each in codes])
        self._numbers_asked = time.monotonic()

    @property
    def _messages(self) -> Any:
        return self._sms.client.messages

    async def _asked(self, question: Any) -> Any:
        """Whatever goes wrong has one meaning: we do not know."""
        try:
            return await question()
        except (TwilioException, aiohttp.ClientError, TimeoutError, ValueError, KeyError) as trouble:
            raise Unlisted(type(trouble).__name__) from trouble

    def _listed(self, found: Any) -> Listed:
        inbound = found.direction == "inbound"
        service, numbers = self._settings.twilio_messaging_service_sid, self._settings.twilio_from_numbers
        by_us = found.messaging_service_sid == service if service else found.from_ in numbers
        at = (found.date_sent or found.date_created) if inbound else (found.date_created or found.date_sent)
        return Listed(
            sid=found.sid,
            to=found.to or "",
            sender=found.from_ or None,
            body=(found.body or "").replace("\0", ""),
            at=at or datetime.now(UTC),
            is_inbound=inbound and found.to in self._numbers,
            is_ours=found.direction == "outbound-api" and by_us,
            state=STATES.get(str(found.status)),
            error=int(found.error_code) if found.error_code else None,
            media=int(found.num_media or 0),
        )
