"""The things of a workspace: channels, messages, what only one person sees, views, files, groups.

They are the live objects: a message that the app edits is edited in a test's hands too.
"""

import mimetypes
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.drawn import Drawn, Json


class Message(Drawn):
    """A message in a channel or a direct message."""

    def __init__(self, channel: "Channel", ts: str, author: Json, text: str, blocks: list[Json]) -> None:
        self.channel = channel
        self.ts = ts
        self.author = author
        self.text = text
        self.thread_ts: str | None = None
        self.broadcast = False
        self.edited: Json | None = None
        self.deleted = False
        self.extra: Json = {}
        self.files: list[File] = []
        self.reactions: list[str] = []
        super().__init__(blocks)

    @property
    def viewer(self) -> str:
        return self.channel.human or ""

    @property
    def by_bot(self) -> bool:
        return "bot_id" in self.author

    @property
    def replies(self) -> list["Message"]:
        return [message for message in self.channel.thread(self.ts) if message is not self]

    @property
    def words(self) -> str:
        drawn = super().words if self.blocks and self.by_bot else self.text
        legacy = [a.get("text") or a.get("fallback") or "" for a in self.extra.get("attachments", ())]
        return "\n".join(part for part in (drawn, *legacy) if part)

    def as_json(self) -> Json:
        shown: Json = {"type": "message", **self.author, "text": self.text, "ts": self.ts, **self.extra}
        if self.blocks:
            shown["blocks"] = self.blocks
        if self.thread_ts:
            shown["thread_ts"] = self.thread_ts
            if self.thread_ts != self.ts:
                root = self.channel.by_ts.get(self.thread_ts)
                shown["parent_user_id"] = root.author.get("user") if root else None
        if self.thread_ts == self.ts:
            replies = self.replies
            shown |= {"reply_count": len(replies), "latest_reply": replies[-1].ts if replies else None}
        if self.broadcast:
            shown["subtype"] = "thread_broadcast"
        elif self.files:
            shown["subtype"] = "file_share"
        if self.edited:
            shown["edited"] = self.edited
        if self.files:
            shown["files"] = [one.as_json() for one in self.files]
        return shown

    def __repr__(self) -> str:
        return f"<{self.ts} {self.words!r}>"


class Shown(Drawn):
    """A message that only one person sees, and that nobody can read back."""

    def __init__(self, channel: "Channel", ts: str, who: str, text: str, blocks: list[Json]) -> None:
        self.channel = channel
        self.ts = ts
        self.who = who
        self.fallback = text
        self.thread_ts: str | None = None
        super().__init__(blocks)

    @property
    def viewer(self) -> str:
        return self.who

    @property
    def words(self) -> str:
        return super().words if self.blocks else self.fallback

    @property
    def text(self) -> str:
        """All its words."""
        return self.words

    def __repr__(self) -> str:
        return f"<only {self.who} sees {self.text!r}>"


class Channel:
    """A channel, or a direct message with the bot (then it has one `human`)."""

    def __init__(self, id: str, name: str, kind: str, members: list[str], bot: bool) -> None:
        self.id = id
        self.name = name
        self.kind = kind  # public, private or im
        self.member_ids = members
        self.bot = bot
        self.archived = False
        self.by_ts: dict[str, Message] = {}
        self._threads: dict[str, list[Message]] = {}

    @property
    def human(self) -> str | None:
        return self.member_ids[0] if self.kind == "im" else None

    @property
    def mention(self) -> str:
        return f"<#{self.id}|{self.name}>"

    @property
    def messages(self) -> list[Message]:
        """Everything in it, replies too, oldest first."""
        return list(self.by_ts.values())

    @property
    def top_level(self) -> list[Message]:
        return [m for m in self.by_ts.values() if m.thread_ts in (None, m.ts) or m.broadcast]

    def thread(self, ts: str) -> list[Message]:
        """The replies to a message, oldest first."""
        return self._threads.get(ts, [])

    def add(self, message: Message) -> None:
        self.by_ts[message.ts] = message
        if message.thread_ts:
            self._threads.setdefault(message.thread_ts, []).append(message)
            if root := self.by_ts.get(message.thread_ts):
                root.thread_ts = root.ts

    def remove(self, message: Message) -> None:
        message.deleted = True
        del self.by_ts[message.ts]
        if message.thread_ts and message in self._threads.get(message.thread_ts, []):
            self._threads[message.thread_ts].remove(message)

    def as_json(self) -> Json:
        if self.kind == "im":
            return {"id": self.id, "is_im": True, "is_channel": False, "user": self.human, "is_org_shared": False}
        private = self.kind == "private"
        about = {"is_channel": not private, "is_group": private, "is_im": False, "is_private": private}
        return {
            **{"id": self.id, "name": self.name, "name_normalized": self.name, "is_archived": self.archived},
            **{"is_member": self.bot, "num_members": len(self.member_ids) + self.bot},
            **about,
        }


@dataclass
class Group:
    """A user group, written @handle."""

    id: str
    handle: str
    member_ids: list[str]

    @property
    def mention(self) -> str:
        return f"<!subteam^{self.id}|@{self.handle}>"

    def as_json(self) -> Json:
        names = {"id": self.id, "handle": self.handle, "name": self.handle, "is_usergroup": True}
        return {**names, "date_delete": 0, "user_count": len(self.member_ids), "users": self.member_ids}


@dataclass
class File:
    """A file: somebody's own before she picks it in a modal, the workspace's afterwards."""

    name: str
    content: bytes = b""
    mimetype: str = ""
    id: str = ""
    user: str = ""
    title: str = ""
    url: str = ""
    length: int | None = None
    shared_in: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mimetype = self.mimetype or mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def text(self) -> str:
        return self.content.decode("utf-8-sig")

    def as_json(self) -> Json:
        kind = self.name.rpartition(".")[2].lower()
        return {
            **{"id": self.id, "name": self.name, "title": self.title or self.name, "user": self.user},
            **{"mimetype": self.mimetype, "filetype": kind, "pretty_type": kind.upper(), "size": len(self.content)},
            **{"mode": "hosted", "is_external": False, "is_public": False, "file_access": "visible"},
            **{"url_private": self.url, "url_private_download": self.url, "channels": self.shared_in},
        }


class View(Drawn):
    """A modal or a Home tab."""

    stale_is_null = False

    def __init__(self, id: str, owner: str, content: Json, hash: str) -> None:
        self.id = id
        self.owner = owner
        self.content = content
        self.hash = hash
        self.errors: dict[str, str] = {}
        self.trouble: str | None = None
        self.root_id = id
        self.previous_id: str | None = None
        super().__init__(content["blocks"])

    @property
    def viewer(self) -> str:
        return self.owner

    def replace(self, content: Json, hash: str) -> None:
        self.content, self.hash, self.errors, self.trouble = content, hash, {}, None
        self.draw(content["blocks"])

    @property
    def title(self) -> str:
        return label_text(self.content.get("title"))

    @property
    def submit(self) -> str:
        return label_text(self.content.get("submit"))

    @property
    def fields(self) -> list[str]:
        """The labels of its inputs."""
        return [label for label, _, _ in self.asked()]

    @property
    def private_metadata(self) -> str:
        return str(self.content.get("private_metadata", ""))

    @property
    def words(self) -> str:
        return "\n".join(part for part in (self.title, super().words) if part)

    @property
    def text(self) -> str:
        """All its words."""
        return self.words

    def as_json(self, team: str, app: str, bot: str) -> Json:
        content = self.content
        kept = {name: content.get(name) or "" for name in ("private_metadata", "callback_id", "external_id")}
        flags = {name: bool(content.get(name)) for name in ("clear_on_close", "notify_on_close")}
        return {
            **{"id": self.id, "team_id": team, "app_id": app, "bot_id": bot, "app_installed_team_id": team},
            **{"type": content["type"], "blocks": self.blocks, "hash": self.hash, **kept, **flags},
            **{name: content.get(name) for name in ("title", "close", "submit")},
            **{"root_view_id": self.root_id, "previous_view_id": self.previous_id},
            "state": {"values": self.state(self.owner)},
        }


class Modal(View):
    """An open modal."""


class Home(View):
    """The bot's Home tab as last published to one person."""


def label_text(text_object: Any) -> str:
    return str(text_object["text"]) if text_object else ""


@dataclass
class Call:
    """One request of the app to Slack: a Web API method, or "response_url"."""

    method: str
    payload: Json
    at: float
    status: int = 0
    response: Json = field(default_factory=dict)
    headers: Json = field(default_factory=dict)
    is_json: bool = False

    @property
    def ok(self) -> bool:
        return self.status == 200 and self.response.get("ok") is True

    @property
    def error(self) -> str | None:
        return self.response.get("error")
