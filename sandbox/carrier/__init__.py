"""A carrier in a box: Twilio's real HTTP over simulated phones, with weather.

Point Twilio's own client at `Carrier.url` and nothing else has to change. It checks what Twilio checks, so that a test
which passes here has not passed because the fake was kind. `errors.py` has the codes, `weather.py` what can go wrong.
"""

import asyncio
import contextlib
import random
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

from starlette.types import ASGIApp

from sandbox.carrier.delivery import Courier, Delivery
from sandbox.carrier.phones import Media, Phone, StopList, inbound_text
from sandbox.carrier.resources import API_VERSION, Attachment, Call, Text
from sandbox.carrier.server import Server
from sandbox.carrier.weather import Mishap
from sandbox.carrier.webhooks import Hook, Hooks, sign
from sandbox.wire import Wire

__all__ = ["Attachment", "Call", "Carrier", "Delivery", "Hook", "Phone", "Text", "sign"]

ACCOUNT_SID = "AC" + "5a" * 16
MESSAGING_SERVICE_SID = "MG" + "5b" * 16
AUTH_TOKEN = "sandbox-auth-token"  # noqa: S105
_KEPT = ("texts", "phones", "opened", "stop_list", "_kept", "_to")


class Carrier:
    """Serve `app`, tell it its own `url`, and set `inbound_url` to where voters' texts shall be posted."""

    # -- the account
    url = ""
    inbound_url: str | None = None
    account_status = "active"
    account_type = "Full"
    registration: str | None = "VERIFIED"
    use = "POLITICAL"  # what the registration is for
    att_class = "A"
    inbound_by_number = False

    # -- the weather, for whoever tells a story to change
    outage = False
    climate: str | None = None  # what befalls every POST for which nothing else was planned
    latency = 0.0
    slow_seconds = 1.0
    list_lag = 0.0
    by_days = False  # its list is filtered by the date alone
    callback_order: Literal["normal", "reversed", "shuffled"] = "normal"
    duplicate_callbacks = False
    lose_callbacks = False
    early_callbacks = False
    lose_inbound = False
    media_moved_to: str | None = None
    magic_words = True

    def __init__(
        self,
        *,
        account_sid: str = ACCOUNT_SID,
        auth_token: str = AUTH_TOKEN,
        numbers: Sequence[str] = ("+15005550006",),
        messaging_service_sid: str | None = MESSAGING_SERVICE_SID,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        delivery: Delivery | None = None,
        api_keys: Mapping[str, str] = MappingProxyType({}),
        seed: int = 0,
        wire: Wire | None = None,
    ) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.numbers = tuple(numbers)
        self.messaging_service_sid = messaging_service_sid
        self.clock = clock
        self.sleep = sleep
        self.delivery = delivery or Delivery()
        self.api_keys = dict(api_keys)
        self.random = random.Random(seed)
        self.wire = wire or Wire()

        self.app: ASGIApp = Server(self)
        self.calls: list[Call] = []
        self.texts: list[Text] = []
        self.phones: dict[str, Phone] = {}
        self.opened = clock()
        self.mute: set[str] = set()  # numbers that cannot text
        self.tollfree: dict[str, str] = {}  # verifications of toll-free numbers, by number: how far each is
        self.may_only_send: set[str] = set()  # restricted API keys
        self._mishaps: deque[Mishap] = deque()

        self.stop_list = StopList(pooled=messaging_service_sid is not None)
        self.hooks = Hooks(auth_token, self.wire, clock)
        self.closing = asyncio.Event()
        self._courier = Courier(self)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._kept: dict[str, Text] = {}
        self._to: defaultdict[str, list[Text]] = defaultdict(list)

    # -- for whoever tells a story

    def phone(self, number: str, name: str = "") -> Phone:
        """A voter's phone; the same one for the same number."""
        phone = self.phones.setdefault(number, Phone(self, number))
        phone.name = name or phone.name
        return phone

    def texts_to(self, phone: Phone | str) -> list[str]:
        """The bodies of the texts that the carrier accepted for a phone, delivered or not."""
        number = phone if isinstance(phone, str) else phone.number
        return [text.body for text in self._to.get(number, ()) if text.direction != "inbound"]

    def fail_next(self, kind: str, times: int = 1) -> None:
        """Let this happen to the next POSTs, one each. Looking things up is not touched: for that there is `outage`."""
        self._mishaps.extend([Mishap.named(kind)] * times)

    async def settle(self, timeout: float = 5) -> None:  # noqa: ASYNC109 -- the story says how patient it is
        """Wait until no delivery, callback or inbound text is under way."""
        async with asyncio.timeout(timeout):
            while self._tasks:
                await asyncio.wait(self._tasks)

    async def aclose(self) -> None:
        """Stop everything that is under way. Requests that hang are dropped."""
        self.closing.set()
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.hooks.aclose()

    def put_away(self) -> dict[str, Any]:
        """What the carrier knows, to be kept on a disk."""
        return {name: one for name, one in vars(self).items() if name in _KEPT} | {"sticky": self._courier.sticky}

    def take_back(self, kept: dict[str, Any]) -> None:
        """What it knew when that was put away."""
        self._courier.sticky = kept["sticky"]
        vars(self).update({name: kept[name] for name in _KEPT})

    def goes_on(self) -> None:
        """Carry what was on its way when it was put away."""
        answered = asyncio.Event()
        answered.set()
        for text in self.texts:
            if text.status in ("accepted", "queued", "sent"):
                self._courier.take(text, answered, failing=None)

    # -- for the carrier's own parts

    def next_mishap(self) -> Mishap | None:
        if self._mishaps:
            return self._mishaps.popleft()
        return Mishap.named(self.climate) if self.climate else None

    def secret_of(self, user: str) -> str | None:
        return self.auth_token if user == self.account_sid else self.api_keys.get(user)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def in_flight(self) -> frozenset[asyncio.Task[Any]]:
        return frozenset(self._tasks)

    def accept(self, text: Text, answered: asyncio.Event, *, failing: int | None) -> None:
        self.texts.append(text)
        self._keep(text)
        self._courier.take(text, answered, failing=failing)

    def take_in(self, phone: Phone, body: str, media: Sequence[Media], to: str, sid: str | None) -> Text:
        """A text from a phone. The carrier keeps it and obeys its keyword even when no web hook ever arrives."""
        if sid is not None and sid in self._kept:
            return self._kept[sid]
        text = inbound_text(phone.number, to, body, media, at=self.clock(), sid=sid)
        where = f"{self.url}/{API_VERSION}/Accounts/{self.account_sid}/Messages/{text.sid}/Media"
        own = iter(text.attachments)
        text.media = tuple(
            medium if isinstance(medium, str) and "://" in medium else f"{where}/{next(own).sid}" for medium in media
        )
        self._keep(text)
        if answer := self.stop_list.hears(body, to, phone.number):
            phone.is_told(answer, at=self.clock())
        return text

    async def post_inbound(self, phone: Phone, text: Text, event: str) -> int:
        if self.inbound_url is None or self.lose_inbound:
            return 0
        params = phone.hook(text, self.account_sid, self.messaging_service_sid)
        return int(await self.spawn(self.hooks.post(self.inbound_url, params, event=event)))

    def kept(self) -> list[Text]:
        return list(self._kept.values())

    def kept_to(self, number: str) -> Sequence[Text]:
        return self._to.get(number, ())

    def kept_under(self, sid: str) -> Text | None:
        return self._kept.get(sid)

    def forget(self, text: Text) -> None:
        del self._kept[text.sid]
        self._to[text.to].remove(text)

    def _keep(self, text: Text) -> None:
        self._kept[text.sid] = text
        self._to[text.to].append(text)
