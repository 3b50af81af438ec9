"""Phone numbers: whatever a file calls one in, E.164 out, or the reason why not in words for the organizer.

North American numbers take a short way through the same patterns that `phonenumbers` asks: a file has a million.
"""

import hmac
import re
import unicodedata
from functools import lru_cache
from typing import Any

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberType, ValidationResult

NORTH_AMERICA = frozenset({"US", "CA", "PR", "VI", "GU", "AS", "MP"})
"""The United States with its territories, and Canada: where the carrier rules of this product hold."""

_TEXTABLE = (
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
    PhoneNumberType.PERSONAL_NUMBER,
)
_WHY_NOT = {
    PhoneNumberType.FIXED_LINE: "a landline, which cannot be texted",
    PhoneNumberType.TOLL_FREE: "a toll-free number, not a person's",
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number, not a person's",
    PhoneNumberType.SHARED_COST: "a shared-cost number, not a person's",
    PhoneNumberType.UAN: "a company's number, not a person's",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.VOICEMAIL: "a voicemail box",
}
_COUNTRIES = {"US": "a US", "CA": "a Canadian", "GB": "a British", "MX": "a Mexican"}

_PLAIN = re.compile(r"(?:\+?1)?[ .\-]*\(?([2-9]\d{2})\)?[ .\-/]*([2-9]\d{2})[ .\-]*(\d{4})(?:\.0)?", re.ASCII)
_SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?E\+?(\d{1,2})", re.IGNORECASE)
_SPREADSHEET_DECIMAL = re.compile(r"(\d{7,})[.,]0+\s*")
_SEVERAL = re.compile(r"[;/\n|]|\bor\b|,(?=\s*[+(]?\d{3})")
_LABEL = re.compile(r"\b(?:cell|mobile|home|work|office|phone|tel|[chmwp])\b[.:]*", re.IGNORECASE)
_DIGIT = re.compile(r"\d")


def _north_american_pattern() -> re.Pattern[str]:
    """Numbers of the US and Canada that people have, as phonenumbers knows them."""
    both: list[Any] = [PhoneMetadata.metadata_for_region(region) for region in ("US", "CA")]
    return re.compile("|".join(f"(?:{metadata.mobile.national_number_pattern})" for metadata in both))


_PEOPLE = _north_american_pattern()


def parse(raw: str, region: str = "US") -> str:
    """The number in E.164. Raises ValueError, with words for the rejected row, for what cannot be texted.

    `region` is the country of numbers written without one.
    """
    if region in NORTH_AMERICA and (plain := _PLAIN.fullmatch(raw.strip())):
        national = "".join(plain.groups())
        if _PEOPLE.fullmatch(national):
            return "+1" + national
    number, wrong = _parsed(raw, region)
    if number is None:
        raise ValueError(wrong)
    return number


def phone_hash(secret: str, e164: str) -> str:
    """The number as opt-outs know it: it outlives the number, and without the secret nobody finds it by trying."""
    return hmac.digest(secret.encode(), e164.encode(), "sha256").hex()[:32]


@lru_cache(maxsize=4_096)
def _parsed(raw: str, region: str) -> tuple[str | None, str]:
    """The number, or why it is none. Of "n/a" and the like, which take longest, a column is full."""
    try:
        return _parse_any(raw, region), ""
    except ValueError as why:
        return None, str(why)


def _parse_any(raw: str, region: str) -> str:
    text = _plain_text(raw)
    if not text:
        raise ValueError("no phone number")
    reason: ValueError | None = None
    for part in _SEVERAL.split(text):
        try:
            return _parse_one(part, region)
        except ValueError as why:
            reason = reason or why
    try:
        return _parse_one(text, region)  # the dividing mark belonged to the number
    except ValueError as why:
        raise reason or why from None


def _plain_text(raw: str) -> str:
    """Full-width digits made plain, invisible marks that come along with copied numbers taken out."""
    text = unicodedata.normalize("NFKC", raw)
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc") or c in "\n\t").strip()
    if scientific := _SCIENTIFIC.fullmatch(text):
        return _written_out(*scientific.groups(default=""))
    if decimal := _SPREADSHEET_DECIMAL.fullmatch(text):
        return decimal.group(1)
    if len(_DIGIT.findall(text)) >= 7:  # else "PHONE" may be digits by their letters
        text = _LABEL.sub(" ", text).strip()
    return "+" + text[2:] if text.startswith("00") else text


def _written_out(first: str, rest: str, exponent: str) -> str:
    """A spreadsheet's 3.135550123E+09; digits that it did not write are lost."""
    if len(rest) != int(exponent):
        raise ValueError("rounded by a spreadsheet: format the column as text there and save the file again")
    return first + rest


def _parse_one(text: str, region: str) -> str:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as wrong:
        raise ValueError(_unreadable(text, wrong)) from None
    if number.extension:
        raise ValueError("a number with an extension, which cannot be texted")
    if not phonenumbers.is_valid_number(number):
        raise ValueError(_invalid(number))
    home = phonenumbers.region_code_for_number(number) or ""
    if home not in NORTH_AMERICA and not _is_at_home(home, number.country_code or 0, region):
        raise ValueError(f"not {_of(region)} number: it belongs to another country (+{number.country_code}, {home})")
    kind = phonenumbers.number_type(number)
    if kind not in _TEXTABLE:
        raise ValueError(_WHY_NOT.get(kind, "not a number that can be texted"))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _unreadable(text: str, wrong: phonenumbers.NumberParseException) -> str:
    if wrong.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
        return "not a phone number: no country has this code"
    if wrong.error_type == phonenumbers.NumberParseException.TOO_LONG:
        return "too many digits"
    digits = len(_DIGIT.findall(text))
    return "too few digits" if 3 <= digits < 7 and not re.search(r"[^\W\d_]{3}", text) else "not a phone number"


def _invalid(number: phonenumbers.PhoneNumber) -> str:
    match phonenumbers.is_possible_number_with_reason(number):
        case ValidationResult.TOO_SHORT:
            return "too few digits"
        case ValidationResult.TOO_LONG:
            return "too many digits"
        case ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return "the area code is missing"
        case _:
            return "not a number in use: no such area code or exchange"


def _of(region: str) -> str:
    return _COUNTRIES.get(region, f"a {region}")


def _is_at_home(home: str, country_code: int, region: str) -> bool:
    """Jersey's numbers are Britain's; but +1 is also the Caribbean, where a text costs many times as much."""
    return home == region or (country_code != 1 and country_code == phonenumbers.country_code_for_region(region))
