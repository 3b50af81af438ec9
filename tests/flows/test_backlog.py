"""No more clicks than the carrier can carry: nobody is handed out while the queue takes too long, and that is said."""

import pytest

from handlers.sending import Sender
from sandbox.slack import Person
from tests.flows.sending import clicks, people, posts
from tests.world import World

FULL = "nobody new is handed out for now"


@pytest.fixture
async def slow(world: World) -> World:
    """A carrier that takes a text a minute, and sixty people to be texted."""
    settings = world.kit.settings.model_copy(update={"sms_segments_per_second": 1 / 60})
    object.__setattr__(world.kit, "settings", settings)
    await world.live_campaign(contacts=people(60))
    return world


async def gets_busy(world: World, sam: Person) -> None:
    """Sam clicks thirty texts: half an hour's."""
    await world.texting(sam, 30)
    await clicks(world, sam, times=30)
    world.time.passes(seconds=5)
    await world.settles()


@pytest.fixture
async def busy(slow: World, sam: Person) -> World:
    """Half an hour's texts wait for the carrier."""
    await gets_busy(slow, sam)
    return slow


async def in_hand(world: World, who: Person) -> int:
    return len(await world.query("SELECT 1 FROM conversation WHERE volunteer_id = :who AND state = 'held'", who=who.id))


async def test_who_holds_contacts_is_told_why_and_when(busy: World, olivia: Person, priya: Person) -> None:
    await olivia.types("/textbank assign Fall GOTV @priya 5")
    await busy.settles()
    await priya.types("/text")
    await busy.settles()
    shown = priya.dm.messages[-1].words
    assert FULL in shown
    assert "Go on from about" in shown
    assert "type `/text` then" in shown
    assert priya.card is None


async def test_who_is_invited_gets_no_batch_meanwhile(busy: World, olivia: Person, priya: Person) -> None:
    channel = busy.slack.channel("#volunteers", olivia, priya)
    await olivia.types("/textbank invite Fall GOTV #volunteers 5")
    await priya.presses("Start texting", on=channel.messages[-1])
    await busy.settles()
    assert FULL in priya.dm.messages[-1].words
    assert await in_hand(busy, priya) == 0


async def test_text_more_gives_no_more_meanwhile(slow: World, olivia: Person, priya: Person, sam: Person) -> None:
    channel = slow.slack.channel("#volunteers", olivia, priya)
    await olivia.types("/textbank invite Fall GOTV #volunteers 1")
    await priya.presses("Start texting", on=channel.messages[-1])
    await slow.settles()
    await clicks(slow, priya)
    await gets_busy(slow, sam)
    await priya.presses("Text 1 more")
    await slow.settles()
    assert FULL in priya.dm.messages[-1].words
    assert await in_hand(slow, priya) == 0


@pytest.mark.parametrize("faster", [False, True], ids=["card", "modal"])
async def test_whoever_is_texting_finishes_the_contact_at_hand_and_gets_no_next(
    slow: World, priya: Person, sam: Person, faster: bool
) -> None:
    await slow.texting(priya, 5)
    if faster:
        await priya.presses("Text faster")
        await slow.drawn()
        slow.time.passes(seconds=1)
    await gets_busy(slow, sam)
    if faster:
        await priya.submits({"Message": "Are you voting?"})
        assert FULL in priya.modal.words
    else:
        await priya.presses("Send")
        await slow.drawn()
        assert FULL in priya.dm.messages[-1].words
    assert await in_hand(slow, priya) == 4


async def test_once_the_queue_is_short_enough_it_goes_on(busy: World, olivia: Person, priya: Person) -> None:
    await olivia.types("/textbank assign Fall GOTV @priya 5")
    await busy.settles()
    await priya.types("/text")
    await busy.settles()
    assert FULL in priya.dm.messages[-1].words
    for _ in range(12):
        await busy.minute()
    await priya.types("/text")
    await busy.settles()
    assert priya.card.button("Send")


@pytest.mark.parametrize("how", ["pause", "close"])
async def test_what_is_not_to_leave_holds_no_other_campaign_up(
    busy: World, olivia: Person, priya: Person, how: str
) -> None:
    await busy.live_campaign("Recount")
    await olivia.types(f"/textbank {how} Fall GOTV")
    busy.time.passes(seconds=5)
    await busy.settles()
    await busy.texting(priya, 5, name="Recount")
    assert priya.card.button("Send")


async def test_while_nobody_sends_nobody_is_handed_out_and_the_status_says_so(
    world: World, olivia: Person, priya: Person
) -> None:
    await world.live_campaign()
    await world.texting(priya)
    world.time.passes(minutes=1)  # a new release takes workers away for so long
    await clicks(world, priya)
    assert priya.card.button("Send")
    assert "No worker is running" not in (await olivia.types("/textbank status")).text
    world.time.passes(minutes=2)
    await clicks(world, priya)
    assert "No text leaves at this moment, so nobody new is handed out" in priya.dm.messages[-1].words
    assert priya.card is None
    assert "No worker is running: nothing is being sent." in (await olivia.types("/textbank status")).text

    await world.settles()  # one is there again
    await priya.types("/text")
    assert priya.card.button("Send")
    world.time.passes(hours=10)  # and at night, whether anybody sends is no matter
    await priya.types("/text")
    assert "are out of their texting hours. They may be texted again from" in priya.dm.messages[-1].words
    await world.settles()
    assert "No worker is running" not in (await olivia.types("/textbank status")).text


async def test_the_queue_is_measured_while_a_worker_waits_for_the_carriers_list(
    slow: World, olivia: Person, priya: Person, sam: Person
) -> None:
    slow.sender = Sender(slow.kit)
    slow.carrier.outage = True
    await gets_busy(slow, sam)
    assert posts(slow) == []
    await olivia.types("/textbank assign Fall GOTV @priya 5")
    await slow.settles()
    await priya.types("/text")
    assert FULL in priya.dm.messages[-1].words


async def test_nobody_whose_hours_end_before_their_turn_is_handed_out(
    world: World, olivia: Person, priya: Person, sam: Person
) -> None:
    settings = world.kit.settings.model_copy(update={"sms_segments_per_second": 1 / 60})
    object.__setattr__(world.kit, "settings", settings)
    rows = [f"West{n},Nr{n},+1213555{1000 + n},Los Angeles,CA" for n in range(3)]
    await world.live_campaign(contacts="\n".join([people(60), *rows]))
    await world.texting(sam, 15)
    await olivia.types("/textbank assign Fall GOTV @priya 48")
    world.time.passes(hours=7, minutes=50)  # ten to eight in Detroit, ten to five in Los Angeles
    await sam.types("/text")
    await world.settles()
    await clicks(world, sam, times=15)
    world.time.passes(seconds=5)
    await world.settles()
    await priya.types("/text")
    await world.settles()
    assert "West0" in priya.card.words
    assert len(posts(world)) >= 1
