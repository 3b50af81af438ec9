"""Opt-outs in people's own words: a wrong opt-out loses a supporter, a missed one breaks the law. Doubt is held.

The rules, in order; the first that speaks decides. Their words stand in `opt_out_words`, and what is done to a text
before it is compared (case, accents, slips of the thumb, swearing) in `plain_words`.

1. Our own words, quoted back ("Liked “… Reply STOP to opt out”"), are cut away.
2. The whole text is keywords, with polite words and decoration around: OUT, or START.
3. One sentence of it is a strong keyword ("Stop. I've voted.") or one of the organization's own: OUT; among laughter
   and other words, HELD.
4. One sentence of it has a clear phrase ("take me off your list"): OUT; with a "don't" or a "she" before it, HELD.
5. What innocent people write with the word ("stop by", "can't stop") is cut away.
6. What may have been meant so ("stop lying to me", "not interested", abuse, a clear phrase across two sentences):
   HELD.
7. "Sign me back up": START. Anything else, "YES" too: NONE.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache

from bot.services import opt_out_words as table
from bot.services.abuse import is_abusive
from bot.services.plain_words import SENTENCE_ENDS, plain, without


class Verdict(StrEnum):
    OUT = "out"
    HELD = "held"
    START = "start"
    NONE = "none"


_TAPBACK = re.compile(  # 'Liked “…”', '👍 to “…”': a telephone's way of sending a thumb, with our own text behind it
    r"^\s*(?:liked|loved|disliked|laughed at|emphasized|questioned|removed an? \w+ from|reacted \S+ to|le gust\w*"
    r"|a aim\w*|\W{1,4} to)\s+[“\"«](?:.*[”\"»]|.*)",
    re.IGNORECASE | re.DOTALL,
)
_INSTRUCTION = re.compile(  # "Reply STOP to opt out"
    r"\b(?:reply|text|txt|send|say|type|write|respond|answer|responda|envie|repondez)(?: with| back)?\W{0,3}stop\W{1,3}"
    r"(?:to|2|for|para|pour) ?(?:opt[ -]?out|end|quit|stop|unsubscribe|cancel|cancelar|arreter|salir)\b",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"\n\s*(?:sent from my|get outlook for|enviado desde|envoy[ée] de) .*", re.IGNORECASE | re.DOTALL
)
_LONGEST = 2000  # more than a text can have; bounds the work


def verdict(text: str, own: Iterable[str] = ()) -> Verdict:
    """What a voter's text means for texting them again. `own` are the organization's keywords and phrases."""
    said = _SIGNATURE.sub("", _TAPBACK.sub("", text[:_LONGEST]))
    said, quoted = _INSTRUCTION.subn(" ", said)
    words = plain(said)
    if not words:  # our instruction and nothing else, or a sign
        return Verdict.HELD if quoted or "🛑" in said or "⛔" in said else Verdict.NONE
    if whole := _whole(words):
        return whole
    sentences = [sentence for part in SENTENCE_ENDS.split(said) if (sentence := plain(part))]
    if any(_is_strong(sentence) for sentence in sentences):
        return Verdict.HELD if table.LAUGHTER.search(said) else Verdict.OUT
    if _has_own(words, sentences, frozenset(own)):
        return Verdict.OUT
    meant = {_by_phrase(without(sentence, table.FILLERS)) for sentence in sentences}
    if Verdict.OUT in meant:
        return Verdict.OUT
    across = table.CLEAR.search(without(words, table.FILLERS)) or table.NOT_THEM.search(said)
    if Verdict.HELD in meant or across or is_abusive(said):
        return Verdict.HELD
    return Verdict.START if table.START_AGAIN.search(words) else Verdict.NONE


def _by_phrase(sentence: str) -> Verdict:
    """What one sentence means by the phrases in it."""
    if phrase := table.CLEAR.search(sentence):
        return Verdict.HELD if table.DOUBTED.search(sentence[: phrase.start()]) else Verdict.OUT
    left = table.INNOCENT.sub("", sentence).strip()
    return Verdict.HELD if table.MAYBE.search(left) else Verdict.NONE


def _whole(words: str) -> Verdict | None:
    """What the text means if it is nothing but keywords and politeness."""
    left = _without_politeness(words)
    if left and all(word in table.STRONG or word in table.ALONE for word in left):
        return Verdict.OUT
    return Verdict.START if left and all(word in table.START for word in left) else None


def _is_strong(sentence: str) -> bool:
    left = _without_politeness(sentence)
    return bool(left) and all(word in table.STRONG for word in left)


def _without_politeness(words: str) -> list[str]:
    joined = words.replace("opt me out", "optout").replace("opt out", "optout").replace("opt in", "optin")
    return without(joined, table.POLITE).split()


def _has_own(words: str, sentences: list[str], own: frozenset[str]) -> bool:
    """One word of theirs is a keyword, which has its sentence for itself; several are a phrase, wherever it stands."""
    if not own:
        return False
    alone = {without(sentence, table.POLITE) for sentence in (words, *sentences)}
    return any(
        each in alone or each in sentences or (" " in each and f" {each} " in f" {words} ") for each in _plain_own(own)
    )


@lru_cache(maxsize=8)
def _plain_own(own: frozenset[str]) -> tuple[str, ...]:
    return tuple(filter(None, (plain(each) for each in own)))
