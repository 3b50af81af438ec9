"""The script check: what carriers, the law and the bill will say of these words, before anybody is texted with them.

Pure, and only advice: what cannot be sent at all is refused elsewhere (scripts.check, campaigns.check_can_start). Each
line says why, and what to write instead. Rules: CTIA Messaging Principles 5 (who is writing, how to stop, links) and
the carriers' filters that enforce them (errors 30007 and 30034).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low

from bot.services import scripts, segments
from bot.services.segments import Segments

OPT_OUT_WORDS = "Reply STOP to opt out."

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‘’‚′ʼ`´", "'"),
        **dict.fromkeys("“”„″«»", '"'),
        **dict.fromkeys("–—−‑", "-"),
        **dict.fromkeys("\xa0\u2009\u202f", " "),
        "…": "...",
        "•": "-",
        "\u200b": None,
        "\ufeff": None,
    }
)
"""What word processors make of plain typing: one of these makes a whole text cost about double."""

_SAYS_WHO = re.compile(
    r"\{\s*volunteer\b|\b(?:this is|it'?s|i'?m|i am|my name is|soy|me llamo|ici|je suis|c'est)\b", re.I
)
_FOR_WHOM = re.compile(
    r"\b(?:with|for|from|at|on behalf of|volunteer(?:ing)? (?:with|for)|de|del|con|para|de la part de|avec|pour)\s+"
    r"(?:(?:the|la|el|los|las|le|les)\s+)?(?:[A-ZÀ-Þ]|\{)"
)
_MAY_STOP = re.compile(r"\b(?:stop|opt[ -]?out|unsubscribe|quit|alto|parar|no m[aá]s|arr[eê]t|d[ée]sabonner)\b", re.I)
_SHORT = (
    "adf.ly b.link bit.do bit.ly bitly.com buff.ly clck.ru cutt.ly dub.co fb.me goo.gl is.gd lnkd.in ow.ly rb.gy"
    " rebrand.ly s.id short.io shorturl.at snip.ly t.co t.ly t2m.io tiny.cc tiny.one tinyurl.com trib.al v.gd"
).split()
_SHORTENED = re.compile(rf"(?<![\w.@-])({'|'.join(map(re.escape, _SHORT))})(?=/|\b(?!\.\w))", re.I)
_WORD = re.compile(r"[^\W\d_]{2,}")
_ABBREVIATIONS = 5
"""Letters of the longest word that may be an abbreviation (GOTV, NAACP)."""
_FILTERED = {
    "sex, alcohol, firearms and tobacco": r"porn|escorts?|whisk(?:e)?y|vodka|liquor|firearms?|ammo|vap(?:e|ing)|"
    r"cannabis|marijuana|weed|cbd|kratom",
    "gambling and lending": r"casino|betting|sweepstakes|payday|crypto(?:currency)?|bitcoin|forex",
    "what looks like fraud": r"you(?:'ve| have) won|act now|100% free|click here|social security number|"
    r"wire transfer|gift cards?",
}
_FILTERS = {what: re.compile(rf"\b(?:{words})\b", re.I) for what, words in _FILTERED.items()}


@dataclass(frozen=True, slots=True)
class Preview:
    """The script as one contact of the list will get it."""

    name: str
    text: str
    measure: Segments


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the script costs once it is merged, in segments and characters, and for how many it was looked at."""

    longest: Preview
    median: Preview
    looked_at: int


@dataclass(frozen=True, slots=True)
class Hole:
    """A field that some of the contacts looked at have nothing in."""

    field: str
    fallback: str | None
    without: int
    looked_at: int


def plain(words: str) -> str:
    """The same words in characters that every phone and every carrier has: no curly quotes, no long dashes."""
    return words.translate(_PLAIN)


def advice(body: str) -> list[str]:
    """What is amiss in a first text, whoever gets it: one sentence for each, with what to write instead."""
    return [*_missing(body), *_filtered(body), *_costly(body)]


def edit_lost(proposed: str, edited: str) -> list[str]:
    """What a volunteer's edit took out of a first text, or put into it, that it should not have."""
    before, after = set(advice(proposed)), advice(edited)
    return [line for line in after if line not in before and line not in _costly(edited)]


def sizes(previews: Sequence[Preview]) -> Sizes | None:
    """The longest and the median of these texts, by what they cost; None for nobody."""
    if not previews:
        return None
    by_cost = {(each.measure.segments, len(each.text), at): each for at, each in enumerate(previews)}
    return Sizes(by_cost[max(by_cost)], by_cost[median_low(by_cost)], len(previews))


def holes(body: str, people: Collection[Mapping[str, str | None]]) -> list[Hole]:
    """The fields of the script that some of these people have nothing in, in the script's order."""
    found = []
    for field in scripts.fields(body):
        without = sum(not (values.get(field.name) or "").strip() for values in people)
        if without:
            found.append(Hole(field.name, field.fallback, without, len(people)))
    return found


def _missing(body: str) -> list[str]:
    lines = []
    if not _SAYS_WHO.search(body):
        lines.append("It does not say who is writing. Begin with “Hi {first_name|there}, it's {volunteer} with …”.")
    if not _FOR_WHOM.search(body):
        lines.append("It does not say for whom. Name your organization: “… with Michigan Votes”.")
    if not _MAY_STOP.search(body):
        lines.append(
            f"It does not say how to opt out. End with “{OPT_OUT_WORDS}”: carriers ask for it in a first text."
        )
    return lines


def _filtered(body: str) -> list[str]:
    lines = []
    if short := _SHORTENED.search(body):
        lines.append(f"Carriers block {short[1].lower()} links, since spam uses them. Write the whole address.")
    shouted = [word for word in _WORD.findall(_without_fields(body)) if word.isupper() and len(word) > _ABBREVIATIONS]
    if len(shouted) > 1 or "!!!" in body:
        lines.append("It shouts: capitals and rows of ! make carriers take it for spam. Write it as you would say it.")
    for what, pattern in _FILTERS.items():
        if word := pattern.search(body):
            lines.append(f"“{word[0]}” may get it blocked: carriers filter texts about {what}. Say it otherwise.")
    return lines


def _costly(body: str) -> list[str]:
    words = _without_fields(body)
    culprit = segments.count(words).culprit
    if culprit is None:
        return []
    saved = segments.count(plain(words))
    if saved.culprit is None:
        return [f"“{culprit}” makes each text cost more. “Use plain characters” writes it as every phone has it."]
    return [f"“{saved.culprit}” makes each text cost more: a segment then holds 70 characters in place of 160."]


def _without_fields(body: str) -> str:
    return re.sub(r"\{[^{}\n]*\}", " ", body)
