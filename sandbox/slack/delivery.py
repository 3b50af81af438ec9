"""From Slack to the app: signed requests, events in order for each channel, and their retries.

Clicks and commands are sent once. Events are sent again on a bad answer: at once, after one minute, after five. More
events in an hour than Slack allows are dropped, and one app_rate_limited a minute says so.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

from sandbox.slack.limits import Window
from sandbox.wire import SLACK, TEXTBANK, Wire

Json = dict[str, Any]
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass
class Answer:
    """What the app answered; `problem` is Slack's word for it when it did not do so properly."""

    status: int = 0
    body: bytes = b""
    content_type: str = ""
    problem: str | None = None
    no_retry: bool = False

    def json(self) -> Json | None:
        try:
            found = json.loads(self.body)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None


class Delivery:
    """Everything on its way to the app's request_url."""

    def __init__(self, clock: Callable[[], float], signing_secret: str, ids: Json, wire: Wire) -> None:
        self.request_url: str | None = None
        self.signing_secret = signing_secret
        self.ids = ids  # team_id, api_app_id, token, bot user
        self.ack_timeout = 3.0
        self.retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0)
        self.events_an_hour = 30_000
        self.quiet = 0.03
        self.nap = 0.02  # how often a retry looks at the clock, which may be a test's own
        self.recording = True
        self.sent: list[Json] = []
        self.dropped = 0
        self.busy = 0
        self.touched = 0.0
        self._clock = clock
        self._wire = wire
        self._hour = Window(self.events_an_hour, 3600.0)
        self._told: int | None = None
        self._numbers = itertools.count(1)
        self._queues: dict[str, deque[Json]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining: dict[str, asyncio.Task[None]] = {}
        self._due: list[float] = []  # when retries will go out
        self._session: aiohttp.ClientSession | None = None

    def signature(self, body: bytes, timestamp: str | None = None) -> dict[str, str]:
        """The two headers of a signed request. Real time, whatever the workspace's clock says: apps check it so."""
        timestamp = timestamp or str(int(time.time()))
        base = b"v0:" + timestamp.encode() + b":" + body
        digest = hmac.new(self.signing_secret.encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}

    async def send(self, body: bytes, content_type: str, headers: dict[str, str] | None = None) -> Answer:
        """One signed request, and its answer within the three seconds that Slack waits."""
        if self.request_url is None:
            raise AssertionError("the workspace does not know the app: set slack.request_url")
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), auto_decompress=True)
        sent = {"Content-Type": content_type, **self.signature(body), **(headers or {})}
        sent["User-Agent"] = "Slackbot 1.0 (+https://api.slack.com/robots)"
        self.busy += 1
        began, at, answer = time.monotonic(), self._clock(), Answer(problem="connection_failed")
        try:
            answer = await self._ask(self._session, self.request_url, body, sent)
        finally:
            self.busy -= 1
            self.touched = time.monotonic()
            facts = {"at": at, "status": answer.status, "seconds": self.touched - began, "why": answer.problem or ""}
            self._wire.passed(SLACK, TEXTBANK, content_type, asked=body, answered=answer.body, **facts)
        return answer

    async def _ask(self, session: aiohttp.ClientSession, address: str, body: bytes, headers: dict[str, str]) -> Answer:
        timeout = aiohttp.ClientTimeout(total=self.ack_timeout)
        try:
            async with session.post(address, data=body, headers=headers, timeout=timeout) as response:
                problem = None if 200 <= response.status < 300 else "http_error"
                no_retry = response.headers.get("x-slack-no-retry") == "1"
                return Answer(response.status, await response.read(), response.content_type, problem, no_retry)
        except TimeoutError:
            return Answer(problem="http_timeout")
        except aiohttp.ClientError:
            return Answer(problem="connection_failed")

    def something_changed(self) -> None:
        """What a person has done herself shows before the app has heard of it."""
        self._wire.changed()

    async def interact(self, payload: Json) -> Answer:
        """A click, a submission: JSON inside one form field, never sent again."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return await self.send(body, FORM)

    def event(self, event: Json, order: str) -> None:
        """Sends an event in the background, in order with the others of the same `order` (a channel, a user)."""
        now = self._clock()
        self._hour.most = self.events_an_hour
        if self._hour.wait(now) > 0:
            self.dropped += 1
            minute = int(now // 60) * 60
            if minute != self._told:
                self._told = minute
                self._put("app_rate_limited", self._rate_limited(minute))
            return
        self._hour.take(now)
        self._put(order, self._envelope(event, now))

    def _envelope(self, event: Json, now: float) -> Json:
        bot = {"user_id": self.ids["bot_user_id"], "is_bot": True, "is_enterprise_install": False}
        team = self.ids["team_id"]
        return {
            **{"token": "sandbox", "team_id": team, "context_team_id": team, "api_app_id": self.ids["app_id"]},
            **{"event": event, "type": "event_callback", "event_id": f"Ev{next(self._numbers):010d}"},
            **{"event_time": int(now), "is_ext_shared_channel": False, "event_context": "4-sandbox"},
            "authorizations": [{"enterprise_id": None, "team_id": team, **bot}],
        }

    def _rate_limited(self, minute: int) -> Json:
        about = {"token": "sandbox", "team_id": self.ids["team_id"], "api_app_id": self.ids["app_id"]}
        return {**about, "type": "app_rate_limited", "minute_rate_limited": minute}

    def _put(self, order: str, envelope: Json) -> None:
        if self.recording:
            self.sent.append(envelope)
        if self.request_url is None:
            return
        self.busy += 1
        queue = self._queues.get(order)
        if queue is None:
            self._queues[order] = deque((envelope,))
            self._draining[order] = self._start(self._drain(order))
        else:
            queue.append(envelope)

    async def _drain(self, order: str) -> None:
        queue = self._queues[order]
        while queue:
            envelope = queue.popleft()
            try:
                await self._deliver(envelope)
            finally:
                self.busy -= 1
                self.touched = time.monotonic()
        del self._queues[order], self._draining[order]

    async def reached(self, order: str) -> None:
        """Returns when the app has answered, well or badly, every event of this order once."""
        if task := self._draining.get(order):
            await asyncio.wait([task])

    async def _deliver(self, envelope: Json) -> None:
        body = json.dumps(envelope).encode()
        answer = await self.send(body, JSON)
        if answer.problem and not answer.no_retry and envelope["type"] == "event_callback":
            self._start(self._retry(body, answer.problem))

    async def _retry(self, body: bytes, why: str) -> None:
        """The three further tries. They hold nothing up: later events overtake a failed one."""
        for number, delay in enumerate(self.retry_delays, 1):
            due = self._clock() + delay
            self._due.append(due)
            while self._clock() < due:  # noqa: ASYNC110 (a clock does not call back)
                await asyncio.sleep(min(self.nap, delay))
            self._due.remove(due)
            headers = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": why}
            answer = await self.send(body, JSON, headers)
            if not answer.problem or answer.no_retry:
                return
            why = answer.problem

    async def verify_url(self) -> bool:
        """Slack's check of a new request address: it must give the challenge back."""
        challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
        body = json.dumps({"token": "sandbox", "challenge": challenge, "type": "url_verification"}).encode()
        answer = await self.send(body, JSON)
        return answer.status == 200 and challenge.encode() in answer.body

    def _start(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settle(self, timeout: float = 5.0) -> None:  # noqa: ASYNC109 (a test's patience)
        """Returns when nothing is on its way in either direction, and has not been for `quiet` seconds."""
        until = time.monotonic() + timeout
        while not self._idle():
            if time.monotonic() > until:
                if self.busy:
                    raise TimeoutError(f"{self.busy} deliveries or calls still in flight after {timeout} s")
                return
            await asyncio.sleep(0.002)

    def _idle(self) -> bool:
        now = self._clock()
        if self.busy or any(due <= now for due in self._due):
            return False
        return time.monotonic() - self.touched >= self.quiet

    async def aclose(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()
