"""Replies that nobody has to read unasked: slurs, insults aimed at whoever reads, threats. They are shown folded.

Swearing alone is none ("hell yes", "fuck, I forgot"), nor is anger at a politician. A reply that is folded for nothing
costs a press, one that is not costs a volunteer an evening: doubt folds. What a reply means is not read here.
"""

import re

from bot.services.plain_words import plain

_SLURS = (
    r"n[i1]gg(?:er|a|ah|uh)s?|fag(?:g?[oi]ts?|s)?|kikes?|spics?|chinks?|gooks?|wetbacks?|beaners?|coons?|towelheads?|"
    r"ragheads?|trann(?:y|ies)|dykes?|retard(?:s|ed)?|cunts?|whores?|sluts?|maric(?:on|ones|as?)|sudacas?|bougnoules?|"
    r"negros? de mierda|sale (?:noir|arabe|juif)e?"
)
_INSULTS = (
    r"bitch(?:es|y)?|ass ?holes?|mother ?f(?:u|)ckers?|fuckers?|jack ?ass(?:es)?|scum ?bags?|dick ?heads?"
    r"|dumb ?ass(?:es)?|piece(?:s)? of shit|shit ?heads?"
    r"|pendej[oa]s?|cabron(?:es|a)?|put[oa]s?|hij[oa]s? de (?:puta|perra)"
    r"|vete a la (?:mierda|chingada|verga)|chinga tu madre|chingate|connards?|connasses?|salopes?|encules?|fils de pute"
    r"|nique ta mere|va te faire (?:foutre|enculer)|ta gueule"
)
_AT_YOU = (
    r"f(?:u|)c?k (?:off|you|u|ya|your\w*)|go to hell|rot in hell|burn in hell|eat shit|suck my \w+|kiss my ass|kys|"
    r"kill yourself|drop dead|screw you|"
    r"(?:you|your|ur) (?:\w+ ){0,3}(?:idiots?|morons?|scum|pigs?|trash|garbage|losers?|bastards?|stupid|dumb|pathetic|"
    r"vermin|vultures?|parasites?|traitors?|disgusting|filth\w*|ugly|evil)"
)
_THREATS = (
    r"(?:i|we|ill|i will|i am|gonna|going to|someone should|somebody should) (?:\w+ ){0,3}"
    r"(?:kill|shoot|hurt|beat|stab|rape|hunt|find|hang|murder) (?:you|your|u|yall|all of you)\b"
    r"|hope (?:you|your|u|yall) (?:\w+ ){0,3}(?:die|dies|rot|burn|suffer|choke|get (?:cancer|raped|shot|hurt|covid))"
    r"|know where you (?:live|work|sleep)|come to your (?:house|home)|watch your back"
    r"|you(?: will|ll| are going to) regret"
    r"|(?:te|los|las) voy a matar|se donde vives|je vais te (?:tuer|trouver|frapper)|creve"
)
_ABUSE = re.compile(rf"\b(?:{_SLURS}|{_INSULTS}|{_AT_YOU}|{_THREATS})\b")
_LONGEST = 2000


def is_abusive(text: str) -> bool:
    """Whether this is shown folded, behind a button."""
    return _ABUSE.search(plain(text[:_LONGEST])) is not None
