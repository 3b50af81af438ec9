"""The state of the workspace, and the few acts that change it: post, edit, delete, show, share.

Each act tells the app by an event, as Slack would: its own posts and edits in a direct message come back to it too.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.delivery import Delivery
from sandbox.slack.drawn import Json
from sandbox.slack.nouns import Channel, File, Group, Home, Message, Modal, Shown

TEAM, APP, BOT_USER, BOT = "T0SANDBOX", "A0SANDBOX", "U0BOTBOT0", "B0SANDBOX"
CHANNEL_TYPE = {"im": "im", "public": "channel", "private": "group"}
SUBSCRIPTION = {"im": "message.im", "public": "message.channels", "private": "message.groups"}


@dataclass
class User:
    """A member of the workspace, as users.info tells of her."""

    id: str
    name: str
    real_name: str
    is_admin: bool
    tz: str
    deleted: bool = False
    is_bot: bool = False
    extra: Json = field(default_factory=dict)

    @property
    def mention(self) -> str:
        return f"<@{self.id}|{self.name}>"

    def as_json(self, with_email: bool = True) -> Json:
        first, _, last = self.real_name.partition(" ")
        names = {"real_name": self.real_name, "real_name_normalized": self.real_name}
        profile: Json = {**names, "first_name": first, "last_name": last, "display_name": first, "team": TEAM}
        profile["display_name_normalized"] = first
        if with_email and not self.is_bot:
            profile["email"] = f"{self.name}@example.org"
        roles = {"is_admin": self.is_admin, "is_owner": False, "is_primary_owner": False, "is_restricted": False}
        return {
            **{"id": self.id, "team_id": TEAM, "name": self.name, "deleted": self.deleted, **names, "tz": self.tz},
            **{"profile": profile, **roles, "is_ultra_restricted": False, "is_bot": self.is_bot},
            **{"is_app_user": False, "updated": 0, **self.extra},
        }


@dataclass
class ResponseUrl:
    """A response_url: what it may replace, how often it has been used, when it was made."""

    kind: str  # "commands" or "actions"
    channel: Channel
    user: str
    made: float
    origin: Message | Shown | None = None
    uses: int = 0


class Workspace:
    """Users, channels, groups, files, views, and what is on whose screen."""

    def __init__(self, clock: Callable[[], float], delivery: Delivery) -> None:
        self.clock = clock
        self.delivery = delivery
        self.echo_own_posts = True
        self.subscriptions = {"message.im", "app_home_opened", "user_change"}
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.dms: dict[str, Channel] = {}
        self.groups: dict[str, Group] = {}
        self.files: dict[str, File] = {}
        self.ephemerals: dict[str, list[Shown]] = {}
        self.modals: dict[str, list[Modal]] = {}
        self.homes: dict[str, Home] = {}
        self.warnings: dict[str, list[str]] = {}
        self.lost: dict[str, list[str]] = {}
        self.triggers: dict[str, Json] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self._number = 0
        self._last_ts = 0
        bot = User(BOT_USER, "textbank", "Textbank", False, "America/Los_Angeles", is_bot=True)
        self.users[BOT_USER] = bot

    def new_id(self, letter: str) -> str:
        self._number += 1
        return f"{letter}0{self._number:07d}"

    def stamp(self) -> str:
        """The next message ts: the time, and never the same twice."""
        self._last_ts = max(int(self.clock() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    @property
    def bot_author(self) -> Json:
        return {"user": BOT_USER, "bot_id": BOT, "app_id": APP, "team": TEAM}

    def dm(self, user: str) -> Channel:
        """The direct message between somebody and the bot, opened if need be."""
        if user not in self.dms:
            channel = Channel(self.new_id("D"), "directmessage", "im", [user], True)
            self.dms[user] = self.channels[channel.id] = channel
        return self.dms[user]

    def post(
        self,
        channel: Channel,
        author: Json,
        text: str = "",
        blocks: list[Json] | None = None,
        *,
        thread_ts: str | None = None,
        broadcast: bool = False,
        files: list[File] | None = None,
        extra: Json | None = None,
    ) -> Message:
        message = Message(channel, self.stamp(), author, text, blocks or [])
        message.thread_ts, message.broadcast = thread_ts, broadcast
        message.files, message.extra = files or [], extra or {}
        for one in message.files:
            one.shared_in.append(channel.id)
        channel.add(message)
        self.delivery.something_changed()
        event = {**message.as_json(), "channel": channel.id}
        if broadcast and thread_ts and (root := channel.by_ts.get(thread_ts)):
            event["root"] = root.as_json()
        self._tell(channel, event, message.ts, own=message.by_bot)
        if broadcast:
            self._tell_changed(message, message.as_json(), own=message.by_bot)
        return message

    def edit(self, message: Message, text: str, blocks: list[Json], *, by: str, extra: Json | None = None) -> None:
        before = message.as_json()
        message.text = text
        if extra is not None:
            message.extra = extra
        for viewer, words in message.draw(blocks):
            self.lost.setdefault(viewer, []).append(words)
        message.edited = {"user": by, "ts": self.stamp()}
        self.delivery.something_changed()
        self._tell_changed(message, before, own=message.by_bot)

    def delete(self, message: Message) -> None:
        """A root with replies leaves a tombstone; anything else is gone."""
        channel, before = message.channel, message.as_json()
        if message.replies:
            message.text, message.author = "This message was deleted.", {"user": "USLACKBOT"}
            message.draw([])
            message.extra = {"subtype": "tombstone", "hidden": True}
            return self._tell_changed(message, before, own="bot_id" in before)
        channel.remove(message)
        deleted = {"type": "message", "subtype": "message_deleted", "previous_message": before, "hidden": True}
        ts = self.stamp()
        event = {**deleted, "channel": channel.id, "deleted_ts": message.ts, "ts": ts}
        self._tell(channel, event, ts, own=message.by_bot)
        return None

    def show(self, channel: Channel, user: str, text: str, blocks: list[Json] | None, thread_ts: str | None) -> Shown:
        """A message for one person only. No event tells of it."""
        shown = Shown(channel, self.stamp(), user, text, blocks or [])
        shown.thread_ts = thread_ts
        self.ephemerals.setdefault(user, []).append(shown)
        return shown

    def _tell_changed(self, message: Message, before: Json, *, own: bool) -> None:
        changed = {"type": "message", "subtype": "message_changed", "hidden": True, "channel": message.channel.id}
        ts = self.stamp()
        event = {**changed, "message": message.as_json(), "previous_message": before, "ts": ts}
        self._tell(message.channel, event, ts, own=own)

    def _tell(self, channel: Channel, event: Json, ts: str, *, own: bool) -> None:
        if own and not self.echo_own_posts:
            return
        if channel.bot and SUBSCRIPTION[channel.kind] in self.subscriptions:
            event |= {"event_ts": ts, "channel_type": CHANNEL_TYPE[channel.kind]}
            self.delivery.event(event, channel.id)

    def trigger(self, user: str, view: Modal | None = None) -> str:
        _forget_old(self.triggers, lambda one: one["made"] < self.clock() - 60)
        self._number += 1
        trigger_id = f"{self._number}.{TEAM[1:]}.{secrets.token_hex(8)}"
        self.triggers[trigger_id] = {"user": user, "made": self.clock(), "used": False, "view": view}
        return trigger_id

    def response_url(self, base: str, url: ResponseUrl) -> str:
        _forget_old(self.response_urls, lambda one: one.made < self.clock() - 3600)
        key = secrets.token_urlsafe(12)
        self.response_urls[key] = url
        return f"{base}/response/{url.kind}/{TEAM}/{key}"

    def keep(self, upload: File, user: str, base: str) -> File:
        """Takes a file into the workspace."""
        kept = File(upload.name, upload.content, upload.mimetype, self.new_id("F"), user, upload.title)
        kept.url = f"{base}/files/{TEAM}-{kept.id}/download/{kept.name}"
        self.files[kept.id] = kept
        return kept

    def warn(self, user: str, words: str) -> None:
        """Slack's own word on her screen that the app failed."""
        self.warnings.setdefault(user, []).append(words)

    def open_modal(self, user: str) -> Modal | None:
        stack = self.modals.get(user)
        return stack[-1] if stack else None

    def find_view(self, view_id: Any, external_id: Any) -> Modal | Home | None:
        views: list[Modal | Home] = [view for stack in self.modals.values() for view in stack]
        for view in [*views, *self.homes.values()]:
            if (view_id and view.id == view_id) or (external_id and view.content.get("external_id") == external_id):
                return view
        return None


def _forget_old(things: dict[str, Any], old: Callable[[Any], bool]) -> None:
    """Drops what is past any use, oldest first, so that a long load test does not fill the memory."""
    while things and old(things[first := next(iter(things))]):
        del things[first]
