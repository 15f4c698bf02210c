"""The versions of the rules on their pages: history, new ones, and what they would have changed."""

import datetime
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ledger import accounts, policies, transfers
from ledger.models import Policy, TransferKind
from ledger.policy import Reason
from members.models import Area
from services import visits
from services.models import Category, Visit
from tests.factories import ElderFactory, StaffFactory, VolunteerFactory, community
from tests.ledger.people import credit
from timebank.policies import differences, preview

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
LAST = TODAY.replace(day=1) - datetime.timedelta(days=1)


def base():
    return Policy.objects.get(area=None)


def filled(**changes):
    """The form as the page shows it, with changes."""
    values = {field.name: getattr(base(), field.attname) for field in policies.rules()}
    values = {name: value for name, value in values.items() if value not in (None, False)}
    return {"area": community().code, "effective_from": f"{TODAY}", **values, **changes}


def signed_in(client, role="administrator", area=None):
    user = StaffFactory(role=role, area=area)
    client.force_login(user)
    return user


def new(client, **changes):
    return client.post(
        reverse("admin:policy_new", args=[base().pk]), filled(**changes), follow=True
    )


def served(minutes=180, volunteer=None, area=None, day=LAST, elder=None):
    if volunteer is None:
        volunteer = VolunteerFactory(member__area=area or community()).member
    at = datetime.datetime.combine(day, datetime.time(18), timezone.get_current_timezone())
    return visits.log(
        key=uuid.uuid4(),
        area=volunteer.area,
        volunteer=volunteer,
        elder=elder or ElderFactory().member,
        category=Category.objects.get(code="companionship"),
        service_date=day,
        minutes=minutes,
        method="signature",
        by=StaffFactory(),
        at=at,
    )


def version(**rules):
    values = {field.attname: getattr(base(), field.attname) for field in policies.rules()}
    return Policy(area=community(), effective_from=TODAY, based_on=base(), **values | rules)


def test_a_new_version_waits_and_another_administrator_approves_it(client):
    signed_in(client)
    page = new(client, day_cap=120)
    one = Policy.objects.get(area=community())
    assert (one.state, one.day_cap, page.context["may_decide"]) == ("waiting", 120, False)
    signed_in(client)

    client.post(reverse("admin:policy_decide", args=[one.pk]), {"approve": "1"})

    assert Policy.objects.in_force(community(), TODAY) == one


def test_what_differs_stands_in_the_history_in_words(client):
    signed_in(client)
    new(client, day_cap=120, balance_cap="")

    page = client.get(reverse("admin:policies"))

    ((_one, changes),) = page.context["versions"]
    assert [(rule.before, rule.now) for rule in changes] == [
        ("240", "120"),
        ("90000", differences.shown(Policy._meta.get_field("week_cap"), None)),
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"effective_from": "2019-01-01", "area": "530111001001"}, "effective_from"),
        ({"day_cap": "-1"}, "day_cap"),
        ({"rounding_paper": "0"}, None),
        ({"area": "530111001002"}, "area"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(client, changes, field):
    user = signed_in(client)
    policies.propose(version(day_cap=100), by=user, at=timezone.now())

    page = new(client, **changes)

    assert page.context["form"].errors
    assert field is None or field in page.context["form"].errors
    assert Policy.objects.filter(area__isnull=False).count() == 1


def test_the_preview_is_shown_before_anything_is_saved(client):
    signed_in(client)
    served(minutes=180)

    page = new(client, day_cap=120, preview="1")

    assert (page.context["preview"].visits, page.context["preview"].affected) == (1, 1)
    assert not Policy.objects.filter(area__isnull=False).exists()


@pytest.mark.parametrize("role", ["clerk", "checker", "coordinator"])
@pytest.mark.parametrize("name", ["policies", "policy", "policy_new"])
def test_the_pages_are_for_administrators_and_auditors(client, role, name):
    signed_in(client, role)

    where = reverse(f"admin:{name}", args=[] if name == "policies" else [base().pk])

    assert client.get(where, follow=True).status_code == 403


def test_an_auditor_reads_and_writes_nothing(client):
    signed_in(client, "auditor")

    page = client.get(reverse("admin:policies"))

    assert (page.status_code, page.context["may_propose"]) == (200, False)
    assert client.get(reverse("admin:policy", args=[base().pk])).status_code == 200
    assert client.get(reverse("admin:policy_new", args=[base().pk])).status_code == 403


def test_versions_of_other_areas_are_not_found(client):
    elsewhere = Area.objects.get(code="530111001002")
    one = Policy.objects.create(area=elsewhere, effective_from=TODAY)
    signed_in(client)

    for name in ("policy", "policy_new"):
        assert client.get(reverse(f"admin:{name}", args=[one.pk])).status_code == 404
    assert client.post(reverse("admin:policy_decide", args=[one.pk])).status_code == 404


def test_an_administrator_below_reads_and_does_not_decide(client):
    district = Area.objects.get(level="district")
    one = version(day_cap=100)
    one.area = district
    policies.propose(one, by=StaffFactory(role="administrator", area=district), at=timezone.now())
    signed_in(client)

    assert not client.get(reverse("admin:policy", args=[one.pk])).context["may_decide"]
    decide = reverse("admin:policy_decide", args=[one.pk])
    assert client.post(decide, {"approve": "1"}).status_code == 403


def told(**rules):
    return preview.of_last_month(version(**rules), today=TODAY)


def test_the_same_rules_change_nothing_and_give_what_was_recorded():
    volunteer = VolunteerFactory().member
    for minutes in (180, 90):
        served(minutes, volunteer)

    same = told()

    recorded = Visit.objects.order_by("pk")
    assert (same.visits, same.affected) == (2, 0)
    assert same.lines()[0].before == sum(visit.banked_minutes for visit in recorded) == 240
    assert all(line.difference == 0 for line in same.lines())


def test_a_lower_cap_moves_minutes_from_banked_to_its_reason():
    volunteer = VolunteerFactory().member
    for minutes in (180, 90):
        served(minutes, volunteer)

    lower = told(day_cap=200)

    banked, reason = lower.lines()
    assert (lower.affected, banked.before, banked.now) == (1, 240, 200)
    assert (reason.before, reason.now) == (30, 70)


def test_what_a_visit_banks_takes_room_from_the_balance_of_the_next():
    volunteer = VolunteerFactory().member
    for _n in range(2):
        served(120, volunteer)

    capped = told(balance_cap=180)

    banked, overflow = capped.lines()
    assert (banked.before, banked.now) == (240, 180)
    assert (overflow.before, overflow.now) == (0, 60)


def test_visits_before_the_month_count_for_the_cap_of_its_first_week_only():
    first = LAST.replace(day=1)
    volunteer = VolunteerFactory().member
    days = [
        day for day in (first - datetime.timedelta(days=1), first) if day.weekday() or day == first
    ]
    for day in days:
        served(120, volunteer, day=day)

    capped = told(week_cap=180)

    assert capped.visits == 1
    assert capped.lines()[0].now == (60 if len(days) == 2 else 120)


def test_areas_with_rules_of_their_own_are_left_out():
    served(180)
    street = version(day_cap=60)
    street.area = community().parent
    Policy.objects.create(area=community(), effective_from=datetime.date(2020, 1, 1))

    assert preview.of_last_month(street, today=TODAY).visits == 0


def test_the_preview_asks_the_database_as_often_for_many_visits(django_assert_num_queries):
    lower = version(day_cap=60)
    served()
    with django_assert_num_queries(12):
        preview.of_last_month(lower, today=TODAY)
    for _n in range(3):
        served()

    with django_assert_num_queries(12):
        preview.of_last_month(lower, today=TODAY)


def test_a_limit_of_the_pool_leaves_later_visits_unpaid():
    first, second = LAST.replace(day=3), LAST.replace(day=4)
    served(120, day=second)
    served(120, day=first)

    limited = told(pool_floor=-150)

    banked, reason = limited.lines()
    assert (banked.before, banked.now) == (240, 150)
    assert (reason.label, reason.before, reason.now) == (
        str(Reason.POOL_EXHAUSTED.label),
        0,
        90,
    )
    assert limited.affected == 1


def test_a_limit_that_is_never_reached_changes_nothing():
    served(180)
    served(90)

    wide = told(pool_floor=-10_000)

    assert (wide.visits, wide.affected) == (2, 0)
    assert wide.lines()[0].before == wide.lines()[0].now == 270


def test_what_the_pool_was_given_in_the_month_may_be_given_again():
    giver = VolunteerFactory().member
    credit(giver, 600)
    day = LAST.replace(day=2)
    leg = transfers.Leg(TransferKind.DONATE, _account(giver), accounts.POOL, 60)
    transfers.post(giver.area_id, uuid.uuid4(), leg, effective_on=day, by=7)
    served(120, day=LAST.replace(day=3))

    assert told(pool_floor=0).lines()[0].now == 60


def test_what_the_elders_hours_paid_is_not_asked_of_the_pool():
    elder = ElderFactory().member
    credit(elder, 600)
    served(120, elder=elder)

    assert told(pool_floor=0).affected == 0


def test_visits_that_were_undone_neither_take_from_the_pool_nor_bring_to_it():
    wrong = served(120, day=LAST.replace(day=2))
    visits.undo(wrong, by=wrong.entered_by, at=wrong.entered_at)
    served(60, day=LAST.replace(day=3))

    assert told(pool_floor=-60).lines()[0].now == 60
    assert told(pool_floor=-30).lines()[0].now == 30


def test_taken_day_by_day_the_caps_are_the_same(monkeypatch):
    monkeypatch.setattr(preview, "VISITS", 1)
    volunteer = VolunteerFactory().member
    for minutes in (180, 90):
        served(minutes, volunteer)
    served(60)

    narrow, wide = told(day_cap=200), told(day_cap=200, pool_floor=-10_000)

    assert [(x.label, x.before, x.now) for x in narrow.lines()] == [
        (x.label, x.before, x.now) for x in wide.lines()
    ]


def test_with_a_limit_the_preview_asks_the_database_as_often_for_many_visits(
    django_assert_num_queries,
):
    limited = version(pool_floor=-60)
    served()
    with CaptureQueriesContext(connection) as once:
        preview.of_last_month(limited, today=TODAY)
    for _n in range(3):
        served()

    with django_assert_num_queries(len(once)):
        preview.of_last_month(limited, today=TODAY)


def _account(member):
    return accounts.number_of(member.area_id, member.key)
