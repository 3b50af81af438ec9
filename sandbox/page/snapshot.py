"""What one person sees, as plain values: her channels, her Home, her modals; and what lies beside Slack, for everybody.

Nothing here changes anything, and nothing of anybody else's screen comes along.
"""

from typing import Any

from sandbox.carrier import Text
from sandbox.page import guide, traffic, weather
from sandbox.page.desk import Desk
from sandbox.slack import Channel, Message, Modal, Person, Shown
from sandbox.slack.views_api import shown
from sandbox.slack.workspace import BOT_USER

Json = dict[str, Any]
MOST_MESSAGES = 400
"""In one channel, the newest."""
COMMANDS = (
    ("/text", "[campaign]", "Text your next contact"),
    (
        "/textbank",
        "help | new | list | status | start | pause | resume | assign | invite | export ...",
        "Run texting campaigns",
    ),
)
"""As the product's manifest tells them to Slack, which shows no more than this either."""


def state(desk: Desk, person: Person) -> Json:
    """The whole of it."""
    home = person.home
    return {
        "version": desk.wire.version,
        "now": desk.clock(),
        "zone": "America/New_York",
        "me": someone(desk, person),
        "people": [someone(desk, member.person) for member in desk.members],
        "names": {user.id: user.real_name for user in desk.slack.workspace.users.values()},
        "channels": [channel(desk, person, each) for each in _channels(desk, person)],
        "home": {"key": f"{home.id}.{home.drawings}", "blocks": home.blocks} if home else None,
        "modals": [modal(each) for each in desk.slack.workspace.modals.get(person.id, ())],
        "commands": [{"command": name, "usage": usage, "description": words} for name, usage, words in COMMANDS],
        "phones": phones(desk),
        "weather": {
            "slack": {"kind": weather.of_slack(desk.slack)},
            "carrier": {"kind": weather.of_carrier(desk.carrier)},
            "kinds": [{"kind": kind, "words": words} for kind, words in weather.KINDS.items()],
        },
        "pace": {"answers": desk.answering.answers, "per_minute": desk.answering.per_minute},
        "log": [traffic.line(each, desk.slack.workspace) for each in desk.wire.exchanges],
        "guide": guide.steps(desk),
        "note": desk.note,
        "restarts": desk.restarts,
    }


def someone(desk: Desk, person: Person) -> Json:
    member = desk.member(person.id)
    return {"id": person.id, "name": person.name, "real_name": person.real_name, "role": member.role}


def _channels(desk: Desk, person: Person) -> list[Channel]:
    mine = [each for each in desk.slack.workspace.channels.values() if person.id in each.member_ids]
    direct = person.dm
    return [direct, *(each for each in mine if each is not direct)]


def channel(desk: Desk, person: Person, of: Channel) -> Json:
    """A channel with its newest messages, replies too, oldest first; and what only she was shown there."""
    only_hers = [each for each in person.ephemerals if each.channel is of]
    messages: list[Message | Shown] = [*of.messages[-MOST_MESSAGES:], *only_hers]
    messages.sort(key=lambda each: each.ts)
    return {
        "id": of.id,
        "kind": of.kind,
        "name": "Textbank" if of.kind == "im" else of.name,
        "unread": desk.unread(person, of),
        "messages": [message(desk, person, each) for each in messages],
    }


def message(desk: Desk, person: Person, of: Message | Shown) -> Json:
    """`key` changes whenever Slack really drew it anew."""
    ephemeral = isinstance(of, Shown)
    return {
        "ts": of.ts,
        "key": f"{of.ts}.{of.drawings}",
        "from": _author(desk, {"user": BOT_USER} if isinstance(of, Shown) else of.author),
        "text": of.fallback if isinstance(of, Shown) else of.text,
        "blocks": of.blocks,
        "files": [] if isinstance(of, Shown) else [_file(each, person) for each in of.files],
        "reactions": [] if isinstance(of, Shown) else of.reactions,
        "edited": not isinstance(of, Shown) and of.edited is not None,
        "ephemeral": ephemeral,
        "thread_ts": of.thread_ts,
        "broadcast": not isinstance(of, Shown) and of.broadcast,
        "replies": 0 if isinstance(of, Shown) else len(of.replies),
    }


def _author(desk: Desk, author: Json) -> Json:
    user = desk.slack.workspace.users.get(author.get("user", ""))
    if user is None:
        return {"id": author.get("user", ""), "name": "Slack", "bot": True}
    return {"id": user.id, "name": user.real_name, "bot": user.is_bot}


def _file(of: Any, person: Person) -> Json:
    return {
        "id": of.id,
        "name": of.name,
        "title": of.title or of.name,
        "type": of.mimetype,
        "url": f"/api/file/{of.id}?as={person.id}",
        "size": len(of.content),
    }


def modal(of: Modal) -> Json:
    """A modal, with what is wrong with its fields under their blocks."""
    blocks = {label: block["block_id"] for label, block, _ in of.asked()}
    errors = {blocks[label]: words for label, words in of.errors.items() if label in blocks}
    return {
        "id": of.id,
        "hash": of.hash,
        "key": f"{of.id}.{of.drawings}",
        "view": shown(of),
        "errors": errors,
        "trouble": of.trouble,
    }


# -- phones


def phones(desk: Desk) -> list[Json]:
    """Every voter's phone: those with the newest texts first, then the others by name."""
    texts: dict[str, list[Json]] = {number: [] for number in desk.carrier.phones}
    for each in desk.carrier.kept():
        number = (each.from_ if each.direction == "inbound" else each.to) or ""
        texts.setdefault(number, []).append(text(each))
    for number, phone in desk.carrier.phones.items():
        texts[number] += [_told(number, at, words) for at, words in phone.told]
    names = {number: phone.name for number, phone in desk.carrier.phones.items()}
    found: list[Json] = [
        {
            "number": number,
            "shown": in_print(number),
            "name": names.get(number) or in_print(number),
            "texts": sorted(these, key=lambda each: float(each["at"])),
        }
        for number, these in texts.items()
    ]
    found.sort(key=lambda phone: str(phone["name"]))
    found.sort(key=lambda phone: max((each["at"] for each in phone["texts"]), default=0.0), reverse=True)
    return found


def text(of: Text) -> Json:
    """`state` is the carrier's word for how far it has come. Before it has been delivered no phone shows it."""
    inbound = of.direction == "inbound"
    return {
        "id": of.sid,
        "from": "voter" if inbound else "us",
        "body": of.body,
        "media": [f"/api/media/{each.sid}" for each in of.attachments],
        "at": of.created,
        "state": of.status,
        "error": of.error_message,
    }


def _told(number: str, at: float, words: str) -> Json:
    return {"id": f"{number}.{at}", "from": "carrier", "body": words, "media": [], "at": at, "state": "delivered",
            "error": None}  # fmt: skip


def in_print(number: str) -> str:
    """+13135550101 → (313) 555-0101."""
    national = number.removeprefix("+1")
    if len(national) != 10 or national == number:
        return number
    return f"({national[:3]}) {national[3:6]}-{national[6:]}"
