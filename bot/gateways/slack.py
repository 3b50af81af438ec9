"""Slack. No Web API method is called for a text: a card changes by its click's own response_url.

Posts that fail say how: wait so long, never again, or simply not now.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.gateways.slack_calls import Caller
from bot.gateways.slack_calls import SlackTrouble as SlackTrouble
from bot.settings import Settings

log = structlog.get_logger()

SECONDS = 10
MOST_WAITED = 30.0
"""A redraw that Slack wants later than this is given up."""
LAST_SECONDS = 1.0
"""What is still to be said when the program ends has so long."""
FOR_FILES = aiohttp.ClientTimeout(total=None, sock_connect=SECONDS, sock_read=60)
"""A large file takes as long as it takes, while something moves."""
MOST_BYTES = 1_000_000_000
"""The largest file that Slack takes."""
MOST_WAITED_FOR_HOME = 60.0
"""A Home may wait longer: a hundred may be published a minute, and a crowd may open it at once."""
TRIES = 4
PROFILE_SECONDS = 600
MARKED = "textbank_post"
SKEW = timedelta(minutes=5)
"""By so much our clock and Slack's may differ."""
A_FEW = 10
"""So many people can be asked for one by one while a command waits for its answer."""

Message = dict[str, Any]
"""What a view gives: `text` and, mostly, `blocks`."""
Otherwise = Callable[[], Awaitable[None]]


class Slack(Caller):
    """The workspace, through one kept connection pool. Open it inside a running event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._newest: dict[str, int] = {}
        self._profiles: dict[str, tuple[float, dict[str, Any]]] = {}
        self._people: tuple[float, frozenset[str]] | None = None
        self._own_id: str | None = None
        self._closing = asyncio.Event()
        self._drawing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=SECONDS), connector=aiohttp.TCPConnector(limit=200)
        )
        # The SDK's own retries are off: a post that may have been made is for our queue to judge.
        self.client = AsyncWebClient(
            token=self._settings.slack_bot_token,
            base_url=self._settings.slack_api_url,
            session=self._session,
            timeout=SECONDS,
            retry_handlers=[],
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        await self.drain(LAST_SECONDS)
        await self._session.close()

    # ------------------------------------------------------------------------------------------- by response_url

    def replace(
        self, response_url: str, message: Message, *, card: str, version: int, otherwise: Otherwise | None = None
    ) -> None:
        """Put the message in the place of the one that was clicked, soon. An older drawing never covers a newer one.

        `otherwise` is done if Slack will not have it.
        """
        self._newest[card] = max(version, self._newest.get(card, 0))
        self._in_background(self._replace(response_url, message, card, version, otherwise))

    def next_version(self, card: str) -> int:
        """A version for a message that has none of its own: the last to be asked for is the newest."""
        return self._newest.get(card, 0) + 1

    def whisper(self, response_url: str, words: str, blocks: Sequence[dict[str, Any]] = ()) -> None:
        """Say something that only the person who clicked can see, soon. What others wrote belongs into `blocks`."""
        body: Message = {"response_type": "ephemeral", "replace_original": False, "text": words}
        body |= {"blocks": list(blocks)} if blocks else {}
        self._in_background(self._say(response_url, body))

    async def drain(self, within: float | None = None) -> None:
        """Wait for everything that was to be said soon; what takes longer is cut off."""
        while self._drawing:
            _, late = await asyncio.wait(self._drawing, timeout=within)
            for task in late:
                task.cancel()

    async def _closes_within(self, seconds: float) -> bool:
        """Wait so long, or until the program ends: whether it does."""
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._drawing.add(task)
        task.add_done_callback(self._drawing.discard)

    async def _replace(
        self, response_url: str, message: Message, card: str, version: int, otherwise: Otherwise | None
    ) -> None:
        pause = 0.0
        for _ in range(TRIES):
            if pause and await self._closes_within(pause):
                break
            if self._newest.get(card, 0) > version:
                return
            pause = await self._post_to(response_url, {**message, "replace_original": True})
            if not pause:
                return
            if pause > MOST_WAITED:
                break
        log.warning("a card could not be drawn", card=card)
        if otherwise is not None:
            await otherwise()

    async def _say(self, response_url: str, body: Message) -> None:
        pause = await self._post_to(response_url, body)
        if 0 < pause <= MOST_WAITED and not await self._closes_within(pause):
            await self._post_to(response_url, body)

    async def _post_to(self, response_url: str, body: Message) -> float:
        """Seconds to wait before another try: 0 when there is no need of one, for ever when there is no use in it."""
        try:
            async with self._session.post(response_url, json=body) as answer:
                if answer.status == 429:
                    return max(float(answer.headers.get("Retry-After", 1)), 0.1)
                if answer.status >= 500:
                    return 1.0
                if answer.status >= 400:
                    log.warning("slack refused a response", status=answer.status, why=(await answer.text())[:200])
                    return math.inf
                return 0.0
        except (aiohttp.ClientError, TimeoutError):
            return 1.0

    # ------------------------------------------------------------------------------------------- by Web API

    async def post(
        self, channel: str, message: Message, *, thread_ts: str | None = None, mark: str | None = None
    ) -> tuple[str, str]:
        """Post a message to a channel, or to a person by their user id: its (channel, ts). Raises SlackTrouble.

        By `mark`, which nobody sees, the message can be found again.
        """
        quiet = {"unfurl_links": False, "unfurl_media": False, "link_names": False}
        marked = {"metadata": {"event_type": MARKED, "event_payload": {"mark": mark}}} if mark else {}
        answer = await self._call(
            "chat.postMessage", channel=channel, thread_ts=thread_ts, **quiet, **marked, **message
        )
        return answer["channel"], answer["ts"]

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Put a message in the place of one of ours. Few a minute: Slack allows fifty. Raises SlackTrouble."""
        await self._call("chat.update", channel=channel, ts=ts, **message)

    async def delete(self, channel: str, ts: str) -> None:
        """Take a message of ours away. Raises SlackTrouble."""
        await self._call("chat.delete", channel=channel, ts=ts)

    async def respond_once(self, response_url: str, message: Message) -> int:
        """Put the message in the place of the one that was clicked, without a second try: Slack's status. To measure.

        Raises SlackTrouble.
        """
        try:
            async with self._session.post(response_url, json={**message, "replace_original": True}) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError) as away:
            raise SlackTrouble(f"Slack could not be reached ({type(away).__name__})", pause=2) from away

    async def find(
        self, to: str, mark: str, *, since: datetime, thread_ts: str | None = None
    ) -> tuple[str, str] | None:
        """Our message with this mark in a channel, a thread of it, or somebody's direct message: its (channel, ts).

        Raises SlackTrouble.
        """
        channel, oldest = await self._conversation(to), f"{(since - SKEW).timestamp():.6f}"
        asked = {"channel": channel, "oldest": oldest, "include_all_metadata": "true", "limit": 200}
        method = "conversations.replies" if thread_ts else "conversations.history"
        async for message in self._pages(method, "messages", **asked, ts=thread_ts):
            marked = message.get("metadata") or {}
            if marked.get("event_type") == MARKED and marked.get("event_payload", {}).get("mark") == mark:
                return channel, message["ts"]
        return None

    async def ours(self, to: str, *, since: datetime, thread_ts: str | None = None) -> tuple[str, list[dict[str, Any]]]:
        """Our own messages in a channel, a thread of it, or somebody's direct message, and which channel that is.

        Raises SlackTrouble.
        """
        channel, us = await self._conversation(to), await self.own_id()
        asked = {"channel": channel, "oldest": f"{since.timestamp():.6f}", "include_all_metadata": "true", "limit": 200}
        method = "conversations.replies" if thread_ts else "conversations.history"
        found = self._pages(method, "messages", **asked, ts=thread_ts)
        return channel, [message async for message in found if message.get("user") == us]

    async def delete_file(self, file_id: str) -> None:
        """Delete a file that we uploaded. Raises SlackTrouble."""
        await self._call("files.delete", file=file_id)

    async def replies(self, channel: str, root_ts: str, *, since: datetime) -> list[dict[str, Any]]:
        """What has been said in a thread since then. Raises SlackTrouble."""
        asked = {"channel": channel, "ts": root_ts, "oldest": f"{since.timestamp():.6f}", "limit": 200}
        return [message async for message in self._pages("conversations.replies", "messages", **asked)]

    async def _conversation(self, to: str) -> str:
        """A channel's id, or that of a person's direct message."""
        if not to.startswith(("U", "W")):
            return to
        return str((await self._call("conversations.open", users=to))["channel"]["id"])

    async def open_view(self, trigger_id: str, view: dict[str, Any]) -> None:
        """Open a modal, within the three seconds that a trigger lives. Raises SlackTrouble."""
        await self._call("views.open", trigger_id=trigger_id, view=view)

    async def push_view(self, trigger_id: str, view: dict[str, Any]) -> None:
        """Open a modal over the one that was pressed in. Raises SlackTrouble."""
        await self._call("views.push", trigger_id=trigger_id, view=view)

    async def update_view(self, view: dict[str, Any], shown: dict[str, Any]) -> None:
        """Draw an open modal anew, unless it has changed since it was `shown` as it came. Raises SlackTrouble."""
        await self._call("views.update", view_id=shown["id"], hash=shown["hash"], view=view)

    def publish(self, user_id: str, view: dict[str, Any], *, hash: str | None = None, done: Otherwise) -> None:
        """Show somebody this Home, soon, and then do what is to be `done`. A newer one takes its place if it waits.

        With a `hash` it is shown only in place of that very one: what a press has brought meanwhile stays.
        """
        key = f"home:{user_id}"
        version = self._newest[key] = self.next_version(key)
        self._in_background(self._publish(key, version, {"user_id": user_id, "view": view, "hash": hash}, done))

    async def _publish(self, key: str, version: int, values: dict[str, Any], done: Otherwise) -> None:
        for _ in range(TRIES):
            if self._newest[key] > version:
                return
            try:
                await self._call("views.publish", **values)
            except SlackTrouble as trouble:
                if str(trouble) == "hash_conflict":
                    return
                log.warning("a Home could not be published", home=key, why=str(trouble))
                if not trouble.pause:
                    return
                if await self._closes_within(min(trouble.pause, MOST_WAITED_FOR_HOME)):
                    return
                continue
            return await done()

    async def profile(self, user_id: str) -> dict[str, Any]:
        """Somebody's `name`, `tz` and whether they are a workspace `admin`, a `bot` or `gone`; kept for ten minutes."""
        kept = self._profiles.get(user_id)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        user = (await self._ask("users.info", user=user_id))["user"]
        name = user.get("profile", {}).get("real_name") or user.get("real_name") or user.get("name", "")
        found = {
            "name": name,
            "tz": user.get("tz") or "UTC",
            "admin": bool(user.get("is_admin") or user.get("is_owner")),
            "bot": bool(user.get("is_bot")),
            "gone": bool(user.get("deleted")),
        }
        self._profiles[user_id] = (time.monotonic() + PROFILE_SECONDS, found)
        return found

    async def wrong_token(self) -> str | None:
        """What is wrong with the bot token, in words; None while Slack takes it, or cannot be asked."""
        try:
            await self.own_id()
        except SlackTrouble as trouble:
            if trouble.locked_out:
                return f"SLACK_BOT_TOKEN is wrong: Slack says {trouble}. Copy it from the app's “Install App” page."
        return None

    async def own_id(self) -> str:
        """The bot's own user id."""
        if self._own_id is None:
            self._own_id = str((await self._ask("auth.test"))["user_id"])
        return self._own_id

    async def members(self, channel: str) -> list[str]:
        """The user ids of a channel's members. Raises SlackTrouble."""
        return [who async for who in self._pages("conversations.members", "members", channel=channel, limit=200)]

    async def may_post_in(self, channel: str) -> bool:
        """Whether we are in this channel, and it is not archived. Raises SlackTrouble."""
        try:
            found = (await self._ask("conversations.info", channel=channel))["channel"]
        except SlackTrouble as trouble:
            if trouble.gone:
                return False
            raise
        return bool(found.get("is_member")) and not found.get("is_archived")

    async def group_members(self, group: str) -> list[str]:
        """The user ids of a user group. Raises SlackTrouble."""
        return list((await self._ask("usergroups.users.list", usergroup=group))["users"])

    async def has_left(self, user_id: str) -> bool:
        """Whether this person is no longer in the workspace, asked anew. Not if Slack does not say."""
        self._profiles.pop(user_id, None)
        try:
            return bool((await self.profile(user_id))["gone"])
        except SlackTrouble as trouble:
            return trouble.gone

    async def people_among(self, user_ids: Collection[str]) -> list[str]:
        """Those who are neither bots nor gone: a few are asked for one by one, many by the workspace's one list.

        Raises SlackTrouble.
        """
        if len(user_ids) <= A_FEW:
            are = await asyncio.gather(*(self._is_person(who) for who in user_ids))
            return [who for who, is_person in zip(user_ids, are, strict=True) if is_person]
        everybody = await self._everybody()
        return [who for who in user_ids if who in everybody]

    async def _is_person(self, user_id: str) -> bool:
        try:
            profile = await self.profile(user_id)
        except SlackTrouble as trouble:
            if trouble.for_good:
                return False
            raise
        return not profile["bot"] and not profile["gone"]

    async def _everybody(self) -> frozenset[str]:
        """The workspace's people, kept for ten minutes."""
        if self._people is None or self._people[0] <= time.monotonic():
            users = self._pages("users.list", "members", limit=1000)
            found = frozenset(
                [user["id"] async for user in users if not user.get("is_bot") and not user.get("deleted")]
            )
            self._people = (time.monotonic() + PROFILE_SECONDS, found)
        return self._people[1]

    async def upload(
        self, channel: str, files: Mapping[str, Path], *, comment: str, thread_ts: str | None = None
    ) -> None:
        """Share files, by the names they shall have, in one message to a channel or a person. Raises SlackTrouble.

        They are sent in pieces: the SDK's own way would hold each in memory as a whole.
        """
        if too_large := [name for name, path in files.items() if _size(path) > MOST_BYTES]:
            raise SlackTrouble(f"{too_large[0]} is larger than Slack takes", for_good=True)
        channel = await self._conversation(channel)
        sent = [{"id": await self._send_file(name, path), "title": name} for name, path in files.items()]
        where = {"channel_id": channel, "thread_ts": thread_ts}
        await self._call("files.completeUploadExternal", files=sent, **where, initial_comment=comment)

    async def _send_file(self, name: str, path: Path) -> str:
        place = await self._ask("files.getUploadURLExternal", filename=name, length=_size(path))
        try:
            with path.open("rb") as file:
                async with self._session.post(place["upload_url"], data=file, timeout=FOR_FILES) as answer:
                    if answer.status != 200:
                        why = f"Slack answered {answer.status} to a file"
                        raise SlackTrouble(why, pause=5 if answer.status >= 500 or answer.status == 429 else 0)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SlackTrouble(f"the file could not be sent ({type(error).__name__})", pause=5) from error
        return str(place["file_id"])

    async def fetch_file(self, url: str, into: Path, *, most: int | None = None) -> None:
        """Bring a file that somebody shared with us, in pieces, `most` bytes of it at the most.

        Raises SlackTrouble, with a pause if it may come later.

        Without the scope for it Slack answers 200 with a sign-in page, so a page is not a file.
        """
        if not self._is_slacks(url):
            where = URL(url).host or "another place"
            raise SlackTrouble(f"The file is not kept in Slack but at {where}; upload the file itself", for_good=True)
        headers = {"Authorization": f"Bearer {self._settings.slack_bot_token}"}
        try:
            async with self._session.get(url, headers=headers, timeout=FOR_FILES) as answer:
                if answer.status == 429 or answer.status >= 500:
                    wait = answer.headers.get("Retry-After", "")
                    raise SlackTrouble(f"Slack answered {answer.status}", pause=float(wait) if wait.isdigit() else 5)
                if answer.status in (404, 410):
                    raise SlackTrouble("Slack does not have the file any more", for_good=True)
                if answer.status != 200 or answer.content_type == "text/html":
                    await self._ask("auth.test")  # raises if it is our token that Slack does not take
                    raise SlackTrouble("Slack did not give us the file: the app lacks the scope files:read")
                with into.open("wb") as file:
                    async for piece in answer.content.iter_chunked(1 << 16):
                        file.write(piece)
                        if most is not None and file.tell() > most:
                            raise SlackTrouble("the file is too large", for_good=True)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SlackTrouble(f"the file could not be fetched ({type(error).__name__})", pause=5) from error

    def _is_slacks(self, address: str) -> bool:
        """Whether our token may be shown there."""
        url, api = URL(address), URL(self._settings.slack_api_url)
        ours = url.scheme == "https" and (url.host == "slack.com" or (url.host or "").endswith(".slack.com"))
        return ours or url.origin() == api.origin()


def _size(path: Path) -> int:
    return path.stat().st_size
