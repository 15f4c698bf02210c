import datetime
import uuid

import pytest
from django.utils import timezone

from ledger import accounts, donations, gifts, grants, holds, requests, statements, tasks, transfers
from ledger.accounts import ISSUANCE, POOL
from ledger.models import (
    Account,
    AccountKind,
    Policy,
    RequestKind,
    Transfer,
    TransferKind,
)
from ledger.spending import Source
from ledger.transfers import Leg
from ledger.verification import verify
from tests.factories import ElderFactory, community

from .people import by, credit, hours, pool

pytestmark = pytest.mark.django_db
NOON = datetime.time(4, tzinfo=datetime.UTC)


@pytest.fixture
def elders():
    """Two whom rule A entitles, and one who lives with their children."""
    return [ElderFactory().member, ElderFactory().member], ElderFactory(
        living="with_children"
    ).member


@pytest.fixture
def run_month(approve, clerk, today):
    def run(key=None, at=None):
        at = at or timezone.now()
        said = by(clerk, at) | ({"key": key} if key else {})
        request = grants.ask_month(community(), timezone.localdate(at), **said)
        return approve(request, at=at)

    return run


def expire_after(member, days=0):
    """Run the job at noon, some days after the member's last grant is valid no more."""
    last = Account.objects.filter(holder=member.key, kind=AccountKind.GRANT).latest("expires_on")
    day = last.expires_on + datetime.timedelta(days=1 + days)
    return grants.expire(at=datetime.datetime.combine(day, NOON))


def test_the_months_grant_goes_to_every_entitled_elder(elders, run_month):
    (one, two), other = elders

    run_month()

    assert [hours(m) for m in (one, two, other)] == [(0, 0, 240), (0, 0, 240), (0, 0, 0)]
    assert pool(community()) == -480
    grant = Account.objects.get(holder=one.key)
    assert (grant.purpose, grant.expires_on.month) == ("monthly", timezone.localdate().month)
    assert (grant.expires_on + datetime.timedelta(days=1)).day == 1
    assert verify().faults == []


def test_a_month_is_granted_once_however_often_it_is_run(elders, run_month):
    (one, _), _ = elders
    run_month()
    late = ElderFactory().member

    run_month()

    assert hours(one) == (0, 0, 240)
    assert hours(late) == (0, 0, 240)  # who came later is granted the month as well
    assert Transfer.objects.filter(kind=TransferKind.GRANT).count() == 3


def test_the_grant_waits_for_a_second_person(elders, clerk, today):
    (one, _), _ = elders

    request = grants.ask_month(community(), today, **by(clerk))

    assert request.needs_approval
    assert hours(one) == (0, 0, 0)


def test_a_policy_may_grant_without_a_second_person_and_other_minutes(elders, clerk, today):
    (one, _), _ = elders
    kinds = [kind for kind in RequestKind if kind != RequestKind.GRANT]
    Policy.objects.create(
        effective_from=datetime.date(2020, 1, 1), two_persons=kinds, grant_minutes=30
    )

    grants.ask_month(community(), today, **by(clerk))

    assert hours(one) == (0, 0, 30)


def test_a_policy_that_grants_nothing_says_so(clerk, today):
    Policy.objects.create(effective_from=datetime.date(2020, 1, 1), grant_minutes=0)

    with pytest.raises(grants.NothingIsGranted):
        grants.ask_month(community(), today, **by(clerk))


def test_a_grant_is_for_the_month_that_runs(clerk, today, approve, elders):
    past = today.replace(day=1) - datetime.timedelta(days=1)
    with pytest.raises(grants.NotThisMonth):
        grants.ask_month(community(), past, **by(clerk))

    request = grants.ask_month(community(), today, **by(clerk))
    with pytest.raises(grants.AlreadyOver):
        approve(request, at=timezone.now() + datetime.timedelta(days=32))


def test_a_frozen_elder_is_granted_nothing(elders, run_month):
    (one, two), _ = elders
    credit(one, 10)
    accounts.freeze(one.area_id, one.key, frozen=True, by=7)

    run_month()

    accounts.freeze(one.area_id, one.key, frozen=False, by=7)
    assert (hours(one), hours(two)) == ((10, 0, 0), (0, 0, 240))


def test_what_is_left_goes_back_when_the_month_is_over(elders, run_month):
    (one, _two), _ = elders
    run_month()
    grant = Account.objects.get(holder=one.key)
    leg = Leg(TransferKind.REDEEM, grant.id, ISSUANCE, 100)
    transfers.post(one.area_id, uuid.uuid4(), leg, effective_on=timezone.localdate(), by=7)

    assert expire_after(one) == 2
    assert expire_after(one) == 0
    assert expire_after(one, days=1) == 0

    assert pool(community()) == -100
    back = Transfer.objects.get(kind=TransferKind.GRANT_EXPIRY, debit=grant.id)
    assert (back.amount, back.actor) == (140, transfers.HOUSE)
    assert back.effective_on == grant.expires_on + datetime.timedelta(days=1)
    assert verify().faults == []


def test_a_grant_is_valid_to_the_end_of_its_last_day(elders, run_month):
    (one, _), _ = elders
    run_month()

    assert expire_after(one, days=-1) == 0
    assert hours(one) == (0, 0, 240)


def test_what_is_held_stays_until_the_hold_is_resolved(elders, run_month):
    (one, _), _ = elders
    run_month()
    grant = Account.objects.get(holder=one.key)
    hold = uuid.uuid4()
    holds.reserve(
        one.area_id,
        hold,
        [Source(grant.id, AccountKind.GRANT, 200)],
        expires_at=timezone.now(),
        by=7,
    )

    assert expire_after(one) == 2
    assert statements.balance(one.area_id, grant.id) == (200, 200, 0)
    holds.release(one.area_id, hold, key=uuid.uuid4(), by=7)
    assert expire_after(one) == 0  # this day has had its posting
    assert expire_after(one, days=1) == 1

    assert statements.balance(one.area_id, grant.id).posted == 0


def test_granted_hours_are_not_given_on(elders, run_month, clerk, approve, relative):
    (one, _), _ = elders
    run_month()
    credit(one, 10)
    kin = {"to": relative, "relation": "spouse", "proof": "register"}

    with pytest.raises(requests.NotEnoughHours):
        donations.give(one, minutes=11, **by(clerk))
    with pytest.raises(requests.NotEnoughHours):
        approve(gifts.ask(one, minutes=11, **kin, **by(clerk)))


@pytest.mark.parametrize("kind", [TransferKind.DONATE, TransferKind.GIFT, TransferKind.EARN])
def test_the_database_lets_nobody_give_granted_hours_on(elders, run_month, kind):
    (one, two), _ = elders
    run_month()
    grant = Account.objects.get(holder=one.key)
    leg = Leg(kind, grant.id, credit(two, 1), 10)

    with pytest.raises(Exception, match="ledger_transfer_given_hours_are_not_given_on"):
        transfers.post(one.area_id, uuid.uuid4(), leg, effective_on=timezone.localdate(), by=7)


def test_one_member_is_granted_hours_for_a_reason_until_a_day(member, clerk, approve, today):
    request = grants.ask(member, minutes=90, expires_on=today, reason="fire", **by(clerk))

    request = approve(request)

    assert hours(member) == (600, 0, 90)
    grant = Account.objects.get(grant_key=request.key)
    assert (grant.purpose, grant.expires_on) == ("special", today)
    transfer = Transfer.objects.get(journal=request.key)
    assert (transfer.kind, transfer.approver) == (TransferKind.GRANT, request.approver_id)
    assert accounts.stripes(POOL)[0] <= transfer.debit <= accounts.stripes(POOL)[-1]


def test_a_day_that_has_passed_grants_nothing(member, clerk, today):
    yesterday = today - datetime.timedelta(days=1)

    with pytest.raises(grants.AlreadyOver):
        grants.ask(member, minutes=90, expires_on=yesterday, reason="fire", **by(clerk))


def test_the_job_lets_grants_expire(member, clerk, approve):
    long_ago = timezone.now() - datetime.timedelta(days=40)
    day = timezone.localdate(long_ago)
    said = by(clerk, long_ago)
    approve(grants.ask(member, minutes=90, expires_on=day, reason="fire", **said), at=long_ago)

    tasks.expire_grants(0)

    assert pool(member.area) == 0
