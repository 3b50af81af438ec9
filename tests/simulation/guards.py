"""Takes out one guard after the other, and sees whether the simulation notices: `python -m tests.simulation.guards`.

A guard that nothing misses is either of no use or one of several that each do the job; ALONE_NOT_MISSED says which.
"""

import argparse
import contextlib
import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

from sqlalchemy import bindparam, select, text, update

from bot.gateways import sms
from bot.services import clicks, conversations, inbound, leases, optouts, outbox, outcomes, texting
from bot.services.outcomes import Result
from handlers import inbox_posts, post_kinds, saying, sending
from models import MessageState, campaign, conversation, message, opt_out, person, state_is
from models.types import Json, Moment
from tests.simulation.run import Simulation, run, simulation
from tests.simulation.scale import Mix, all_full, mostly_small

Guard = Callable[[], AbstractContextManager[Any]]


def _replaced(target: Any, name: str, value: Any) -> Guard:
    return lambda: mock.patch.object(target, name, value)


def _candidates(*, opted_out: bool = True, paused: bool = True, hours: bool = True) -> Any:
    """The claim's choice, with some of its conditions."""
    chosen = outbox._CANDIDATES.with_only_columns(
        *(message.c.id, message.c.body, message.c.media, message.c.segments, message.c.campaign_id),
        *(message.c.expires_at, person.c.phone),
        maintain_column_froms=True,
    )
    conditions = {"opt_out.phone_hash IS NULL": opted_out, "campaign.state": paused, "message.expires_at >": hours}
    kept = [
        each
        for each in chosen.whereclause.clauses  # type: ignore[union-attr]
        if all(keep or not str(each).replace("(", "").startswith(words) for words, keep in conditions.items())
    ]
    assert len(kept) == len(chosen.whereclause.clauses) - [opted_out, paused, hours].count(False)  # type: ignore[union-attr]
    chosen._where_criteria = tuple(kept)
    return chosen


def _claim(*, opted_out: bool = True, paused: bool = True) -> Any:
    """The claim's compare-and-set, with some of its conditions."""
    chosen = update(message).where(
        message.c.id.in_(bindparam("ids", expanding=True)), message.c.state == MessageState.QUEUED.value
    )
    if opted_out:
        known = select(opt_out.c.phone_hash).where(opt_out.c.phone_hash == person.c.phone_hash)
        chosen = chosen.where(~known.where(person.c.id == message.c.person_id).correlate(message).exists())
    if paused:
        held = select(campaign.c.id).where(campaign.c.id == message.c.campaign_id)
        chosen = chosen.where(~held.where(campaign.c.state == "paused").exists())
    now_leased = {"lease_owner": bindparam("owner"), "lease_until": bindparam("until")}
    return chosen.values(state=MessageState.POSTING, state_at=bindparam("now"), **now_leased).returning(message.c.id)


@contextmanager
def _claims(**conditions: bool) -> Iterator[None]:
    both = {name: kept for name, kept in conditions.items() if name != "hours"}
    with (
        mock.patch.object(outbox, "_CANDIDATES", _candidates(**conditions)),
        mock.patch.object(outbox, "_CLAIM", _claim(**both)),
    ):
        yield


@contextmanager
def _no_block_at_the_opt_out(*, in_the_claim: bool = True) -> Iterator[None]:
    async def none(*_: Any, **__: Any) -> list[Any]:
        return []

    claims = contextlib.nullcontext() if in_the_claim else _claims(opted_out=False)
    with mock.patch.object(optouts, "_block", none), claims:
        yield


_keys = itertools.count()


def _any_key(_press: Any) -> str:
    return f"any:{next(_keys)}"


def _no_act_key() -> AbstractContextManager[Any]:
    async def never(*_: Any) -> None:
        return None

    both = contextlib.ExitStack()
    both.enter_context(mock.patch.object(texting, "_act_key", _any_key))
    both.enter_context(mock.patch.object(conversations, "was_texted", never))
    queue = outbox.queue

    async def queued(session: Any, values: dict[str, Any]) -> int:
        return await queue(session, {**values, "act_key": f"any:{next(_keys)}"})

    both.enter_context(mock.patch.object(outbox, "queue", queued))
    return both


_SWEPT_AT_ONCE = (
    update(message)
    .where(state_is(message, MessageState.POSTING), bindparam("now", type_=Moment).is_not(None))
    .values(state=MessageState.QUEUED, state_at=bindparam("now"), lease_owner=None, lease_until=None)
    .returning(message.c.id)
)
_SWEPT_INTO_THE_QUEUE = (
    update(message)
    .where(state_is(message, MessageState.POSTING), message.c.lease_until < bindparam("now"))
    .values(state=MessageState.QUEUED, state_at=bindparam("now"), lease_owner=None, lease_until=None)
    .returning(message.c.id)
)
_ANY_SID = text(
    "INSERT INTO inbound (carrier_sid, person_id, from_number, to_number, body, media, verdict, at)"
    " VALUES (:carrier_sid || '-' || hex(randomblob(4)), :person_id, :from_number, :to_number, :body, :media,"
    " :verdict, :at) RETURNING id"
).bindparams(bindparam("at", type_=Moment), bindparam("media", type_=Json))
_ANY_HOLDER = (
    update(conversation)
    .where(conversation.c.contact_id == bindparam("which"), bindparam("whose") != "")
    .values(clicks.LEAVE._values)
)
_TAKEN_ALWAYS = text(
    "INSERT INTO lease (name, owner, until) VALUES (:name, :owner, :until)"
    " ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until"
    " WHERE :now IS NOT NULL RETURNING owner"
).bindparams(bindparam("until", type_=Moment), bindparam("now", type_=Moment))
_TAKEN_BACK_ALWAYS = (
    update(message)
    .where(message.c.id == bindparam("which"), message.c.volunteer_id == bindparam("whose"))
    .values(state=MessageState.TAKEN_BACK, state_at=bindparam("now"))
    .returning(message.c.conversation_id, message.c.body, message.c.campaign_id, message.c.script_id)
)


async def _anybodys(session: Any, conversation_id: int, _by: str) -> Any:
    return (await session.execute(conversations._TALK, {"conversation_id": conversation_id})).first()


def _doubt_is_no(message_id: int, error: Exception, judged: Any = sms.outcome_of) -> Any:
    found = judged(message_id, error)
    return outcomes.Outcome(message_id, Result.LATER) if found.result is Result.UNKNOWN else found


async def _nothing(*_: Any, **__: Any) -> list[Any]:
    return []


async def _silence(*_: Any, **__: Any) -> None:
    return None


def _no_look_for_posts() -> AbstractContextManager[Any]:
    all_three = contextlib.ExitStack()
    for module in (saying, post_kinds, inbox_posts):
        all_three.enter_context(mock.patch.object(module, "said_before", _silence))
    return all_three


_RISES_ALWAYS = {state: tuple(MessageState) for state in MessageState}

GUARDS: dict[str, Guard] = {
    "one act, one text (act_key, with the look for it)": _no_act_key,
    "a press counts on the live drawing alone": _replaced(texting, "_is_out_of_date", lambda _press, _seen: False),
    "the contact leaves the hand by compare-and-set": _replaced(clicks, "LEAVE", _ANY_HOLDER),
    "the re-check of a claim's age before the POST": _replaced(sending, "POST_WITHIN", 1e9),
    "an answer that proves nothing is UNKNOWN": _replaced(sms, "outcome_of", _doubt_is_no),
    "a claim whose process died is UNKNOWN": _replaced(outcomes, "_ABANDONED", _SWEPT_INTO_THE_QUEUE),
    "a claim is left alone while its lease lasts": _replaced(outcomes, "_ABANDONED", _SWEPT_AT_ONCE),
    "texts in doubt are told after 15 minutes": _replaced(outcomes, "for_review", _nothing),
    "the claim asks about opt-outs": lambda: _claims(opted_out=False),
    "an opt-out blocks what is queued": _no_block_at_the_opt_out,
    "both of these": lambda: _no_block_at_the_opt_out(in_the_claim=False),
    "the claim asks about a pause": lambda: _claims(paused=False),
    "the claim asks about the hours": lambda: _claims(hours=False),
    "Undo by compare-and-set": _replaced(texting, "_TAKE_BACK", _TAKEN_BACK_ALWAYS),
    "a conversation is its volunteer's": _replaced(conversations, "_mine", _anybodys),
    "the carrier's id makes a voter's text count once": _replaced(inbound, "_STORE", _ANY_SID),
    "delivery states only rise": _replaced(outcomes, "MAY_RISE_TO", _RISES_ALWAYS),
    "one writer to Slack": _replaced(leases, "_TAKE", _TAKEN_ALWAYS),
    "a post in doubt is looked for": _no_look_for_posts,
}
"""What each guard promises → what takes it out."""

ALONE_NOT_MISSED = {
    "the contact leaves the hand by compare-and-set": "on SQLite, with one writer, the card's version says the same",
    "the claim asks about opt-outs": "an opt-out blocks what is queued, and each minute's sweep what came back",
    "the claim asks about the hours": "the gateway posts nothing whose window has closed, and the sweep puts it away",
}
"""Guards that another one stands behind, and which."""


def without(made: Simulation, guard: Guard, count: int, mix: Mix = mostly_small) -> int | None:
    """The number of the first schedule that goes wrong without this guard; None if none does."""
    with guard():
        totals = run(made, range(1, count + 1), mix)
    return totals.schedules if totals.failed else None


def main() -> int:
    """The exit code: 1 if a guard was not missed, though it should be."""
    asked = argparse.ArgumentParser(prog="python -m tests.simulation.guards", description=__doc__)
    asked.add_argument("--count", type=int, default=1000, help="schedules for each guard, at the most")
    asked.add_argument("--full", action="store_true", help="full schedules alone, as `make soak` runs them")
    asked.add_argument("--only", default="", help="only guards with these words in their name")
    given = asked.parse_args()
    missed = 0
    with simulation() as made:
        for name, guard in GUARDS.items():
            if given.only not in name:
                continue
            found = without(made, guard, given.count, all_full if given.full else mostly_small)
            said = f"missed in schedule {found}" if found else f"not missed in {given.count} schedules"
            if not found and name in ALONE_NOT_MISSED:
                said += f": {ALONE_NOT_MISSED[name]}"
            print(f"{name}: {said}", flush=True)
            missed += found is None and name not in ALONE_NOT_MISSED
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
