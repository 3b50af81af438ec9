"""What somebody thumbed into a telephone, as plain words: no case, accents, punctuation, emoji, slips and swearing.

"Pls DON’T txt me, S.T.O.P!!" becomes "do not text me stop", so that the tables of `opt_out_words` hold plain words.
"""

import re
import unicodedata
from string import ascii_lowercase

SENTENCE_ENDS = re.compile(r"[.!?¡¿,;:\n…—–|/()\"“”«»]+|\s-+\s")

_ELISION = re.compile(r"\b(d|j|l|m|n|s|t|qu)['’`´](?=\w)", re.IGNORECASE)  # French: "n'écrivez" is two words
_APOSTROPHES = re.compile("['’‘ʼ`´*]")  # a star is what stands for a letter in "f*ck"
_NOT_LETTERS = re.compile(r"[\W_]+")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_SPELT_OUT = re.compile(r"\b[a-z](?: [a-z])+\b")
_ZERO_FOR_O = re.compile(r"(?<=[a-z])0(?=[a-z])")

_SPELLING = {
    **dict.fromkeys(("dont", "donot", "dnt", "doesnt"), "do not"),
    **dict.fromkeys(("didnt", "didn"), "did not"),
    **dict.fromkeys(("cant", "cannot"), "can not"),
    **dict.fromkeys(("isnt", "aint", "arent", "wasnt"), "is not"),
    **dict.fromkeys(("havent", "hasnt"), "have not"),
    **dict.fromkeys(("wont", "wouldnt"), "will not"),
    **dict.fromkeys(("txt", "tex", "txts"), "text"),
    **dict.fromkeys(("txting", "txtng", "textin", "texing", "textn"), "texting"),
    **dict.fromkeys(("msg", "mssg", "mesage"), "message"),
    **dict.fromkeys(("msgs", "mssgs", "mesages"), "messages"),
    **dict.fromkeys(("harrassing", "harasing", "harrasing"), "harassing"),
    **dict.fromkeys(("harrass", "haras", "harras"), "harass"),
    **dict.fromkeys(("ur", "yr", "youre", "yall", "yalls"), "your"),
    **dict.fromkeys(("u", "ya'll"), "you"),
    **dict.fromkeys(("im", "iam"), "i am"),
    **dict.fromkeys(("ive",), "i have"),
    **dict.fromkeys(("thats", "its"), "it is"),
    **dict.fromkeys(("anymore", "nomore"), "any more"),
    **dict.fromkeys(("loose", "looose"), "lose"),
    **dict.fromkeys(("num", "nmbr", "numbr", "nbr", "digits"), "number"),
    **dict.fromkeys(("w",), "with"),
    **dict.fromkeys(("frm", "fron"), "from"),
    **dict.fromkeys(("agn", "agian"), "again"),
    **dict.fromkeys(("unsub", "unsuscribe", "unsubcribe", "unsubscibe", "unsubscrib", "unsubscirbe"), "unsubscribe"),
    **dict.fromkeys(("stahp", "stap", "stopit", "stopp", "stap"), "stop"),
}
# What one slip of a thumb makes of a word is that word, unless it is a word of its own.
_OFTEN_MISTYPED = ("stop", "unsubscribe", "texting", "remove")
_WORDS_OF_THEIR_OWN = {
    *("atop", "shop", "slop", "sop", "step", "stomp", "stoop", "stops", "stow", "strop", "swop", "top", "stoup"),
    *("testing", "removed", "removes", "remover", "remote", "unsubscribed", "unsubscriber", "unsubscribes"),
}  # fmt: skip

SWEARING = re.compile(
    r"\b(?:(?:mother)?f(?:u|)c?k(?:ing|in|en|n)?|effing|frea?kin[g]?|frigging?|damn(?:ed)?|goddamn(?:ed)?|dam|bloody"
    r"|the (?:fuck|f|fck|hell)|tf)\b(?! (?:off|you|u|with|your|that|this|it|him|trump|\w+ off)\b)"
)


def plain(text: str) -> str:
    """Lower-case words of letters and digits with single spaces between them: "S.T.O.P!!" and "Stoooop" are "stop"."""
    text = _ELISION.sub(r"\1 ", text.replace("#", " number "))
    letters = _APOSTROPHES.sub("", text).casefold()
    if not letters.isascii():
        letters = "".join(c for c in unicodedata.normalize("NFKD", letters) if not unicodedata.combining(c))
    words = _ZERO_FOR_O.sub("o", _NOT_LETTERS.sub(" ", letters)).strip()
    words = _SPELT_OUT.sub(lambda match: match.group().replace(" ", ""), words)
    words = _STRETCHED.sub(r"\1", words)
    return " ".join(_SPELLING.get(word) or _SLIPS.get(word, word) for word in words.split())


def without(words: str, dropped: frozenset[str]) -> str:
    """These words without some that change nothing about what is meant."""
    return " ".join(word for word in SWEARING.sub(" ", words).split() if word not in dropped)


def _slips(word: str) -> set[str]:
    """Every word that is one letter left out, added, swapped or struck wrongly away."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    missing = {a + b[1:] for a, b in cuts if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    wrong = {a + letter + b[1:] for a, b in cuts if b for letter in ascii_lowercase}
    added = {a + letter + b for a, b in cuts for letter in ascii_lowercase}
    return missing | swapped | wrong | added


_SLIPS = {
    slip: word for word in _OFTEN_MISTYPED for slip in _slips(word) if slip not in _WORDS_OF_THEIR_OWN and slip != word
}
