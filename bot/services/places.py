"""Places: where may this person be, and so by which clocks do they live? A number says little; a ZIP code says most.

Belongs to texting_hours, through which everybody else uses it. All knowledge is in the tables under data/, each with
its sources; they are read once, when first needed. Cheap enough for every row of an import of a million.
"""

import csv
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple
from zoneinfo import available_timezones

import phonenumbers.timezone
import zipcodes

Source = Literal["timezone", "zip", "state", "area code", "unknown"]
Zones = tuple[str, ...]

DATA = Path(__file__).with_name("data")

# The fifty states and Puerto Rico. Guam, Saipan and Samoa, a day away, would leave an hour a day for everybody; their
# people are known by their ZIP or area codes.
ANYWHERE: Zones = (
    "America/Adak",
    "America/Anchorage",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/New_York",
    "America/Phoenix",
    "America/Puerto_Rico",
    "Pacific/Honolulu",
)

# The first letter of a Canadian postal code is its province.
_POSTAL = {
    "A": "NL", "B": "NS", "C": "PE", "E": "NB", "G": "QC", "H": "QC", "J": "QC", "K": "ON", "L": "ON", "M": "ON",
    "N": "ON", "P": "ON", "R": "MB", "S": "SK", "T": "AB", "V": "BC", "X": "NT", "Y": "YT",
}  # fmt: skip
_OTHER_STATE_NAMES = {
    "washington dc": "DC", "washington d c": "DC", "virgin islands": "VI", "québec": "QC", "newfoundland": "NL",
    "nunavut territory": "NU", "yukon territory": "YT",
}  # fmt: skip


class Place(NamedTuple):
    """`zones` are all the clocks that the person may live by; `state` a US state or Canadian province, where known."""

    zones: Zones
    state: str | None
    source: Source


class State(NamedTuple):
    name: str
    country: str
    zones: Zones


def place_of(*, timezone: str | None, zip: str | None, state: str | None, phone: str) -> Place:
    """What a contact's columns and E.164 number say about where they are, the best source first."""
    by_column = _state_of(state) if state else None
    by_zip = _place_of_zip(zip) if zip else None
    known = by_column or (by_zip[1] if by_zip else None)
    zones = _zones_named(timezone) if timezone else None
    if zones:
        return Place(zones, known or _state_of_number(phone, zones), "timezone")
    if by_zip:
        return Place(by_zip[0], known, "zip")
    if by_column:
        return Place(states()[by_column].zones, by_column, "state")
    return _place_of_number(phone)


def describe(state: str | None, zones: Iterable[str]) -> str:
    """Short words for a card: "Michigan", "Eastern or Central time", "somewhere in the US"."""
    if state and state in states():
        return states()[state].name
    words = list(dict.fromkeys(clock_words(zone) for zone in zones))
    if not words or len(words) > 3:
        return "somewhere in the US" if set(zones) <= set(_clocks()) else "an unknown place"
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]])) + " time"


def clock_words(zone: str) -> str:
    """What people call the clock of a zone: "Eastern"; elsewhere the zone's city."""
    known = _clocks().get(zone)
    return known[1] if known else zone.rpartition("/")[2].replace("_", " ")


@lru_cache(maxsize=1)
def states() -> dict[str, State]:
    rows = _table("states.csv")
    return {row["code"]: State(row["name"], row["country"], tuple(row["zones"].split())) for row in rows}


@lru_cache(maxsize=4096)
def rules_for(state: str | None, zones: Zones) -> tuple[str, ...]:
    """Every rule of the law that may hold there: of the state, or of all states that keep one of these clocks."""
    rules = {row["place"]: row["rule"] for row in _table("texting_rules.csv")}
    if state in states():
        may_be = [state]
    else:
        clocks = {_clocks().get(zone) for zone in zones} - {None}
        may_be = [code for code, it in states().items() if clocks & {_clocks().get(zone) for zone in it.zones}]
    names = dict.fromkeys([*(states()[code].country for code in may_be if code), *may_be])
    return tuple(rules[name] for name in names if name in rules)


@lru_cache(maxsize=65536)
def _zones_named(text: str) -> Zones | None:
    """An IANA name, or another way of writing a US or Canadian zone. None if it is neither."""
    name = " ".join(text.split()).casefold()
    for ending in (" time", " standard", " daylight"):
        name = name.removesuffix(ending)
    return _zone_names().get(name) or _zone_names().get(name.replace(" ", "_"))


@lru_cache(maxsize=1)
def _zone_names() -> dict[str, Zones]:
    # Only "Area/City" names: "EST" or "Etc/GMT+5" would be a clock without summer time, which nobody lives by.
    cities = {name for name in available_timezones() if "/" in name and name.split("/")[0] not in ("Etc", "SystemV")}
    names: dict[str, Zones] = {name.casefold(): (name,) for name in cities}
    written: dict[str, set[str]] = {}
    for row in _table("time_zones.csv"):
        for other in filter(None, row["also"].split(";")):
            written.setdefault(other.casefold(), set()).add(row["zone"])
    return names | {name: tuple(sorted(zones)) for name, zones in written.items()}


@lru_cache(maxsize=1)
def _clocks() -> dict[str, tuple[str, str]]:
    return {row["zone"]: (row["country"], row["clock"]) for row in _table("time_zones.csv")}


@lru_cache(maxsize=65536)
def _place_of_zip(text: str) -> tuple[Zones, str] | None:
    """A ZIP or postal code as files have it: ZIP+4, without its leading zero, or "48201.0" from a spreadsheet."""
    code = text.strip().upper().removesuffix(".0").replace(" ", "").replace("-", "")
    if len(code) in (3, 6) and code[:1] in _POSTAL and code[1:2].isdigit() and code[2:3].isalpha():
        province = "NU" if code.startswith(("X0A", "X0B", "X0C")) else _POSTAL[code[0]]
        return states()[province].zones, province
    if not code.isascii() or not code.isdigit() or not 3 <= len(code) <= 9:
        return None
    five = code.zfill(5 if len(code) <= 5 else 9)[:5]
    return _zips_like(five[:3]).get(five)


@lru_cache(maxsize=1024)
def _zips_like(prefix: str) -> dict[str, tuple[Zones, str]]:
    """The ZIP codes that begin so: a file is mostly of one state, and reading all of them would take half a second."""
    found = {}
    for row in zipcodes.similar_to(prefix):
        state = states().get(row["state"])
        if state and state.country == "US":
            # The package has a town's name for one zone: then it is any zone of the state.
            zones = (row["timezone"],) if row["timezone"] in _clocks() else state.zones
            found[row["zip_code"]] = (_corrected().get(row["zip_code"], zones), row["state"])
    return found


@lru_cache(maxsize=1)
def _corrected() -> dict[str, Zones]:
    return {row["zip"]: tuple(row["zones"].split()) for row in _table("zip_codes.csv")}


@lru_cache(maxsize=4096)
def _state_of(text: str) -> str | None:
    code = text.replace(".", "").strip().upper()  # "N.Y."
    if code in states():
        return code
    name = " ".join(text.replace(".", " ").split()).casefold()
    return _OTHER_STATE_NAMES.get(name) or _state_names().get(name)


@lru_cache(maxsize=1)
def _state_names() -> dict[str, str]:
    return {state.name.casefold().replace(".", " ").replace("  ", " "): code for code, state in states().items()}


def _state_of_number(phone: str, zones: Zones) -> str | None:
    """The area code's state, unless the person's clock shows that they have moved away from it."""
    found = _area_codes().get(phone[2:5]) if phone.startswith("+1") else None
    if found is None or found.state is None:
        return None
    there = {_clocks().get(zone) for zone in found.zones}
    return found.state if all(_clocks().get(zone) in there for zone in zones) else None


def _place_of_number(phone: str) -> Place:
    if phone.startswith("+1"):
        return _area_codes().get(phone[2:5]) or Place(ANYWHERE, None, "unknown")
    return _place_abroad(phone)


@lru_cache(maxsize=4096)
def _place_abroad(phone: str) -> Place:
    try:
        zones = phonenumbers.timezone.time_zones_for_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        zones = ()
    known = tuple(sorted(zone for zone in zones if zone.casefold() in _zone_names()))
    return Place(known, None, "area code") if known else Place(ANYWHERE, None, "unknown")


@lru_cache(maxsize=1)
def _area_codes() -> dict[str, Place]:
    rows = _table("area_codes.csv")
    return {row["area_code"]: Place(tuple(row["zones"].split()), row["state"] or None, "area code") for row in rows}


def _table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))
