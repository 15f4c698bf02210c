import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from members import encryption
from members.models import Elder

PLACE = encryption.place("members_member", "id_number", "row")
OTHER = "2:MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM="


@pytest.fixture
def keys(settings):
    """Set the keys: `keys(encryption=…, index=…)`."""

    def change(**given):
        for name, text in given.items():
            setattr(settings, f"{name.upper()}_KEYS", text)

    return change


@given(st.text())
def test_what_is_sealed_opens_as_it_was(text):
    assert encryption.unseal(encryption.seal(text, PLACE), PLACE) == text


def test_the_same_text_is_never_sealed_alike():
    assert encryption.seal("低保", PLACE) != encryption.seal("低保", PLACE)


@pytest.mark.parametrize(
    "place",
    [
        ("members_elder", "id_number", "row"),
        ("members_member", "address", "row"),
        ("members_member", "id_number", "another"),
    ],
)
def test_a_value_opens_in_its_own_table_column_and_row_only(place):
    sealed = encryption.seal("110105194912310021", PLACE)

    with pytest.raises(encryption.Unreadable):
        encryption.unseal(sealed, encryption.place(*place))


def test_a_changed_bit_anywhere_is_found():
    sealed = encryption.seal("13808712345", PLACE)

    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(encryption.Unreadable):
            encryption.unseal(bytes(changed), PLACE)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" * 20, b"\xff" * 61])
def test_what_was_never_sealed_does_not_open(sealed):
    with pytest.raises(encryption.Unreadable):
        encryption.unseal(sealed, PLACE)


def test_the_length_does_not_tell_incomes_or_capabilities_apart():
    values = [*Elder.Income.values, *Elder.Capability.values]

    assert len({len(encryption.seal(value, PLACE)) for value in values}) == 1


def test_a_new_key_seals_and_the_old_one_still_opens(keys, settings):
    old = encryption.seal("old", PLACE)
    keys(encryption=f"{settings.ENCRYPTION_KEYS},{OTHER}")
    new = encryption.seal("new", PLACE)

    assert (old[0], new[0]) == (1, 2)
    assert (encryption.is_current(old), encryption.is_current(new)) == (False, True)
    assert encryption.unseal(old, PLACE) == "old"
    keys(encryption=OTHER)
    assert encryption.unseal(new, PLACE) == "new"
    with pytest.raises(encryption.Unreadable):
        encryption.unseal(old, PLACE)


def test_the_newest_key_is_the_one_with_the_highest_number(keys, settings):
    keys(encryption=f"{OTHER}\n{settings.ENCRYPTION_KEYS}\n")

    assert encryption.seal("text", PLACE)[0] == 2


@pytest.mark.parametrize(
    "text",
    ["", "1", "secret", "0:" + OTHER[2:], "256:" + OTHER[2:], "2:c2hvcnQ=", f"{OTHER},{OTHER}"],
)
def test_keys_that_cannot_be_meant_are_refused(keys, text):
    keys(encryption=text)

    with pytest.raises(ImproperlyConfigured):
        encryption.seal("text", PLACE)


def test_an_index_is_equal_for_equal_texts_of_one_column_only():
    of_phone = encryption.indexes("13808712345", "members_memberphone", "number")

    assert of_phone == encryption.indexes("13808712345", "members_memberphone", "number")
    assert len(of_phone[0]) == 16
    others = [
        encryption.indexes("13808712346", "members_memberphone", "number"),
        encryption.indexes("13808712345", "members_signincode", "phone"),
    ]
    assert of_phone not in others


def test_an_index_is_made_with_a_key_of_its_own(keys, settings):
    before = encryption.indexes("13808712345", "t", "c")
    keys(encryption=OTHER)

    assert encryption.indexes("13808712345", "t", "c") == before
    keys(index=f"{settings.INDEX_KEYS},{OTHER}")
    after = encryption.indexes("13808712345", "t", "c")
    assert after[0] != before[0]
    assert after[1:] == before
