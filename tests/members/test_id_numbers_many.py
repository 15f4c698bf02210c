"""3,000 numbers as the standard makes them: none refused, and every slip that can be seen is."""

import random
from datetime import date, timedelta

import pytest

from members import id_numbers

# GB 11643-1999, 4.2: the weights of the 17 places, and the check characters by the remainder.
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHARACTERS = "10X98765432"
# GB/T 2260: provinces, autonomous regions, municipalities, and what is beyond the mainland.
SPANS = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
PROVINCES = [str(code) for first, last in SPANS for code in range(first, last + 1)]
FIRST, LAST = date(1915, 1, 1), date(2012, 12, 31)


def fits(number):
    """Whether the checksum holds, by the standard's own words: the sum leaves 1 of 11."""
    values = [10 if character == "X" else int(character) for character in number]
    weighted = zip(values, (*WEIGHTS, 1), strict=True)
    return sum(value * weight for value, weight in weighted) % 11 == 1


def made(count):
    """Numbers with the character that the standard's table gives; the same ones every time."""
    rng = random.Random(1)
    for i in range(count):
        born = FIRST + timedelta(days=rng.randrange((LAST - FIRST).days + 1))
        county = PROVINCES[i % len(PROVINCES)] + f"{rng.randrange(100):02}{rng.randrange(100):02}"
        first = f"{county}{born:%Y%m%d}{rng.randrange(1000):03}"
        total = sum(int(digit) * weight for digit, weight in zip(first, WEIGHTS, strict=True))
        yield first + CHARACTERS[total % 11], born


NUMBERS = list(made(3000))


def refused(number):
    """Whether the number is refused, and with a sentence."""
    try:
        id_numbers.check(number)
    except id_numbers.NotAnIdNumber as refusal:
        return str(refusal) in set(map(str, id_numbers.REASONS.values()))
    return False


def test_the_numbers_are_of_all_provinces_and_years():
    assert {number[:2] for number, _born in NUMBERS} == set(PROVINCES)
    assert {born.year for _number, born in NUMBERS} == set(range(1915, 2013))
    assert any(number.endswith("X") for number, _born in NUMBERS)


def test_none_is_refused_wrongly():
    wrong = []
    for number, born in NUMBERS:
        read = id_numbers.check(number)
        if (read.value, read.birth_date) != (number, born) or not fits(number):
            wrong.append(number)

    assert wrong == []


@pytest.mark.parametrize("place", range(18))
def test_every_other_digit_in_one_place_is_refused_with_a_sentence(place):
    passed = []
    for number, _born in NUMBERS[::10]:
        for other in "0123456789" if place < 17 else CHARACTERS:
            slip = number[:place] + other + number[place + 1 :]
            if other != number[place] and not refused(slip):
                passed.append(slip)

    assert passed == []


def test_one_slip_in_each_of_the_three_thousand_is_refused():
    rng = random.Random(2)
    passed = []
    for number, _born in NUMBERS:
        place = rng.randrange(17)
        other = (int(number[place]) + rng.randrange(1, 10)) % 10
        if not refused(f"{number[:place]}{other}{number[place + 1 :]}"):
            passed.append(number)

    assert passed == []


def test_every_swap_of_neighbors_that_the_checksum_can_see_is_refused():
    seen, unseen, passed = 0, [], []
    for number, _born in NUMBERS:
        for place in range(17):
            one, two = number[place], number[place + 1]
            swapped = number[:place] + two + one + number[place + 2 :]
            if one == two:
                continue
            if fits(swapped) and swapped[:17].isdecimal():
                unseen.append(swapped)
                continue
            seen += 1
            if not refused(swapped):
                passed.append(swapped)

    assert passed == []
    assert seen > 40_000
    assert unseen == []  # no two weights beside each other are equal, so that it sees them all
