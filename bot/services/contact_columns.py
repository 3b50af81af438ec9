"""Which column of a file is what, by its header: people's exports name the same thing in dozens of ways.

Every column with a name is a script field besides, also the ones that are recognised.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import Refusal
from bot.services.scripts import field_name

# What a header means once its words are run together: "First Name", "firstName" and "FIRST_NAME" are firstname. An
# ending counts too, best first, since exports put the table's name before: "vb.tsmart_first_name", "Voter First Name".
_NAMES: dict[str, tuple[str, ...]] = {
    "first_name": ("firstname", "first", "fname", "givenname", "forename", "nombre", "prenom"),
    "last_name": ("lastname", "last", "lname", "surname", "familyname", "apellido", "apellidos"),
    "full_name": ("name", "fullname", "votername", "contactname", "displayname"),
    "zip": ("zip", "zipcode", "zip5", "postalcode", "postcode", "zippostal", "zippostalcode", "zip4"),
    "region": ("state", "statecode", "stateprovince", "province", "stateabbreviation", "regabbr"),
    "city": ("city", "town", "municipality", "locality"),
    "timezone": ("timezone", "tz", "timezonename"),
    "external_id": (
        *("externalid", "vanid", "voterfilevanid", "myvanid", "votervanid", "myvoterfilevanid", "voterbaseid"),
        *("voterid", "statefileid", "statevoterid", "voteridnumber", "dwid", "contactid", "personid", "id"),
    ),
    "birth": ("birthyear", "yearofbirth", "yob", "dateofbirth", "birthdate", "dob", "birthday"),
    "consent_source": ("optinsource", "consentsource", "optedinsource", "sourceofconsent"),
    "consent_at": ("optindate", "consentdate", "optedinat", "optinat", "consentat", "dateoptedin", "dateofconsent"),
}
_NO_ENDINGS = {"first", "last", "name", "id", "tz", "contactid", "personid", "nombre", "zip4"}
"""Words that mean nothing at the end of a longer header: "Precinct Name" is no person's."""
_ELSEWHERE = {"mail", "mailing", "polling", "precinct", "location", "birth", "work", "employer"}
"""A place that a header says these of is not where the person lives."""

_CELL = {"cell", "cells", "cellphone", "mobile", "mobilephone", "cellular", "wireless", "sms", "textable", "celular"}
_PHONE = {"phone", "phones", "telephone", "tel", "phonenumber", "telefono", "phonenum"}
_PREFERRED = {"preferred", "primary", "best", "main"}
_HOME = {"home", "residential", "evening"}
_LANDLINE = {"landline", "land", "fixed"}
_WORK = {"work", "office", "business", "employer", "daytime"}
_ABOUT_A_PHONE = {
    *("type", "carrier", "prefix", "code", "optin", "opt", "optout", "id", "ext", "extension", "status", "quality"),
    *("score", "source", "date", "flag", "not", "match", "matched", "consent", "confidence", "verified", "has", "is"),
    *("count", "bank", "banked", "valid", "reliability", "rank", "usage", "bill", "provider", "park", "time", "zone"),
    *("vendor", "append", "appended", "app", "contactable", "permission", "subscribed", "unsubscribed", "description"),
}
_WRITTEN_TOGETHER = re.compile(r"(cell|mobile|home|work|preferred|primary|land)(?:line)?(?:phone|number|tel)")


@dataclass(frozen=True, slots=True)
class Columns:
    """Places in a row. `phones` has the likeliest to be textable first; `fields` every column that scripts may name."""

    width: int
    phones: tuple[int, ...]
    first_name: int | None
    last_name: int | None
    full_name: int | None
    zip: int | None
    region: int | None
    city: int | None
    timezone: int | None
    external_id: int | None
    birth: int | None
    consent_source: int | None
    consent_at: int | None
    fields: tuple[tuple[int, str], ...]

    @property
    def names(self) -> list[str]:
        """What a script may call its fields."""
        names = [name for _, name in self.fields]
        given = [("first_name", self.first_name), ("last_name", self.last_name)]
        names += [name for name, place in given if place is not None or self.full_name is not None]
        return list(dict.fromkeys(names))


def columns(header: Sequence[str]) -> Columns:
    """Raises Refusal, naming the columns that there are, for a header in which no column is a phone number's."""
    names = [field_name(cell) for cell in header]
    words = [_plain_letters(name).split("_") for name in names]
    ranked = sorted((rank, place) for place, said in enumerate(words) if (rank := _phone_rank(said)) is not None)
    if not ranked:
        there = ", ".join(f"“{cell}”" for cell in header[:12] if cell) or "none with a name"
        more = f" and {len(header) - 12} more" if len(header) > 12 else ""
        raise Refusal(
            f"No column looks like a phone number's. The file's columns are {there}{more}. "
            "Name the one with the numbers “phone” or “cell”."
        )
    phones = tuple(place for _, place in ranked)
    others = [[] if place in phones or _is_mailing(said, words) else said for place, said in enumerate(words)]
    found = {what: _place(others, ways) for what, ways in _NAMES.items()}
    if found["first_name"] is not None:
        found["full_name"] = None
    return Columns(width=len(header), phones=phones, fields=_fields(names), **found)


def _is_mailing(said: list[str], headers: list[list[str]]) -> bool:
    """VAN's exports have each place twice, mZip5 for letters and vZip5 for where the voter votes."""
    return said[0] == "m" and ["v", *said[1:]] in headers


def _fields(names: list[str]) -> tuple[tuple[int, str], ...]:
    """Each named column by its script name; a name that comes again gets a number."""
    taken: set[str] = set()
    fields = []
    for place, name in enumerate(names):
        if not name:
            continue
        unique, number = name, 2
        while unique in taken:
            unique, number = f"{name}_{number}", number + 1
        taken.add(unique)
        fields.append((place, unique))
    return tuple(fields)


def _plain_letters(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))


def _place(headers: list[list[str]], ways: tuple[str, ...]) -> int | None:
    """The column that is called so; else one whose last words are."""
    whole = ["".join(words) for words in headers]
    for way in ways:
        if way in whole:
            return whole.index(way)
    for way in ways:
        if way in _NO_ENDINGS:
            continue
        for place, words in enumerate(headers):
            endings = ("".join(words[start:]) for start in range(1, len(words)))
            if way in endings and not _ELSEWHERE.intersection(words):
                return place
    return None


def _phone_rank(header: list[str]) -> int | None:
    """The lower the likelier that a text arrives; None for a column that holds no phone numbers."""
    words = set(header) - {""}
    for word in header:
        if together := _WRITTEN_TOGETHER.match(word):
            words |= {together.group(1), "phone"}
    words = {word.rstrip("0123456789") for word in words}
    if words & _ABOUT_A_PHONE:
        return None
    if words & _LANDLINE and words & (_PHONE | {"line", "landline"}):
        return 4
    if words & _CELL:
        return 0 if not words & _WORK else 1
    if not words & _PHONE:
        return 2 if "_".join(header) in ("number", "contact_number", "e164") else None
    if words & _WORK:
        return 5
    if words & _HOME:
        return 3
    return 1 if words & _PREFERRED else 2
