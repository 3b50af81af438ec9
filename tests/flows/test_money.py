"""Money: an estimate before the start, and a budget that pauses a campaign."""

from decimal import Decimal
from typing import Any
from unittest import mock

import pytest

from bot.services import spending
from sandbox.slack import File, Person
from tests.flows.sending import clicks, people
from tests.flows.test_organizers import said
from tests.flows.test_pictures import PNG
from tests.world import CONSENT, LIST, World

SEGMENT = Decimal("0.1")
SCRIPT = "Hi {first_name}, it's {volunteer} with Michigan Votes. Will you vote? Reply STOP to opt out."
"""One segment, whoever gets it."""


@pytest.fixture
def dear(world: World) -> World:
    """A carrier that takes ten cents a segment."""
    costs(world, segment=SEGMENT, picture=SEGMENT * 4)
    return world


def costs(world: World, segment: Decimal, picture: Decimal) -> None:
    """The operator sets other prices."""
    sets(world, segment_price=segment, picture_price=picture)


def sets(world: World, **settings: Any) -> None:
    """The operator changes settings."""
    object.__setattr__(world.kit, "settings", world.kit.settings.model_copy(update=settings))


async def makes(world: World, budget: str, contacts: str = LIST, name: str = "Fall GOTV", **more: Any) -> None:
    """Olivia submits the modal "New campaign" with this budget."""
    await world.organizer.types("/textbank new")
    fields: dict[str, Any] = {"Name": name, "Script": SCRIPT, "Consent": CONSENT, "Budget": budget, **more}
    await world.organizer.submits({**fields, "Contacts (CSV)": File("list.csv", contacts.encode())})
    await world.settles()


async def texting(world: World, priya: Person, budget: str, count: int = 10, **more: Any) -> None:
    """A live campaign of so many with this budget, all of them in Priya's hand."""
    await makes(world, budget, people(count), **more)
    await world.organizer.types("/textbank start Fall GOTV")
    await world.texting(priya, count)


async def next_card(world: World, priya: Person) -> str:
    """What Priya is shown when she asks for her next contact."""
    await priya.types("/text")
    await world.settles()
    return str(priya.dm.messages[-1].words)


def told(person: Person, word: str) -> list[str]:
    """The messages to this person that have this word."""
    return [message.words for message in person.dm.messages if word in message.words]


# ------------------------------------------------------------------------------------------------- before the start


async def test_what_it_will_cost_is_said_before_anybody_is_texted(dear: World, olivia: Person) -> None:
    await makes(dear, "")
    about = "About *$0.30* for the 3 people left to text (1 segment each), at $0.1 a segment; answers come on top."
    assert told(olivia, about)
    assert about in await said(olivia, "/textbank status Fall GOTV")
    assert "Spent" not in await said(olivia, "/textbank status Fall GOTV")
    await olivia.types("/textbank script Fall GOTV")
    assert about in olivia.modal.words
    await olivia.types_into("Script", SCRIPT + " 🌻 and here is some more of it")
    assert "*$0.60* for the 3 people left to text (2 segments each)" in olivia.modal.words
    assert about in await said(olivia, "/textbank start Fall GOTV")


async def test_the_estimate_is_the_mean_of_what_each_contact_gets(dear: World, olivia: Person) -> None:
    rows = "First Name,Cell Phone\nSara,(313) 555-0101\nZoë Łukasiewicz,(313) 555-0102\n"  # Ł: 70 characters a segment
    await makes(dear, "0.20", rows)
    shown = await said(olivia, "/textbank status Fall GOTV")
    assert "About *$0.30* for the 2 people left to text (1.5 segments each)" in shown
    assert "*That is more than is left of its budget ($0.20)*: it pauses when that is spent." in shown
    await olivia.types("/textbank budget Fall GOTV 0.30")
    assert "more than is left" not in await said(olivia, "/textbank status Fall GOTV")


async def test_where_texts_cost_nothing_no_money_is_spoken_of(world: World, olivia: Person) -> None:
    costs(world, segment=Decimal(0), picture=Decimal(0))
    await world.live_campaign()
    assert not told(olivia, "$")
    assert "$" not in await said(olivia, "/textbank status Fall GOTV")


# --------------------------------------------------------------------------------------------------- what is written


async def test_what_is_no_amount_is_said_under_its_field(dear: World, olivia: Person) -> None:
    await makes(dear, "1.250,50")
    assert "“1.250,50” is not an amount. Write dollars, such as" in olivia.modal.errors["Budget"]
    assert await dear.query("SELECT 1 FROM campaign") == []
    await olivia.submits({"Budget": "$1,250.50"})
    assert [row.budget for row in await dear.query("SELECT budget FROM campaign")] == [125_050]


async def test_a_budget_is_changed_by_a_command_and_by_the_modal(dear: World, olivia: Person, sam: Person) -> None:
    await makes(dear, "", name="Fall 2026")
    assert await said(olivia, "/textbank budget Fall 2026") == "Fall 2026 has no budget. It has spent about $0.00."
    answer = await said(olivia, '/textbank budget "Fall 2026" $1,250.50')
    assert answer.startswith("The budget of Fall 2026 is $1,250.50. It has spent about $0.00.")
    assert "“9..9” is not an amount" in await said(olivia, "/textbank budget Fall 2026 9..9")
    assert "no campaign named “Winter”" in await said(olivia, "/textbank budget Winter 20")
    assert "organizer" in await said(sam, "/textbank budget Fall 2026 9")

    await olivia.types("/textbank script Fall 2026")
    await sam.types("/text")
    await olivia.submits({"Budget": "300"})
    assert "is $300.00." in await said(olivia, "/textbank budget Fall 2026")
    await olivia.types("/textbank script Fall 2026")
    await olivia.types("/textbank budget Fall 2026 none")
    await olivia.submits({"Script": SCRIPT + " Thank you!"})  # the field as it was drawn takes nothing back
    assert "has no budget" in await said(olivia, "/textbank budget Fall 2026")
    noted = await dear.query("SELECT data FROM audit WHERE what = 'budget' ORDER BY id")
    assert len(noted) == 3
    assert "125050" in str(noted[0].data)


# ------------------------------------------------------------------------------------------------------ while it runs


async def test_a_campaign_pauses_when_its_budget_is_spent_and_goes_on_when_it_is_raised(
    dear: World, olivia: Person, priya: Person
) -> None:
    await texting(dear, priya, "0.30")
    await clicks(dear, priya, times=5)
    await dear.a_while()

    [word] = told(olivia, "It is paused: what")
    assert "The budget of Fall GOTV is spent: about $0.50 of $0.30. It is paused: what was clicked waits." in word
    assert "`/textbank budget Fall GOTV 0.60` raises it, then `/textbank resume Fall GOTV` goes on." in word
    shown = await said(olivia, "/textbank status Fall GOTV")
    assert "paused" in shown
    assert "Spent about *$0.50* of $0.30 (166%)" in shown
    assert "is paused for now" in await next_card(dear, priya)

    refused = await said(olivia, "/textbank resume Fall GOTV")
    assert refused.startswith("The budget of Fall GOTV is spent: about $0.50 of $0.30.")
    assert "So it is paused until the budget is raised." in await said(olivia, "/textbank budget Fall GOTV 0.40")
    assert "`/textbank resume Fall GOTV` goes on." in await said(olivia, "/textbank budget Fall GOTV 1")
    assert "Fall GOTV goes on" in await said(olivia, "/textbank resume Fall GOTV")
    await next_card(dear, priya)
    await clicks(dear, priya)
    await dear.a_while()
    assert len(dear.carrier.texts) == 6
    assert [row.who for row in await dear.query("SELECT who FROM audit WHERE what = 'campaign paused'")] == ["budget"]


async def test_a_budget_that_is_raised_in_this_very_moment_pauses_nothing(
    dear: World, olivia: Person, priya: Person
) -> None:
    await texting(dear, priya, "0.20")
    look, seen = spending._is_spent, []

    def slow(row: Any, prices: Any) -> bool:
        seen.append(row)
        return bool(look(row, prices))

    with mock.patch.object(spending, "_is_spent", slow):
        await clicks(dear, priya)
        await dear.a_while()
    await olivia.types("/textbank budget Fall GOTV 9")
    async with dear.kit.database.transaction() as session:  # a worker that has read the budget as it was
        await spending._pause(session, seen[-1], dear.kit.prices, now=dear.time.now)
    await dear.settles()
    assert "paused" not in await said(olivia, "/textbank status Fall GOTV")
    assert not told(olivia, "It is paused: what")


async def test_most_of_a_budget_is_told_once(dear: World, olivia: Person, priya: Person) -> None:
    await texting(dear, priya, "1")
    for sent in range(1, 10):
        await clicks(dear, priya)
        await dear.a_while()
        await dear.a_while()
        assert len(told(olivia, "has spent about")) == (sent >= 8)
    [word] = told(olivia, "has spent about")
    assert "Fall GOTV has spent about $0.80 of its budget of $1.00. It pauses when that is spent" in word
    assert "`/textbank budget Fall GOTV 2` raises it." in word
    assert not told(olivia, "It is paused: what")

    await olivia.types("/textbank budget Fall GOTV 1.10")  # another budget, another warning
    await dear.a_while()
    assert len(told(olivia, "has spent about")) == 2
    await olivia.types("/textbank budget Fall GOTV 0.90")  # lowered below what is spent
    await dear.a_while()
    assert "about $0.90 of $0.90. It is paused" in told(olivia, "It is paused: what")[0]


async def test_nobody_is_handed_out_while_what_waits_comes_to_the_budget(
    dear: World, olivia: Person, priya: Person
) -> None:
    sets(dear, undo_seconds=20)
    await texting(dear, priya, "0.30")
    await clicks(dear, priya, times=2)
    await dear.a_while()
    await clicks(dear, priya)
    assert priya.card.button("Send"), "the worker has not looked since"
    await dear.a_while()
    await priya.presses("Skip")
    await dear.drawn()
    assert "What has been clicked comes to the budget of *Fall GOTV*" in priya.dm.messages[-1].words
    assert "comes to the budget" in await next_card(dear, priya)
    await dear.a_while(30)
    assert (len(dear.carrier.texts), len(told(olivia, "It is paused: what"))) == (3, 1)


async def test_hands_are_filled_again_when_what_waited_does_not_leave_or_the_budget_is_raised(
    dear: World, olivia: Person, priya: Person
) -> None:
    sets(dear, undo_seconds=20)
    await texting(dear, priya, "0.20")
    await priya.edits("Message", "carrier:21614")  # a landline: nobody is billed for it
    await clicks(dear, priya, times=2)
    await dear.a_while()
    assert "comes to the budget" in await next_card(dear, priya)
    await dear.a_while(30)
    await dear.a_while()  # the worker looks again
    assert "comes to the budget" not in await next_card(dear, priya)
    await clicks(dear, priya)
    await dear.a_while()
    assert "comes to the budget" in await next_card(dear, priya)
    await olivia.types("/textbank budget Fall GOTV 2")
    assert "comes to the budget" not in await next_card(dear, priya)


async def test_a_text_with_a_picture_has_its_own_price_and_answers_count(
    dear: World, olivia: Person, priya: Person
) -> None:
    await makes(dear, "0.50", people(10), Picture=File("sign.png", PNG))
    estimate = "About *$4.00* for the 10 people left to text, at $0.4 a text with a picture; answers come on top."
    assert estimate in await said(olivia, "/textbank start Fall GOTV")
    await dear.texting(priya, 10)
    await clicks(dear, priya)
    await dear.a_while()
    assert "Spent about *$0.40* of $0.50 (80%)" in await said(olivia, "/textbank status Fall GOTV")

    await dear.phone("+13135551000").texts("Where do I vote?")
    await dear.a_while()
    await priya.writes("At the school", in_=priya.threads[0])
    await dear.a_while()
    assert "about $0.50 of $0.50" in told(olivia, "It is paused: what")[0]


async def test_a_text_that_the_carrier_turns_away_costs_nothing(dear: World, olivia: Person, priya: Person) -> None:
    await texting(dear, priya, "0.30")
    dear.phone("+13135551000").unreachable = 30034  # taken, and then turned away: not registered
    await clicks(dear, priya)
    await dear.a_while()
    assert "Spent about *$0.00* of $0.30 (0%)" in await said(olivia, "/textbank status Fall GOTV")


@pytest.mark.parametrize("proof", ["call", "list"])
async def test_a_text_in_doubt_costs_once_it_is_proved(dear: World, olivia: Person, priya: Person, proof: str) -> None:
    await texting(dear, priya, "0.10")
    dear.carrier.lose_callbacks = proof == "list"
    dear.carrier.fail_next("accept_then_500")
    await clicks(dear, priya)
    await dear.a_while()
    if proof == "list":
        assert "Spent about *$0.00* of $0.10 (0%)" in await said(olivia, "/textbank status Fall GOTV")
        await dear.minute()
    assert "about $0.10 of $0.10. It is paused" in told(olivia, "It is paused: what")[0]
