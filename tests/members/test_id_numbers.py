from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members import id_numbers

GOOD = "53011119410312204" + id_numbers.check_digit("53011119410312204")


@pytest.mark.parametrize(
    ("number", "born", "sex"),
    [
        ("11010519491231002X", date(1949, 12, 31), "F"),  # the standard's own example
        ("440524188001010014", None, None),
        (GOOD, date(1941, 3, 12), "F"),
    ],
)
def test_a_number_says_when_its_holder_was_born(number, born, sex):
    if born is None:
        with pytest.raises(id_numbers.NotAnIdNumber):
            id_numbers.check(number)
    else:
        assert id_numbers.check(number) == (number, born, sex, True)


@pytest.mark.parametrize(
    "written",
    [
        "11010519491231002x",
        " 110105 19491231 002X ",
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105-19491231-002X",
    ],
)
def test_a_number_is_read_however_it_is_written(written):
    assert id_numbers.check(written).value == "11010519491231002X"


def test_a_number_of_fifteen_digits_is_completed():
    number = id_numbers.check("130503670401001")

    assert number == ("130503196704010016", date(1967, 4, 1), "M", True)


@pytest.mark.parametrize("province", ["81", "82", "83", "71"])
def test_residence_permits_have_numbers_of_the_same_form(province):
    first_17 = f"{province}0000199201150013"[:17]

    assert id_numbers.check(first_17 + id_numbers.check_digit(first_17)).sex == "M"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "shape"),
        ("5301", "shape"),
        ("5301111941031220XX", "shape"),
        ("530111****03122041", "shape"),
        ("990111194103122041", "province"),
        ("160111194103122041", "province"),
        ("530111194102302041", "date"),
        ("530111189912312041", "date"),
        ("530111209903122041", "date"),
        ("11010519491231002" + "1", "check_digit"),
    ],
)
def test_what_is_no_number_is_refused_with_its_reason(written, reason):
    with pytest.raises(id_numbers.NotAnIdNumber, match=r"\S") as refusal:
        id_numbers.check(written)

    assert refusal.value.reason == reason


def test_a_register_keeps_a_number_whose_check_digit_is_wrong():
    number = id_numbers.read("110105194912310021")

    assert number == ("110105194912310021", date(1949, 12, 31), "F", False)


def test_a_number_is_masked():
    assert id_numbers.mask(GOOD) == f"5301**********{GOOD[-4:]}"


@given(
    st.sampled_from(sorted(id_numbers.PROVINCES)),
    st.dates(date(1900, 1, 1), date(2026, 11, 23)),
    st.integers(0, 999),
    st.integers(0, 16),
    st.integers(1, 9),
)
def test_one_wrong_digit_is_always_found(province, born, serial, place, shift):
    first_17 = f"{province}0111{born:%Y%m%d}{serial:03}"
    if born.year < 1000:
        return
    digit = id_numbers.check_digit(first_17)
    wrong = str((int(first_17[place]) + shift) % 10)

    assert id_numbers.check(first_17 + digit).birth_date == born
    assert id_numbers.check_digit(first_17[:place] + wrong + first_17[place + 1 :]) != digit
