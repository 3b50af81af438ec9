"""Which column is what."""

import pytest

from bot.errors import Refusal
from bot.services.contact_columns import columns


@pytest.mark.parametrize(
    ("header", "phones"),
    [
        ("CellPhone,HomePhone,PreferredPhone", "CellPhone PreferredPhone HomePhone"),
        ("firstName,lastName,cell", "cell"),
        ("Work Phone,Landline,Phone,Home Phone,Mobile", "Mobile Phone Home_Phone Landline Work_Phone"),
        ("phonenumber,homephonenumber,cell1", "cell1 phonenumber homephonenumber"),
        ("CELLPHONE,Cell Phone Carrier,cell_phone_type,Phone ID,phone_opt_in", "CELLPHONE"),
        ("vb.vf_phone,vb.voterbase_phone_wireless", "vb.voterbase_phone_wireless vb.vf_phone"),
        ("Excellent,Cancelled,Téléphone", "Téléphone"),
        ("Mobile Home Park,Tel.", "Tel."),
        ("Number,First", "Number"),
    ],
)
def test_the_phone_that_can_be_texted_most_likely_comes_first(header: str, phones: str) -> None:
    names = header.split(",")
    assert [names[place].replace(" ", "_") for place in columns(names).phones] == phones.split()


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("firstName,lastName,cell,external_id,zip", "firstName lastName - zip - - external_id"),
        ("First Name,Cell Phone,State,City", "First_Name - - - State City -"),
        ("Name,Phone", "- - Name - - - -"),
        ("FNAME,LNAME,phone,Zip5,DOB", "FNAME LNAME - Zip5 - - -"),
        (
            "Voter File VANID,FirstName,LastName,Phone,StateFileID",
            "FirstName LastName - - - - Voter_File_VANID",
        ),
        (
            "vb.tsmart_first_name,vb.tsmart_zip,vb.tsmart_state,phone",
            "vb.tsmart_first_name - - vb.tsmart_zip vb.tsmart_state - -",
        ),
        ("mCity,mState,mZip5,vCity,vState,vZip5,Cell Phone", "- - - vZip5 vState vCity -"),
        ("Polling Place Name,Precinct Name,Mailing State,Mailing Zip,Polling City,phone", "- - - - - - -"),
    ],
)
def test_names_places_and_ids_are_found_under_the_names_that_exports_give_them(header: str, found: str) -> None:
    names, it = header.split(","), columns(header.split(","))
    places = (it.first_name, it.last_name, it.full_name, it.zip, it.region, it.city, it.external_id)
    assert " ".join("-" if place is None else names[place].replace(" ", "_") for place in places) == found


def test_every_named_column_is_a_script_field_and_two_of_one_name_are_told_apart() -> None:
    it = columns(["Polling Place", "Phone", "", "Note", "note", "Name"])
    assert it.names == ["polling_place", "phone", "note", "note_2", "name", "first_name", "last_name"]


def test_a_file_without_a_phone_column_is_refused_with_what_it_has() -> None:
    with pytest.raises(Refusal, match=r"“Name”, “Email”.*Name the one with the numbers “phone”"):
        columns(["Name", "Email"])
