import datetime

import pytest

from services.registers import person_rows
from services.registers.cells import Cannot

TODAY = datetime.date(2026, 11, 23)


def volunteer(**written):
    return person_rows.understand("volunteer", {"name": "王敏"} | written, today=TODAY)


def elder(**written):
    return person_rows.understand("elder", {"name": "李建国"} | written, today=TODAY)


def refusal(**written):
    with pytest.raises(Cannot) as caught:
        volunteer(**written)
    return caught.value.code


def codes(person):
    return [warning["code"] for warning in person["warnings"]]


def test_the_id_number_tells_birth_date_and_sex():
    person = volunteer(id_number="53011119550102002X")

    assert person["birth_date"] == "1955-01-02"
    assert person["sex"] == "F"


def test_a_wrong_check_digit_is_kept_and_flagged():
    person = volunteer(id_number="530111195510221707")

    assert person["id_number"] == "530111195510221707"
    assert codes(person) == ["id_number_check"]


@pytest.mark.parametrize("written", ["5301", "530111199913011234", "=1", 5.3e17])
def test_an_id_number_that_cannot_be_one_is_left_out_and_flagged(written):
    if written == "=1":
        assert refusal(id_number=written) == "formula"
    else:
        person = volunteer(id_number=written)
        assert person["id_number"] is None
        assert codes(person) == ["not_an_id_number"]


def test_phones_are_read_in_any_form_and_several_in_a_cell():
    person = volunteer(phone="138-1234-0001 / １３９１２３４０００２")

    assert person["phones"] == ["13812340001", "13912340002"]


def test_a_phone_that_is_none_is_left_out_and_flagged():
    person = volunteer(phone="ask the neighbor")

    assert person["phones"] == []
    assert codes(person) == ["not_a_phone"]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ({"name": None}, "missing_name"),
        ({"name": "123"}, "not_a_name"),
        ({"name": "🙂🙂"}, "not_a_name"),
        ({"name": "王" * 300}, "name_too_long"),
        ({"address": "x" * 201}, "text_too_long"),
        ({"birth_date": "2020-01-01"}, "too_young"),
        ({"name": "=A1"}, "formula"),
    ],
)
def test_a_fault_is_named(written, code):
    assert refusal(**written) == code


def test_a_volunteer_of_14_to_17_is_pointed_out():
    assert codes(volunteer(birth_date="2010-01-01", joined_on="2026-01-01")) == ["minor"]


def test_spaces_and_marks_that_turn_the_writing_leave_the_name():
    assert volunteer(name=" 王 \u202e 敏\u200b ")["name"] == "王敏"


def test_what_decides_on_eligibility_is_read():
    person = elder(living="独居老人", income="低保户", capability="半失能")

    assert person["living"] == "alone"
    assert person["income"] == "minimum_allowance"
    assert person["capability"] == "semi_disabled"


def test_an_unknown_word_is_left_out_and_flagged():
    person = elder(living="树上")

    assert person["living"] == ""
    assert codes(person) == ["not_understood"]


def test_somebody_under_60_on_the_list_of_elders_is_pointed_out():
    assert codes(elder(birth_date="1990-01-01")) == ["elder_under_60"]


def test_html_and_sql_stay_text():
    person = volunteer(name="Robert'); DROP TABLE--", address="<script>alert(1)</script>")

    assert person["name"] == "Robert'); DROP TABLE--"
    assert person["address"] == "<script>alert(1)</script>"
