"""chat.*, reactions.* and the response_urls: the app's words on people's screens."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from sandbox.slack.blocks import problems_in
from sandbox.slack.drawn import Json, words_of
from sandbox.slack.limits import TIER_3, TIER_4
from sandbox.slack.nouns import Channel, Message, Shown
from sandbox.slack.web_api import RateLimited, SlackError, flag, method
from sandbox.slack.workspace import BOT_USER, ResponseUrl

if TYPE_CHECKING:
    from sandbox.slack.server import Slack

TEXT_LIMIT = 40_000
UPDATE_LIMIT = 4_000
BLOCKS_TEXT_LIMIT = 13_200  # measured by others, not documented
USES, LIFE = 5, 30 * 60


def find_channel(slack: "Slack", id: Any, *, by_user: bool = False) -> Channel:
    """The channel that the app means and may know of. A user's id stands for her direct message where Slack says so."""
    world = slack.workspace
    if by_user and id in world.users and id != BOT_USER and not world.users[id].deleted:
        return world.dm(id)
    channel = world.channels.get(str(id))
    if channel is None or (channel.kind == "private" and not channel.bot):
        raise SlackError("channel_not_found")
    return channel


def _writable(slack: "Slack", id: Any, *, by_user: bool = False) -> Channel:
    channel = find_channel(slack, id, by_user=by_user)
    if channel.archived:
        raise SlackError("is_archived")
    if channel.kind == "im" and not slack.messages_tab:
        raise SlackError("messages_tab_disabled")
    if not channel.bot and slack.scopes is not None and "chat:write.public" not in slack.scopes:
        raise SlackError("not_in_channel")
    return channel


def check_content(
    given: Json, *, most: int = TEXT_LIMIT, strict: bool = True, lacking: Collection[str] = ()
) -> tuple[str, list[Json]]:
    """The text and blocks of a message, or Slack's refusal of them; of blocks too that a workspace is `lacking`."""
    text, blocks = given.get("text") or "", given.get("blocks")
    if not isinstance(text, str):
        raise SlackError("invalid_arguments", "[ERROR] must be a string [json-pointer:/text]")
    if not text and not blocks and not given.get("attachments"):
        raise SlackError("no_text")
    if len(text) > most:
        raise SlackError("msg_too_long")
    if blocks is None:
        return text, []
    if strict and (problems := problems_in(blocks, lacking=lacking)):
        raise SlackError("invalid_blocks", *problems, errors=[p.removeprefix("[ERROR] ") for p in problems])
    if strict and sum(map(len, words_of(blocks))) > BLOCKS_TEXT_LIMIT:
        raise SlackError("msg_blocks_too_long")
    return text, blocks


def _thread(channel: Channel, given: Json) -> str | None:
    ts = given.get("thread_ts")
    if not ts:
        return None
    root = channel.by_ts.get(str(ts))
    if root is None:
        raise SlackError("thread_not_found")
    if root.thread_ts not in (None, root.ts):
        raise SlackError("cannot_reply_to_message")
    return str(ts)


def _extra(given: Json) -> Json:
    if metadata := given.get("metadata"):
        if not isinstance(metadata, dict) or not {"event_type", "event_payload"} <= set(metadata):
            raise SlackError("invalid_metadata_format")
        if not isinstance(metadata["event_type"], str) or not isinstance(metadata["event_payload"], dict):
            raise SlackError("invalid_metadata_schema")
    return {name: given[name] for name in ("attachments", "metadata") if given.get(name)}


@method("chat.postMessage", scopes=("chat:write",), tier=200, required=("channel",))
def post_message(slack: "Slack", given: Json) -> Json:
    channel = _writable(slack, given["channel"], by_user=True)
    text, blocks = check_content(given, strict=slack.strict, lacking=slack.lacking)
    message = slack.workspace.post(
        channel,
        slack.workspace.bot_author,
        text,
        blocks,
        thread_ts=_thread(channel, given),
        broadcast=flag(given, "reply_broadcast") and bool(given.get("thread_ts")),
        extra=_extra(given),
    )
    return {"channel": channel.id, "ts": message.ts, "message": message.as_json()}


@method("chat.postEphemeral", scopes=("chat:write",), tier=TIER_4, required=("channel", "user"))
def post_ephemeral(slack: "Slack", given: Json) -> Json:
    channel = _writable(slack, given["channel"])
    if given["user"] not in channel.member_ids:
        raise SlackError("user_not_in_channel")
    text, blocks = check_content(given, strict=slack.strict)
    shown = slack.workspace.show(channel, given["user"], text, blocks, _thread(channel, given))
    return {"message_ts": shown.ts}


def _own_message(slack: "Slack", given: Json, refusal: str) -> Message:
    channel = find_channel(slack, given["channel"])
    message = channel.by_ts.get(str(given["ts"]))
    if message is None:
        raise SlackError("message_not_found")
    if not message.by_bot:
        raise SlackError(refusal)
    return message


@method("chat.update", scopes=("chat:write",), tier=TIER_3, required=("channel", "ts"))
def update(slack: "Slack", given: Json) -> Json:
    message = _own_message(slack, given, "cant_update_message")
    text, blocks = check_content(given, most=UPDATE_LIMIT, strict=slack.strict)
    kept = message.blocks if given.get("blocks") is None else blocks  # Slack keeps them until an empty list comes
    slack.workspace.edit(message, text, kept, by=BOT_USER, extra=_extra(given))
    return {"channel": message.channel.id, "ts": message.ts, "text": text, "message": message.as_json()}


@method("chat.delete", scopes=("chat:write",), tier=TIER_3, required=("channel", "ts"))
def delete(slack: "Slack", given: Json) -> Json:
    message = _own_message(slack, given, "cant_delete_message")
    slack.workspace.delete(message)
    return {"channel": message.channel.id, "ts": message.ts}


@method("chat.getPermalink", tier=None, takes_json=False, required=("channel", "message_ts"))
def permalink(slack: "Slack", given: Json) -> Json:
    channel = find_channel(slack, given["channel"])
    if given["message_ts"] not in channel.by_ts:
        raise SlackError("message_not_found")
    where = f"https://sandbox.slack.com/archives/{channel.id}/p{given['message_ts'].replace('.', '')}"
    return {"channel": channel.id, "permalink": where}


@method("reactions.add", scopes=("reactions:write",), required=("channel", "name", "timestamp"))
def react(slack: "Slack", given: Json) -> Json:
    message = find_channel(slack, given["channel"]).by_ts.get(str(given["timestamp"]))
    if message is None:
        raise SlackError("message_not_found")
    if given["name"] in message.reactions:
        raise SlackError("already_reacted")
    message.reactions.append(given["name"])
    return {}


def respond(slack: "Slack", key: str, given: Any) -> None:
    """A post to a response_url: five uses, thirty minutes."""
    url = slack.workspace.response_urls.get(key)
    if url is None or slack.workspace.clock() - url.made > LIFE:
        raise SlackError("expired_url")
    if url.uses >= USES:
        raise SlackError("used_url")
    if not isinstance(given, dict):
        raise SlackError("invalid_payload")
    wait = slack.limits.refuse("response_url") if slack.limited else None
    if wait is not None:
        raise RateLimited(wait)
    _respond(slack, url, given)
    url.uses += 1


def _respond(slack: "Slack", url: ResponseUrl, given: Json) -> None:
    world, origin = slack.workspace, url.origin
    if flag(given, "delete_original"):
        if isinstance(origin, Message) and not origin.deleted:
            return world.delete(origin)
        return _forget(slack, origin)
    text, blocks = check_content(given, strict=slack.strict)
    replaces = flag(given, "replace_original", otherwise=url.kind == "actions" and slack.replace_by_default)
    if replaces and isinstance(origin, Message):
        if origin.deleted:
            raise SlackError("message_not_found")
        return world.edit(origin, text, blocks, by=BOT_USER, extra=_extra(given))
    if replaces and isinstance(origin, Shown):
        origin.fallback = text
        for viewer, words in origin.draw(blocks):
            world.lost.setdefault(viewer, []).append(words)
        return None
    thread_ts = _thread(url.channel, given)
    if given.get("response_type") == "in_channel":
        world.post(url.channel, world.bot_author, text, blocks, thread_ts=thread_ts, extra=_extra(given))
    else:
        world.show(url.channel, url.user, text, blocks, thread_ts)
    return None


def _forget(slack: "Slack", origin: Message | Shown | None) -> None:
    if isinstance(origin, Shown):
        mine = slack.workspace.ephemerals.get(origin.who, [])
        if origin in mine:
            mine.remove(origin)
