import datetime
import uuid

import pytest
from django.core.exceptions import PermissionDenied

from services.papers import prints
from services.papers.models import StatementPrint
from tests.factories import StaffFactory, VolunteerFactory, community
from tests.services.test_visits_races import at_once, second_while_first_is_open
from tests.timebank.test_my_time import bank

NOW = datetime.datetime(2026, 11, 20, 9, 30, tzinfo=datetime.UTC)


@pytest.fixture
def member(db):
    member = VolunteerFactory().member
    for _ in range(3):
        bank(member, 60)
    return member


@pytest.fixture
def act(db):
    """Prints new lines, or again from a line."""
    clerk = StaffFactory(role="clerk")

    def act(member, *, first=None, by=clerk, key=None):
        told = {"by": by, "at": NOW, "key": key or uuid.uuid4()}
        if first is None:
            return prints.print_new(member, **told)
        return prints.print_again(member, first=first, **told)

    return act


def stretch(printed):
    return (printed.first_seq, printed.last_seq, printed.is_again)


def test_each_print_takes_up_where_the_last_one_ended(member, act):
    assert stretch(act(member)) == (1, 3, False)
    with pytest.raises(prints.NothingNew):
        act(member)
    bank(member, 60)
    bank(member, 60)

    assert prints.new_lines(member, StatementPrint.objects.get().account) == 2
    printed = act(member)

    assert stretch(printed) == (4, 5, False)
    assert printed.member == member
    assert printed.area == member.area
    assert printed.printed_by.username
    assert printed.printed_at == NOW


def test_a_long_passbook_is_printed_in_parts(member, act, monkeypatch):
    monkeypatch.setattr(prints, "MOST_LINES", 2)

    assert [stretch(act(member)), stretch(act(member))] == [(1, 2, False), (3, 3, False)]


def test_what_was_printed_is_printed_again_from_any_line(member, act):
    act(member)
    bank(member, 60)

    assert stretch(act(member, first=2)) == (2, 3, True)
    assert stretch(act(member, first=1)) == (1, 3, True)
    assert stretch(act(member)) == (4, 4, False)


@pytest.mark.parametrize("first", [0, -1, 4, 10**12])
def test_what_was_never_printed_is_not_printed_again(member, act, first):
    act(member)
    bank(member, 60)

    with pytest.raises(prints.NoSuchLine):
        act(member, first=first)


def test_who_has_no_account_has_nothing_to_print(act):
    member = VolunteerFactory().member

    with pytest.raises(prints.NothingNew):
        act(member)
    with pytest.raises(prints.NoSuchLine):
        act(member, first=1)


def test_the_same_key_again_is_the_same_print(member, act):
    key = uuid.uuid4()

    assert act(member, key=key) == act(member, key=key)
    assert StatementPrint.objects.count() == 1


@pytest.mark.parametrize("role", ["clerk", "checker", "coordinator", "administrator"])
def test_staff_of_the_community_print(member, act, role):
    assert act(member, by=StaffFactory(role=role)).first_seq == 1


def test_nobody_else_prints(member, act):
    outside = StaffFactory(role="clerk", area=community("530111001002"))

    for user in (outside, StaffFactory(role="auditor")):
        with pytest.raises(PermissionDenied):
            act(member, by=user)


@pytest.mark.django_db(transaction=True)
def test_two_clerks_at_once_print_a_line_once(member, act):
    first, second = second_while_first_is_open(lambda: act(member), lambda: act(member))

    assert stretch(first) == (1, 3, False)
    assert isinstance(second, prints.NothingNew)


@pytest.mark.django_db(transaction=True)
def test_the_same_print_twice_at_once_is_kept_once(member, act):
    key = uuid.uuid4()

    found = at_once(*[lambda: act(member, key=key).pk] * 3)

    assert len(set(found)) == 1
