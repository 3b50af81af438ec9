"""Words that the stories of the send path share."""

from sandbox.slack import Person
from tests.world import World

SARA = "+13135550101"


async def clicks(world: World, priya: Person, times: int = 1, words: str | None = None) -> None:
    """Priya sends that many texts; they wait for their Undo."""
    for number in range(times):
        if words:
            await priya.edits("Message", words.format(number=number))
        await priya.presses("Send")
        await world.drawn()


async def one_text(world: World, priya: Person, words: str = "Are you voting, Sara?") -> None:
    """A live campaign, and Priya's first click waits to leave."""
    await world.live_campaign()
    await world.texting(priya)
    await clicks(world, priya, words=words)


async def states(world: World) -> list[str]:
    """Every text's state, oldest first."""
    return [row.state for row in await world.query("SELECT state FROM message ORDER BY id")]


def posts(world: World) -> list[dict[str, str]]:
    """The forms of every POST that asked the carrier to send."""
    return [call.form for call in world.carrier.calls if call.method == "POST"]


def people(count: int) -> str:
    """A list of so many people in Detroit."""
    rows = [f"Voter{n},Nr{n},+1313555{1000 + n},Detroit,MI" for n in range(count)]
    return "\n".join(["First Name,Last Name,Cell Phone,City,State", *rows])
