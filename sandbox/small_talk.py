"""What invented voters say, and what volunteers know to answer.

Conversations are written from the voter's side: their words, the volunteer's answer, their words again. Volunteers find
an answer as people do, by the words that they see in the thread. No line is part of another one.
"""

SCRIPT = (
    "Hi {first_name|there}, it's {volunteer} with Neighbors Vote. Do you have a plan to vote at "
    "{votes_at|your polling place}? Reply STOP to opt out."
)
CONSENT = "Checked the box on the Neighbors Vote sign-up form, spring 2026"
EDITS = (
    ("Do you have a plan to vote at", "Are you all set to vote at"),
    ("Hi ", "Hello "),
    (" with Neighbors Vote.", " with Neighbors Vote, a volunteer and no robot."),
)
"""What a volunteer may change in a draft: these words, for those."""

TALKS: tuple[tuple[str, ...], ...] = (
    ("Yes! Already on my calendar", "Wonderful, thank you! Do you need a ride that day?", "No, I'm walking. Thanks!!"),
    ("What time does it open?", "At 7 in the morning, and it closes at 8 in the evening.", "perfect thx"),
    ("Who is this?", "I'm a volunteer with Neighbors Vote. We remind everybody to vote.", "Oh ok, cool"),
    ("I voted early last week 😊", "That is great to hear. Thank you for voting!"),
    (
        "Do I need to bring ID",
        "It depends on the state: your county's web page says which kinds count.",
        "ok will look",
    ),
    ("Maybe. Work is crazy right now", "I understand. Early voting is open on Saturday too.", "Saturday could work!"),
    ("My wife and I are both going", "Lovely! Thank you both."),
    (
        "I moved in August, can I still vote here?",
        "You can update your address online until Friday.",
        "Did it just now",
    ),
    ("is there parking", "Yes, behind the building, and it is free that day."),
    ("Can I take my kids?", "Of course, children may come into the booth with you.", "Great, see you there"),
    (
        "I lost my mail ballot",
        "Your county can send a new one; call them by Thursday.",
        "Calling them tomorrow, thank you",
    ),
    ("Yep", "Thank you!"),
    ("Are you a bot?", "No, a person: each of us here types and sends by hand.", "Ha, good"),
    (
        "I'm in a wheelchair. Is it accessible?",
        "Yes, with a ramp on the left side and a low booth.",
        "Much appreciated",
    ),
    ("Remind me tomorrow", "I will. Have a good evening!"),
    ("Hmm I don't know who to vote for", "There is a side-by-side guide at your public library.", "Good idea"),
    ("¿Dónde puedo votar?", "En el lugar que dice su tarjeta; abre a las 7.", "Muchas gracias"),
    ("Sí, voy con mi mamá", "¡Qué bueno! Gracias a las dos."),
    ("Sent my ballot in on Monday", "Perfect. You can track it on your county's web page.", "It says received!"),
    ("Can I help too?", "We would love that! Come to our channel and say hello."),
)
WARY: tuple[tuple[str, ...], ...] = (
    (
        "How did you get my number?",
        "You signed up with us at neighborsvote.example in spring.",
        "Right, forgot about that",
    ),
)
"""Words that might mean "leave me alone": the product asks the volunteer, who goes on talking."""
LATE_STOPS: tuple[tuple[str, ...], ...] = (
    ("Where do I look that up", "On your county's web page, under elections.", "Got it. Now please stop texting me"),
)
STOPS = ("STOP", "Stop please", "please take me off your list", "STOP", "No more texts!", "UNSUBSCRIBE", "alto")
ANGRY = (
    "Ugh, you people AGAIN. Take me off your list",
    "I have said it three times. Do not text me again!",
    "Lose my number",
)
FURIOUS = ("this is harassing me, go away",)
"""Words that might mean "leave me alone", from somebody who does: the volunteer opts them out."""

ANSWERS = {
    line: talk[at + 1] for talk in (*TALKS, *WARY, *LATE_STOPS) for at, line in enumerate(talk[:-1]) if at % 2 == 0
}
"""The volunteer's answer to each of the voters' words that want one."""
LAST_WORDS = {talk[-1] for talk in (*TALKS, *WARY) if len(talk) % 2}
"""Words after which there is nothing more to say."""
OUT_FOR_GOOD = {*STOPS, *ANGRY, *FURIOUS, *(talk[-1] for talk in LATE_STOPS)}
"""Words after which nobody may text this person."""
