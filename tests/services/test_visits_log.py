"""services.visits.log: what it records and books, and what it refuses."""

import datetime
import uuid
from dataclasses import replace

import pytest
from django.utils import timezone

from ledger import accounts, statements
from ledger.models import Policy, Transfer, TransferKind
from members.models import Elder
from services import visits
from services.models import Category, Holiday, Visit
from services.visits import doubts, facts, refusals
from tests.factories import (
    ElderFactory,
    MemberFactory,
    StaffFactory,
    VolunteerFactory,
    community,
)

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2026, 11, 23, 9, 0, tzinfo=datetime.UTC)  # 17:00 in Kunming, a Monday
TODAY = NOW.date()
NINE = datetime.datetime(2026, 11, 23, 1, 0, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def pair():
    return VolunteerFactory().member, ElderFactory().member


def log(volunteer, elder, **changes):
    told = {
        "key": uuid.uuid4(),
        "area": volunteer.area,
        "volunteer": volunteer,
        "elder": elder,
        "category": Category.objects.get(code="companionship"),
        "service_date": TODAY,
        "minutes": 60,
        "method": "signature",
        "at": NOW,
    }
    return visits.log(**told | {"by": changes.pop("by", None) or StaffFactory()} | changes)


def balance(member):
    standing = statements.standing_of(member)
    return standing.posted if standing else 0


def pool(area=None):
    return statements.balance((area or community()).pk, accounts.POOL).posted


def legs():
    return list(
        Transfer.objects.order_by("id").values_list("kind", "amount", "effective_on", "actor")
    )


def freeze(member):
    account = accounts.open_for(member.area, [member.key])[member.key]
    author = StaffFactory()
    accounts.set_limits(member.area_id, account, floor=0, ceiling=90_000, frozen=True, by=author.pk)


def test_a_signed_visit_banks_at_once_and_the_pool_covers_it(pair):
    clerk = StaffFactory()

    visit = log(*pair, by=clerk)

    visit.refresh_from_db()
    assert (visit.state, visit.confirmed_at, visit.approved_by) == ("confirmed", NOW, None)
    assert (visit.served_minutes, visit.bankable_minutes, visit.banked_minutes) == (60, 60, 60)
    assert (visit.not_banked, visit.questions) == ({}, [])
    assert balance(pair[0]) == 60
    assert pool() == -60
    assert legs() == [
        (TransferKind.EARN, 60, TODAY, clerk.pk),
        (TransferKind.POOL_COVER, 60, TODAY, clerk.pk),
    ]


def test_the_postings_of_a_visit_name_its_journal_and_policy(pair):
    visit = log(*pair)

    policy = Policy.objects.in_force(community(), TODAY)
    assert {(t.journal, t.policy) for t in Transfer.objects.all()} == {(visit.journal, policy.pk)}


def test_a_donated_visit_runs_through_the_account_to_the_pool(pair):
    visit = log(*pair, choice="donate")

    assert (visit.banked_minutes, visit.not_banked) == (0, {"donated": 60})
    assert [kind for kind, *_ in legs()] == [
        TransferKind.EARN,
        TransferKind.DONATE,
        TransferKind.POOL_COVER,
    ]
    assert (balance(pair[0]), pool()) == (0, 0)


def test_a_waived_visit_moves_nothing(pair):
    visit = log(*pair, choice="waive")

    assert (visit.state, visit.journal, visit.not_banked) == ("confirmed", None, {"waived": 60})
    assert not Transfer.objects.exists()


def test_what_is_over_the_balance_cap_goes_to_the_pool(pair):
    Policy.objects.create(effective_from=datetime.date(2020, 1, 1), balance_cap=40)

    visit = log(*pair)

    assert (visit.banked_minutes, visit.not_banked) == (40, {"balance_cap": 20})
    assert [(kind, minutes) for kind, minutes, *_ in legs()] == [
        (TransferKind.EARN, 40),
        (TransferKind.OVERFLOW, 20),
        (TransferKind.POOL_COVER, 60),
    ]
    assert balance(pair[0]) == 40


def test_an_account_opened_under_a_lower_cap_overflows_at_its_own(pair):
    Policy.objects.create(effective_from=datetime.date(2020, 1, 1), balance_cap=40)
    accounts.open_for(community(), [pair[0].key])
    Policy.objects.create(effective_from=datetime.date(2021, 1, 1), balance_cap=9000)

    assert log(*pair).not_banked == {"balance_cap": 20}


def test_the_cap_of_the_day_counts_what_other_visits_banked(pair):
    for elder in (pair[1], ElderFactory().member, ElderFactory().member):
        log(pair[0], elder, minutes=90)
    last = log(pair[0], ElderFactory().member, minutes=90)

    assert [v.banked_minutes for v in Visit.objects.order_by("pk")] == [90, 90, 60, 0]
    assert last.not_banked == {"day_cap": 90}
    assert balance(pair[0]) == 240


def test_a_waived_visit_takes_nothing_from_the_day(pair):
    log(*pair, minutes=240, choice="waive")

    assert log(pair[0], ElderFactory().member, minutes=240).banked_minutes == 240


def test_an_undone_visit_gives_its_day_back(pair):
    clerk = StaffFactory()
    visits.undo(log(*pair, minutes=240, by=clerk), by=clerk, at=NOW)

    assert log(*pair, minutes=240).banked_minutes == 240


def test_the_cap_of_the_week_runs_from_monday_to_sunday(pair):
    Policy.objects.create(effective_from=datetime.date(2020, 1, 1), week_cap=100)
    days = (datetime.date(2026, 11, 15), datetime.date(2026, 11, 16), datetime.date(2026, 11, 22))

    banked = [log(*pair, service_date=day, minutes=90).banked_minutes for day in days]

    assert banked == [90, 90, 10]


def test_the_policy_of_the_area_on_the_day_of_the_service_decides(pair):
    Policy.objects.create(area=community(), effective_from=TODAY, day_cap=30)
    Policy.objects.create(
        area=community("530111001002"), effective_from=datetime.date(2020, 1, 1), day_cap=0
    )

    today = log(*pair)
    yesterday = log(*pair, service_date=TODAY - datetime.timedelta(days=1))

    assert (today.banked_minutes, yesterday.banked_minutes) == (30, 60)


def test_an_elder_who_is_not_eligible_is_served_and_nothing_is_banked(pair):
    elder = ElderFactory(living=Elder.Living.WITH_CHILDREN).member

    visit = log(pair[0], elder)

    assert (visit.served_minutes, visit.bankable_minutes) == (60, 0)
    assert visit.not_banked == {"not_eligible": 60}
    assert visit.state == "confirmed"


def test_urgent_help_is_covered_for_everybody(pair):
    elder = ElderFactory(living=Elder.Living.WITH_CHILDREN).member

    visit = log(pair[0], elder, category=Category.objects.get(code="emergency"))

    assert visit.banked_minutes == 60


def test_what_is_no_service_banks_nothing(pair):
    training = Category.objects.create(code="training", name_zh="培训", is_bankable=False)

    assert log(*pair, category=training).not_banked == {"non_service": 60}


@pytest.mark.parametrize(
    ("changes", "questions"),
    [
        ({"method": "paper"}, ["grade_c"]),
        ({"method": "none"}, ["grade_d"]),
        ({"minutes": 300}, ["over_long"]),
        ({"service_date": datetime.date(2026, 11, 6), "note": "病了"}, ["late"]),
        ({"service_date": datetime.date(2026, 11, 24)}, ["future"]),
    ],
)
def test_a_visit_with_a_question_waits_and_moves_nothing(pair, changes, questions):
    visit = log(*pair, **changes)

    assert (visit.state, visit.questions, visit.journal) == ("completed", questions, None)
    assert visit.banked_minutes == 0
    assert visit.not_banked["under_review"] == visit.bankable_minutes
    assert not Transfer.objects.exists()


def test_a_measured_visit_without_a_signature_does_not_wait(pair):
    visit = log(*pair, method="none", started_at=NINE, ended_at=NINE + HOUR)

    assert (visit.grade, visit.state) == ("B", "confirmed")


def test_the_tenth_working_day_is_in_time(pair):
    assert log(*pair, service_date=datetime.date(2026, 11, 9)).state == "confirmed"


def test_a_holiday_gives_a_day_more(pair):
    Holiday.objects.create(day=datetime.date(2026, 11, 10), is_workday=False)

    assert log(*pair, service_date=datetime.date(2026, 11, 6)).state == "confirmed"


def test_a_late_visit_needs_a_reason(pair):
    with pytest.raises(refusals.NeedsReason):
        log(*pair, service_date=datetime.date(2026, 11, 6))

    assert not Visit.objects.exists()


def test_after_sixty_days_a_visit_is_served_and_banks_nothing(pair):
    visit = log(*pair, service_date=datetime.date(2026, 9, 1), note="病了")

    assert (visit.served_minutes, visit.bankable_minutes) == (60, 0)
    assert visit.not_banked == {"too_late": 60}


def test_a_visit_on_a_frozen_account_is_kept_waiting(pair):
    freeze(pair[0])

    visit = log(*pair)

    assert (visit.state, visit.questions) == ("completed", ["account_frozen"])
    assert visit.not_banked == {"account_frozen": 60}
    assert not Transfer.objects.exists()


def test_an_account_frozen_after_the_facts_were_read_keeps_the_visit_waiting(pair, monkeypatch):
    freeze(pair[0])
    gather = visits.recording.facts.gather
    looks = iter([lambda known: replaced(known, is_frozen=False)])
    monkeypatch.setattr(
        visits.recording.facts,
        "gather",
        lambda *args: next(looks, lambda known: known)(gather(*args)),
    )

    visit = log(*pair)

    visit.refresh_from_db()
    assert (visit.state, visit.journal, visit.confirmed_at) == ("completed", None, None)
    assert visit.not_banked == {"account_frozen": 60}


def replaced(known, **facts):
    return replace(known, facts=replace(known.facts, **facts))


def test_the_same_visit_under_the_same_key_is_recorded_once(pair):
    key, clerk = uuid.uuid4(), StaffFactory()

    first = log(*pair, key=key, by=clerk)
    again = log(*pair, key=key, by=clerk, at=NOW + HOUR)

    assert (first, Visit.objects.count()) == (again, 1)
    assert balance(pair[0]) == 60


@pytest.mark.parametrize(
    "changes", [{"minutes": 90}, {"note": "x"}, {"choice": "donate"}, {"method": "paper"}]
)
def test_another_visit_under_the_same_key_is_refused(pair, changes):
    key, clerk = uuid.uuid4(), StaffFactory()
    log(*pair, key=key, by=clerk)

    with pytest.raises(refusals.KeyReused):
        log(*pair, key=key, by=clerk, **changes)

    assert balance(pair[0]) == 60


def test_another_volunteer_under_the_same_key_is_refused_and_books_nothing(pair):
    key, clerk, other = uuid.uuid4(), StaffFactory(), VolunteerFactory().member
    log(*pair, key=key, by=clerk)

    with pytest.raises(refusals.KeyReused):
        log(other, pair[1], key=key, by=clerk)

    assert balance(other) == 0


def test_a_volunteer_in_another_visit_at_that_time_is_refused_with_its_name(pair):
    log(*pair, started_at=NINE, ended_at=NINE + HOUR)

    with pytest.raises(refusals.Elsewhere, match=pair[1].name):
        log(pair[0], ElderFactory().member, started_at=NINE + HOUR / 2, ended_at=NINE + 2 * HOUR)

    assert balance(pair[0]) == 60


def test_visits_that_follow_each_other_without_a_gap_are_fine(pair):
    log(*pair, started_at=NINE, ended_at=NINE + HOUR)

    assert log(pair[0], ElderFactory().member, started_at=NINE + HOUR, ended_at=NINE + 2 * HOUR)


@pytest.mark.parametrize(
    ("people", "refusal"),
    [
        (lambda v, e: (e, v), refusals.NotAVolunteer),
        (lambda v, e: (v, MemberFactory()), refusals.NotAnElder),
        (lambda v, e: (v, v), refusals.SamePerson),
    ],
)
def test_only_a_volunteer_visits_an_elder(pair, people, refusal):
    with pytest.raises(refusal):
        log(*people(*pair))

    assert not Visit.objects.exists()


def test_a_visit_stands_in_the_book_of_its_volunteer_only(pair):
    with pytest.raises(refusals.OtherCommunity):
        log(*pair, area=community("530111001002"))


def test_an_elder_of_another_community_is_charged_in_the_volunteers_book(pair):
    far = ElderFactory(member__area=community("530111001002")).member

    visit = log(pair[0], far)

    assert visit.area == community()
    assert (pool(), pool(far.area)) == (-60, 0)


def test_a_day_before_all_rules_is_refused(pair):
    with pytest.raises(refusals.NoPolicy):
        log(*pair, service_date=datetime.date(1900, 1, 1))


@pytest.mark.parametrize(
    ("before", "changes", "code"),
    [
        ({}, {}, "same_pair"),
        ({"service_date": datetime.date(2026, 11, 1), "note": "x"}, {"minutes": 300}, "over_cap"),
        ({"choice": "waive", "method": "paper"}, {}, "same_pair"),
    ],
)
def test_a_doubt_is_raised_before_saving(pair, before, changes, code):
    log(*pair, **before)

    with pytest.raises(doubts.Doubts) as raised:
        log(*pair, seen=[], **changes)

    assert [doubt.code for doubt in raised.value.doubts] == [code]
    assert Visit.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"service_date": datetime.date(2026, 11, 24)}, "future"),
        ({"service_date": datetime.date(2026, 9, 1), "note": "病了"}, "too_late"),
    ],
)
def test_a_strange_date_is_a_doubt(pair, changes, code):
    with pytest.raises(doubts.Doubts) as raised:
        log(*pair, seen=[], **changes)

    assert [doubt.code for doubt in raised.value.doubts] == [code]


def test_a_full_account_is_a_doubt(pair):
    Policy.objects.create(effective_from=datetime.date(2020, 1, 1), balance_cap=40)

    with pytest.raises(doubts.Doubts, match="balance_cap"):
        log(*pair, seen=[])


def test_a_doubt_that_was_seen_forbids_nothing(pair):
    log(*pair)

    assert log(*pair, seen=["same_pair"]).state == "confirmed"


def test_an_ordinary_visit_raises_no_doubt(pair):
    assert log(*pair, seen=[]).state == "confirmed"


def test_a_visit_is_recorded_on_the_day_as_it_is_in_china(pair):
    midnight = datetime.datetime(2026, 11, 23, 16, 30, tzinfo=datetime.UTC)  # the 24th there

    visit = log(*pair, service_date=datetime.date(2026, 11, 24), at=midnight)

    assert visit.state == "confirmed"
    assert timezone.localdate(visit.entered_at) == datetime.date(2026, 11, 24)


def test_facts_that_have_changed_since_they_were_read_are_read_anew(pair):
    Policy.objects.create(area=community(), effective_from=TODAY, day_cap=90)
    coming = Visit(
        volunteer=pair[0],
        elder=pair[1],
        area=pair[0].area,
        service_date=TODAY,
        key=uuid.uuid4(),
    )
    log(*pair, service_date=TODAY - datetime.timedelta(days=1))
    beside = facts.read(coming)
    log(*pair)

    visit = log(*pair, key=coming.key, beside=beside)

    assert (beside.used_that_day, visit.banked_minutes) == (0, 30)
