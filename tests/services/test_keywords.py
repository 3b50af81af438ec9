"""What voters write when they want no more texts, and what they write when they do not mean that at all."""

import pytest

from bot.services.keywords import Verdict, verdict

OUT = [
    "STOP", "stop", "Stop.", "STOP!!", "STOPALL", "stop all", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE",
    "OPTOUT", "OPT OUT", "opt-out", "Opt out please", "stop please", "Please stop", "Please STOP!",
    "stop, thank you", "STOP thanks", "ok stop", "no stop", "stop now", "stop 🛑", "🛑 STOP 🛑", "“STOP”",
    "'stop'", "*STOP*", "S T O P", "S.T.O.P.", "Stooooop", "ST0P", "stop\n\n", "STOP STOP STOP", "stpo", "sotp",
    "stopp", "Tsop", "unsubcribe", "unsuscribe", "ＳＴＯＰ", "Stop. I already voted.", "I said no. Stop.",
    "STOP, I'm not interested", "Who is this? Stop!", "STOP\nSent from my iPhone", "Stop\nJohn",
    "stop texting me", "Please stop texting", "stop txting me", "Stop messaging this number", "quit texting me",
    "please stop sending me these texts", "stop sending me messages", "stop calling me", "Stop the texts",
    "stop these messages", "can you stop", "can you stop texting me",
    "when will you stop texting me", "end these texts",
    "cancel these messages", "take me off your list", "Please take me off of your list",
    "take me off this list now", "take my number off your list", "remove me", "Remove me from your list",
    "please remove my number", "remove this number from your list", "delete my number", "lose my number",
    "Lose this number", "get me off this list", "take us off your list", "don't text me again",
    "don’t text me again", "Do not text me anymore", "do not contact me again", "never text me again",
    "don't text me", "Do not contact me", "dont ever text this number again", "DO NOT CONTACT", "no more texts",
    "No more messages please", "I don't want these texts", "i do not want to receive texts",
    "I no longer wish to receive messages", "I don't want to be contacted", "don't want any more texts",
    "I want to opt out", "opt me out", "I'd like to unsubscribe", "unsubscribe me",
    "how do I unsubscribe from this?", "Stop at once", "stop to text me", "STOP - not interested", "yes stop",
    "text stop",
    "Liked “Hi” STOP", "take me out of your database", "leave me alone", "I revoke my consent",
    "put me on your do not call list", "ALTO", "Alto por favor", "PARAR", "pare", "no me envíen más mensajes",
    "No me manden mensajes", "por favor no me escriban más", "dejen de mandarme mensajes",
    "Deje de enviarme textos", "no quiero más mensajes", "no quiero recibir mensajes", "quíteme de la lista",
    "sáquenme de su lista", "borren mi número", "quiero darme de baja", "baja", "ARRÊT", "arret", "Arrêtez",
    "Arrêt svp", "STOP s'il vous plaît", "ne me contactez plus", "Ne m'envoyez plus de messages",
    "ne m’écrivez plus", "arrêtez de m'écrire", "arrêtez de me texter", "retirez-moi de votre liste",
    "supprimez mon numéro", "désabonnez-moi", "plus de messages svp", "laissez-moi tranquille",
]  # fmt: skip

NONE = [
    "", "  ", "👍", "Yes", "YES", "yes!", "No", "no thanks", "No thank you", "Nope", "Maybe", "ok", "Thanks",
    "thank you!", "Hi", "I'll stop by the polls at 5", "I will stop by", "Can I stop in tomorrow?",
    "I stopped by already", "don't stop fighting", "Don't stop!", "can't stop thinking about it",
    "We won't stop", "never stop", "Nothing will stop us", "I can't stop smiling", "which bus stop is it?",
    "the next stop is Oak Street", "non-stop", "We have to stop Trump", "we need to stop the cuts",
    "Stop the steal", "help stop gun violence", "He wants to stop abortion rights", "let's stop him",
    "I always stop and chat", "At the stop light", "cancel culture is out of hand", "Cancel student debt!",
    "The end", "I'm in retirement", "This is Sue", "Attorney general?",
    "You should tell them to stop sending our kids to war", "get us out of this mess",
    "I don't like his message", "I don't need a text to remember to vote", "they keep harassing women",
    "I stop for gas at noon", "I'm in the end undecided", "This will never end", "I quit my job to volunteer",
    "Did they cancel the rally?", "the weekend", "my friend Stopka", "nonstop", "unstoppable", "Who is this?",
    "How are you?", "I already voted", "voted!", "What time do polls close?", "Can you text me the address?",
    "please send me more messages", "Text me again tomorrow", "call me", "Please contact me",
    "Liked “Hi Dana, vote Tuesday! Reply STOP to opt out”", "Loved “Reply STOP to opt out”",
    'Disliked "Text STOP to end"', "Liked “Stop”", "👍 to “ Reply STOP to opt out ”",
    "what does Reply STOP to opt out mean?", "It says text STOP to unsubscribe", "para mi hermana",
    "Voy a votar por ella", "¿Para qué?", "Sí", "à la fin", "Je vais voter", "Merci", "alta",
    "remove the sign from my lawn", "Take me to your leader", "I want to get off work early to vote",
]  # fmt: skip

HELD = [
    "stop lying to people", "You people need to stop", "just stop this", "Stop it",
    "make it stop", "please stop pestering voters with lies", "Reply STOP",
    "Reply STOP to opt out", "stop voter suppression", "No I will not vote for him STOP",
    "STOP I will not vote for him", "don't stop texting me", "I don't like these messages", "not interested",
    "I'm not interested", "Wrong number", "wrong person", "número equivocado", "don't text me at work",
    "dont call me before noon", "Do not call", "fuck off", "Go away", "this is spam",
    "How did you get my number?", "I'm reporting you. Blocked this number", "no me interesa", "pas intéressé",
    "🛑", "please don't take me off your list", "I don't want to unsubscribe", "I never said to stop texting me",
]  # fmt: skip

START = ["START", "start", "Start please", "UNSTOP", "unstop.", "resubscribe", "Subscribe", "opt in"]


@pytest.mark.parametrize("text", OUT)
def test_these_are_opted_out(text: str) -> None:
    assert verdict(text) is Verdict.OUT


@pytest.mark.parametrize("text", NONE)
def test_these_are_not(text: str) -> None:
    assert verdict(text) is Verdict.NONE


@pytest.mark.parametrize("text", HELD)
def test_these_wait_for_a_human(text: str) -> None:
    assert verdict(text) is Verdict.HELD


@pytest.mark.parametrize("text", START)
def test_these_ask_to_be_texted_again(text: str) -> None:
    assert verdict(text) is Verdict.START


def test_stop_beats_start() -> None:
    assert verdict("START no STOP") is not Verdict.START
    assert verdict("Start. Stop.") is Verdict.OUT


def test_our_own_words_quoted_back_do_not_hide_a_real_stop() -> None:
    assert verdict("You said reply STOP to opt out. STOP") is Verdict.OUT


def test_the_value_is_what_the_database_stores() -> None:
    assert [v.value for v in Verdict] == ["out", "held", "start", "none"]


def test_a_very_long_text_is_read_in_bounded_time() -> None:
    assert verdict("stop " * 100_000) is Verdict.OUT
    assert verdict("a " * 100_000) is Verdict.NONE
