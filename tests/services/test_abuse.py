"""Which replies are folded, and which are not, however people swear."""

import pytest

from bot.services.abuse import is_abusive

ABUSE = [
    "fuck you", "F*CK YOU!!", "Fuck off and die", "go to hell", "eat shit", "You people are scum",
    "you're an idiot", "ur a fucking moron", "stupid bitch", "listen, asshole", "piece of shit campaign",
    "I know where you live", "I will find you", "someone should shoot you", "I hope you die", "hope you get cancer",
    "kys", "kill yourself", "you'll regret this", "retard", "go back home wetback", "hija de puta", "¡Pendejos!",
    "vete a la mierda", "te voy a matar", "sale arabe", "Connard", "va te faire foutre", "kiss my ass. STOP",
]  # fmt: skip
NONE = [
    "", "Yes!", "STOP", "Hell yes", "Hell yes I'm fucking voting", "fuck, I forgot", "Fuck Trump", "damn right",
    "this is bullshit, they closed our polling place", "I hate these texts", "Leave me alone", "This is harassment",
    "No thanks", "I am sick of politicians", "Can you find your way to my house?", "my dog died", "I will find my ID",
    "putting up a sign", "the computer ate it", "I'd kill for a yard sign", "I live in Dickinson", "spicy food",
    "You are doing great", "You guys are so nice", "No quiero mensajes", "Je ne veux plus de messages", "raccoons",
]  # fmt: skip


@pytest.mark.parametrize("text", ABUSE)
def test_these_are_folded(text: str) -> None:
    assert is_abusive(text)


@pytest.mark.parametrize("text", NONE)
def test_these_are_shown(text: str) -> None:
    assert not is_abusive(text)
