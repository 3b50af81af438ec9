"""The demo: invented people who may be texted at any hour, claims that can fail, and the whole of it as a command."""

import csv
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import phonenumbers
import psutil
import pytest

from bot.services import phones
from bot.services.contact_columns import columns
from bot.services.keywords import Verdict, verdict
from bot.services.texting_hours import closes_at, place_of, window_for
from sandbox import invented, small_talk
from sandbox.claims import Claim, Evidence, Heard, Post, Sent, Thread, check
from tests.project import source

HOURS = [
    day + timedelta(hours=hour, minutes=minute)
    for day in (
        datetime(2026, 1, 13, tzinfo=UTC),
        datetime(2026, 3, 8, tzinfo=UTC),  # clocks go forward in the US; a Sunday
        datetime(2026, 7, 4, tzinfo=UTC),
        datetime(2026, 11, 1, tzinfo=UTC),  # and back
    )
    for hour in range(24)
    for minute in (0, 29, 59)
]


# -- invented people ---------------------------------------------------------------------------------------


def test_the_same_seed_invents_the_same_people() -> None:
    places = list(invented.AT_HOME)

    assert invented.people(300, places, 7) == invented.people(300, places, 7)
    assert invented.people(300, places, 7) != invented.people(300, places, 8)


@pytest.mark.parametrize("place", [*invented.AT_HOME, *invented.ABROAD], ids=lambda place: place.city)
def test_everybody_has_a_name_and_a_number_of_their_own_even_in_one_place(place: invented.Place) -> None:
    people = invented.people(500, [place], 1)

    assert len({person.name for person in people}) == len({person.phone for person in people}) == 500
    assert all(re.fullmatch(r"\+1\d{3}55501\d\d", person.phone) for person in people), "others may be somebody's"
    for phone in {person.phone[:5]: person.phone for person in people}.values():
        assert phonenumbers.is_valid_number(phonenumbers.parse(phone)), phone
        assert phones.parse(phone) == phone


def test_at_every_hour_there_are_people_whose_window_stays_open() -> None:
    for now in HOURS:
        assert invented.open_places(now), now
        for place in invented.open_places(now):
            phone = f"+1{place.area_codes[:3]}5550100"
            zone = None if place.zip else place.zone
            found = place_of(timezone=zone, zip=place.zip, state=place.state, phone=phone)
            closes = closes_at(window_for(found, "09:00-20:00"), now)
            assert closes is not None, f"{place.city} is not open at {now}"
            assert closes - now >= timedelta(minutes=25), "nobody's window may shut while the demo runs"


def test_who_they_are_is_said_honestly() -> None:
    at_noon = invented.open_places(datetime(2026, 10, 20, 21, tzinfo=UTC))
    at_night = invented.open_places(datetime(2026, 10, 20, 11, tzinfo=UTC))

    assert "abroad" not in invented.where_it_is_day(at_noon)
    assert "It is night all over the United States" in invented.where_it_is_day(at_night)
    assert {place.state for place in at_night} == {""}


def test_the_file_has_every_person_once_and_a_few_rows_that_cannot_be_used() -> None:
    people = invented.people(240, list(invented.AT_HOME), 5)
    header, *rows = csv.reader(StringIO(invented.contacts_csv(people, 5)))

    place = columns(header).phones[0]
    read: Counter[str] = Counter()
    rejected = 0
    for row in rows:
        try:
            read[phones.parse(row[place])] += 1
        except ValueError:
            rejected += 1
    assert set(read) == {person.phone for person in people}
    assert (rejected, read.most_common(2)[0][1], read.most_common(2)[1][1]) == (5, 2, 1)


# -- what they say -----------------------------------------------------------------------------------------


def test_the_product_takes_voters_words_as_they_are_meant() -> None:
    def verdicts(lines: Iterator[str]) -> set[Verdict]:
        return {verdict(line) for line in lines}

    voters = (line for talk in small_talk.TALKS for line in talk[::2])
    assert verdicts(voters) == {Verdict.NONE}
    assert verdicts(iter(small_talk.OUT_FOR_GOOD - set(small_talk.FURIOUS))) == {Verdict.OUT}
    assert verdicts(iter([*small_talk.FURIOUS, small_talk.WARY[0][0]])) == {Verdict.HELD}


def test_no_line_is_part_of_another() -> None:
    lines = [line for talk in (*small_talk.TALKS, *small_talk.WARY, *small_talk.LATE_STOPS) for line in talk]

    assert [(one, other) for one in lines for other in lines if one is not other and one in other] == []


# -- the claims --------------------------------------------------------------------------------------------

MARIA, TOM = "+13135550101", "+13135550102"


@pytest.fixture
def good() -> Evidence:
    """Two people texted; Maria answered and got an answer, Tom said STOP."""
    return Evidence(
        sent=[
            Sent("Priya", "Maria Lopez", MARIA, "Hi Maria", first=True),
            Sent("Priya", "Tom Reed", TOM, "Hi Tom", first=True, taken_back=True),
            Sent("Priya", "Tom Reed", TOM, "Hi Tom", first=True),
            Sent("Priya", "Maria Lopez", MARIA, "Thanks!", first=False),
        ],
        heard=[Heard("Maria Lopez", MARIA, "Yes & no"), Heard("Tom Reed", TOM, "STOP")],
        out={TOM: 50.0},
        posts=[Post(MARIA, "Hi Maria", 10, 201), Post(TOM, "Hi Tom", 11, 201), Post(MARIA, "Thanks!", 60, 201)],
        threads=[Thread("Priya", "Maria Lopez", "*Maria Lopez* answered\n*Maria Lopez*\n> Yes &amp; no")],
        calls=Counter({"response_url": 3, "chat.postMessage": 2}),
        asked=1,
    )


def broken(evidence: Evidence) -> list[Claim]:
    return [claim for claim in check(evidence) if not claim.holds]


def test_every_claim_holds_of_a_good_text_bank(good: Evidence) -> None:
    assert broken(good) == []


def test_a_text_that_was_doubled_is_found(good: Evidence) -> None:
    [claim] = broken(replace(good, posts=[*good.posts, Post(MARIA, "Hi Maria", 12, 201)]))

    assert "exactly once" in claim.words
    assert claim.wrong == ("Maria Lopez: “Hi Maria” asked for 1 times, came 2 times",)


def test_a_text_that_was_lost_is_found(good: Evidence) -> None:
    [claim] = broken(replace(good, posts=good.posts[:-1]))

    assert claim.wrong == ("Maria Lopez: “Thanks!” never came",)


def test_a_text_that_nobody_sent_is_found(good: Evidence) -> None:
    assert broken(replace(good, posts=[*good.posts, Post("+13135550109", "Hi stranger", 12, 201)]))


def test_a_text_that_was_undone_must_not_arrive(good: Evidence) -> None:
    good.sent[0].taken_back = True

    assert broken(good)


def test_a_text_that_an_opt_out_stopped_is_no_loss(good: Evidence) -> None:
    assert broken(replace(good, posts=[post for post in good.posts if post.to != TOM])) == []


def test_a_text_after_a_stop_is_found_even_if_the_carrier_refused_it(good: Evidence) -> None:
    [claim] = broken(replace(good, posts=[*good.posts, Post(TOM, "Hi Tom", 57, 400)]))

    assert "opted out" in claim.words
    assert "7.0 s after" in claim.wrong[0]


def test_a_reply_in_no_thread_or_in_two_is_found(good: Evidence) -> None:
    assert broken(replace(good, threads=[]))
    assert broken(replace(good, threads=[*good.threads, replace(good.threads[0], volunteer="Marcus")]))


def test_a_post_by_the_web_api_for_each_text_is_found(good: Evidence) -> None:
    assert broken(replace(good, calls=Counter({"response_url": 3, "chat.postMessage": 2, "chat.update": 100})))
    assert broken(replace(good, calls=Counter({"response_url": 1})))


def test_an_error_on_anybodys_screen_is_found(good: Evidence) -> None:
    assert broken(replace(good, trouble=["Priya: Send: http_timeout"]))


# -- the command -------------------------------------------------------------------------------------------


def command(folder: Path, *more: str) -> list[str]:
    size = ("--contacts", "12", "--seconds", "5", "--volunteers", "2", "--seed", "1")
    return [sys.executable, "-m", "bot", "sandbox", "--folder", str(folder), *size, *more]


def test_the_demo_plays_a_small_text_bank_and_proves_its_claims(tmp_path: Path) -> None:
    real = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/real", "PORT": "1"}

    played = subprocess.run(
        command(tmp_path), cwd=source.ROOT, env={**os.environ, **real}, capture_output=True, text=True, timeout=150
    )

    assert played.returncode == 0, played.stdout + played.stderr
    assert "12 contacts imported" in played.stdout
    assert "same phone as row" in played.stdout
    assert "opted out" in played.stdout
    assert re.search(r"→ (Priya|Marcus)'s thread", played.stdout)
    assert played.stdout.count("✔") == 5
    assert "✘" not in played.stdout
    assert "\x1b" not in played.stdout, "a pipe gets plain lines"
    assert played.stderr == ""
    assert len(list(tmp_path.glob("textbank-*.db"))) == 1


def test_ctrl_c_ends_the_demo_and_the_product_with_it(tmp_path: Path) -> None:
    demo = subprocess.Popen(command(tmp_path), cwd=source.ROOT, stdout=subprocess.PIPE, text=True)
    assert demo.stdout
    for line in demo.stdout:
        if "uploads" in line:
            break
    [product] = psutil.Process(demo.pid).children()
    children = [product, *product.children(recursive=True)]
    [web] = [port for port in product.net_connections("inet") if port.status == "LISTEN"]
    assert web.laddr.ip == "127.0.0.1", "nobody else's machine may reach it"

    demo.send_signal(signal.SIGINT)

    assert demo.wait(timeout=30) == 130
    assert demo.stdout.read().strip().endswith("Ended.")
    demo.stdout.close()
    deadline = time.monotonic() + 30
    while (left := [child for child in children if runs(child)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def runs(process: psutil.Process) -> bool:
    """Whether it has not ended; one that nobody has buried yet has."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        played = subprocess.run(
            command(tmp_path, "--port", str(port)), cwd=source.ROOT, capture_output=True, text=True, timeout=60
        )

    assert played.returncode == 2
    assert played.stdout.strip() == (
        f"Port {port} is taken by another program. Choose another one with --port, or leave --port out."
    )


def test_a_product_that_does_not_start_is_quoted(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from sandbox import demo, product; "
        "product.environment = lambda settings: {'PATH': ''}; "
        f"sys.exit(demo.main(demo.Options(folder=Path({str(tmp_path)!r}))))"
    )
    played = subprocess.run(
        [sys.executable, "-c", program], cwd=source.ROOT, capture_output=True, text=True, timeout=60
    )

    assert played.returncode == 2
    assert "Textbank did not start (exit code 2)." in played.stdout
    assert "SLACK_BOT_TOKEN is missing" in played.stdout
    assert "Traceback" not in played.stdout + played.stderr
