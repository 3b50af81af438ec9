"""Pictures: a campaign's goes with its first texts as MMS, a voter's is shown to the volunteer who asks."""

from typing import Any

import aiohttp
import pytest

from bot.gateways.slack import SlackTrouble
from sandbox.carrier import Phone
from sandbox.slack import File, Message, Person
from tests.flows.sending import SARA, clicks, posts, states
from tests.world import CONSENT, LIST, SCRIPT, World, open_world

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00 a flyer \xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n a map"
GIF = b"GIF89a a wave"
TOM = "+13135550102"
FIELDS = {"Name": "Fall GOTV", "Script": SCRIPT, "Contacts (CSV)": File("l.csv", LIST.encode()), "Consent": CONSENT}


async def address_of(world: World) -> str:
    """Where the carrier was told to fetch the last text's picture."""
    await world.settles()
    return posts(world)[-1]["MediaUrl"]


async def fetched(address: str, method: str = "GET") -> tuple[int, Any, bytes]:
    async with aiohttp.ClientSession() as session, session.request(method, address) as answer:
        return answer.status, answer.headers, await answer.read()


def words(person: Person) -> str:
    """All that she was told in her direct message."""
    return "\n".join(message.words for message in person.dm.messages)


# ---------------------------------------------------------------------------------------------- a campaign's picture


@pytest.mark.parametrize(("name", "content"), [("flyer.jpg", JPEG), ("map.png", PNG), ("wave.gif", GIF)])
async def test_a_campaigns_picture_goes_with_its_first_texts(
    world: World, olivia: Person, priya: Person, name: str, content: bytes
) -> None:
    sara = world.phone(SARA)
    await world.live_campaign(picture=File(name, content))
    assert "The picture of Fall GOTV is in: its first texts go with it from now on, as MMS." in words(olivia)
    await world.texting(priya)

    assert "This picture goes with it." in priya.card.words
    assert "The picture that goes with this text" in priya.card.words
    assert "MMS, with a picture" in priya.card.words
    assert "costs about as much as 3 segments" in priya.card.words
    await priya.presses("Send")
    await world.a_while()

    assert [one.content for one in sara.pictures] == [content]
    assert await states(world) == ["delivered"]
    assert [row.segments for row in await world.query("SELECT segments FROM message")] == [3]


async def test_answers_in_the_thread_go_without_it(world: World, priya: Person) -> None:
    sara = world.phone(SARA)
    await world.live_campaign(picture=File("flyer.jpg", JPEG))
    await world.texting(priya)
    await priya.presses("Send")
    await world.a_while()
    await sara.texts("Nice! Where?")
    await world.a_while()
    await priya.writes("At the library", in_=priya.threads[0])
    await world.a_while()

    assert sara.received[-1] == "At the library"
    assert len(sara.pictures) == 1


async def test_the_picture_stands_under_an_address_that_nobody_can_guess(world: World, priya: Person) -> None:
    await world.live_campaign(picture=File("flyer.jpg", JPEG))
    await world.texting(priya)
    await priya.presses("Send")
    await world.a_while()
    address = await address_of(world)

    status, headers, content = await fetched(address)
    assert (status, headers["Content-Type"], content) == (200, "image/jpeg", JPEG)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in headers["Cache-Control"]
    status, headers, content = await fetched(address, "HEAD")
    assert (status, headers["Content-Length"], content) == (200, str(len(JPEG)), b"")

    base, _, mark = address.partition("?k=")
    other = base.replace(base.rpartition("/")[2], "0" * 64 + ".jpg")
    forged = [base, f"{base}?k=", f"{base}?k={'0' * 32}", f"{base}?k=ü", f"{other}?k={mark}", base.rpartition("/")[0]]
    assert [(await fetched(each))[0] for each in forged] == [404] * len(forged)
    assert (await fetched(f"{base.rpartition('/')[0]}/"))[0] == 404


async def test_a_picture_that_slack_cannot_fetch_is_left_out_of_the_card(world: World, priya: Person) -> None:
    await world.live_campaign(picture=File("flyer.jpg", JPEG))
    await world.organizer.types("/textbank assign Fall GOTV @priya 50")
    await world.settles()
    world.slack.respond_next("chat.postMessage", error="invalid_blocks")
    await priya.types("/text")

    assert "MMS, with a picture" in priya.card.words
    assert "This picture goes with it." not in priya.card.words


async def test_text_faster_names_the_picture(world: World, priya: Person) -> None:
    sara = world.phone(SARA)
    await world.live_campaign(picture=File("flyer.jpg", JPEG))
    await world.texting(priya)
    await priya.presses("Text faster")
    assert "This picture> goes with it." in priya.modal.words
    world.time.passes(seconds=2)
    await priya.submits()
    await world.a_while()
    assert [one.content for one in sara.pictures] == [JPEG]


async def test_pictures_take_more_of_the_pace(database_url: str) -> None:
    async with open_world(database_url, sms_segments_per_second=2) as world:
        priya = world.slack.person("Priya Shah")
        await world.live_campaign(picture=File("flyer.jpg", JPEG))
        await world.texting(priya)
        await clicks(world, priya, 2)
        world.time.passes(seconds=6)
        await world.sender.step()
        await world.drawn()
        assert (await states(world)).count("queued") == 1
        world.time.passes(seconds=0.5)
        assert not await world.sender.step(), "the first took three segments, at two a second"
        world.time.passes(seconds=0.5)
        assert await world.sender.step()
        await world.drawn()


async def test_the_script_modal_shows_the_picture_and_takes_it_out(world: World, olivia: Person, priya: Person) -> None:
    sara, tom = world.phone(SARA), world.phone(TOM)
    await world.live_campaign(picture=File("flyer.jpg", JPEG))
    await world.texting(priya)
    await olivia.types("/textbank script Fall")
    assert "This picture> goes with its first texts." in olivia.modal.words
    await olivia.submits(Script="Hi {first_name}!")
    await priya.types("/text")
    assert "MMS, with a picture" in priya.card.words, "other words keep the picture"
    await priya.presses("Send")

    await olivia.types("/textbank script Fall")
    await olivia.submits({"The picture there is": "Remove the picture"})
    await priya.types("/text")
    assert "picture" not in priya.card.words
    await priya.presses("Send")
    await world.a_while()
    assert (len(sara.pictures), len(tom.pictures)) == (1, 0)

    await olivia.types("/textbank script Fall")
    assert "The picture there is" not in olivia.modal.fields
    await olivia.submits({"Picture": File("map.png", PNG)})
    await world.settles()
    await priya.types("/text")
    assert "This picture goes with it." in priya.card.words


async def test_only_the_newest_of_two_pictures_counts(world: World, olivia: Person, priya: Person) -> None:
    await world.live_campaign()
    for name, content in (("flyer.jpg", JPEG), ("map.png", PNG)):
        await olivia.types("/textbank script Fall")
        await olivia.submits({"Picture": File(name, content)})
    await olivia.types("/textbank script Fall")
    assert "map.png is still being fetched." in olivia.modal.words
    await olivia.cancels()
    await world.settles()

    [row] = await world.query("SELECT content FROM picture")
    assert bytes(row.content) == PNG
    assert words(olivia).count("The picture of Fall GOTV is in") == 1


async def test_removing_takes_back_a_picture_that_is_on_its_way(world: World, olivia: Person) -> None:
    await world.live_campaign()
    await olivia.types("/textbank script Fall")
    await olivia.submits({"Picture": File("flyer.jpg", JPEG)})
    await olivia.types("/textbank script Fall")
    await olivia.submits({"The picture there is": "Remove the picture"})
    await world.settles()
    assert await world.query("SELECT id FROM picture") == []


async def test_a_large_picture_is_taken_with_a_warning(world: World, olivia: Person) -> None:
    await world.new_campaign(picture=File("flyer.jpg", JPEG + b"\0" * 700_000))
    assert "With 700 KB it is larger than the 600 KB that carriers advise" in words(olivia)


async def test_a_picture_over_five_megabytes_is_refused_under_its_field(world: World, olivia: Person) -> None:
    await olivia.types("/textbank new")
    modal = await olivia.submits({**FIELDS, "Picture": File("flyer.jpg", JPEG + b"\0" * 6_000_000)})
    assert modal.errors == {
        "Picture": "That picture has 6.0 MB; the carrier takes 5 MB, and advises 600 KB. Make it smaller."
    }
    assert await world.query("SELECT id FROM campaign") == []


async def test_a_file_is_given_up_where_it_grows_larger_than_was_said(
    world: World, olivia: Person, tmp_path: Any
) -> None:
    await olivia.writes("look", files=(File("flyer.jpg", JPEG),))
    with pytest.raises(SlackTrouble, match="too large"):
        await world.kit.slack.fetch_file(olivia.files[0].url, tmp_path / "file", most=len(JPEG) - 1)


@pytest.mark.parametrize(
    "content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"RIFF\0\0\0\0WEBP", b""]
)
async def test_a_file_that_only_its_name_makes_a_picture_is_refused(
    world: World, olivia: Person, priya: Person, content: bytes
) -> None:
    await world.live_campaign(picture=File("flyer.jpg", content))
    assert "The picture flyer.jpg was not taken for Fall GOTV: it is no JPEG, PNG or GIF" in words(olivia)
    assert "Its texts go as they did before." in words(olivia)
    await world.texting(priya)
    assert "picture" not in priya.card.words
    assert await world.query("SELECT id FROM picture") == []


async def test_without_a_public_address_there_are_no_pictures(database_url: str) -> None:
    async with open_world(database_url) as world:
        object.__setattr__(world.kit.settings, "public_url", None)
        await world.organizer.types("/textbank new")
        modal = await world.organizer.submits({**FIELDS, "Picture": File("flyer.jpg", JPEG)})
        assert list(modal.errors) == ["Picture"]
        assert "PUBLIC_URL" in modal.errors["Picture"]
        assert await world.query("SELECT id FROM campaign") == []

        assert await world.organizer.submits({"Picture": None}) is None


async def test_a_public_address_that_is_gone_pauses_the_campaign(world: World, olivia: Person, priya: Person) -> None:
    await world.live_campaign(picture=File("flyer.jpg", JPEG))
    await world.texting(priya)
    await priya.presses("Send")
    object.__setattr__(world.kit.settings, "public_url", None)
    await world.a_while()

    assert posts(world) == []
    assert await states(world) == ["rejected"]
    assert [row.state for row in await world.query("SELECT state FROM campaign")] == ["paused"]
    assert "not set up to send" in words(olivia)


async def test_a_campaign_does_not_start_before_its_picture_is_there(world: World, olivia: Person) -> None:
    await world.new_campaign()
    await olivia.types("/textbank script Fall")
    await olivia.submits({"Picture": File("flyer.jpg", JPEG)})
    answer = await olivia.types("/textbank start Fall")
    assert "The picture of Fall GOTV is still being fetched." in answer.text
    await world.settles()
    assert "is live" in (await olivia.types("/textbank start Fall")).text


async def test_a_picture_that_slack_cannot_give_just_now_is_fetched_later(world: World, olivia: Person) -> None:
    await world.new_campaign()
    world.slack.respond_next("download", status=503)
    await olivia.types("/textbank script Fall")
    await olivia.submits({"Picture": File("flyer.jpg", JPEG)})
    await world.settles()
    assert "is in" not in words(olivia)
    await world.a_while(20)
    assert "The picture of Fall GOTV is in" in words(olivia)


async def test_a_picture_that_slack_never_gives_is_given_up(world: World, olivia: Person) -> None:
    await world.new_campaign()
    world.slack.respond_next("download", status=503, times=1000)
    await olivia.types("/textbank script Fall")
    await olivia.submits({"Picture": File("flyer.jpg", JPEG)})
    await world.settles()
    await world.a_while(21 * 60)
    assert "The picture flyer.jpg was not taken for Fall GOTV: Slack answered 503." in words(olivia)


async def test_without_the_scope_the_picture_is_refused_in_words(world: World, olivia: Person) -> None:
    await world.new_campaign()
    world.slack.scopes = {"chat:write", "commands", "files:write", "users:read", "im:write", "im:history"}
    await olivia.types("/textbank script Fall")
    await olivia.submits({"Picture": File("flyer.jpg", JPEG)})
    await world.settles()
    assert "files:read" in words(olivia)


# --------------------------------------------------------------------------------------------------- a voter's picture


@pytest.fixture
async def shown(world: World, priya: Person, sara: Phone) -> Message:
    """Sara has sent a picture without a word, and Priya has the thread."""
    await sara.texts("", media=[("image/png", PNG)])
    await world.a_while()
    return priya.threads[0]


async def asked(world: World, priya: Person) -> str:
    """Priya presses it; what only she was told then."""
    before = len(priya.ephemerals)
    await priya.presses("Show picture")
    await world.settles()
    return "\n".join(one.words for one in priya.ephemerals[before:])


async def test_a_voters_picture_is_shown_when_the_volunteer_asks(
    world: World, priya: Person, sara: Phone, shown: Message
) -> None:
    assert "> (a picture)" in shown.words
    assert priya.files == []
    assert not [call for call in world.carrier.calls if "/Media/" in call.path]

    assert await asked(world, priya) == ""
    [reply] = shown.replies
    assert [(file.name, file.content) for file in reply.files] == [("picture-1.png", PNG)]
    assert "From Sara Lopez" in reply.words
    await world.a_while()
    assert len(posts(world)) == 1, "it is no line to be texted"
    assert priya.warnings == []


async def test_a_picture_of_somebody_who_is_erased_is_deleted_in_slack(
    world: World, olivia: Person, priya: Person, shown: Message
) -> None:
    await asked(world, priya)
    await world.forgets("313 555 0101")
    await world.a_while()
    await world.a_while()
    [reply] = shown.replies
    assert (reply.files, "Sara" in reply.words) == ([], False)
    assert [file.name for file in world.slack.workspace.files.values() if file.content == PNG] == []


async def test_only_the_conversations_volunteer_may_look(
    world: World, priya: Person, sam: Person, shown: Message
) -> None:
    value = shown.button("Show picture")[1]["value"]
    await world.live_campaign("Other", LIST.replace("555-01", "555-02"))
    await world.texting(sam, name="Other")
    card = sam.card
    card.draw([{"type": "actions", "elements": [{**shown.button("Show picture")[1], "value": value}]}])
    await sam.presses("Show picture", on=card)
    await world.settles()
    assert "no longer yours" in sam.ephemerals[-1].words
    assert sam.files == priya.files == []
    assert not [call for call in world.carrier.calls if "/Media/" in call.path]


async def test_several_pictures_come_together_and_other_things_are_named(
    world: World, priya: Person, sara: Phone, thread: Message
) -> None:
    sent = [
        ("image/png", PNG),
        ("text/x-vcard", b"BEGIN:VCARD"),
        ("image/jpeg", JPEG),
        ("video/mp4", b"mp4"),
        "audio/amr",
    ]
    await sara.texts("Look!", media=sent)
    await world.a_while()
    later = thread.replies[-1]
    assert "> Look!\n> _2 pictures, a contact card, a video, a recording_" in later.words

    await priya.presses("Show pictures", on=later)
    await world.settles()
    assert [file.content for file in thread.replies[-1].files] == [PNG, JPEG]


WRONG: dict[str, tuple[Any, str]] = {
    "another host": ("https://elsewhere.example/x.png", "not kept at the carrier"),
    "no picture": (("image/png", b"<script>"), "no JPEG, PNG or GIF"),
    "too large": (("image/png", PNG + b"\0" * 5_000_000), "larger than 5 MB"),
}


@pytest.mark.parametrize("kind", WRONG)
async def test_what_is_no_picture_of_the_carriers_is_refused_in_words(
    world: World, priya: Person, sara: Phone, kind: str
) -> None:
    medium, why = WRONG[kind]
    await sara.texts("Look", media=[medium])
    await world.a_while()
    assert why in await asked(world, priya)
    assert priya.files == []


async def test_a_redirect_to_another_host_is_not_followed(world: World, priya: Person, shown: Message) -> None:
    for target in (f"{world.slack.url}/files/x", "http://mms.twiliocdn.com/x", "https://mms.twiliocdn.com.evil.org/x"):
        world.carrier.media_moved_to = target
        assert "not kept at the carrier" in await asked(world, priya)
    assert priya.files == []


async def test_a_redirect_that_goes_on_for_ever_is_given_up(world: World, priya: Person, shown: Message) -> None:
    [address] = [one["url"] for row in await world.query("SELECT media FROM inbound") for one in as_list(row.media)]
    world.carrier.media_moved_to = address
    assert "did not give us the picture" in await asked(world, priya)


def as_list(value: Any) -> list[dict[str, str]]:
    """A JSON column, as whichever driver gives it."""
    import json

    return json.loads(value) if isinstance(value, str) else value


async def test_a_picture_that_the_carrier_does_not_have_is_said(world: World, priya: Person, shown: Message) -> None:
    [text] = [text for text in world.carrier.kept() if text.attachments]
    text.attachments.clear()
    assert "does not have that picture, or not yet" in await asked(world, priya)


async def test_nothing_is_kept_of_a_forgotten_voters_picture(
    world: World, olivia: Person, priya: Person, shown: Message
) -> None:
    await world.forgets("(313) 555-0101")
    assert "not kept any more" in await asked(world, priya)
    assert not [call for call in world.carrier.calls if "/Media/" in call.path]
