"""A voter's phone: what it received, and what it texts back.

A phone answers the number that texted it last, as a hand would. A single keyword like STOP blocks or opens the phone at
the carrier first, and only then reaches the app.
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.carrier.resources import API_VERSION, Attachment, Text, new_sid, segments

if TYPE_CHECKING:
    from sandbox.carrier import Carrier

STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
HELP_WORDS = frozenset({"HELP", "INFO"})

STOPPED = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
STARTED = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELPED = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."

_SAMPLE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00 a picture \xff\xd9"

Media = str | tuple[str, bytes]


@dataclass(eq=False)
class Phone:
    """Set `unreachable` to an error code and texts to this phone fail with it; `line_type` is what a look-up says."""

    carrier: "Carrier" = field(repr=False)
    number: str
    name: str = ""
    state: str = "CA"
    zip: str = "94103"
    city: str = "SAN FRANCISCO"
    unreachable: int | None = None
    line_type: str = "mobile"
    received: list[str] = field(default_factory=list)
    told: list[tuple[float, str]] = field(default_factory=list)
    """The carrier's own answers to keywords, which nobody but the phone sees."""
    pictures: list[Attachment] = field(default_factory=list)
    texted_by: str | None = None

    async def texts(
        self,
        body: str,
        *,
        media: Sequence[Media] = (),
        to: str | None = None,
        sid: str | None = None,
        times: int = 1,
        at_once: bool = False,
    ) -> list[int]:
        """Text the organization, and return what the app answered to each web hook (0: nobody answered).

        A medium is a content type, a content type with its bytes, or a whole address for hostile ones. The same `sid`
        is the same text again; `times` delivers its web hook that often, one after the other or `at_once`.
        """
        text = self.carrier.take_in(self, body, media, to or self.texted_by or self.carrier.numbers[0], sid)
        # Twilio's token belongs to the event, so that a second delivery of one text can be told from a second text.
        event = str(uuid.uuid5(uuid.NAMESPACE_OID, text.sid))
        if at_once:
            return list(await asyncio.gather(*(self.carrier.post_inbound(self, text, event) for _ in range(times))))
        return [await self.carrier.post_inbound(self, text, event) for _ in range(times)]

    def receive(self, text: Text) -> None:
        self.texted_by = text.from_
        self.pictures += text.attachments
        count = len(text.media)
        self.received.append(text.body + (f" [{count} media]" if count else ""))

    def is_told(self, words: str, *, at: float) -> None:
        """The carrier's own word."""
        self.told.append((at, words))
        self.received.append(words)

    def hook(self, text: Text, account_sid: str, messaging_service_sid: str | None) -> dict[str, str]:
        """What Twilio posts of an inbound text."""
        params = {
            "AccountSid": account_sid,
            "ApiVersion": API_VERSION,
            "Body": text.body,
            "From": self.number,
            "FromCity": self.city,
            "FromCountry": "US",
            "FromState": self.state,
            "FromZip": self.zip,
            "MessageSid": text.sid,
            "NumMedia": str(len(text.media)),
            "NumSegments": str(text.segments),
            "SmsMessageSid": text.sid,
            "SmsSid": text.sid,
            "SmsStatus": "received",
            "To": text.to,
            "ToCity": "",
            "ToCountry": "US",
            "ToState": "",
            "ToZip": "",
        }
        if messaging_service_sid:
            params["MessagingServiceSid"] = messaging_service_sid
        types = {attachment.sid: attachment.content_type for attachment in text.attachments}
        for index, address in enumerate(text.media):
            params[f"MediaUrl{index}"] = address
            params[f"MediaContentType{index}"] = types.get(address.rsplit("/", 1)[-1], "image/jpeg")
        return params


class StopList:
    """Whom the carrier itself will not text.

    A Messaging Service blocks a phone for all of its numbers; without one each number has its own list.
    """

    def __init__(self, *, pooled: bool) -> None:
        self._pooled = pooled
        self._blocked: set[tuple[str, str]] = set()

    def blocks(self, number: str | None, phone: str) -> bool:
        return self._key(number, phone) in self._blocked

    def hears(self, word: str, number: str, phone: str) -> str | None:
        """Take in what a phone texted, and return the carrier's own answer, if it has one."""
        word, key = word.strip().upper(), self._key(number, phone)
        if word in STOP_WORDS and key not in self._blocked:
            self._blocked.add(key)
            return STOPPED
        if word in START_WORDS and key in self._blocked:
            self._blocked.discard(key)
            return STARTED
        return HELPED if word in HELP_WORDS and key not in self._blocked else None

    def _key(self, number: str | None, phone: str) -> tuple[str, str]:
        return ("" if self._pooled else number or "", phone)


def inbound_text(number: str, to: str, body: str, media: Sequence[Media], *, at: float, sid: str | None) -> Text:
    """An inbound text with its attachments; `media` still holds only the addresses on other hosts."""
    text = Text(
        sid=sid or new_sid("MM" if media else "SM"),
        to=to,
        from_=number,
        body=body,
        created=at,
        sent=at,
        status="received",
        direction="inbound",
        segments=segments(body),
    )
    for medium in media:
        if isinstance(medium, str) and "://" in medium:
            continue
        content_type, content = (medium, _SAMPLE) if isinstance(medium, str) else medium
        text.attachments.append(Attachment(new_sid("ME"), content_type, content))
    return text
