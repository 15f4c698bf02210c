"""What pages read: a member's accounts, a journal's legs, holds, what is undone until when."""

import datetime
import uuid

import pytest
from django.utils import timezone

from ledger import (
    donations,
    gifts,
    grants,
    holdings,
    holds,
    journals,
    moves,
    openings,
    redemptions,
    requests,
    reversals,
)
from ledger.models import AccountKind, HoldResolution, Transfer, TransferKind
from members import search
from members.models import Area
from tests.factories import ElderFactory, MemberFactory, StaffFactory, community

from .people import by, credit

pytestmark = pytest.mark.django_db


def test_a_members_accounts_add_up_by_their_source(member, approve, clerk, today):
    giver = MemberFactory()
    credit(giver, 100)
    kin = {"to": member, "relation": "spouse", "proof": "register"}
    approve(gifts.ask(giver, minutes=40, **kin, **by(clerk)))
    approve(grants.ask(member, minutes=30, expires_on=today, reason="ill", **by(clerk)))
    approve(redemptions.ask(member, minutes=80, on=today, **by(clerk)))

    has = holdings.of(member)

    assert (has.earned, has.gifted, has.granted, has.held) == (590, 0, 0, 80)
    assert (has.free, has.frozen) == (590, False)
    assert [(one.posted, one.free, one.expires_on) for one in has.grants] == [(30, 0, today)]


def test_who_never_had_hours_has_none(db):
    has = holdings.of(MemberFactory())

    assert (has.accounts, has.free, has.frozen, has.grants) == ([], 0, False, [])


def test_the_last_lines_are_those_of_all_accounts(member, approve, clerk, today):
    approve(grants.ask(member, minutes=30, expires_on=today, reason="ill", **by(clerk)))
    donations.give(member, minutes=20, **by(clerk))

    lines = holdings.last_lines(member, limit=2)

    assert [(line.amount, source) for line, source in lines] == [
        (-20, AccountKind.MEMBER),
        (30, AccountKind.GRANT),
    ]


def test_legs_name_both_sides(member, relative, approve, clerk):
    kin = {"to": relative, "relation": "parent", "proof": "register"}
    request = approve(gifts.ask(member, minutes=40, **kin, **by(clerk)))

    (leg,) = journals.legs(member.area_id, request.key)

    assert (leg.kind, leg.minutes) == (TransferKind.GIFT, 40)
    assert (leg.debit.member, leg.credit.member) == (member, relative)
    assert journals.legs(member.area_id, uuid.uuid4()) == []


def test_what_a_visit_booked_and_what_was_reversed_is_not_reversed(member, approve, clerk):
    donation = donations.give(member, minutes=20, **by(clerk))
    earned = Transfer.objects.get(kind=TransferKind.EARN).journal
    keys = [donation.key, earned]

    assert set(journals.objections(member.area_id, keys)) == {earned}
    approve(reversals.ask(member.area, donation.key, reason="wrong", **by(clerk)))

    assert journals.objections(member.area_id, keys)[donation.key] == journals.WAS_REVERSED


def test_a_hold_tells_what_became_of_it(member, approve, clerk, today):
    request = approve(redemptions.ask(member, minutes=80, on=today, **by(clerk)))
    waiting = holds.standing(member.area_id, request.key)

    redemptions.charge(request, minutes=50, on=today, **by(clerk))

    assert (waiting.minutes, waiting.resolution, waiting.charged) == (80, None, 0)
    charged = holds.standing(member.area_id, request.key)
    assert (charged.resolution, charged.charged) == (HoldResolution.Kind.CHARGED, 50)
    assert holds.standing(member.area_id, uuid.uuid4()) is None


def test_a_donation_may_be_undone_by_its_author_for_ten_minutes(member, clerk, checker):
    request = donations.give(member, minutes=20, **by(clerk))
    end = request.decided_at + datetime.timedelta(minutes=10)

    assert requests.undone_until(request) == end
    assert requests.may_undo(request, by=clerk, at=end)
    assert not requests.may_undo(request, by=checker, at=end)
    assert not requests.may_undo(request, by=clerk, at=end + datetime.timedelta(seconds=1))


def test_other_kinds_are_not_undone(member, approve, clerk, checker, today):
    told = {"minutes": 60, "on": today, "evidence": "scan 3"}
    request = approve(openings.ask(member, **told, **by(clerk)))

    assert not requests.may_undo(request, by=checker, at=timezone.now())
    with pytest.raises(requests.CannotBeUndone):
        requests.undo(request, by=checker, at=timezone.now())


def test_an_outstanding_grant_is_due_once(approve, clerk, today):
    elder = ElderFactory()
    ElderFactory(living="with_children")
    month = today.replace(day=1)

    assert grants.outstanding(elder.member.area, month, on=today) == [elder]
    approve(grants.ask_month(elder.member.area, month, **by(clerk)))

    assert grants.outstanding(elder.member.area, month, on=today) == []


def test_who_moves_their_hours_belongs_to_the_other_community(member, approve, clerk):
    there = community("530111001002")

    approve(moves.ask(member, to=there, **by(clerk)))

    member.refresh_from_db()
    assert member.area == there
    assert holdings.of(member).earned == 600
    staff = StaffFactory(role="clerk", area=there)
    assert search.find(member.number, areas=Area.objects.within(there)) == [member]
    assert donations.give(member, minutes=10, **by(staff)).state == "done"
