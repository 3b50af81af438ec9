"""Who and what there is: auth, users, conversations, user groups."""

from typing import TYPE_CHECKING

from sandbox.slack.chat import find_channel
from sandbox.slack.drawn import Json
from sandbox.slack.limits import TIER_2, TIER_3, TIER_4
from sandbox.slack.nouns import Channel, Message
from sandbox.slack.web_api import SlackError, flag, method, need_scope, page
from sandbox.slack.workspace import APP, BOT, BOT_USER, TEAM

if TYPE_CHECKING:
    from sandbox.slack.server import Slack

FAMILY = {"im": "im", "public": "channels", "private": "groups"}


@method("api.test", tier=TIER_4)
def api_test(slack: "Slack", given: Json) -> Json:
    if given.get("error"):
        raise SlackError(str(given["error"]), args=given)
    return {"args": given}


@method("auth.test", tier=None)
def auth_test(slack: "Slack", given: Json) -> Json:
    names = {"url": "https://sandbox.slack.com/", "team": "Sandbox", "user": "textbank", "team_id": TEAM}
    return {**names, "user_id": BOT_USER, "bot_id": BOT, "app_id": APP, "is_enterprise_install": False}


@method("apps.connections.open", tier=None)
def apps_connections_open(slack: "Slack", given: Json) -> Json:
    """An address for Socket Mode. Nobody listens there: the sandbox only says that it takes the token."""
    return {"url": f"{slack.url.replace('http', 'ws', 1)}/link/?ticket=sandbox"}


@method("team.info", scopes=("team:read",), takes_json=False)
def team_info(slack: "Slack", given: Json) -> Json:
    return {"team": {"id": TEAM, "name": "Sandbox", "domain": "sandbox", "email_domain": ""}}


@method("users.info", scopes=("users:read",), tier=TIER_4, takes_json=False)
def users_info(slack: "Slack", given: Json) -> Json:
    user = slack.workspace.users.get(str(given.get("user", "")))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": user.as_json(slack.scopes is None or "users:read.email" in slack.scopes)}


@method("users.list", scopes=("users:read",), tier=TIER_2, takes_json=False)
def users_list(slack: "Slack", given: Json) -> Json:
    some, cursor = page(list(slack.workspace.users.values()), given, usual=1000)
    email = slack.scopes is None or "users:read.email" in slack.scopes
    return {"members": [user.as_json(email) for user in some], "response_metadata": {"next_cursor": cursor}}


@method("users.conversations", tier=TIER_3, takes_json=False)
def users_conversations(slack: "Slack", given: Json) -> Json:
    who = str(given.get("user") or BOT_USER)
    kinds = _kinds(slack, given)
    found = [c for c in slack.workspace.channels.values() if c.kind in kinds and _is_in(c, who)]
    if who != BOT_USER:
        found = [c for c in found if c.bot or c.kind == "public"]
    some, cursor = page(found, given)
    return {"channels": [c.as_json() for c in some], "response_metadata": {"next_cursor": cursor}}


@method("conversations.list", tier=TIER_2, takes_json=False)
def conversations_list(slack: "Slack", given: Json) -> Json:
    kinds = _kinds(slack, given)
    found = [c for c in slack.workspace.channels.values() if c.kind in kinds and (c.kind == "public" or c.bot)]
    some, cursor = page(found, given)
    return {"channels": [c.as_json() for c in some], "response_metadata": {"next_cursor": cursor}}


def _kinds(slack: "Slack", given: Json) -> set[str]:
    asked = str(given.get("types") or "public_channel").split(",")
    names = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}
    if not set(asked) <= set(names):
        raise SlackError("invalid_types")
    kinds = {names[one] for one in asked}
    for kind in kinds & set(FAMILY):
        need_scope(slack, f"{FAMILY[kind]}:read")
    return kinds


def _is_in(channel: Channel, user: str) -> bool:
    return channel.bot if user == BOT_USER else user in channel.member_ids


@method("conversations.open", scopes=("im:write", "mpim:write"), tier=TIER_3)
def conversations_open(slack: "Slack", given: Json) -> Json:
    users = str(given.get("users") or "")
    if not users:
        raise SlackError("users_list_not_supplied")
    if "," in users:
        raise SlackError("method_not_supported_for_channel_type")  # a group direct message: nothing here needs one
    user = slack.workspace.users.get(users)
    if user is None:
        raise SlackError("user_not_found")
    if user.deleted:
        raise SlackError("user_disabled")
    if user.is_bot:
        raise SlackError("cannot_dm_bot")
    known = users in slack.workspace.dms
    return {"channel": {"id": slack.workspace.dm(users).id}, "no_op": known, "already_open": known}


@method("conversations.info", tier=TIER_3, takes_json=False, required=("channel",))
def conversations_info(slack: "Slack", given: Json) -> Json:
    return {"channel": _readable(slack, given, "read").as_json()}


@method("conversations.join", scopes=("channels:join",), tier=TIER_3, required=("channel",))
def conversations_join(slack: "Slack", given: Json) -> Json:
    channel = find_channel(slack, given["channel"])
    if channel.kind != "public":
        raise SlackError("method_not_supported_for_channel_type")
    channel.bot = True
    return {"channel": channel.as_json()}


@method("conversations.members", tier=TIER_4, takes_json=False, required=("channel",))
def conversations_members(slack: "Slack", given: Json) -> Json:
    channel = _readable(slack, given, "read")
    some, cursor = page(channel.member_ids + [BOT_USER] * channel.bot, given)
    return {"members": some, "response_metadata": {"next_cursor": cursor}}


@method("conversations.history", tier=TIER_3, takes_json=False, required=("channel",))
def conversations_history(slack: "Slack", given: Json) -> Json:
    channel = _readable(slack, given, "history")
    if not channel.bot:
        raise SlackError("not_in_channel")
    return _messages(_between(channel.top_level, given)[::-1], given)


@method("conversations.replies", tier=TIER_3, takes_json=False, required=("channel", "ts"))
def conversations_replies(slack: "Slack", given: Json) -> Json:
    channel = _readable(slack, given, "history")
    message = channel.by_ts.get(str(given["ts"]))
    if message is None:
        raise SlackError("thread_not_found")
    root_ts = message.thread_ts or message.ts
    root = channel.by_ts.get(root_ts)
    return _messages(([root] if root else []) + _between(channel.thread(root_ts), given), given)


def _readable(slack: "Slack", given: Json, what: str) -> Channel:
    channel = find_channel(slack, given["channel"])
    need_scope(slack, f"{FAMILY[channel.kind]}:{what}")
    return channel


def _between(messages: list[Message], given: Json) -> list[Message]:
    oldest, latest = float(given.get("oldest") or 0), float(given.get("latest") or "inf")
    if flag(given, "inclusive"):
        return [m for m in messages if oldest <= float(m.ts) <= latest]
    return [m for m in messages if oldest < float(m.ts) < latest]


def _messages(messages: list[Message], given: Json) -> Json:
    some, cursor = page(messages, given, most=999)
    found = [message.as_json() for message in some]
    if not flag(given, "include_all_metadata"):
        found = [{name: value for name, value in one.items() if name != "metadata"} for one in found]
    shown = {"messages": found, "has_more": bool(cursor)}
    return {**shown, "response_metadata": {"next_cursor": cursor}} if cursor else shown


@method("usergroups.list", scopes=("usergroups:read",), tier=TIER_2, takes_json=False)
def usergroups_list(slack: "Slack", given: Json) -> Json:
    groups = [group.as_json() for group in slack.workspace.groups.values()]
    if not flag(given, "include_users"):
        for group in groups:
            del group["users"]
    return {"usergroups": groups}


@method("usergroups.users.list", scopes=("usergroups:read",), tier=TIER_2, takes_json=False, required=("usergroup",))
def usergroups_users(slack: "Slack", given: Json) -> Json:
    group = slack.workspace.groups.get(str(given["usergroup"]))
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": group.member_ids}
