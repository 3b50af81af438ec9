"""When people may be texted: by their clock, not by ours, and by every clock that may be theirs."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.texting_hours import (
    NeverOpen,
    Place,
    Window,
    closes_at,
    describe,
    local_time_words,
    opens_at,
    parse_rule,
    place_of,
    window_for,
)

DETROIT = "+13135550123"
DEFAULT = "09:00-20:00"


def where(phone: str = DETROIT, *, timezone: str = "", zip: str = "", state: str = "") -> Place:
    return place_of(timezone=timezone, zip=zip, state=state, phone=phone)


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


# ---------------------------------------------------------------------------------------------- where


def test_the_best_source_wins() -> None:
    assert where(timezone="America/Denver", zip="33101", state="FL").source == "timezone"
    assert where(zip="33101", state="OR").source == "zip"
    assert where(state="OR") == Place(("America/Boise", "America/Los_Angeles"), "OR", "state")
    assert where() == Place(("America/Detroit",), "MI", "area code")


@pytest.mark.parametrize(
    ("written", "zones"),
    [
        ("America/New_York", ("America/New_York",)),
        (" america/new_york ", ("America/New_York",)),
        ("America/New York", ("America/New_York",)),
        ("US/Eastern", ("America/New_York",)),
        ("Eastern", ("America/New_York",)),
        ("EST", ("America/New_York",)),
        ("EDT", ("America/New_York",)),
        ("Eastern Standard Time", ("America/New_York",)),
        ("Central Daylight Time", ("America/Chicago",)),
        ("US/Mountain", ("America/Denver",)),
        ("Hawaiian Standard Time", ("Pacific/Honolulu",)),
        ("Europe/Paris", ("Europe/Paris",)),
        ("Mountain", ("America/Denver", "America/Phoenix")),  # many files call Arizona so
    ],
)
def test_time_zones_as_files_write_them(written: str, zones: tuple[str, ...]) -> None:
    assert where(timezone=written) == Place(zones, where(timezone=written).state, "timezone")


@pytest.mark.parametrize("nonsense", ["-5_1", "Etc/GMT+5", "UTC", "Detroit", "../../etc/passwd", "None", "America"])
def test_what_is_no_time_zone_is_passed_over(nonsense: str) -> None:
    assert where(timezone=nonsense).source == "area code"


@pytest.mark.parametrize(
    ("zip", "zone", "state"),
    [
        ("48201", "America/Detroit", "MI"),
        ("48201-1234", "America/Detroit", "MI"),
        ("482011234", "America/Detroit", "MI"),
        (" 48201.0", "America/Detroit", "MI"),
        ("2139", "America/New_York", "MA"),  # a spreadsheet ate the zero
        ("86515", "America/Denver", "AZ"),  # Window Rock, on the Navajo Nation
        ("86003", "America/Phoenix", "AZ"),  # Flagstaff, which the package has wrong
        ("46320", "America/Chicago", "IN"),  # Hammond
        ("32501", "America/Chicago", "FL"),  # Pensacola
        ("97914", "America/Boise", "OR"),  # Ontario, Oregon
        ("37405", "America/New_York", "TN"),  # Chattanooga, which the package has wrong
        ("89883", "America/Denver", "NV"),  # West Wendover, which the package has wrong
    ],
)
def test_a_zip_code_knows_its_clock(zip: str, zone: str, state: str) -> None:
    assert where(zip=zip) == Place((zone,), state, "zip")


@pytest.mark.parametrize("nonsense", ["00000", "12", "N/A", "4820!", "09012", "٤٨٢٠١"])
def test_what_is_no_zip_code_is_passed_over(nonsense: str) -> None:
    assert where(zip=nonsense).source == "area code"


def test_a_canadian_postal_code_knows_its_province() -> None:
    assert where(zip="r3c 4t3") == Place(("America/Winnipeg",), "MB", "zip")
    assert where(zip="X0A 0H0").state == "NU"


@pytest.mark.parametrize("written", ["MI", "mi ", "Michigan", " MICHIGAN"])
def test_states_as_files_write_them(written: str) -> None:
    assert where("+12125550123", state=written).state == "MI"


def test_more_states_as_files_write_them() -> None:
    assert [where(state=name).state for name in ("N.Y.", "washington d.c.", "U.S. Virgin Islands", "québec")] == [
        "NY",
        "DC",
        "VI",
        "QC",
    ]


def clocks(area_code: str) -> set[str]:
    words = describe(None, where(f"+1{area_code}5550123").zones)
    return set(words.removesuffix(" time").replace(",", " or").replace("or or", "or").split(" or "))


@pytest.mark.parametrize("code", ["850", "448", "270", "364", "606", "423", "219", "574", "812", "930"])
def test_area_codes_split_between_eastern_and_central(code: str) -> None:
    assert clocks(code) == {"Eastern", "Central"}


@pytest.mark.parametrize("code", ["620", "785", "308", "402", "531", "605", "701"])
def test_area_codes_split_between_central_and_mountain(code: str) -> None:
    assert clocks(code) == {"Central", "Mountain"}


@pytest.mark.parametrize("code", ["208", "986", "541", "458", "775"])
def test_area_codes_split_between_mountain_and_pacific(code: str) -> None:
    assert clocks(code) == {"Mountain", "Pacific"}


def test_other_split_area_codes() -> None:
    assert clocks("928") == {"Mountain", "Arizona"}
    assert clocks("907") == {"Alaska", "Aleutian"}
    assert clocks("906") == {"Eastern", "Central"}
    assert where("+18075550123").zones == ("America/Atikokan", "America/Toronto", "America/Winnipeg")


def test_area_codes_that_the_phone_library_has_wrong() -> None:
    assert where("+16895550123") == Place(("America/New_York",), "FL", "area code")  # Orlando


@pytest.mark.parametrize("phone", ["+18005550123", "+18335550123", "+15005550006", "+19995550123", "", "nonsense"])
def test_a_number_of_no_place_is_everywhere(phone: str) -> None:
    place = where(phone)
    assert place.source == "unknown"
    assert {"America/New_York", "Pacific/Honolulu", "America/Phoenix"} <= set(place.zones)
    assert describe(place.state, place.zones) == "somewhere in the US"


def test_a_number_from_abroad_has_its_country_s_clock() -> None:
    assert where("+442079460000") == Place(("Europe/London",), None, "area code")
    assert where("+18765550123").zones == ("America/Jamaica",)


def test_who_has_moved_is_not_held_to_the_state_of_their_number() -> None:
    assert where("+13055550123", timezone="Eastern").state == "FL"
    assert where("+13055550123", timezone="Pacific").state is None


def test_every_zone_in_the_tables_exists_and_has_a_word() -> None:
    from bot.services import places

    for zones in [
        *(state.zones for state in places.states().values()),
        *(p.zones for p in places._area_codes().values()),
    ]:
        for zone in zones:
            ZoneInfo(zone)
    named = {zone for state in places.states().values() for zone in state.zones} | set(places.ANYWHERE)
    assert named <= set(places._clocks())
    for place in places._area_codes().values():
        assert place.state is None or set(place.zones) <= set(places.states()[place.state].zones)
    for row in places._table("texting_rules.csv"):
        assert row["place"] in places.states() or row["place"] in ("US", "Canada")
        parse_rule(row["rule"])
        assert row["source"]


@pytest.mark.parametrize(
    ("state", "zones", "words"),
    [
        ("MI", ("America/Detroit", "America/Menominee"), "Michigan"),
        (None, ("America/New_York",), "Eastern time"),
        (None, ("America/Chicago", "America/New_York"), "Central or Eastern time"),
        (None, ("America/Los_Angeles", "America/Phoenix"), "Pacific or Arizona time"),
        (None, ("America/Boise", "America/Denver"), "Mountain time"),
        (None, ("Europe/London",), "London time"),
    ],
)
def test_words_for_the_card(state: str | None, zones: tuple[str, ...], words: str) -> None:
    assert describe(state, zones) == words


# ---------------------------------------------------------------------------------------------- the rules


@pytest.mark.parametrize(
    ("rule", "how"),
    [
        ("", "write it like"),
        ("9-20", "write it like"),
        ("20:00-09:00", "not a stretch of one day"),
        ("09:00-25:00", "not a stretch of one day"),
        ("09:60-20:00", "not a stretch of one day"),
        ("sun 09:00-20:00", "write it like"),
        ("09:00-20:00;12:00-20:00", "names no day"),
        ("09:00-20:00;funday 12:00-20:00", "names no day"),
        ("closed", "leaves no time"),
    ],
)
def test_a_rule_that_is_none_says_how_to_write_it(rule: str, how: str) -> None:
    with pytest.raises(ValueError, match=how):
        parse_rule(rule)


def test_rules_are_read_as_people_write_them() -> None:
    assert parse_rule("9:00 - 20:00; Sun 12:00-20:00") == (*[(540, 1200)] * 6, (720, 1200))
    assert parse_rule("09:00-20:00;sun closed")[6] is None


def test_a_window_is_rebuilt_from_its_key() -> None:
    window = Window.of(["America/New_York", "America/Chicago"], "9:00-20:00;sun 12:00-20:00")
    assert window.key == "America/Chicago,America/New_York 09:00-20:00;sun 12:00-20:00"
    again = Window.parse(window.key)
    assert (again, again.zones, again.rule) == (window, window.zones, window.rule)


@pytest.mark.parametrize(
    "key", ["", "America/Nowhere 09:00-20:00", "America/Chicago", "09:00-20:00", "../x 09:00-20:00"]
)
def test_nonsense_is_no_key(key: str) -> None:
    with pytest.raises(ValueError, match=r"zone|write it"):
        Window.parse(key)


@pytest.mark.parametrize(
    ("place", "default", "rule"),
    [
        (where(zip="33101"), "08:00-21:00", "08:00-20:00"),  # Florida
        (where(zip="06101"), "08:00-21:00", "09:00-20:00"),  # Connecticut
        (where(zip="48201"), "06:00-23:00", "08:00-21:00"),  # the federal hours
        (where(zip="78701"), DEFAULT, "09:00-20:00;sun 12:00-20:00"),  # Texas
        (where(zip="48201"), DEFAULT, "09:00-20:00"),
        (where("+14165550123"), DEFAULT, "09:00-20:00;sat 10:00-18:00;sun 10:00-18:00"),  # Ontario
        (where("+442079460000"), "07:00-22:00", "07:00-22:00"),
    ],
)
def test_the_law_narrows_what_the_organizer_wants(place: Place, default: str, rule: str) -> None:
    assert window_for(place, default).rule == rule


def test_an_unknown_state_keeps_the_rules_of_every_state_it_may_be() -> None:
    assert window_for(where("+18005550123"), "08:00-21:00").rule == "09:00-20:00;sun 12:00-20:00"
    assert window_for(where("+13055550123", timezone="Central"), DEFAULT).rule.endswith("sun 12:00-20:00")
    assert window_for(where("+13055550123", timezone="Pacific"), "08:00-21:00").rule == "08:00-21:00"


# ---------------------------------------------------------------------------------------------- the hours

EAST = Window.of(["America/New_York"], DEFAULT)
PANHANDLE = Window.of(["America/Chicago", "America/New_York"], DEFAULT)
TEXAS = Window.of(["America/Chicago"], "09:00-20:00;sun 12:00-20:00")


def test_open_in_the_day_and_closed_at_night() -> None:
    assert closes_at(EAST, at("2026-11-23T09:00", "America/New_York")) == at("2026-11-24T01:00")
    assert closes_at(EAST, at("2026-11-23T19:59:59", "America/New_York")) == at("2026-11-24T01:00")
    assert closes_at(EAST, at("2026-11-23T20:00", "America/New_York")) is None
    assert closes_at(EAST, at("2026-11-23T08:59:59", "America/New_York")) is None


def test_opens_now_if_open_else_in_the_morning() -> None:
    noon = at("2026-11-23T12:00:17", "America/New_York")
    assert opens_at(EAST, noon) == noon
    assert opens_at(EAST, at("2026-11-23T20:00", "America/New_York")) == at("2026-11-24T09:00", "America/New_York")
    assert opens_at(EAST, at("2026-11-23T03:00", "America/New_York")) == at("2026-11-23T09:00", "America/New_York")


def test_a_split_area_code_must_be_open_in_both_zones() -> None:
    window = window_for(where("+18505550123"), DEFAULT)
    assert closes_at(window, at("2026-11-23T09:30", "America/New_York")) is None  # 8:30 in Pensacola
    evening = at("2026-11-23T18:30", "America/Chicago")
    assert closes_at(window, evening) == at("2026-11-23T19:00", "America/Chicago")  # 8 PM in Tallahassee
    assert opens_at(window, at("2026-11-23T19:30", "America/Chicago")) == at("2026-11-24T09:00", "America/Chicago")


def test_the_card_shows_the_clock_of_the_zone_that_closes_first() -> None:
    closing = closes_at(PANHANDLE, at("2026-11-23T18:30", "America/Chicago"))
    assert closing is not None
    assert local_time_words(PANHANDLE, closing) == "8:00 PM"
    assert local_time_words(EAST, at("2026-11-23T00:05", "America/New_York")) == "12:05 AM"
    assert local_time_words(EAST, at("2026-11-23T12:00", "America/New_York")) == "12:00 PM"


def test_texas_sleeps_in_on_sunday() -> None:
    sunday = at("2026-11-22T10:00", "America/Chicago")
    assert closes_at(TEXAS, sunday) is None
    assert opens_at(TEXAS, sunday) == at("2026-11-22T12:00", "America/Chicago")
    assert opens_at(TEXAS, at("2026-11-21T21:00", "America/Chicago")) == at("2026-11-22T12:00", "America/Chicago")
    assert closes_at(TEXAS, at("2026-11-23T10:00", "America/Chicago")) is not None


@pytest.mark.parametrize(
    ("before", "opening"),
    [
        ("2026-03-08T01:00+00:00", "2026-03-08T13:00+00:00"),  # clocks go forward: 9:00 EDT
        ("2026-11-01T01:00+00:00", "2026-11-01T14:00+00:00"),  # clocks go back: 9:00 EST
    ],
)
def test_nine_o_clock_is_nine_o_clock_when_the_clocks_change(before: str, opening: str) -> None:
    assert opens_at(EAST, datetime.fromisoformat(before)) == datetime.fromisoformat(opening)
    assert local_time_words(EAST, datetime.fromisoformat(opening)) == "9:00 AM"


def test_arizona_and_the_navajo_nation_agree_in_winter_and_not_in_summer() -> None:
    window = window_for(where("+19285550123"), DEFAULT)
    assert closes_at(window, at("2026-01-15T19:30", "America/Phoenix")) == at("2026-01-15T20:00", "America/Phoenix")
    assert closes_at(window, at("2026-07-15T18:30", "America/Phoenix")) == at("2026-07-15T19:00", "America/Phoenix")
    assert closes_at(window, at("2026-07-15T19:30", "America/Phoenix")) is None


def test_everywhere_is_open_while_honolulu_is_up_and_puerto_rico_not_yet_asleep() -> None:
    window = window_for(where("+18005550123"), DEFAULT)
    assert opens_at(window, at("2026-11-23T12:00")) == at("2026-11-23T19:00")
    assert closes_at(window, at("2026-11-23T19:00")) == at("2026-11-24T00:00")


def test_zones_that_are_never_awake_together() -> None:
    window = Window.of(["Europe/Berlin", "Pacific/Honolulu"], DEFAULT)
    assert closes_at(window, at("2026-11-23T19:00")) is None
    with pytest.raises(NeverOpen):
        opens_at(window, at("2026-11-23T19:00"))


def test_zones_that_meet_on_one_day_of_the_week() -> None:
    window = Window.of(["Europe/Berlin", "America/Los_Angeles"], "09:00-12:00;wed 09:00-23:00")
    assert opens_at(window, at("2026-11-26T12:00")) == at("2026-12-02T09:00", "America/Los_Angeles")


def test_a_week_of_closed_days_is_never_open() -> None:
    with pytest.raises(NeverOpen):
        opens_at(Window.of(["America/Chicago"], "closed"), at("2026-11-23T19:00"))


def test_a_moment_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        closes_at(EAST, datetime(2026, 11, 23, 12))  # noqa: DTZ001


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
WINDOWS = st.sampled_from([EAST, PANHANDLE, TEXAS, window_for(where("+18005550123"), DEFAULT)])


@given(WINDOWS, MOMENTS)
def test_what_opens_is_open_and_what_closes_is_closed(window: Window, now: datetime) -> None:
    opening = opens_at(window, now)
    closing = closes_at(window, opening)
    assert opening >= now
    assert closing is not None
    assert opening < closing
    assert closes_at(window, closing) is None
    for zone in window.zones:
        assert 9 * 60 <= opening.astimezone(ZoneInfo(zone)).hour * 60 < 20 * 60
