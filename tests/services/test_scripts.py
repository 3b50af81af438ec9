"""Scripts as organizers write them, files as they come, and texts as people should receive them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refusal
from bot.services import scripts
from bot.services.scripts import Field


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("First Name", "first_name"),
        ("firstName", "first_name"),
        ("FIRST_NAME", "first_name"),
        ("  First   Name  ", "first_name"),
        ("Polling Place (2026)", "polling_place_2026"),
        ("VANID", "vanid"),
        ("VoterFileVANID", "voter_file_vanid"),
        ("Cell-Phone #", "cell_phone"),
        ("Voter's Party", "voters_party"),
        ("Prénom", "prénom"),
        ("Pre\u0301nom", "prénom"),
        ("2026 vote", "n2026_vote"),
        ("address1", "address1"),
        ("%", ""),
        ("\ufeffPhone", "phone"),
    ],
)
def test_a_header_becomes_a_name_that_a_script_can_use(header: str, name: str) -> None:
    assert scripts.field_name(header) == name
    if name:
        scripts.check(f"{{{name}}}")


def test_a_script_is_merged_for_one_person() -> None:
    body = "Hi {first_name|friend}, it's {volunteer}. Your polling place is {polling_place_2026}."

    text = scripts.merge(body, {"first_name": "Dana", "volunteer": "Priya", "polling_place_2026": "Oak School"})

    assert text == "Hi Dana, it's Priya. Your polling place is Oak School."


def test_what_a_file_says_is_never_read_as_script() -> None:
    values = {"first_name": "{volunteer}", "volunteer": "{first_name|x}{0}"}
    assert scripts.merge("Hi {first_name}, {volunteer}", values) == "Hi {volunteer}, {first_name|x}{0}"


@pytest.mark.parametrize("blank", [None, "", "   "])
def test_a_blank_value_takes_the_fallback(blank: str | None) -> None:
    assert scripts.merge("Hi {first_name|friend}!", {"first_name": blank}) == "Hi friend!"
    assert scripts.merge("Hi {first_name|friend}!", {}) == "Hi friend!"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Hi {first_name}, it's me", "Hi, it's me"),
        ("Hi {first_name} , it's me", "Hi, it's me"),
        ("Hi {first_name} it's me", "Hi it's me"),
        ("{first_name}, are you voting?", "are you voting?"),
        ("{first_name} are you voting?", "are you voting?"),
        ("Hi {first_name} {last_name}!", "Hi!"),
        ("Thanks {first_name}", "Thanks"),
        ("Thanks {first_name}\nPriya", "Thanks\nPriya"),
        ("Hello\n{first_name}, vote", "Hello\nvote"),
        ("A {first_name|}, b", "A, b"),
        ("Two  spaces stay {first_name} here", "Two  spaces stay here"),
    ],
)
def test_an_empty_value_leaves_no_gap(body: str, text: str) -> None:
    assert scripts.merge(body, {}) == text


def test_spacing_that_the_organizer_typed_is_kept() -> None:
    body = "Hi {first_name} ,\n\n  two  spaces"
    assert scripts.merge(body, {"first_name": "Dana"}) == "Hi Dana ,\n\n  two  spaces"


def test_case_does_not_matter_and_neither_do_spaces_inside() -> None:
    assert scripts.merge("{First_Name} { first_name | you }", {"first_name": "Dana"}) == "Dana Dana"


def test_fields_are_listed_in_order_and_once() -> None:
    body = "{volunteer} {first_name} {city|your town} {first_name|friend}"
    assert scripts.fields(body) == [Field("volunteer", None), Field("first_name", "friend"), Field("city", "your town")]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("Hi {first_name", "without its partner"),
        ("Hi first_name}", "without its partner"),
        ("Hi {{first_name}}", "without its partner"),
        ("Hi {}", "empty {}"),
        ("Hi {|friend}", "empty {}"),
        ("Hi {x.__class__}", "{x.__class__} is not the name of a field"),
        ("Hi {x[0]}", "not the name"),
        ("Hi {x!r}", "not the name"),
        ("Hi {x:>10}", "not the name"),
        ("Hi {0}", "not the name"),
        ("Hi {First Name}", "Write {first_name}."),
        ("a" * 1601, "1,601 characters"),
    ],
)
def test_a_script_that_cannot_work_is_refused_in_plain_words(body: str, words: str) -> None:
    with pytest.raises(Refusal) as refusal:
        scripts.check(body)
    assert words in str(refusal.value)
    assert refusal.value.field == "script"


def test_a_good_script_is_accepted() -> None:
    scripts.check("Hi {first_name|amigo mío}, it's {volunteer}: {polling_place_2026}? " + "a" * 1500)


def test_what_check_refuses_is_left_as_text_by_merge() -> None:
    assert scripts.merge("{x.__class__} {first_name}", {"x": "X", "first_name": "Dana"}) == "{x.__class__} Dana"


def test_fields_that_the_file_lacks_are_named() -> None:
    body = "{first_name} {last_name} {volunteer} {city|town} {county}"
    assert scripts.missing_fields(body, ["first_name", "phone"]) == ["last_name", "county"]
    assert scripts.missing_fields(body, {"full_name", "county"}) == []


WORDS = st.text(st.sampled_from("{}|.[]!:_ax0 ,\n$%é") | st.characters(), max_size=60)
HOSTILE = "{x.__class__}", "{0}", "{volunteer}", "{{x}}", "%(x)s", "${x}", "{x!r:>{y}}", "{first_name|{x}}", "{", "}"


@given(WORDS, st.dictionaries(st.sampled_from(["x", "a", "first_name"]), WORDS | st.none(), max_size=3))
def test_any_script_is_merged_with_any_values(body: str, values: dict[str, str | None]) -> None:
    merged = scripts.merge(body, values)
    assert "<class" not in merged
    try:
        scripts.check(body)
    except Refusal:
        return
    assert scripts.merge(merged.replace("{", "").replace("}", ""), values) == merged.replace("{", "").replace("}", "")


@given(WORDS | st.sampled_from(HOSTILE), st.sampled_from(["x", "first_name"]))
def test_any_value_comes_out_as_it_went_in(value: str, name: str) -> None:
    merged = scripts.merge(f"<{{{name}|none}}>", {name: value, "volunteer": "Priya", "y": "9"})
    assert merged == f"<{value.strip() or 'none'}>"


@given(WORDS)
def test_any_script_is_taken_or_refused_in_words(body: str) -> None:
    said = ""
    try:
        scripts.check(body)
    except Refusal as refusal:
        said = str(refusal)
    assert said == "" or said.endswith(".")
