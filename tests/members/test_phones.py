import pytest
from hypothesis import given
from hypothesis import strategies as st

from members import phones


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("13808712345", "13808712345"),
        (13808712345, "13808712345"),
        (13808712345.0, "13808712345"),
        ("13808712345.0", "13808712345"),
        ("138 0871 2345", "13808712345"),
        ("138-0871-2345", "13808712345"),
        ("１３８０８７１２３４５", "13808712345"),
        ("+86 138 0871 2345", "13808712345"),
        ("0086-13808712345", "13808712345"),
        ("8613808712345", "13808712345"),
        ("（0871）6717 0000", "087167170000"),
        ("0871—67170000", "087167170000"),
        ("0871-67170000转8012", "087167170000"),
        ("67170000", "67170000"),
        ("010-62345678", "01062345678"),
        ("0879-2123456", "08792123456"),
    ],
)
def test_a_phone_is_read_however_it_is_written(written, digits):
    assert phones.parse(written) == digits


@pytest.mark.parametrize(
    "written",
    [
        "",
        "无",
        "1380871234",
        "138087123456",
        "12345678901",
        "00000000",
        None,
        True,
        1.5,
        "١٣٨٠٨٧١٢٣٤٥",
    ],
)
def test_what_is_no_phone_is_refused_in_a_sentence(written):
    with pytest.raises(phones.NotAPhone, match=r"\S"):
        phones.parse(written)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13808712345", "138****2345"),
        ("087167170000", "087****0000"),
        ("67170000", "****0000"),
        ("110", "****"),
    ],
)
def test_a_phone_is_masked(number, shown):
    assert phones.mask(number) == shown


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(" -　－."))
def test_separators_never_change_a_mobile(number, separator):
    written = f"{number[:3]}{separator}{number[3:7]}{separator}{number[7:]}"

    assert phones.parse(written) == number
    assert phones.is_mobile(number)
