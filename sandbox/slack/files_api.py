"""files.*: an address to send the bytes to, the bytes, then "complete", which shares the file.

A download without the bot's token (or without files:read) answers 200 with a sign-in page, as Slack does.
"""

from typing import TYPE_CHECKING

from sandbox.slack.chat import find_channel
from sandbox.slack.drawn import Json
from sandbox.slack.limits import TIER_4
from sandbox.slack.nouns import File
from sandbox.slack.web_api import SlackError, method
from sandbox.slack.workspace import BOT_USER

if TYPE_CHECKING:
    from sandbox.slack.server import Slack

SIGN_IN = b"""<!DOCTYPE html><html lang="en-US"><head><title>Slack</title></head>
<body><h1>Sign in to Sandbox</h1><form id="signin_form" action="/" method="post"></form></body></html>"""


@method("files.getUploadURLExternal", scopes=("files:write",), tier=TIER_4, takes_json=False)
def get_upload_url(slack: "Slack", given: Json) -> Json:
    name, length = given.get("filename"), str(given.get("length") or "")
    if not name or not length.isdigit() or int(length) == 0:
        raise SlackError("invalid_arguments", "[ERROR] filename and a length above 0 are required")
    file = slack.workspace.keep(File(str(name)), BOT_USER, slack.url)
    file.length = int(length)
    return {"file_id": file.id, "upload_url": f"{slack.url}/upload/v1/{file.id}"}


def take_bytes(slack: "Slack", file_id: str, content: bytes) -> tuple[int, bytes]:
    """The upload itself: as many bytes as were announced, once."""
    file = slack.workspace.files.get(file_id)
    if file is None or file.length is None or file.content:
        return 404, b"not found"
    if len(content) != file.length:
        return 400, f"expected {file.length} bytes, got {len(content)}".encode()
    file.content = content
    return 200, f"OK - {len(content)}".encode()


@method("files.completeUploadExternal", scopes=("files:write",), tier=TIER_4, required=("files",))
def complete_upload(slack: "Slack", given: Json) -> Json:
    world, done = slack.workspace, []
    for one in given["files"]:
        file = world.files.get(str(one.get("id")))
        if file is None or file.length is None or not file.content:
            raise SlackError("file_not_found")
        file.title = one.get("title") or file.title
        done.append(file)
    if channel_id := given.get("channel_id") or given.get("channels"):
        channel = find_channel(slack, channel_id)
        if not channel.bot:
            raise SlackError("not_in_channel")
        thread_ts = given.get("thread_ts")
        if thread_ts and thread_ts not in channel.by_ts:
            raise SlackError("thread_not_found")
        words = str(given.get("initial_comment") or "")
        world.post(channel, world.bot_author, words, given.get("blocks"), thread_ts=thread_ts, files=done)
    for file in done:
        file.length = None
    return {"files": [{**file.as_json(), "title": file.title or file.name} for file in done]}


@method("files.info", scopes=("files:read",), tier=TIER_4, takes_json=False)
def files_info(slack: "Slack", given: Json) -> Json:
    file = slack.workspace.files.get(str(given.get("file", "")))
    if file is None:
        raise SlackError("file_not_found")
    return {"file": file.as_json()}


@method("files.delete", scopes=("files:write",), required=("file",))
def delete(slack: "Slack", given: Json) -> Json:
    """An app deletes what it uploaded itself, and nobody else's."""
    file = slack.workspace.files.get(str(given["file"]))
    if file is None:
        raise SlackError("file_not_found")
    if file.user != BOT_USER:
        raise SlackError("cant_delete_file")
    del slack.workspace.files[file.id]
    for channel in slack.workspace.channels.values():
        for message in channel.messages:
            message.files = [each for each in message.files if each is not file]
    return {}


def download(slack: "Slack", path: str, authorization: str) -> tuple[int, bytes, str]:
    """(status, bytes, content type) for a file's private address."""
    file = slack.workspace.files.get(path.split("/")[2].partition("-")[2]) if path.count("/") >= 3 else None
    may_read = slack.scopes is None or "files:read" in slack.scopes
    if authorization != f"Bearer {slack.bot_token}" or slack.revoked or not may_read:
        return 200, SIGN_IN, "text/html; charset=utf-8"
    if file is None:
        return 404, b"", "text/html"
    return 200, file.content, file.mimetype
