r"""How well opt-outs are understood: `tests/replies/replies.csv`, written for this project and labelled by hand.

`meant` is `out` (no more texts), `held` (perhaps; a human must decide), `none` or `start`; `\n` stands for a line end.
The part `kept` was put aside: no rule was made by looking at what it missed. A line of it that is looked at becomes
`seen`. A missed opt-out breaks the law and a wrong one loses a supporter, so a doubtful reply is held: `caught` counts
both.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.services.keywords import Verdict, verdict

REPLIES = Path(__file__).parents[1] / "replies" / "replies.csv"
PARTS = ("kept", "seen")


@dataclass(frozen=True)
class Figures:
    """Of one part: rates in per cent, and counts."""

    replies: int
    outs: int
    precision: float
    """Of those that were opted out, how many had meant it."""
    recall: float
    """Of those that meant it, how many were opted out at once."""
    caught: float
    """... or at least held, so that nothing more goes to them."""
    held_for_nothing: float
    """Of those that meant nothing of the kind, how many somebody has to look at."""
    doubtful_missed: float
    """Of the doubtful ones, how many went on as if nothing had been said."""
    lost: tuple[str, ...]
    """Opted out, and had not asked for it at all."""
    missed: tuple[str, ...]
    """Asked for it, and would be texted again."""


def read(part: str) -> list[tuple[Verdict, str]]:
    with REPLIES.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [(Verdict(row["meant"]), row["text"].replace("\\n", "\n")) for row in rows if row["part"] == part]


def measured(part: str) -> Figures:
    judged = [(meant, verdict(text), text) for meant, text in read(part)]
    out = [found for meant, found, _ in judged if meant is Verdict.OUT]
    none = [found for meant, found, _ in judged if meant is Verdict.NONE]
    held = [found for meant, found, _ in judged if meant is Verdict.HELD]
    taken = [meant for meant, found, _ in judged if found is Verdict.OUT]
    return Figures(
        replies=len(judged),
        outs=len(out),
        precision=100 * taken.count(Verdict.OUT) / len(taken),
        recall=100 * out.count(Verdict.OUT) / len(out),
        caught=100 * (out.count(Verdict.OUT) + out.count(Verdict.HELD)) / len(out),
        held_for_nothing=100 * none.count(Verdict.HELD) / len(none),
        doubtful_missed=100 * held.count(Verdict.NONE) / len(held),
        lost=tuple(text for meant, found, text in judged if found is Verdict.OUT and meant is Verdict.NONE),
        missed=tuple(text for meant, found, text in judged if meant is Verdict.OUT and found is Verdict.NONE),
    )


def said(part: str) -> str:
    of = measured(part)
    return (
        f"{part}: {of.replies} replies, {of.outs} opt-outs · precision {of.precision:.1f} % · recall {of.recall:.1f} %"
        f" · caught {of.caught:.1f} % · held for nothing {of.held_for_nothing:.1f} %"
        f" · doubtful missed {of.doubtful_missed:.1f} %"
    )


@pytest.mark.parametrize("part", PARTS)
def test_opt_outs_are_understood(part: str) -> None:
    of = measured(part)
    assert of.lost == (), said(part)
    assert of.precision >= 98, said(part)
    assert of.recall >= 95, said(part)
    assert of.caught >= 97, said(part)
    assert of.held_for_nothing <= 12, said(part)
    assert of.doubtful_missed <= 15, said(part)


def test_nothing_is_missed_that_the_rules_were_written_by() -> None:
    assert measured("seen").missed == ()


def test_the_corpus_is_large_and_its_parts_share_nothing() -> None:
    kept, seen = ({text.casefold() for _, text in read(part)} for part in PARTS)
    assert len(kept) >= 200
    assert len(kept) + len(seen) >= 600
    assert kept & seen == set()


@pytest.mark.parametrize("part", PARTS)
def test_the_document_says_these_figures(part: str) -> None:
    document = (REPLIES.parents[2] / "docs" / "compliance.md").read_text()
    of = measured(part)
    row = (
        f"| {part} | {of.replies} | {of.outs} | {of.precision:.1f} % | {of.recall:.1f} % | {of.caught:.1f} % "
        f"| {of.held_for_nothing:.1f} % |"
    )
    assert row in document, row
