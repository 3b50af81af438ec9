"""What must be true after a text bank, checked against what Slack and the carrier recorded themselves.

Pure: the records in, claims out. What people meant to do is in the diary that the players keep; nothing here comes from
the product's own database, which could be wrong in the same way as its texts.
"""

import html
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.small_talk import OUT_FOR_GOOD

IN_FLIGHT = 2.0
"""Seconds that a text which was already on its way may take to arrive after a STOP: the product's own promise."""
NOT_SENT = "so nothing was sent"


@dataclass(slots=True)
class Sent:
    """One act of a volunteer: Send, or words for a voter. A text that was undone must never arrive."""

    volunteer: str
    name: str
    phone: str
    body: str
    first: bool
    taken_back: bool = False


@dataclass(slots=True)
class Heard:
    """A voter's text; `at` is when the product had answered its web hook."""

    name: str
    phone: str
    body: str
    at: float = 0.0

    @property
    def is_out(self) -> bool:
        return self.body in OUT_FOR_GOOD


@dataclass(slots=True, frozen=True)
class Post:
    """One request of the product to the carrier to send a text."""

    to: str
    body: str
    at: float
    status: int


@dataclass(slots=True, frozen=True)
class Thread:
    """A voter's thread in a volunteer's direct message, with every message in it."""

    volunteer: str
    name: str
    words: str


@dataclass
class Evidence:
    """Everything that the claims are checked against."""

    sent: list[Sent] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    out: dict[str, float] = field(default_factory=dict)
    """Who may not be texted any more, by phone, and since when."""
    posts: list[Post] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    """How often each Web API method was called, and "response_url"."""
    asked: int = 0
    """How often people did something, other than Send, that Textbank may answer with a post of its own."""
    trouble: list[str] = field(default_factory=list)


@dataclass(slots=True, frozen=True)
class Claim:
    """A sentence, whether it holds, and what is wrong if it does not."""

    holds: bool
    words: str
    wrong: tuple[str, ...] = ()


def check(of: Evidence) -> list[Claim]:
    """Every claim, in the order in which people care."""
    return [_once(of), _none_after_stop(of), _one_thread(of), _no_calls(of), _no_trouble(of)]


def _once(of: Evidence) -> Claim:
    """Each act that was not undone is one request that the carrier accepted, and nothing else is."""
    wanted = Counter((act.phone, act.body) for act in of.sent if not act.taken_back)
    came = Counter((post.to, post.body) for post in of.posts if post.status == 201)
    names = {act.phone: act.name for act in of.sent}
    held_back, wrong = 0, []
    for (phone, body), count in (wanted | came).items():
        short = wanted[phone, body] - came[phone, body]
        if short > 0 and phone in of.out:
            held_back += short
        elif short > 0 and short <= _refused(of.threads, names[phone]):
            continue  # the volunteer was told in the thread
        elif short:
            what = f"asked for {wanted[phone, body]} times, came {count} times" if short < 0 else "never came"
            wrong.append(f"{names.get(phone, phone)}: “{body[:60]}” {what}")
    undone = sum(act.taken_back for act in of.sent)
    words = f"Each of {sum(came.values()):,} texts that a person sent reached the carrier exactly once"
    asides = [f"{undone} undone in time"] * bool(undone) + [f"{held_back} stopped by an opt-out"] * bool(held_back)
    return Claim(not wrong, words + (f" ({', '.join(asides)})" if asides else ""), tuple(wrong))


def _refused(threads: Iterable[Thread], name: str) -> int:
    return sum(thread.words.count(NOT_SENT) for thread in threads if thread.name == name)


def _none_after_stop(of: Evidence) -> Claim:
    """Counts requests, not only what was accepted: the carrier blocks a STOP too, and would hide a mistake of ours."""
    wrong = [
        f"{post.to} was texted “{post.body[:60]}” {post.at - of.out[post.to]:.1f} s after their opt-out"
        for post in of.posts
        if post.to in of.out and post.at > of.out[post.to] + IN_FLIGHT
    ]
    return Claim(not wrong, f"Nothing was sent to anybody who had opted out ({len(of.out)} of them)", tuple(wrong))


def _one_thread(of: Evidence) -> Claim:
    """An opt-out opens no thread; but one that comes in a thread is shown there, and nowhere else."""
    replies, wrong = 0, []
    for heard in of.heard:
        quote = f"\n> {heard.body}\n"
        places = {id(thread) for thread in of.threads if thread.name == heard.name and quote in _plain(thread.words)}
        replies += not heard.is_out
        if len(places) > 1 or (not places and not heard.is_out):
            wrong.append(f"{heard.name}: “{heard.body}” is in {len(places)} threads")
    return Claim(not wrong, f"Each of {replies:,} replies is in exactly one thread, its volunteer's", tuple(wrong))


def _plain(words: str) -> str:
    return html.unescape(f"\n{words}\n")


def _no_calls(of: Evidence) -> Claim:
    """Cards move on by response_url. Posts by the Web API are for what is not a Send: threads, words to people."""
    texts = sum(act.first for act in of.sent)
    posts = of.calls["chat.postMessage"] + of.calls["chat.update"] + of.calls["chat.postEphemeral"]
    may = of.asked + len(of.heard) + 2 * len(of.threads)
    methods = sum(of.calls.values()) - of.calls["response_url"]
    words = (
        f"No Web API call was made for a Send: {texts:,} cards moved on by response_url, and all {methods} calls have "
        "another reason"
    )
    wrong = []
    if posts > may:
        wrong.append(f"{posts} posts by the Web API, and only {may} reasons for one")
    if of.calls["response_url"] < texts:
        wrong.append(f"only {of.calls['response_url']} posts to response_urls for {texts} cards")
    return Claim(not wrong, words, tuple(wrong))


def _no_trouble(of: Evidence) -> Claim:
    return Claim(not of.trouble, "Nobody was shown a Slack error, and no web hook failed", tuple(of.trouble[:5]))
