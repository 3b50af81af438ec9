"""The page in Chromium: what an organizer, volunteers and voters do there, in their words."""

import pytest
from playwright.async_api import expect

from tests.page.story import Story, Window
from tests.world import CONSENT, LIST, SCRIPT

pytestmark = pytest.mark.asyncio(loop_scope="session")

SARA = "+13135550101"
NAMELESS = """
() => [...document.querySelectorAll("button, input, select, textarea, a")]
    .filter((one) => one.checkVisibility() && !one.closest("[aria-hidden=true]"))
    .filter((one) => !(one.getAttribute("aria-label") || one.getAttribute("aria-labelledby") || one.labels?.length
        || one.textContent.trim()))
    .map((one) => one.outerHTML)
"""


async def on_the_card(story: Story, name: str = "Priya", count: int = 3) -> Window:
    """Somebody has contacts in hand, and the first of them on the card."""
    person = next(member.person for member in story.desk.members if member.person.first_name == name)
    await story.world.live_campaign()
    await story.world.texting(person, count)
    return await story.opens(name)


async def has_texted(story: Story) -> Window:
    """Priya has texted Sara, and has Tom on her card."""
    priya = await on_the_card(story)
    await priya.presses("Send")
    await priya.sees("Texted Sara Lopez")
    await story.a_while()
    await priya.takes("Sara Lopez")
    await priya.sees("Hi Sara, it's Priya", priya.phone)
    return priya


async def test_an_organizer_makes_a_campaign_from_a_csv(story: Story) -> None:
    olivia = await story.opens("Olivia")
    await olivia.page.keyboard.press("Tab")
    await olivia.writes("/textbank new")
    dialog = olivia.dialog
    await dialog.get_by_label("Name").fill("Fall GOTV")
    await dialog.get_by_label("Script").fill(SCRIPT)
    await dialog.get_by_label("Consent").fill(CONSENT)
    await olivia.presses("Create", dialog)
    await olivia.sees("Please complete this required field.", dialog)
    assert await olivia.page.evaluate(NAMELESS) == []

    file = {"name": "list.csv", "mimeType": "text/csv", "buffer": LIST.encode()}
    await dialog.get_by_label("Contacts (CSV)").set_input_files([file])
    await expect(dialog.get_by_text("list.csv")).to_be_visible()
    await expect(dialog.get_by_label("Name")).to_have_value("Fall GOTV")
    await olivia.presses("Create", dialog)
    await expect(dialog).to_be_hidden()
    await olivia.sees("3 contacts imported from list.csv.")

    await olivia.writes("/textbank start Fall GOTV")
    await olivia.sees("Only visible to you")
    await olivia.writes("/textbank invite Fall GOTV #volunteers 2")
    await olivia.page.get_by_role("button", name="volunteers").click()
    await olivia.sees("invites you to text for Fall GOTV")
    await olivia.presses("Be Marcus Bell, volunteer")
    await expect(olivia.button("Be Marcus Bell, volunteer")).to_have_attribute("aria-pressed", "true")
    await olivia.page.get_by_role("button", name="volunteers").click()
    await olivia.presses("Start texting")
    await olivia.page.get_by_role("navigation").get_by_role("button", name="Textbank").click()
    await olivia.sees("1 of 2")


async def test_a_volunteer_edits_sends_skips_and_undoes(story: Story) -> None:
    priya = await on_the_card(story)
    card = priya.messages.get_by_role("textbox", name="Message")
    await expect(card).to_have_value("Hi Sara, it's Priya with Michigan Votes. Can we count on you in Detroit?")
    await card.fill("Hello Sara! Priya here.")
    await priya.button("Send").focus()
    await priya.page.keyboard.press("Enter")
    await priya.sees("Texted Sara Lopez")
    await expect(card).to_have_value("Hi Tom, it's Priya with Michigan Votes. Can we count on you in Flint?")

    await priya.presses("Undo")
    await priya.sees("1 of 3")
    await expect(card).to_have_value("Hello Sara! Priya here.")
    await priya.presses("Skip")
    await priya.sees("Skipped Sara Lopez")
    await priya.presses("More")
    await priya.page.get_by_role("menuitem", name="Wrong number").click()
    await priya.presses("Cancel", priya.page.get_by_role("alertdialog"))
    await card.fill("Hi Tom!")
    await priya.presses("Send")
    await priya.sees("Texted Tom Reed")
    await story.a_while()
    await priya.takes("Tom Reed")
    await priya.sees("Hi Tom!", priya.phone)
    assert story.world.carrier.texts_to(SARA) == []


async def test_a_voter_replies_and_the_volunteer_answers_in_the_thread(story: Story) -> None:
    priya = await has_texted(story)
    card = priya.messages.get_by_role("textbox", name="Message").first  # it may come again below the thread
    await card.fill("Hi Tom, I am still typ")
    field = await card.element_handle()
    await priya.texts("Where do I <img src=x> vote, *Priya*?")
    await story.a_while()
    await priya.sees("Sara Lopez answered")
    await priya.sees("Where do I <img src=x> vote,")  # as she wrote it, and no picture
    await expect(card).to_have_value("Hi Tom, I am still typ")

    root = priya.messages.get_by_role("listitem").filter(has_text="Sara Lopez answered")
    await root.hover()
    await root.get_by_role("button", name="Reply in thread").click()
    await priya.writes("At the library on Main St!", priya.thread)
    await priya.sees("At the library on Main St!", priya.thread)
    await story.a_while()
    await priya.sees("At the library on Main St!", priya.phone)
    await expect(root.get_by_role("button", name="1 reply")).to_be_visible()
    await expect(card).to_have_value("Hi Tom, I am still typ")
    assert await field.evaluate("(one) => one.isConnected")  # her field itself, the cursor where it was
    await priya.page.keyboard.press("Escape")
    await expect(priya.thread).to_be_hidden()


async def test_stop_is_the_last_word(story: Story) -> None:
    priya = await has_texted(story)
    await priya.presses("STOP", priya.phone)
    await priya.sees("You have successfully been unsubscribed.", priya.phone)
    await story.a_while()
    olivia = await story.opens("Olivia")
    await olivia.writes("/textbank status")
    await olivia.sees("opt-outs 1")
    assert len(story.world.carrier.texts_to(SARA)) == 1


async def test_the_digest_has_a_chart_and_its_numbers(story: Story) -> None:
    await has_texted(story)
    olivia = await story.opens("Olivia")
    await olivia.writes("/textbank digest now")
    await olivia.sees("The last 24 hours")
    chart = olivia.page.get_by_role("figure", name="Texts and answers").or_(olivia.messages.locator("figure"))
    await expect(chart.get_by_role("img")).to_be_visible()
    await chart.get_by_text("The numbers").click()
    await expect(chart.get_by_role("row", name="Oct 20")).to_have_text("Oct 2010")


async def test_two_volunteers_text_at_once_and_each_sees_their_own(story: Story) -> None:
    priya = await on_the_card(story, count=1)
    marcus = await story.opens("Marcus", width=390, height=844)
    await story.world.organizer.types("/textbank assign Fall GOTV @marcus 1")
    await marcus.presses("Start texting")
    await marcus.presses("Send")
    await priya.presses("Send")
    await marcus.sees("That was the last one. You have texted 1 person")
    await priya.sees("That was the last one. You have texted 1 person")
    await story.a_while()
    await marcus.page.get_by_role("button", name="Phones").click()
    await marcus.takes("Tom Reed")
    await marcus.sees("Hi Tom, it's Marcus", marcus.phone)
    await priya.takes("Sara Lopez")
    await priya.sees("Hi Sara, it's Priya", priya.phone)
    assert await marcus.page.get_by_text("Sara Lopez answered").count() == 0
    assert await marcus.page.evaluate(NAMELESS) == []


async def test_at_night_nobody_is_texted_and_in_the_morning_it_goes_on(story: Story) -> None:
    priya = await on_the_card(story)
    await priya.page.get_by_role("button", name="Weather").click()
    await story.moves_on(priya, "Night falls")
    await priya.presses("Send")
    await priya.sees("out of their texting hours")
    assert story.world.carrier.texts_to(SARA) == []
    await story.moves_on(priya, "Morning")
    await priya.writes("/text")
    await priya.presses("Send")
    await priya.sees("Texted Sara Lopez")
    await story.moves_on(priya, "+ 1 minute")
    await priya.page.get_by_role("button", name="Phones").click()
    await priya.takes("Sara Lopez")
    await priya.sees("Hi Sara, it's Priya", priya.phone)


async def test_an_outage_of_slack_loses_no_reply(story: Story) -> None:
    priya = await has_texted(story)
    await priya.page.get_by_role("button", name="Weather").click()
    slack = priya.page.get_by_role("group", name="Slack")
    await priya.presses("Outage", slack)
    await expect(priya.button("Outage", slack)).to_have_attribute("aria-pressed", "true")
    await priya.page.get_by_role("button", name="Phones").click()
    await priya.texts("Are you there?")
    await priya.sees("Are you there?", priya.phone)
    await story.a_while()
    await priya.presses("Send")
    await expect(priya.page.get_by_role("alert").filter(has_text="Slack is out")).to_be_visible()

    await priya.page.get_by_role("button", name="Weather").click()
    await priya.presses("Fine", slack)
    await story.moves_on(priya, "+ 10 minutes")
    await priya.sees("Sara Lopez answered")
    await priya.sees("Are you there?")
    await expect(priya.messages.get_by_text("Are you there?")).to_have_count(1)


async def test_an_outage_of_the_carrier_loses_no_text_and_sends_none_twice(story: Story) -> None:
    priya = await on_the_card(story)
    await priya.page.get_by_role("button", name="Weather").click()
    carrier = priya.page.get_by_role("group", name="The carrier")
    await priya.presses("Outage", carrier)
    await expect(priya.button("Outage", carrier)).to_have_attribute("aria-pressed", "true")
    await priya.presses("Send")
    await priya.sees("Texted Sara Lopez")
    await story.moves_on(priya, "+ 1 minute")
    await priya.page.get_by_role("button", name="Requests").click()
    await priya.presses("Went wrong")
    await expect(priya.page.get_by_role("table").get_by_text("send a text").first).to_be_visible()
    await priya.page.get_by_role("table").get_by_text("send a text").first.click()
    await expect(priya.page.get_by_label("What was said")).to_contain_text("Hi Sara")

    await priya.page.get_by_role("button", name="Weather").click()
    await priya.presses("Fine", carrier)
    await story.moves_on(priya, "+ 10 minutes")
    await story.moves_on(priya, "+ 10 minutes")
    await priya.presses("Be Olivia Organizer, organizer")
    await priya.sees("the carrier never said whether it took 1 text")
    await priya.presses("Take it")
    await priya.presses("Send again")
    await priya.presses("Send again", priya.page.get_by_role("alertdialog"))
    await priya.sees("1 text sent again.")
    await story.a_while()
    await priya.page.get_by_role("button", name="Phones").click()
    await priya.takes("Sara Lopez")
    await priya.sees("Hi Sara, it's Priya", priya.phone)
    assert len(story.world.carrier.texts_to(SARA)) == 1
