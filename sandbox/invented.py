"""Invented people: a campaign's file of contacts, of whom every one may be texted at this moment.

It is always between nine and half past seven somewhere. At most hours that is in the United States; when all of it
sleeps, these are Americans abroad, whose file says by which clock they live. Numbers are 555-01xx, which ring nowhere.
"""

import csv
import random
from dataclasses import dataclass
from datetime import datetime, time
from io import StringIO
from zoneinfo import ZoneInfo

OPENS, CLOSES = time(9, 0), time(19, 30)
"""Half an hour before the strictest texting hours end, so that nobody's window shuts while the demo runs."""
ENOUGH_PLACES = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A city, its clock, and the area codes of its people. Abroad there is no state and no ZIP code."""

    city: str
    state: str
    zip: str
    zone: str
    area_codes: str
    opens: time = OPENS

    def is_open(self, now: datetime) -> bool:
        """Whether people here may be texted now, and for a while yet."""
        return self.opens <= now.astimezone(ZoneInfo(self.zone)).time() < CLOSES


@dataclass(frozen=True, slots=True)
class Contact:
    """One invented person, with a name that nobody else here has."""

    first_name: str
    last_name: str
    phone: str
    place: Place
    votes_at: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


NOON = time(12, 0)  # Texas allows no texts before noon on Sundays; half a day less is simpler than a rule for one day
AT_HOME = (
    Place("Detroit", "MI", "48201", "America/Detroit", "313"),
    Place("Atlanta", "GA", "30303", "America/New_York", "404 678 470"),
    Place("Philadelphia", "PA", "19107", "America/New_York", "215 267"),
    Place("Raleigh", "NC", "27601", "America/New_York", "919 984"),
    Place("Cleveland", "OH", "44114", "America/New_York", "216"),
    Place("Milwaukee", "WI", "53202", "America/Chicago", "414"),
    Place("Chicago", "IL", "60601", "America/Chicago", "312 773"),
    Place("Minneapolis", "MN", "55401", "America/Chicago", "612"),
    Place("Houston", "TX", "77002", "America/Chicago", "713 281", NOON),
    Place("Denver", "CO", "80202", "America/Denver", "303 720"),
    Place("Albuquerque", "NM", "87102", "America/Denver", "505"),
    Place("Phoenix", "AZ", "85004", "America/Phoenix", "602 480"),
    Place("Las Vegas", "NV", "89101", "America/Los_Angeles", "702 725"),
    Place("Oakland", "CA", "94612", "America/Los_Angeles", "510"),
    Place("Portland", "OR", "97205", "America/Los_Angeles", "503 971"),
    Place("Seattle", "WA", "98101", "America/Los_Angeles", "206"),
    Place("Anchorage", "AK", "99501", "America/Anchorage", "907"),
    Place("Honolulu", "HI", "96813", "Pacific/Honolulu", "808"),
    Place("San Juan", "PR", "00901", "America/Puerto_Rico", "787 939"),
    Place("Hagåtña", "GU", "96910", "Pacific/Guam", "671"),
    Place("Saipan", "MP", "96950", "Pacific/Saipan", "670"),
)
ABROAD = (
    Place("London", "", "", "Europe/London", "212 617"),
    Place("Paris", "", "", "Europe/Paris", "415 202"),
    Place("Berlin", "", "", "Europe/Berlin", "718 512"),
    Place("Rome", "", "", "Europe/Rome", "305 646"),
    Place("Nairobi", "", "", "Africa/Nairobi", "301 410"),
    Place("Tokyo", "", "", "Asia/Tokyo", "213 323"),
)
KEPT_NUMBERS = "314 317 412 502 515 601 608 615 704 734 801 810 816 901".split()
"""Area codes of people who have moved and kept their numbers; for places that have too few of their own."""

FIRST_NAMES = """
Aaliyah Aiko Alejandra Amara Amir Ana Andre Anh Beatriz Ben Brianna Caleb Camila Carlos Chloe Daniel Darnell Deepa
DeShawn Diego Elena Eli Emeka Emily Fatima Felix Gabriela Grace Hana Hannah Ibrahim Imani Isaac Isabel Jamal Jasmine
Jin Jorge Joseph Julia Kai Kavya Keisha Kenji Lakshmi Latoya Leilani Leo Linh Lucia Malik Maria Marcus Mateo Maya Mei
Miguel Mohammed Naomi Nia Noah Olga Omar Patrick Pilar Quinn Rachel Rafael Rania Ravi Rosa Ruth Sam Sana Sara Sean
Sofia Soo-jin Sunita Tamika Terrence Thandi Thomas Tyler Valeria Victor Wei Xavier Yasmin Yusuf Zoe
""".split()
LAST_NAMES = """
Abebe Ahmed Allen Alvarez Anderson Bailey Banerjee Begay Bell Bennett Brooks Campbell Carter Castillo Chavez Chen
Clark Cohen Coleman Cruz Davis Delgado Diaz Edwards Eze Fischer Flores Foster Garcia Gomez Gonzalez Gray Green Gupta
Haddad Hall Harris Hayes Hernandez Hill Howard Hughes Ito Jackson James Jenkins Johnson Kahananui Kaur Kelly Khan Kim
King Kowalski Lee Lewis Li Lopez Martin Medina Mendoza Miller Mitchell Moore Morales Morgan Murphy Nakamura Nguyen
Novak O’Brien Okafor Ortiz Owens Park Patel Perez Peterson Phillips Powell Price Ramirez Reed Reyes Rivera Robinson
Rogers Romero Rossi Ruiz Russell Sanchez Sanders Shah Silva Singh Smith Stewart Sullivan Tanaka Taylor Thomas Torres
Tran Turner Vargas Vega Walker Wang Ward Washington Watson White Williams Wilson Wright Yang Young Zamora
""".split()
POLLING_PLACES = (
    *("Lincoln Elementary", "the public library", "the fire station", "Grace Church hall", "the community center"),
    *("Roosevelt High", "the senior center", "the county fairgrounds", "", ""),
)
HEADER = ("First Name", "Last Name", "Cell Phone", "City", "State", "Zip", "Timezone", "Votes At")
WAYS_TO_WRITE = ("({0}) {1}-{2}", "{0}-{1}-{2}", "{0}.{1}.{2}", "+1 {0} {1} {2}", "{0}{1}{2}")


def open_places(now: datetime) -> list[Place]:
    """Where people may be texted now: in the United States, and abroad only when too little of it is awake."""
    found = [place for place in AT_HOME if place.is_open(now)]
    if len(found) < ENOUGH_PLACES:
        found += [place for place in ABROAD if place.is_open(now)]
    return found


def where_it_is_day(places: list[Place]) -> str:
    """An honest sentence about whom this file is of."""
    home = [place for place in places if place in AT_HOME]
    if not home:
        return (
            "It is night all over the United States, so these are Americans abroad, texted by the clocks they live by."
        )
    if len(home) < len(places):
        cities = " and ".join(place.city for place in home)
        return f"In the United States only {cities} may be texted at this hour, so most of these are Americans abroad."
    if len(home) < len(AT_HOME):
        return f"They live where it is daytime now, from {home[0].city} to {home[-1].city}; nobody is texted at night."
    return "They live all over the United States."


def people(count: int, places: list[Place], seed: int) -> list[Contact]:
    """So many people of these places. The same seed gives the same people."""
    rng = random.Random(seed)
    pairs = len(FIRST_NAMES) * len(LAST_NAMES)
    if count > pairs:
        raise ValueError(f"no more than {pairs:,} people can be invented")
    names = rng.sample(range(pairs), count)
    numbers = _Numbers(rng)
    found = []
    for name in names:
        first, last = divmod(name, len(LAST_NAMES))
        place = rng.choice(places)
        polling_place = rng.choice(POLLING_PLACES) if place in AT_HOME else "the embassy, or by mail"
        found.append(Contact(FIRST_NAMES[first], LAST_NAMES[last], numbers.of(place), place, polling_place))
    return found


class _Numbers:
    """Hands out each 555-01xx number of an area code once."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._left: dict[str, list[int]] = {}

    def of(self, place: Place) -> str:
        own = place.area_codes.split()
        self._rng.shuffle(own)
        for code in (*own, *KEPT_NUMBERS, *_every_area_code()):
            if left := self._left.setdefault(code, self._rng.sample(range(100), 100)):
                return f"+1{code}55501{left.pop():02}"
        raise ValueError("there are no more numbers that ring nowhere")


def _every_area_code() -> list[str]:
    return [code for place in (*AT_HOME, *ABROAD) for code in place.area_codes.split()]


def contacts_csv(contacts: list[Contact], seed: int) -> str:
    """The file as an organizer would have it: phones written in many ways, and some rows that cannot be used."""
    rng = random.Random(seed)
    rows = [_row(contact, rng) for contact in contacts]
    bad = _bad_rows(contacts)[: max(2, len(contacts) // 20)]
    for row in bad:
        rows.insert(rng.randint(len(rows) // 2, len(rows)), row)
    file = StringIO()
    csv.writer(file, lineterminator="\r\n").writerows([HEADER, *rows])
    return file.getvalue()


def _row(contact: Contact, rng: random.Random) -> tuple[str, ...]:
    national = contact.phone.removeprefix("+1")
    phone = rng.choice(WAYS_TO_WRITE).format(national[:3], national[3:6], national[6:])
    place, zone = contact.place, "" if contact.place.zip else contact.place.zone
    return contact.first_name, contact.last_name, phone, place.city, place.state, place.zip, zone, contact.votes_at


def _bad_rows(contacts: list[Contact]) -> list[tuple[str, ...]]:
    """What real files hold too: no number, half a number, a toll-free one, somebody twice."""
    twice = contacts[0]
    rest = ("", "", "", "", "")
    return [
        ("Walter", "Noble", "", *rest),
        (twice.first_name, twice.last_name, twice.phone, *rest),
        ("Edith", "Marsh", "555-0142", *rest),
        ("Front", "Desk", "(800) 555-0199", *rest),
        ("Otto", "Brandt", "ask his daughter", *rest),
        ("Nigel", "Pryce", "+44 20 7946 0018", *rest),
    ]
