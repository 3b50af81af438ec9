"""Whatever a file calls a phone number."""

import random

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services import phones


@pytest.mark.parametrize(
    "written",
    [
        "3135550123",
        "313.555.0123",
        "313-555-0123",
        "(313) 555-0123",
        "(313)555-0123",
        "313/555-0123",
        "1-313-555-0123",
        "+1 (313) 555-0123",
        "+13135550123",
        "0013135550123",
        " 313 555 0123 ",
        "313\u00a0555\u00a00123",
        "3135550123.0",
        "3.135550123E+09",
        "３１３５５５０１２３",
        '="3135550123"',
        "'+13135550123",
        "\u202a+13135550123\u202c",
        "tel:+13135550123",
        "cell: 313-555-0123",
        "(313)555-0123 cell",
        "313-555-0123 (c)",
        "313-555-0123 / 248-555-0199",
        "313 555 0123 or 248 555 0100",
        "n/a; 313-555-0123",
    ],
)
def test_a_number_is_understood_however_it_is_written(written: str) -> None:
    assert phones.parse(written) == "+13135550123"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "no phone number"),
        ("   ", "no phone number"),
        ("ask her sister", "not a phone number"),
        ("N/A", "not a phone number"),
        ("12345", "too few digits"),
        ("313555012", "too few digits"),
        ("555-0123", "area code is missing"),
        ("31355501234567", "too many digits"),
        ("111-555-0123", "not a number in use"),
        ("313-155-0123", "not a number in use"),
        ("3.13555E+09", "rounded by a spreadsheet"),
        ("(313) 555-0123 x12", "extension"),
        ("313-555-0123 ext. 4", "extension"),
        ("800-555-1212", "toll-free"),
        ("1-800-FLOWERS", "toll-free"),
        ("900-555-1212", "premium-rate"),
        ("+44 7911 123456", "not a US number"),
        ("876-555-0123", "not a US number"),  # Jamaica has the same country code and ten times the price
        ("+999 123 4567", "no country has this code"),
    ],
)
def test_a_number_that_cannot_be_texted_is_refused_with_the_reason(written: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        phones.parse(written)


@pytest.mark.parametrize("written", ["416-555-0123", "787-555-0123", "671-555-0123"])
def test_canada_and_the_territories_are_at_home(written: str) -> None:
    assert phones.parse(written) == "+1" + written.replace("-", "")


def test_another_region_reads_its_own_numbers_and_knows_its_landlines() -> None:
    assert phones.parse("07911 123456", "GB") == "+447911123456"
    assert phones.parse("+1 313 555 0123", "GB") == "+13135550123"
    with pytest.raises(ValueError, match="a landline"):
        phones.parse("020 7946 0018", "GB")
    with pytest.raises(ValueError, match="not a British number"):
        phones.parse("+33 6 12 34 56 78", "GB")


def test_the_short_way_for_north_america_says_what_phonenumbers_says() -> None:
    rng = random.Random(7)
    for area_code in range(200, 1000):
        for _ in range(3):
            national = f"{area_code}{rng.randrange(10**7):07}"
            number = phonenumbers.parse(national, "US")
            home = phonenumbers.region_code_for_number(number)
            kind = phonenumbers.number_type(number)
            person = kind in (
                phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
                phonenumbers.PhoneNumberType.PERSONAL_NUMBER,
                phonenumbers.PhoneNumberType.VOIP,
            )
            try:
                ours = phones.parse(national)
            except ValueError:
                ours = None
            assert (ours is not None) == (home in phones.NORTH_AMERICA and person), national


@given(st.text())
def test_any_text_is_a_number_or_a_reason(written: str) -> None:
    try:
        number = phones.parse(written)
    except ValueError:
        return
    assert phones.parse(number) == number


def test_the_hash_tells_nobody_the_number_who_lacks_the_secret() -> None:
    hashed = phones.phone_hash("one secret", "+13135550123")
    assert len(hashed) == 32
    assert hashed == phones.phone_hash("one secret", "+13135550123")
    assert hashed != phones.phone_hash("another secret", "+13135550123")
    assert hashed != phones.phone_hash("one secret", "+13135550124")
