"""How low the public pool may go: nobody takes more from it than the rules in force allow."""

import datetime
import threading
import uuid

import pytest
from django.db import close_old_connections, transaction
from django.utils import timezone

from ledger import donations, grants, openings, pool, requests, statements, transfers
from ledger.accounts import ISSUANCE, POOL
from ledger.models import MovementRequest, Policy, Transfer, TransferKind
from ledger.transfers import Journal, Leg, Refused
from ledger.verification import verify
from members.models import Area
from tests.factories import StaffFactory

from .conftest import CLERK, DAY
from .people import by
from .test_concurrency import wait_until_blocked

EARN = "SELECT refused FROM ledger_post(%s, %s, 2::smallint, 17, 1, %s, %s, 7)"


def allow(floor, *, area=None, since=datetime.date(2026, 1, 1)):
    """A version of the rules that came with the installation and lets the pool go so low."""
    return Policy.objects.create(area=area, effective_from=since, pool_floor=floor)


def cover(book, minutes, **more):
    leg = Leg(TransferKind.POOL_COVER, POOL, ISSUANCE, minutes)
    key = more.pop("key", None) or uuid.uuid4()
    return transfers.post(book.id, key, leg, effective_on=DAY, by=CLERK, **more)


def donate(book, earn, minutes):
    earn(book.wang, minutes)
    key = uuid.uuid4()
    leg = Leg(TransferKind.DONATE, book.wang, POOL, minutes)
    transfers.post(book.id, key, leg, effective_on=DAY, by=CLERK)
    return key


def in_pool(book):
    return statements.balance(book.id, POOL).posted


@pytest.mark.django_db
class TestLimit:
    def test_without_a_limit_the_pool_goes_as_low_as_it_is_asked_to(self, book):
        cover(book, 10**6)

        assert pool.room(book.id) is None

    def test_the_pool_gives_down_to_the_limit_and_not_beyond(self, book):
        allow(-100)

        cover(book, 60)
        assert pool.room(book.id) == 40
        with pytest.raises(Refused, match="pool_floor"):
            cover(book, 41)
        cover(book, 40)

        assert (in_pool(book), pool.room(book.id)) == (-100, 0)
        assert verify().faults == []

    def test_a_refusal_is_kept_and_a_resend_of_what_stands_is_not_refused(self, book):
        allow(-60)
        first, second = uuid.uuid4(), uuid.uuid4()

        cover(book, 60, key=first)
        with pytest.raises(Refused, match="pool_floor"):
            cover(book, 10, key=second)

        assert cover(book, 60, key=first).was_there
        with pytest.raises(Refused, match="pool_floor"):
            cover(book, 10, key=second)

    def test_a_journal_is_judged_by_what_it_takes_in_all(self, book):
        allow(0)
        key = uuid.uuid4()
        legs = [
            Leg(TransferKind.EARN, ISSUANCE, book.wang, 60),
            Leg(TransferKind.DONATE, book.wang, POOL, 60),
            Leg(TransferKind.POOL_COVER, POOL, ISSUANCE, 60),
        ]

        transfers.post_journal(book.id, key, legs, effective_on=DAY, by=CLERK)
        with pytest.raises(Refused, match="pool_floor"):
            transfers.post_journal(
                book.id,
                uuid.uuid4(),
                [*legs[:1], *legs[2:]],
                effective_on=DAY,
                by=CLERK,
            )

        assert in_pool(book) == 0
        assert statements.balance(book.id, book.wang).posted == 0

    def test_of_a_batch_the_first_that_passes_the_limit_is_named_and_nothing_stands(self, book):
        allow(-100)
        journals = [
            Journal(uuid.uuid4(), [Leg(TransferKind.POOL_COVER, POOL, ISSUANCE, 40)], DAY)
            for _ in range(4)
        ]

        with pytest.raises(Refused, match="pool_floor") as refused:
            transfers.post_batch(book.id, journals, by=CLERK)

        assert refused.value.key == journals[2].key
        assert in_pool(book) == 0
        assert transfers.post_batch(book.id, journals[:2], by=CLERK) == 2

    def test_what_was_donated_is_not_taken_back_once_the_pool_has_spent_it(self, book, earn):
        allow(0)
        gift = donate(book, earn, 60)
        cover(book, 30)

        with pytest.raises(Refused, match="pool_floor"):
            transfers.reverse(book.id, gift, key=uuid.uuid4(), effective_on=DAY, by=CLERK)

        assert in_pool(book) == 30

    def test_what_the_pool_paid_is_given_back_at_the_limit(self, book):
        allow(-60)
        key = uuid.uuid4()
        cover(book, 60, key=key)

        transfers.reverse(book.id, key, key=uuid.uuid4(), effective_on=DAY, by=CLERK)

        assert pool.room(book.id) == 60

    def test_a_pool_below_a_new_limit_takes_and_does_not_give(self, book, earn):
        cover(book, 60)
        allow(0)

        with pytest.raises(Refused, match="pool_floor"):
            cover(book, 1)
        donate(book, earn, 20)

        assert (in_pool(book), pool.room(book.id)) == (-40, 0)

    def test_a_limit_of_another_community_or_of_a_later_day_does_not_count(self, book):
        later = timezone.localdate() + datetime.timedelta(days=2)
        allow(0, since=later)
        allow(0, area=Area.objects.get(code="530111001002"))

        cover(book, 60)

        assert pool.room(book.id) is None

    def test_a_version_that_waits_does_not_count(self, book):
        Policy.objects.create(
            effective_from=datetime.date(2026, 1, 1),
            pool_floor=0,
            author=StaffFactory(role="administrator"),
            state=Policy.State.WAITING,
        )

        cover(book, 60)

        assert in_pool(book) == -60


@pytest.mark.django_db
class TestRequests:
    def test_a_grant_is_refused_in_words(self, member, clerk, approve, today):
        allow(-20)
        asked = grants.ask(member, minutes=30, expires_on=today, reason="ill", **by(clerk))

        with pytest.raises(requests.PoolExhausted) as refused, transaction.atomic():
            approve(asked)

        assert refused.value.field == "minutes"
        assert MovementRequest.objects.get(pk=asked.pk).state == "waiting"
        assert not Transfer.objects.filter(kind=TransferKind.GRANT).exists()

    def test_a_donation_that_was_spent_is_not_undone(self, member, clerk):
        given = donations.give(member, minutes=60, **by(clerk))
        allow(0)
        leg = Leg(TransferKind.POOL_COVER, POOL, ISSUANCE, 30)
        transfers.post(member.area_id, uuid.uuid4(), leg, effective_on=DAY, by=CLERK)

        with pytest.raises(requests.PoolExhausted), transaction.atomic():
            donations.undo(given, by=clerk, at=timezone.now())

    def test_what_takes_nothing_from_the_pool_is_as_before(self, member, clerk, approve, today):
        allow(0)

        approve(openings.ask(member, minutes=30, on=today, evidence="page 4", **by(clerk)))

        assert statements.standing_of(member).posted == 630


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def post(self, connection, book, minutes):
        row = connection.execute(EARN, [book.id, uuid.uuid4(), minutes, DAY]).fetchone()
        return row[0]

    def test_the_second_waits_and_finds_what_the_first_has_left(self, book, connect):
        allow(-100)
        one, other, watcher = connect(), connect(), connect("postgres", autocommit=True)
        found = []
        assert self.post(one, book, 60) is None

        thread = threading.Thread(target=lambda: found.append(self.post(other, book, 60)))
        thread.start()
        wait_until_blocked(watcher, other)
        one.commit()
        thread.join(10)
        other.commit()

        assert found == ["pool_floor"]
        assert in_pool(book) == -60

    def test_without_a_limit_nobody_waits(self, book, connect):
        one, other = connect(), connect()
        other.execute("SET lock_timeout = '2s'")
        stripes = {c.info.backend_pid % 16 for c in (one, other)}

        assert self.post(one, book, 60) is None
        if len(stripes) == 2:
            assert self.post(other, book, 60) is None

    def test_eight_connections_never_pass_the_limit(self, book, connect):
        allow(-500)
        writers = [connect(autocommit=True) for _ in range(8)]
        refused = []

        def pay(connection):
            refused.extend(self.post(connection, book, 7) for _ in range(20))
            close_old_connections()

        threads = [threading.Thread(target=pay, args=(c,)) for c in writers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert in_pool(book) == -497
        assert refused.count(None) == 71
        assert refused.count("pool_floor") == 160 - 71
