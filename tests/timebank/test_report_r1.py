"""The figures of R1 as far as visits and people tell them; the ledger's part stands beside."""

import datetime

import pytest
from django.utils import timezone

from members.models import Area, Elder
from services.models import Visit
from tests.factories import (
    ElderFactory,
    MemberFactory,
    StaffFactory,
    VisitFactory,
    VolunteerFactory,
    community,
)
from timebank.reports.periods import Period
from timebank.reports.r1 import figures

pytestmark = pytest.mark.django_db

CENTRAL = "530111001002"
STREET = "530111001000"
DISTRICT = "530111000000"


def day(text):
    return datetime.date.fromisoformat(text)


MARCH = Period(day("2026-03-01"), day("2026-03-31"))


def confirmed(served=60, on="2026-03-10", **fields):
    """A visit that counts; its hours were waived, so that no ledger is needed."""
    return VisitFactory(
        state=Visit.State.CONFIRMED,
        confirmed_at=timezone.now(),
        service_date=day(on),
        choice=Visit.Choice.WAIVE,
        served_minutes=served,
        bankable_minutes=0,
        not_banked={"waived": served},
        **fields,
    )


def undone(**fields):
    visit = VisitFactory(service_date=day("2026-03-10"), **fields)
    visit.state = Visit.State.REVERSED
    visit.reversed_by, visit.reversed_at = StaffFactory(role="checker"), timezone.now()
    visit.save()
    return visit


def volunteer(area=None, joined="2026-01-01"):
    person = MemberFactory(area=area or community(), registered_on=day(joined))
    return VolunteerFactory(member=person, joined_on=day(joined)).member


def elder(born="1940-05-01", registered="2026-01-01", area=None, **fields):
    person = MemberFactory(
        area=area or community(),
        birth_date=day(born) if born else None,
        registered_on=day(registered),
    )
    return ElderFactory(member=person, **fields).member


def total(area=None, period=MARCH):
    return figures(area or community(), period).total


def test_persons_count_once_and_visits_each_time():
    helper, other, old = volunteer(), volunteer(), elder()
    confirmed(60, volunteer=helper, elder=old)
    confirmed(30, volunteer=helper, elder=old)
    confirmed(90, volunteer=other, elder=old)

    counted = total()

    assert (counted.visits, counted.served_minutes) == (3, 180)
    assert (counted.active_volunteers, counted.elders_served) == (2, 1)


@pytest.mark.parametrize("on", ["2026-03-01", "2026-03-31"])
def test_the_first_and_the_last_day_belong_to_the_period(on):
    confirmed(on=on)

    assert total().visits == 1


@pytest.mark.parametrize("on", ["2026-02-28", "2026-04-01"])
def test_days_around_the_period_do_not_count(on):
    confirmed(on=on)

    assert total().visits == 0


def test_what_waits_was_returned_or_undone_does_not_count_and_is_named():
    VisitFactory(service_date=day("2026-03-10"))
    undone_visit = undone()

    report = figures(community(), MARCH)

    assert (report.total.visits, report.total.served_minutes) == (0, 0)
    assert (report.total.elders_served, report.total.active_volunteers) == (0, 0)
    assert report.waiting == 1
    assert report.undone == [undone_visit]


def test_volunteers_are_registered_from_the_day_they_joined_on():
    volunteer(joined="2026-02-28")
    volunteer(joined="2026-03-31")
    volunteer(joined="2026-04-01")

    counted = total()

    assert (counted.volunteers, counted.new_volunteers) == (2, 1)


def test_whoever_served_before_the_register_was_kept_is_registered_since_then():
    late_on_paper = volunteer(joined="2026-06-01")
    confirmed(volunteer=late_on_paper, elder=elder(registered="2026-06-01"), on="2026-03-10")

    counted = total()

    assert (counted.volunteers, counted.new_volunteers, counted.elders_registered) == (1, 1, 1)


def test_a_volunteer_without_a_visit_is_registered_and_not_active():
    volunteer()

    assert (total().volunteers, total().active_volunteers) == (1, 0)


@pytest.mark.parametrize("living", Elder.WITHOUT_CHILDREN)
def test_elders_of_80_alone_or_with_the_spouse_only_stand_apart(living):
    confirmed(elder=elder(born="1946-03-10", living=living))

    assert total().elders_served_80_plus_alone_or_empty_nest == 1


@pytest.mark.parametrize(
    ("born", "living"), [("1946-03-11", "alone"), ("1930-01-01", "with_children"), (None, "")]
)
def test_whoever_is_younger_or_lives_with_others_does_not(born, living):
    confirmed(elder=elder(born=born, living=living))

    assert total().elders_served_80_plus_alone_or_empty_nest == 0
    assert total().elders_served == 1


def test_age_is_taken_on_the_day_of_each_service():
    turns_80 = elder(born="1946-03-20", income=Elder.Income.MINIMUM_ALLOWANCE)
    confirmed(elder=turns_80, on="2026-03-19")
    confirmed(elder=turns_80, on="2026-03-20")

    counted = total()

    assert counted.elders_served_80_plus_alone_or_empty_nest == 1
    assert counted.elders_served_rule_b == 1


def test_an_elder_without_a_birth_date_counts_and_is_named_as_such():
    confirmed(elder=elder(born=None, living=Elder.Living.ALONE))
    confirmed(elder=elder(born="1940-01-01", living=Elder.Living.ALONE))

    counted = total()

    assert counted.elders_served_80_plus_alone_or_empty_nest == 2
    assert counted.elders_without_birth_date == 1


def test_rule_b_is_for_60_to_79_alone_with_little_or_in_need_of_care():
    confirmed(elder=elder(born="1960-01-01", capability=Elder.Capability.SEMI_DISABLED))
    confirmed(elder=elder(born="1960-01-01"))

    assert total().elders_served_rule_b == 1


def test_minutes_not_banked_add_up_by_reason():
    confirmed(60)
    confirmed(60)
    visit = confirmed(90)
    visit.not_banked = {"waived": 60, "rounding": 30}
    visit.save()

    counted = total()

    assert counted.not_banked_minutes == {"waived": 180, "rounding": 30}
    assert sum(counted.not_banked_minutes.values()) == counted.served_minutes


def test_every_category_has_a_row_also_one_that_nobody_asked_for():
    confirmed(60)

    by_code = {line.category.code: line for line in figures(community(), MARCH).by_category}

    assert len(by_code) == 8
    assert (by_code["companionship"].visits, by_code["companionship"].served_minutes) == (1, 60)
    assert by_code["emergency"].visits == 0


def test_a_community_is_shown_month_by_month():
    confirmed(60, on="2026-02-10")
    confirmed(30, on="2026-03-10")
    period = Period(day("2026-01-15"), day("2026-03-31"))

    report = figures(community(), period)

    assert [(row.code, month.served_minutes) for row, month in report.rows] == [
        ("2026-01", 0),
        ("2026-02", 60),
        ("2026-03", 30),
    ]
    assert report.total.served_minutes == 90


def test_months_show_who_was_registered_at_their_end():
    volunteer(joined="2026-01-20")
    volunteer(joined="2026-03-01")
    period = Period(day("2026-02-01"), day("2026-03-31"))

    report = figures(community(), period)

    shown = [(month.volunteers, month.new_volunteers) for _row, month in report.rows]
    assert shown == [(1, 0), (2, 1)]
    assert (report.total.volunteers, report.total.new_volunteers) == (2, 1)


def test_the_communities_of_a_street_add_up_to_it():
    central = community(CENTRAL)
    confirmed(60)
    confirmed(90, volunteer=volunteer(area=central), elder=elder(area=central))

    report = figures(Area.objects.get(code=STREET), MARCH)

    rows = {row.code: line for row, line in report.rows}
    assert rows[community().code].served_minutes == 60
    assert rows[CENTRAL].served_minutes == 90
    assert len(rows) == 3
    for name in ("visits", "served_minutes", "volunteers", "elders_registered"):
        assert sum(getattr(line, name) for line in rows.values()) == getattr(report.total, name)


def test_an_elder_served_from_two_communities_counts_once_in_the_street():
    old = elder()
    confirmed(volunteer=volunteer(), elder=old)
    confirmed(volunteer=volunteer(area=community(CENTRAL)), elder=old)

    report = figures(Area.objects.get(code=STREET), MARCH)

    assert sorted(line.elders_served for _row, line in report.rows) == [0, 1, 1]
    assert report.total.elders_served == 1
    assert report.total.elders_served_80_plus_alone_or_empty_nest == 1


def test_a_district_is_shown_by_its_streets():
    confirmed(60)

    report = figures(Area.objects.get(code=DISTRICT), MARCH)

    assert len(report.rows) == 8
    assert {row.code: line.visits for row, line in report.rows}[STREET] == 1


def test_other_communities_do_not_count():
    confirmed()

    counted = total(community(CENTRAL))

    assert (counted.visits, counted.volunteers, counted.elders_registered) == (0, 0, 0)


@pytest.mark.parametrize(("code", "number"), [(DISTRICT, 19), (STREET, 19), ("530111001001", 20)])
def test_the_number_of_queries_does_not_grow(code, number, django_assert_num_queries):
    area = Area.objects.get(code=code)
    confirmed()
    undone()
    with django_assert_num_queries(number):
        figures(area, MARCH)
    for _n in range(3):
        confirmed()
        confirmed(volunteer=volunteer(area=community(CENTRAL)))
        undone()

    with django_assert_num_queries(number):
        figures(area, MARCH)
