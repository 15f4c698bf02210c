"""services.visits.post_imported: a register's visits in bulk, by the rules for imports."""

import datetime
import uuid

import pytest

from ledger import accounts, transfers
from ledger.models import Policy, Transfer
from members.models import Elder
from services import visits
from services.models import Category, Visit
from services.visits import ImportedVisit, refusals
from tests.factories import ElderFactory, MemberFactory, StaffFactory, VolunteerFactory, community
from tests.services.test_visits_log import NOW, balance, freeze, log, pool

pytestmark = pytest.mark.django_db
DAY = datetime.date(2020, 1, 14)
NINE = datetime.datetime(2020, 1, 14, 1, 0, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def pair():
    return VolunteerFactory().member, ElderFactory().member


@pytest.fixture
def staff():
    return StaffFactory(role="clerk"), StaffFactory(role="checker")


def row(volunteer, elder, **changes):
    told = {
        "key": uuid.uuid4(),
        "volunteer": volunteer,
        "elder": elder,
        "category": Category.objects.get(code="companionship"),
        "service_date": DAY,
        "minutes": 90,
    }
    return ImportedVisit(**told | changes)


def post(rows, staff):
    author, approver = staff
    return visits.post_imported(rows, batch_author=author, approver=approver, at=NOW)


def test_a_row_becomes_a_confirmed_visit_of_two_people(pair, staff):
    one = row(*pair)

    visit = post([one], staff).visits[one.key]

    visit.refresh_from_db()
    assert (visit.key, visit.state, visit.source) == (one.key, "confirmed", "import")
    assert (visit.entered_by, visit.approved_by, visit.confirmed_at) == (*staff, NOW)
    assert (visit.served_minutes, visit.banked_minutes, visit.not_banked) == (90, 90, {})
    assert (balance(pair[0]), pool()) == (90, -90)
    assert {(t.actor, t.approver) for t in Transfer.objects.all()} == {(staff[0].pk, staff[1].pk)}


def test_a_row_that_its_register_marks_as_not_banked_is_waived(pair, staff):
    one = row(*pair, choice="waive")

    visit = post([one], staff).visits[one.key]

    assert (visit.choice, visit.banked_minutes, visit.not_banked) == ("waive", 0, {"waived": 90})
    assert not Transfer.objects.exists()


def test_a_row_that_its_register_marks_as_donated_goes_to_the_pool(pair, staff):
    one = row(*pair, choice="donate")

    visit = post([one], staff).visits[one.key]

    assert (visit.choice, visit.banked_minutes, visit.not_banked) == ("donate", 0, {"donated": 90})
    assert (balance(pair[0]), pool()) == (0, 0)


def test_lateness_eligibility_and_rounding_do_not_count_for_imports(pair, staff):
    elder = ElderFactory(living=Elder.Living.WITH_CHILDREN).member
    one = row(pair[0], elder, minutes=47)

    assert post([one], staff).visits[one.key].banked_minutes == 47


def test_the_cap_for_imports_counts_rows_of_the_same_day_in_their_order(pair, staff):
    rows = [row(*pair, minutes=300) for _ in range(3)]

    result = post(rows, staff)

    assert [result.visits[one.key].banked_minutes for one in rows] == [300, 180, 0]
    assert result.visits[rows[1].key].not_banked == {"day_cap": 120}
    assert balance(pair[0]) == 480


def test_the_cap_counts_visits_on_record_and_spares_those_not_banked(pair, staff):
    post([row(*pair, minutes=300), row(*pair, minutes=400, choice="waive")], staff)
    one = row(*pair, minutes=300)

    assert post([one], staff).visits[one.key].banked_minutes == 180


def test_what_is_over_the_balance_cap_overflows_row_by_row(pair, staff):
    Policy.objects.create(effective_from=datetime.date(2019, 1, 1), balance_cap=200)
    rows = [
        row(*pair, minutes=150, service_date=DAY + datetime.timedelta(days=n)) for n in range(2)
    ]

    result = post(rows, staff)

    assert [result.visits[one.key].banked_minutes for one in rows] == [150, 50]
    assert (balance(pair[0]), pool()) == (200, -200)


def test_posting_the_same_rows_again_changes_nothing(pair, staff):
    rows = [row(*pair, service_date=DAY + datetime.timedelta(days=n)) for n in range(5)]
    first = post(rows, staff)

    again = post(rows, staff)

    assert again.visits == first.visits
    assert (Visit.objects.count(), balance(pair[0])) == (5, 450)


def test_a_chunk_that_was_half_posted_before_is_completed(pair, staff):
    rows = [row(*pair, service_date=DAY + datetime.timedelta(days=n)) for n in range(4)]
    post(rows[:2], staff)

    result = post(rows, staff)

    assert set(result.visits) == {one.key for one in rows}
    assert balance(pair[0]) == 360


def test_rows_that_cannot_be_posted_are_named_and_the_others_are_posted(pair, staff):
    volunteer, elder = pair
    nobody, both = MemberFactory(), ElderFactory(member=VolunteerFactory().member).member
    rows = {
        refusals.NotAVolunteer: row(nobody, elder),
        refusals.NotAnElder: row(volunteer, nobody),
        refusals.SamePerson: row(both, both),
        refusals.NoPolicy: row(volunteer, elder, service_date=datetime.date(1900, 1, 1)),
    }
    good = row(*pair)

    result = post([*rows.values(), good], staff)

    assert set(result.visits) == {good.key}
    assert {key: type(refused) for key, refused in result.refused.items()} == {
        one.key: refusal for refusal, one in rows.items()
    }
    assert balance(volunteer) == 90


def test_a_row_at_the_time_of_a_visit_on_record_is_refused_with_its_elder(pair, staff):
    author = staff[0]
    log(*pair, service_date=DAY, started_at=NINE, ended_at=NINE + HOUR, note="旧账", by=author)
    clash = row(*pair, started_at=NINE + HOUR / 2, ended_at=NINE + 2 * HOUR)

    refused = post([clash], staff).refused[clash.key]

    assert isinstance(refused, refusals.Elsewhere)
    assert pair[1].name in str(refused)


def test_of_two_rows_at_one_time_the_first_is_posted(pair, staff):
    rows = [
        row(*pair, started_at=NINE, ended_at=NINE + HOUR),
        row(*pair, started_at=NINE + HOUR / 2, ended_at=NINE + 2 * HOUR),
        row(*pair, started_at=NINE + HOUR, ended_at=NINE + 2 * HOUR),
    ]

    result = post(rows, staff)

    assert set(result.refused) == {rows[1].key}
    assert set(result.visits) == {rows[0].key, rows[2].key}


def test_a_row_of_a_frozen_account_is_kept_waiting(pair, staff):
    freeze(pair[0])
    one = row(*pair)

    visit = post([one], staff).visits[one.key]

    assert (visit.state, visit.approved_by, visit.journal) == ("completed", None, None)
    assert visit.not_banked == {"account_frozen": 90}
    assert not Transfer.objects.exists()


def test_volunteers_of_two_communities_are_booked_in_their_own_books(pair, staff):
    far = VolunteerFactory(member__area=community("530111001002")).member
    rows = [row(*pair), row(far, pair[1])]

    post(rows, staff)

    assert (pool(), pool(far.area)) == (-90, -90)
    assert (balance(pair[0]), balance(far)) == (90, 90)


def test_rows_under_two_policies_name_their_own(pair, staff):
    late = Policy.objects.create(effective_from=DAY + datetime.timedelta(days=1), import_day_cap=30)
    rows = [row(*pair), row(*pair, service_date=DAY + datetime.timedelta(days=1))]

    result = post(rows, staff)

    assert [result.visits[one.key].banked_minutes for one in rows] == [90, 30]
    assert late.pk in set(Transfer.objects.values_list("policy", flat=True))


def test_no_row_is_posted_when_the_ledger_refuses_one(pair, staff):
    rows = [row(*pair), row(VolunteerFactory().member, pair[1])]
    account = accounts.open_for(community(), [pair[0].key])[pair[0].key]
    transfers.post(
        community().pk,
        rows[1].key,
        transfers.Leg(1, accounts.ISSUANCE, account, 5),
        effective_on=DAY,
        by=staff[0].pk,
    )

    with pytest.raises(transfers.Refused):
        post(rows, staff)

    assert not Visit.objects.exists()
    assert balance(pair[0]) == 5


def test_a_chunk_runs_the_same_few_queries_whatever_its_size(
    pair, staff, django_assert_max_num_queries
):
    others = [VolunteerFactory().member for _ in range(5)]
    rows = [
        row(volunteer, pair[1], service_date=DAY + datetime.timedelta(days=n))
        for volunteer in others
        for n in range(10)
    ]

    with django_assert_max_num_queries(17):
        post(rows, staff)


def test_the_page_counts_what_was_imported_for_the_same_day(pair, staff):
    post([row(*pair, minutes=200, service_date=NOW.date())], staff)

    assert log(*pair, minutes=90).not_banked == {"day_cap": 50}
