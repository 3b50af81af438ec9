"""A voter's words on their way into a thread: what to show when their turn comes, and that it was shown."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from bot.database import Session
from bot.services import cards, conversations, posts, reassigning
from bot.services.conversations import Said, Talk
from bot.services.inbound import CALM
from bot.services.posts import PostKind, payload_of

A_MOMENT = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one thread: the posts from `first` `up_to` that id.

    `root` is the thread's (channel, root_ts); None: there is none yet, as far as we know.

    If it `is_nobodys`, its volunteer is suspended and gets nothing more.

    Of the posts up to `doubted` nobody can say whether Slack has made a thread of them: it fell silent at `doubted_at`.
    """

    talk: Talk
    said: list[Said]
    root: Any | None
    first: int
    up_to: int
    calm_at: datetime | None
    doubted: int | None
    doubted_at: datetime | None
    is_nobodys: bool


async def waiting(session: Session, post: Any) -> Waiting | None:
    """What is to be shown with this post; None if that has been done meanwhile."""
    # First: a text that comes while we look must stay queued, even if it shows already.
    queued = await posts.merged(session, post.merge_key)
    if not queued:
        return None
    conversation_id = payload_of(post)["conversation_id"]
    talk = await conversations.talk(session, conversation_id)
    card = await cards.whereabouts(session, talk.volunteer_id)
    doubted = [row for row in queued if row.doubted_at is not None]
    return Waiting(
        talk=talk,
        said=await conversations.said_in(session, conversation_id, [payload_of(row)["inbound_id"] for row in queued]),
        root=await conversations.root_of(session, conversation_id, talk.volunteer_id),
        first=queued[0].id,
        up_to=queued[-1].id,
        calm_at=card.clicked_at + CALM if card is not None and card.clicked_at is not None else None,
        doubted=doubted[-1].id if doubted else None,
        doubted_at=min((row.doubted_at for row in doubted), default=None),
        is_nobodys=await reassigning.is_nobodys(session, conversation_id),
    )


async def opened(session: Session, post: Any, talk: Talk, where: tuple[str, str], *, up_to: int, now: datetime) -> None:
    """The thread is there, and buries the card."""
    await posts.finish(session, post, up_to=up_to)
    await conversations.opened(session, talk.conversation_id, talk.volunteer_id, *where)
    await card_again(session, talk.volunteer_id, now=now)


async def pressed(
    session: Session, conversation_id: int, where: tuple[str, str], *, by: str, newest: int, now: datetime
) -> None:
    """A press on a thread's first message proves that Slack has made it, if that was not known yet.

    What it shows, the voter's texts up to the `newest`, is not made again. The press draws the message anew, without
    the mark by which it could be found.
    """
    if await conversations.root_of(session, conversation_id, by) is not None:
        return
    waiting = await posts.merged(session, conversations.key_of(conversation_id))
    shown = list(takewhile(lambda post: payload_of(post)["inbound_id"] <= newest, waiting))
    if shown:
        await posts.finish(session, shown[-1])
    await conversations.opened(session, conversation_id, by, *where)
    await card_again(session, by, now=now)


async def in_doubt(session: Session, volunteer_id: str) -> list[tuple[Any, Waiting]]:
    """What may have opened a thread for this volunteer, though Slack did not say so."""
    doubted = await posts.in_doubt(session, PostKind.REPLY, volunteer_id)
    found = [(post, await waiting(session, post)) for post in doubted]
    return [(post, each) for post, each in found if each is not None and each.root is None]


async def card_again(session: Session, volunteer_id: str, *, now: datetime) -> None:
    """A card that was buried comes again below, once all that waits to be posted there is.

    A card in a modal is not buried: it comes when that is closed.
    """
    card = await cards.whereabouts(session, volunteer_id)
    if card is not None and card.conversation_id is not None and card.surface == cards.MESSAGE:
        await bring_card(session, card.volunteer_id, card.version, why=str(now.timestamp()), now=now)


async def bring_card(session: Session, volunteer_id: str, version: int, *, why: str, now: datetime) -> None:
    """The card comes again below whatever comes within a moment, in this drawing, once for each `why`."""
    keys: dict[str, Any] = {"dedupe": f"card:{volunteer_id}:{version}:{why}", "merge": f"card:{volunteer_id}"}
    await posts.add(session, PostKind.CARD, to=volunteer_id, **keys, now=now, due_at=now + A_MOMENT)
