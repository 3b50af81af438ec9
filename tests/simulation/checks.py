"""What must be true at the end, whatever happened: judged by what left, what was seen on screens, and the database."""

import csv
import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bot.services import campaigns, daily, export_files, reports
from bot.services.digest_days import Schedule
from models import NEVER_LEFT, Priority
from tests.simulation.cast import VOTERS, WORD, Act, Cast
from tests.simulation.stage import GRACE, Stage
from tests.simulation.wire import form_of

NOT_TAKEN = {"refused line", "answers 429", "answers 429 after a while", "answers 401"}
"""What proves that a text was not taken: only then may it be posted again."""
HAS_IT = ("accepted", "sent", "delivered", "undelivered", "failed")
LAST = ("delivered", "undelivered")
_MAY_RISE = "SELECT id FROM message WHERE state IN ('accepted', 'sent')"
RESTED = (
    "SELECT phone, first_act, (SELECT act_key FROM message WHERE person_id = person.id AND kind = 'first'"
    " ORDER BY id DESC LIMIT 1) FROM person"
)
THE_DAY = timedelta(hours=9), timedelta(hours=20)
DETROIT = timedelta(hours=-4)
LEFT_OUT = 10
"""Of so many schedules, in one the digest and the export are looked at too."""


def pending(stage: Stage, cast: Cast) -> str:
    """What is still on its way, in words; empty when everything is at its end."""
    again = len(stage.slack.delivery._due)
    unheard = {heard.sid for heard in cast.heard.values()}
    arrived = {_id_of(text.status_callback or "") for text in stage.carrier.texts if text.sent and text.status in LAST}
    with _rows(stage) as query:
        unheard -= {sid for (sid,) in query("SELECT carrier_sid FROM inbound")}
        behind = sum(number in arrived for (number,) in query(_MAY_RISE))
        found = query(
            "SELECT state, count(*) FROM message WHERE state IN ('queued', 'posting', 'unknown') GROUP BY state"
            " UNION ALL SELECT 'post ' || kind, count(*) FROM slack_post WHERE state = 'queued' GROUP BY kind"
            " UNION ALL SELECT 'lost events', count(*) FROM setting WHERE name = 'events_lost' HAVING count(*) > 0"
            " UNION ALL SELECT 'shut door', count(*) FROM pace WHERE tripped_until IS NOT NULL HAVING count(*) > 0"
        )
    untold = (
        ("events that come again", again),
        (f"of {len(arrived)} whose end is not known", behind),
        ("voters' texts not heard", len(unheard)),
    )
    return ", ".join(f"{count} {what}" for what, count in (*found, *untold) if count)


async def look(stage: Stage, cast: Cast) -> list[str]:
    """Every promise that was broken, in words."""
    end = _End(stage, cast)
    stage.happened.update(end.happened())
    wrong = [
        *cast.broken,
        *stage.late,
        *end.texts(),
        *end.forbidden(),
        *end.rests(),
        *end.shown(),
        *end.typed(),
        *end.inbound(),
        *end.posts(),
        *end.counts(),
    ]
    kit, now = stage.processes[0].kit, stage.now()
    async with kit.database.reading() as session:
        found = await campaigns.by_id(session, 1)
        status = await reports.status(session, found, now=now, rate=3, prices=kit.prices)
    wrong += end.status(status)
    if stage.seed % LEFT_OUT == 0:
        async with kit.database.reading() as session:
            today = await daily.read(
                session,
                Schedule("10:00", "UTC"),
                stage.began.date() + timedelta(1),
                prices=kit.prices,
                ranking=True,
                now=now,
            )
        wrong += end.digest(today)
        with TemporaryDirectory(prefix="textbank-") as folder:
            await export_files.write(kit.database, 1, Path(folder))
            wrong += end.export(Path(folder))
    return wrong


class _rows:
    """A line of its own to the database, past the product."""

    def __init__(self, stage: Stage) -> None:
        self._path = stage.path

    def __enter__(self) -> Any:
        self._database = sqlite3.connect(self._path)
        return lambda statement: self._database.execute(statement).fetchall()

    def __exit__(self, *_: Any) -> None:
        self._database.close()


class _End:
    """The end of a schedule."""

    def __init__(self, stage: Stage, cast: Cast) -> None:
        self.stage, self.cast = stage, cast
        with _rows(stage) as query:
            self.messages = {
                row[0]: row for row in query("SELECT id, state, priority, body, replaces_id, act_key FROM message")
            }
            self.decided = {number for (number,) in query("SELECT id FROM message WHERE decided_at IS NOT NULL")}
            self.said = {key for (key,) in query("SELECT dedupe_key FROM slack_post")}
            self.arrived = query("SELECT carrier_sid, verdict, conversation_id FROM inbound")
            self.out = query("SELECT phone, at FROM opt_out JOIN person USING (phone_hash)")
            self.out_count = query("SELECT count(*) FROM opt_out WHERE state = 'out'")[0][0]
            self.items = query("SELECT kind, payload, taken_by FROM inbox_item")
            self.rested = query(RESTED)
            self.given_up = query("SELECT kind, error FROM slack_post WHERE state = 'failed'")
            self.segments = dict(query("SELECT id, segments FROM message"))
            self.sums = Counter(dict(query("SELECT metric, sum(n) FROM tally GROUP BY metric")))
            self.holders = dict(
                query("SELECT phone, volunteer_id FROM conversation JOIN person ON person.id = person_id")
            )
        self.posted: dict[int, list[tuple[float, str | None, dict[str, str]]]] = defaultdict(list)
        for at, fault, request in stage.network.to_the_carrier:
            form = form_of(request.body)
            self.posted[_id_of(form["StatusCallback"])].append((at, fault, form))
        self.taken = Counter(_id_of(text.status_callback or "") for text in stage.carrier.texts)

    def happened(self) -> Counter[str]:
        """What people, Slack and the program did, as far as it came to something."""
        found = Counter("the inbox: " + json.loads(payload).get("outcome", "open") for _, payload, _ in self.items)
        found["the inbox: taken"] = sum(taken is not None for *_, taken in self.items)
        found["texts sent again that left"] = sum(
            row[4] is not None and row[1] in HAS_IT for row in self.messages.values()
        )
        known = {row[5] for row in self.messages.values()}
        dropped = [act for act in self.cast.acts.values() if act.dropped is not None]
        found["typed lines that Slack dropped"] = len(dropped)
        found["... and that were texted all the same"] = sum(f"typed:{act.key}" in known for act in dropped)
        return +found

    # -- what left ---------------------------------------------------------------------------------------

    def texts(self) -> Iterator[str]:
        """Each text left once, for a click of whoever might, to whom it was meant for."""
        for number, count in self.taken.items():
            if count > 1:
                yield f"text {number} was taken by the carrier {count} times"
        for number, tries in self.posted.items():
            if number not in self.messages:
                yield f"text {number} left, and the database does not know it"
            for (_, fault, _form), (at, *_) in pairwise(tries):
                if fault not in NOT_TAKEN:
                    yield f"text {number} was posted again at {at:.2f}, though it may have been taken ({fault})"
        of_act, first = Counter[int](), Counter[str]()
        for text in self.stage.carrier.texts:
            found = WORD.search(text.body)
            act = self.cast.acts.get(int(found[1])) if found else None
            if found is None or act is None:
                yield f"{text.body!r} left, and nobody had clicked it"
                continue
            of_act[int(found[1])] += 1
            first[text.to] += act.how == "card"
            if text.to != act.to:
                yield f"word{found[1]} went to {text.to}, and was meant for {act.to}"
            former = act.who == self.stage.priya.id and self.cast.handed_on is not None
            by_former = former and act.how == "typed" and act.at > self.cast.handed_on
            if not act.allowed or (by_former and self.holders[act.to] != act.who):
                yield f"word{found[1]} left, by somebody who did not hold the contact"
        again, again_to = self._again()
        yield from (f"word{n} left {count} times" for n, count in of_act.items() if count > 1 + again[n])
        yield from (f"{phone} got {count} first texts" for phone, count in first.items() if count > 1 + again_to[phone])
        if again and not self.cast.lead.sent_again:
            yield "texts were sent again, and nobody had said so"

    def _again(self) -> tuple[Counter[int], Counter[str]]:
        """What a lead sent again: by the word in it, and by whom it went to."""
        words = [WORD.search(body) for _, _, _, body, replaces, _ in self.messages.values() if replaces is not None]
        numbers = [int(found[1]) for found in words if found]
        return Counter(numbers), Counter(self.cast.acts[n].to for n in numbers)

    def typed(self) -> Iterator[str]:
        """What was typed in a thread is texted, refused in words, or said to have come too late."""
        known = {row[5] for row in self.messages.values()}
        for n, act in self.cast.acts.items():
            if not act.key or act.undone or self._never_told(act):
                continue
            if f"typed:{act.key}" not in known and not {f"refused:{act.key}", f"late:{act.key}"} & self.said:
                yield f"word{n} was typed, and nothing came of it"

    def _never_told(self, act: Act) -> bool:
        """Whether nobody could know that Slack dropped this line."""
        if act.dropped is None:
            return False
        minute = int((self.stage.began.timestamp() + act.dropped) // 60) * 60
        return minute not in self.stage.network.told_of or self.stage.skew > 0 or self.cast.handing_on

    def forbidden(self) -> Iterator[str]:
        """Nothing was posted after an opt-out, in a pause or outside the hours."""
        stage, began = self.stage, self.stage.began
        out = {phone: (_moment(at) - began).total_seconds() for phone, at in self.out}
        for number, tries in self.posted.items():
            for at, _fault, form in tries:
                to = form["To"]
                if to in out and at > out[to] + GRACE + stage.skew:
                    yield f"text {number} was posted at {at:.2f}; {to} had opted out at {out[to]:.2f}"
                for since, until in self.cast.paused:
                    if since + GRACE < at < until:
                        yield f"text {number} was posted at {at:.2f}, in the pause from {since:.2f} on"
                local = began + timedelta(seconds=at) + DETROIT
                clock, slack = (
                    timedelta(hours=local.hour, minutes=local.minute, seconds=local.second),
                    stage.skew + GRACE,
                )
                opens, closes = THE_DAY[0] - timedelta(seconds=slack), THE_DAY[1] + timedelta(seconds=slack)
                is_first = self.messages.get(number, (0, "", Priority.FIRST))[2] == Priority.FIRST
                if is_first and not opens <= clock <= closes:
                    yield f"text {number} was posted at {local:%H:%M:%S} there"

    def rests(self) -> Iterator[str]:
        """Whoever has had a first text rests from it, so that no campaign sends another; and nobody else rests."""
        for phone, act, first in self.rested:
            if act != first:
                yield f"{phone} rests from {act}, and their first text was {first}"

    def shown(self) -> Iterator[str]:
        """What was shown as sent is there, and each text's state is what the carrier knows."""
        for number in self.stage.shown:
            if number not in self.messages:
                yield f"text {number} was shown as sent, and is lost"
        for number, (_, state, *_) in self.messages.items():
            count = self.taken[number]
            if state in NEVER_LEFT and count:
                yield f"text {number} is {state}, but the carrier has it"
            if state in HAS_IT and not count:
                yield f"text {number} is {state}, but the carrier never had it"
        doubtful = {number for number, row in self.messages.items() if row[1] == "review"}
        told = {each for kind, payload, _ in self.items if kind == "doubtful" for each in json.loads(payload)["ids"]}
        if untold := doubtful - told:
            yield f"the texts {sorted(untold)} are in doubt, and nobody was told"
        if doubtful and not any("never said whether" in each.words for each in self.stage.olivia.dm.messages):
            yield "texts are in doubt, and nobody sees it"

    # -- what came in ------------------------------------------------------------------------------------

    def inbound(self) -> Iterator[str]:
        """Each voter's text is there once, and somebody sees it, once in each place."""
        stage = self.stage
        rows = Counter(row[0] for row in self.arrived)
        verdicts = {row[0]: row[1] for row in self.arrived}
        shown = {n for n, _ in stage.heard}
        for n, heard in self.cast.heard.items():
            count = sum(rows[sid] for sid in rows if sid == heard.sid or sid.startswith(f"{heard.sid}-"))
            if count > 1:
                yield f"said{n} is stored {count} times"
            if not count:
                yield f"said{n} is lost"
            if count and verdicts.get(heard.sid) != "out":
                if n not in shown:
                    yield f"said{n} is shown to nobody"
                for who in (stage.priya.id, stage.sam.id):
                    if stage.heard[n, who] > 1:
                        yield f"said{n} is shown {stage.heard[n, who]} times to one person"

    def posts(self) -> Iterator[str]:
        """No post was given up in silence, and a thread was opened once."""
        yield from (f"a post was given up: {kind} ({error})" for kind, error in self.given_up)
        for person in (self.stage.priya, self.stage.sam):
            roots = Counter(each.text.split(" answered")[0] for each in person.dm.top_level if " answered" in each.text)
            for name, count in roots.items():
                if count > 1:
                    yield f"{count} threads were opened for {name}"

    # -- what is counted ---------------------------------------------------------------------------------

    def counts(self) -> Iterator[str]:
        """The tallies are what the rows are."""
        states = Counter(row[1] for row in self.messages.values())
        out = sum(row[1] == "out" for row in self.arrived if row[2] is not None)
        bound = sum(row[2] is not None for row in self.arrived)
        expected = {
            "accepted": sum(states[state] for state in HAS_IT),
            "segments": sum(self.segments[row[0]] for row in self.messages.values() if row[1] in HAS_IT),
            "delivered": states["delivered"],
            "undelivered": states["undelivered"] + states["failed"],
            "replies": bound - out,
        }
        for metric, count in expected.items():
            if self.sums[metric] != count:
                yield f"{self.sums[metric]} are counted as {metric}; it is {count}"
        left = sum(count for state, count in states.items() if state not in NEVER_LEFT)
        clicked = self.sums["texted"] + self.sums["answered"] + self.sums["resent"]
        if clicked != left + self.sums["not_sent"]:
            yield f"{clicked} texts are counted; {left} are on their way or gone, {self.sums['not_sent']} are not sent"
        if self.sums["opt_outs"] > self.out_count:
            yield f"{self.sums['opt_outs']} opt-outs are counted; there are {self.out_count}"

    def status(self, status: Any) -> Iterator[str]:
        """What `/textbank status` says."""
        states = Counter(row[1] for row in self.messages.values())
        undecided = Counter(row[1] for number, row in self.messages.items() if number not in self.decided)
        expected = {
            "accepted": sum(states[state] for state in HAS_IT),
            "delivered": states["delivered"],
            "queued": states["queued"] + states["posting"],
            "doubtful": undecided["unknown"] + undecided["review"],
            "contacts": len(VOTERS),
        }
        for name, count in expected.items():
            if getattr(status, name) != count:
                yield f"the status says {name}: {getattr(status, name)}; it is {count}"

    def digest(self, today: Any) -> Iterator[str]:
        """What the digest of the day says."""
        for name, metric in (("sent", "accepted"), ("delivered", "delivered"), ("texted", "texted")):
            if getattr(today.day, name) != self.sums[metric]:
                yield f"the digest says {name}: {getattr(today.day, name)}; it is {self.sums[metric]}"

    def export(self, folder: Path) -> Iterator[str]:
        """What the files of an export hold."""
        read = {
            name: list(csv.DictReader((folder / f"{name}.csv").open(encoding="utf-8-sig")))
            for name in ("contacts", "messages", "conversations")
        }
        left = sum(row[1] not in NEVER_LEFT for row in self.messages.values())
        lines = Counter(row["direction"] for row in read["conversations"])
        bound = sum(row[2] is not None for row in self.arrived)
        found = (len(read["contacts"]), len(read["messages"]), lines["out"], lines["in"])
        expected = (len(VOTERS), len(self.messages), left, bound)
        if found != expected:
            yield f"the export has (contacts, texts, lines out, lines in) {found}; it is {expected}"


def _id_of(address: str) -> int:
    return int(parse_qs(urlsplit(address).query)["m"][0])


def _moment(stored: str) -> datetime:
    found = datetime.fromisoformat(re.sub(r"Z$", "+00:00", stored))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
