"""Who is told when texts go wrong: the volunteer whose answer it was, or the organizers."""

from datetime import datetime

from sqlalchemy import bindparam, select

from bot.database import Session
from bot.errors import Refusal
from bot.services import campaigns, cards, conversations, posts, volunteers
from bot.services.posts import PostKind
from bot.services.trouble import Trouble
from models import CampaignState, campaign, contact, conversation, state_is

_ORGANIZERS = select(campaign.c.created_by).where(state_is(campaign, CampaignState.LIVE)).distinct()
_WHOSE = (
    select(campaign.c.created_by)
    .join(conversation, conversation.c.campaign_id == campaign.c.id)
    .where(conversation.c.contact_id == bindparam("which"))
)
_NAME = select(contact.c.first_name, contact.c.last_name).where(contact.c.id == bindparam("which"))


async def tell(session: Session, trouble: Trouble, *, now: datetime) -> None:
    """Say what is lost where its volunteer reads it, and pause what the account is not set up to send."""
    for row, words in sorted(trouble.news, key=lambda each: (each[0].volunteer_id, each[0].id)):
        name = cards.name_of((await session.execute(_NAME, {"which": row.conversation_id})).one())
        await cards.add_news(session, row.volunteer_id, words.format(name=name))
    for row, why in trouble.lost:
        root = await conversations.root_of(session, row.conversation_id, row.volunteer_id)
        if root is not None:
            words = f"Your last answer could not be delivered: {why}."
            note = {"words": words, "thread_ts": root.root_ts}
            await posts.add(session, PostKind.NOTE, to=root.channel, dedupe=f"lost:{row.id}", now=now, **note)
    for campaign_id in sorted({row.campaign_id for row in trouble.not_set_up}):
        await _pause(session, campaign_id, now=now)


async def sending_stopped(session: Session, why: str, *, now: datetime) -> None:
    """Nothing leaves for a while: each organizer with a live campaign is told, at most once an hour."""
    words = (
        f"No text leaves for now: {why}. What was clicked waits, and goes by itself once the carrier is well again. "
        "`/textbank status` shows whether it is."
    )
    for who in (await session.execute(_ORGANIZERS)).scalars().all():
        key = f"stopped:{who}:{now:%Y-%m-%dT%H}"
        await posts.add(session, PostKind.TELL, to=who, dedupe=key, now=now, words=words)


async def reply_unseen(session: Session, conversation_id: int, why: str, *, now: datetime) -> None:
    """A voter's words reach nobody: whoever made the campaign is told, with the words, at most once a day."""
    talk = await conversations.talk(session, conversation_id)
    who = (await session.execute(_WHOSE, {"which": conversation_id})).scalar_one()
    volunteer = await volunteers.named(session, talk.volunteer_id) or "their volunteer"
    last = next((said.body for said in reversed(talk.said) if said.theirs), "")
    words = (
        f"{talk.name} answered a text of {talk.campaign}, but Slack does not show it to {volunteer} ({why}). "
        f"Somebody should look after it. They wrote: “{last}”"
    )
    key = f"unseen:{conversation_id}:{now:%Y-%m-%d}"
    await posts.add(session, PostKind.TELL, to=who, dedupe=key, now=now, words=words)


async def _pause(session: Session, campaign_id: int, *, now: datetime) -> None:
    """The account may not send for this campaign: trying the next text would fail the same way."""
    found = await campaigns.by_id(session, campaign_id)
    if found.state != CampaignState.LIVE:
        return
    try:
        await campaigns.pause(session, found, by="carrier", now=now)
    except Refusal:  # somebody else paused it at this very moment, and told of it
        return
    words = (
        f"{found.name} is paused: the carrier says that this account or number is not set up to send these texts. "
        f"Look at the carrier's console; when it is right, type `/textbank resume {found.name}`."
    )
    key = f"not-set-up:{campaign_id}:{now.timestamp()}"
    await posts.add(session, PostKind.TELL, to=found.created_by, dedupe=key, now=now, words=words)
