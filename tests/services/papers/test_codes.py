import math

import pytest

from services.papers import codes


def test_a_code_cannot_be_guessed():
    assert math.log2(len(codes.SIGNS) ** codes.LENGTH) > 80
    assert len({codes.new() for _ in range(1000)}) == 1000


@pytest.mark.parametrize("pair", ["0O", "1I", "1L", "IL", "2Z", "5S", "6G", "8B", "UV", "0Q"])
def test_no_two_signs_are_taken_for_each_other(pair):
    assert not set(pair) <= set(codes.SIGNS)


@pytest.mark.parametrize(
    "typed",
    [
        "7HKM-4XQA-9WDE-3RVT-6CPY",
        "7hkm4xqa9wde3rvt6cpy",
        " 7HKM 4XQA 9WDE 3RVT 6CPY\n",
        "７ＨＫＭ—４ＸＱＡ—９ＷＤＥ—３ＲＶＴ—６ＣＰＹ",
    ],
)
def test_a_code_is_read_however_it_is_typed(typed):
    assert codes.read(typed) == "7HKM4XQA9WDE3RVT6CPY"
    assert codes.shown(codes.read(typed)) == "7HKM-4XQA-9WDE-3RVT-6CPY"


@pytest.mark.parametrize(
    "typed", ["", "7HKM", "7HKM-4XQA-9WDE-3RVT-6CP0", "x" * 10**6, "\0", "¼" * 9]
)
def test_what_is_no_code_is_none(typed):
    assert codes.read(typed) is None
