"""Opt-outs in people's own words: a wrong opt-out loses a supporter, a missed one breaks the law. Doubt is held.

The rules, in order; the first that speaks decides:

1. Our own words, quoted back ("Liked “… Reply STOP to opt out”"), are cut away.
2. The whole text is keywords, with polite words and decoration around: OUT, or START.
3. One sentence of it is a strong keyword ("Stop. I've voted."): OUT.
4. A clear phrase, anywhere ("take me off your list"): OUT; with a "don't" before it, HELD.
5. What innocent people write with the word ("stop by", "can't stop") is cut away.
6. What may have been meant so ("stop lying to me", "not interested"): HELD.
7. Anything else, "YES" too: NONE.

Text is compared without case, accents, apostrophes, punctuation and emoji, so that the tables hold plain words.
"""

import re
import unicodedata
from enum import StrEnum


class Verdict(StrEnum):
    OUT = "out"
    HELD = "held"
    START = "start"
    NONE = "none"


# Enough when a sentence says nothing else. The misspellings are those of fast thumbs.
_STRONG = {
    "stop", "stopall", "stopp", "sstop", "stpo", "sotp", "tsop", "stp", "stopo", "stopit", "stopstop", "stop2end",
    "stopquit", "optout", "revoke", "unsubscribe", "unsubscribed", "unsubscribeme", "unsubscrib", "unsubscibe",
    "unsubcribe", "unsuscribe", "unsub", "desuscribir", "desuscribirme", "desabonner", "desinscrire", "desinscription",
    "arret", "arreter", "arretez",
}  # fmt: skip
# Everyday words too: only when the whole text says nothing else.
_ALONE = {
    "end", "endall", "quit", "quitall", "cancel", "cancelall", "remove", "delete", "alto", "parar", "para", "pare",
    "paren", "baja", "cancelar", "cancela", "basta", "detener", "eliminar", "fin",
}  # fmt: skip
_START = {"start", "unstop", "resubscribe", "subscribe", "restart", "optin", "comenzar", "iniciar", "empezar"}
# What people put around a keyword, and what changes nothing about it.
_POLITE = {
    "please", "pls", "plz", "plse", "thanks", "thank", "you", "thx", "ty", "tx", "hi", "hey", "hello", "ok", "okay",
    "oh", "omg", "lol", "sir", "maam", "dude", "bro", "kindly", "just", "now", "today", "already", "immediately",
    "asap", "at", "once", "no", "nope", "yes", "yeah", "sorry", "all", "and", "text", "texts", "texting", "message",
    "messages", "everything", "sms", "por", "favor", "gracias", "hola", "ya", "svp", "sil", "vous", "plait", "merci",
    "bonjour",
}  # fmt: skip

# Out of context these are also words of politics ("stop sending them weapons", "get us out of the war"), so most of the
# phrases want "me", "my number" or "texts" in them.
_TEXTS = r"(?:texts?|txts?|messages|msgs|sms|spam|calls)"
_TEXTING = r"(?:text|texts|texting|txting|txt|messaging|messages|msgs|contacting|spamming|sms)"
_PESTERING = r"(?:bother\w*|harass\w*|bug|bugging|pester\w*|writing|emailing|contact|message)"
_WRITE = r"(?:text|txt|message|msg|contact|spam|bother|harass|bug|call|email|write|send|sms)"
_ME = r"(?:me|us|here|this (?:number|phone|cell)|my (?:number|phone|cell))"
_MINE = r"(?:me|us|my (?:number|phone|name|cell|info|information|contact)|this (?:number|phone|cell)|the number)"
_STOP = r"(?:stop|quit|cease|end|stopping)"
_DONT = r"(?:do not|dont|never)"
_TAKE = r"(?:take|remove|delete|drop|erase|scratch|purge|get)"

_CLEAR_PHRASES = (
    # stop …
    rf"{_STOP} (?:\w+ )?{_TEXTING}\b",
    rf"{_STOP} (?:to )?{_PESTERING} {_ME}\b",
    rf"{_STOP} calling (?:me(?! (?:a|an|names)\b)|us$|this number|my (?:number|phone|cell))",
    rf"{_STOP} sending (?:me\b|(?:\w+ )?{_TEXTS})",
    rf"(?:{_STOP}|cancel) (?:with )?(?:(?:all|these|the|your|those|this|any|my) )+(?:\w+ )?(?:{_TEXTS}|subscription)\b",
    # don't …
    rf"{_DONT} (?:ever )?{_WRITE} (?:{_ME} )?(?:\w+ )?(?:again|anymore|any more|ever|please|further)\b",
    rf"{_DONT} (?:ever )?(?:text|txt|message|msg|contact|spam|sms) {_ME}$",
    r"(?:do not|dont) contact$",
    rf"(?:{_DONT}|no longer|not) (?:want|wish|need) (?:to )?(?:receive |get |be getting |getting |receiving )?"
    r"(?:\w+ ){0,3}(?:texts|txts|messages|msgs|sms|spam|contacted|texted|messaged)\b",
    rf"no more (?:{_TEXTS}|contact|texting)\b",
    # take me off …
    rf"{_TAKE} {_MINE} (?:\w+ )?off\b",
    rf"{_TAKE} {_MINE} (?:\w+ )?(?:from|out of) (?:\w+ ){{0,3}}"
    r"(?:list|lists|database|system|group|contacts|thread|this$)",
    r"(?:remove|unsubscribe|delete|unsub) me\b(?! from (?:the )?(?:voter )?rolls?)",
    r"(?:remove|delete|lose|erase|forget) (?:my|this) (?:number|phone|name|contact|info|information|digits)\b",
    r"leave me out of (?:this|it)\b",
    # and by name
    r"(?:opt|opting) (?:me |us |this number )?out\b",
    r"(?:unsubscribe|unsubcribe|unsuscribe|optout|stopall)\b",
    r"leave me alone\b",
    r"put me on (?:the|your) do not (?:call|contact|text)\b",
    r"(?:revoke|withdraw) (?:my |all )?(?:consent|permission)\b",
    # Spanish
    r"no (?:me|nos) (?:\w+ )?(?:envi|mand|escrib|contact|molest|text|llam)(?:e|es|en|a|as|an|ee|ees|een)\b",
    r"(?:dejen?|deja|paren?|para) de (?:enviar|mandar|escribir|molestar|contactar|textear|llamar)\w*\b",
    r"no (?:quiero|deseo) (?:\w+ ){0,2}(?:mensajes|textos)\b",
    r"no mas (?:mensajes|textos)\b",
    r"(?:quit|saqu|sac|borr|elimin|retir)\w*me (?:de|del)\b",
    r"(?:quit|saqu|sac|borr|elimin|retir)\w* mi (?:numero|nombre|telefono)\b",
    r"(?:dar|darme|dame|deme|denme) de baja\b",
    # French
    r"ne (?:me|nous) (?:contact|ecriv|text|derang|envoy|appel)\w* plus\b",
    r"ne m(?:envoy|ecriv|appel)\w* plus\b",
    r"(?:arret|cess)\w* (?:de |d)(?:m|me |nous )?(?:ecrire|envoyer|texter|contacter|deranger|appeler)\b",
    r"(?:retir|enlev|supprim|effac|desabonn|desinscri)\w* (?:moi|mon (?:numero|nom))\b",
    r"plus de (?:messages|textos|sms)\b",
    r"laissez? moi tranquille\b",
)
_CLEAR = re.compile(rf"\b(?:{'|'.join(_CLEAR_PHRASES)})")
_NEGATION = re.compile(r"\b(?:do not|dont|didnt|did not|never|wont|cant|not|pas)(?: \w+){0,3} $")

_INNOCENT = re.compile(
    r"\b(?:stop(?:ping|ped|s)? (?:by|in|over|at(?! once)|light|sign|gap|watch)"
    r"|stop the (?:steal|wars?|cuts|bans?|hate|violence|count)"
    r"|(?:bus|pit|rest|truck|full|whistle|train|next|last|first|non) stops?"
    r"|(?:cant|cannot|can not|dont|do not|wont|will not|never|not|couldnt|wouldnt|didnt|why) (?:\w+ )?stop"
    r"|nothing (?:will|can|could) stop"
    r"|(?:to|will|can|could|must|should|help|we|they|lets|gotta) stop (?!please|now$|this$|it$|that$)\w+)\b"
)
_MAYBE_PHRASES = (
    r"^stop\b",
    r"\bstop$",
    r"\bstop (?:this|it|that|now|please|already)\b",
    r"\bplease stop\b",
    r"^(?:quit|revoke|unsub|alto|arret\w*|atop|dtop|stob|stip|stoop)\b",
    rf"\b{_DONT} (?:text|txt|message|msg|contact|spam|call|bother)\b",
    r"\b(?:dont|do not) like (?:\w+ )?(?:texts|messages)\b",
    r"\b(?:not interested|no interest|no (?:me )?interesa|pas interess\w*)\b",
    r"\b(?:wrong (?:number|person)|numero equivocado|mauvais numero|dnc)\b",
    r"\b(?:fuck|f|piss|bug|buzz|screw) (?:off|you|u)\b",
    r"\b(?:go away|get lost|spam\w*|harassing me|dejen?me|basta)\b",
    r"\bleave (?:us|my \w+) alone\b",
    r"\b(?:report|block)(?:ed|ing)? (?:you|this|your)\b",
    r"\b(?:my (?:lawyer|attorney)|fcc|tcpa|sue you|suing)\b",
    r"\bhow (?:did you|do you|you) (?:get|got|have) my (?:number|name|info)\b",
    r"\bwho gave you my\b",
)
_MAYBE = re.compile("|".join(_MAYBE_PHRASES))

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

_APOSTROPHES = re.compile("['’‘ʼ`´]")
_NOT_LETTERS = re.compile(r"[\W_]+")
_SENTENCES = re.compile(r"[.!?,;:\n…—–|/()]+|\s-+\s")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_SPELT_OUT = re.compile(r"\b[a-z](?: [a-z])+\b")
_ZERO_FOR_O = re.compile(r"(?<=[a-z])0(?=[a-z])")
_LONGEST = 2000  # more than a text can have; bounds the work


def verdict(text: str) -> Verdict:
    """What a voter's text means for texting them again."""
    said = _SIGNATURE.sub("", _TAPBACK.sub("", text[:_LONGEST]))
    said, quoted = _INSTRUCTION.subn(" ", said)
    words = _plain(said)
    if not words:  # our instruction and nothing else, or a sign
        return Verdict.HELD if quoted or "🛑" in said or "⛔" in said else Verdict.NONE
    if whole := _whole(words):
        return whole
    if any(_is_strong(_plain(sentence)) for sentence in _SENTENCES.split(said)):
        return Verdict.OUT
    if phrase := _CLEAR.search(words):
        return Verdict.HELD if _NEGATION.search(words[: phrase.start()]) else Verdict.OUT
    return Verdict.HELD if _MAYBE.search(_INNOCENT.sub("", words).strip()) else Verdict.NONE


def _plain(text: str) -> str:
    """Lower-case words of letters and digits, single spaces: "S.T.O.P!!" and "Stoooop" are "stop"."""
    letters = _APOSTROPHES.sub("", text).casefold()
    if not letters.isascii():
        letters = "".join(c for c in unicodedata.normalize("NFKD", letters) if not unicodedata.combining(c))
    words = _ZERO_FOR_O.sub("o", _NOT_LETTERS.sub(" ", letters)).strip()
    words = _SPELT_OUT.sub(lambda match: match.group().replace(" ", ""), words)
    return _STRETCHED.sub(r"\1", words)


def _whole(words: str) -> Verdict | None:
    """What the text means if it is nothing but keywords and politeness."""
    left = _without_politeness(words)
    if left and all(word in _STRONG or word in _ALONE for word in left):
        return Verdict.OUT
    return Verdict.START if left and all(word in _START for word in left) else None


def _is_strong(sentence: str) -> bool:
    left = _without_politeness(sentence)
    return bool(left) and all(word in _STRONG for word in left)


def _without_politeness(words: str) -> list[str]:
    joined = words.replace("opt me out", "optout").replace("opt out", "optout").replace("opt in", "optin")
    return [word for word in joined.split() if word not in _POLITE]
