"""Closing months: what is stored stays, what comes later counts later and names its month."""

import datetime
import uuid
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from ledger.models import Policy, Transfer, TransferKind
from members.models import Area
from services import visits
from services.models import Category, ClosedMonth, MonthClosing, Visit
from tests.factories import ElderFactory, StaffFactory, VisitFactory, VolunteerFactory, community
from timebank.months import closing
from timebank.reports import r1
from timebank.reports.periods import Period

pytestmark = pytest.mark.django_db

OCTOBER, NOVEMBER = datetime.date(2021, 10, 1), datetime.date(2021, 11, 1)
LATE = datetime.date(2021, 10, 29)  # still in time on the day of NOW
NOW = datetime.datetime(2021, 11, 5, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
CENTRAL = "530111001002"


@pytest.fixture
def author():
    return StaffFactory(role="administrator")


@pytest.fixture
def second():
    return StaffFactory(role="administrator")


@pytest.fixture
def close(author, second):
    def run(area=None, month=OCTOBER, at=NOW, reason=""):
        asked = closing.ask(area or community(), month, by=author, at=at, reason=reason)
        return closing.approve(asked, by=second, at=at)

    return run


def served(day, *, minutes=60, at=None, volunteer=None, elder=None, **changes):
    """A signed visit, logged on `at`: confirmed at once."""
    volunteer = volunteer or VolunteerFactory().member
    elder = elder or ElderFactory().member
    at = at or datetime.datetime.combine(day, datetime.time(18), NOW.tzinfo)
    visit = visits.log(
        key=uuid.uuid4(),
        area=volunteer.area,
        volunteer=volunteer,
        elder=elder,
        category=Category.objects.get(code="companionship"),
        service_date=day,
        minutes=minutes,
        method="signature",
        by=StaffFactory(),
        at=at,
        **changes,
    )
    return Visit.objects.get(pk=visit.pk)


def undo(visit, at):
    visits.undo(visit, by=StaffFactory(role="checker"), at=at)
    return Visit.objects.get(pk=visit.pk)


def month(first, area=None):
    return r1.figures(area or community(), Period.month_of(first))


def test_the_figures_of_a_closed_month_are_those_that_were_counted(close):
    elder = ElderFactory().member
    served(OCTOBER, elder=elder)
    served(OCTOBER + datetime.timedelta(days=30), elder=elder, minutes=90)
    before = month(OCTOBER)

    close()

    after = month(OCTOBER)
    assert after.closings
    assert not before.closings
    assert (after.total, after.rows[0][1]) == (before.total, before.rows[0][1])
    assert after.by_category == before.by_category
    assert (after.total.visits, after.total.elders_served, after.total.banked_minutes) == (
        2,
        1,
        150,
    )


def test_a_late_visit_counts_when_it_is_recorded_and_names_its_month(close):
    served(OCTOBER)
    close()
    stored = month(OCTOBER).total

    late = served(LATE, at=NOW)

    assert late.counted_on == NOVEMBER
    assert month(OCTOBER).total == stored
    november = month(NOVEMBER)
    assert (november.total.visits, november.total.served_minutes) == (1, 60)
    assert november.total.ledger_difference_minutes == 0
    (named,) = november.corrections
    assert (named.month, named.visit, named.banked_minutes) == (OCTOBER, late, 60)
    assert [one.visit for one in month(OCTOBER).later] == [late]


def test_the_hours_of_a_late_visit_keep_their_true_day(close):
    close()

    late = served(LATE, at=NOW)

    places = Transfer.objects.filter(journal=late.journal)
    days = set(places.values_list("effective_on", "relates_to"))
    assert days == {(NOVEMBER, LATE)}


def test_a_visit_approved_after_the_closing_counts_after_it(close):
    visit = VisitFactory(service_date=OCTOBER, entered_at=NOW)
    close(reason="The sheet is with the street.")

    visits.approve(visit, by=StaffFactory(role="checker"), at=NOW)

    visit.refresh_from_db()
    assert visit.counted_on == NOVEMBER
    assert Transfer.objects.get(journal=visit.journal, kind=TransferKind.EARN).relates_to == OCTOBER
    assert month(OCTOBER).total.visits == 0


def test_a_visit_undone_after_the_closing_is_taken_off_when_it_is_undone(close):
    visit = served(OCTOBER)
    other = served(NOVEMBER, minutes=30)
    close()
    stored = month(OCTOBER).total

    visit = undo(visit, NOW)

    assert visit.taken_back_on == NOVEMBER
    assert month(OCTOBER).total == stored
    november = month(NOVEMBER)
    assert (november.total.visits, november.total.banked_minutes) == (0, -30)
    assert november.total.ledger_difference_minutes == 0
    assert november.total.member_balance_minutes == other.banked_minutes
    assert [(one.month, one.served_minutes) for one in november.corrections] == [(OCTOBER, -60)]
    assert [one.visit for one in month(OCTOBER).later] == [visit]


def test_what_is_recorded_and_undone_in_the_same_open_month_leaves_no_trace(close):
    close()

    visit = undo(served(LATE, at=NOW), NOW)

    assert (visit.counted_on, visit.taken_back_on) == (NOVEMBER, None)
    november = month(NOVEMBER)
    assert (november.total.visits, november.total.ledger_difference_minutes) == (0, 0)
    assert november.corrections == []


def test_closed_months_add_up_to_what_was_counted_over_all(close):
    visit = served(OCTOBER)
    close()
    undo(visit, NOW)
    served(LATE, at=NOW, minutes=120)
    december = NOW + datetime.timedelta(days=30)
    close(month=NOVEMBER, at=december)

    both = r1.figures(community(), Period(OCTOBER, datetime.date(2021, 11, 30)))

    assert len(both.closings) == 2
    assert (both.total.visits, both.total.served_minutes, both.total.banked_minutes) == (
        1,
        120,
        120,
    )
    assert both.total.ledger_difference_minutes == 0
    assert both.total.member_balance_minutes == 120


def test_an_elder_served_from_two_communities_counts_once_above_them(close):
    elder = ElderFactory().member
    served(OCTOBER, elder=elder)
    other = Area.objects.get(code=CENTRAL)
    served(OCTOBER, elder=elder, volunteer=VolunteerFactory(member__area=other).member)
    district = Area.objects.get(level="district")
    before = month(OCTOBER, district).total
    root = StaffFactory(role="administrator", area=district)
    helper = StaffFactory(role="administrator", area=district)

    for place in Area.objects.communities():
        closing.approve(closing.ask(place, OCTOBER, by=root, at=NOW), by=helper, at=NOW)

    after = month(OCTOBER, district)
    street = month(OCTOBER, community().parent)
    assert after.closings
    assert after.total == before
    assert after.total.elders_served == street.total.elders_served == 1
    assert sum(figures.elders_served for _row, figures in street.rows) == 2


def test_one_open_community_keeps_the_district_counted_as_now(close):
    served(OCTOBER)
    close()

    assert month(OCTOBER, Area.objects.get(level="district")).closings == []
    assert month(OCTOBER, Area.objects.get(level="district")).total.visits == 1


def test_the_first_closing_stores_every_month_before_it(close):
    served(datetime.date(2021, 8, 15))

    close()

    months = ClosedMonth.objects.order_by("month").values_list("month", flat=True)
    assert [one.month for one in months] == [8, 9, 10]
    assert month(datetime.date(2021, 8, 1)).total.visits == 1


def test_what_waits_is_listed_and_has_to_be_explained(author):
    VisitFactory(service_date=OCTOBER)
    VisitFactory(service_date=NOVEMBER)

    assert [(one.kind, one.number) for one in closing.waiting(community(), OCTOBER)] == [
        ("visits", 1)
    ]
    with pytest.raises(closing.NeedsReason):
        closing.ask(community(), OCTOBER, by=author, at=NOW, reason=" ")

    asked = closing.ask(community(), OCTOBER, by=author, at=NOW, reason="It is lost.")
    assert (asked.left_waiting, asked.reason) == ({"visits": 1}, "It is lost.")


def test_asking_again_changes_nothing(author):
    first = closing.ask(community(), OCTOBER, by=author, at=NOW)

    assert closing.ask(community(), OCTOBER, by=author, at=NOW) == first
    assert MonthClosing.objects.count() == 1


def test_somebody_else_who_asks_is_told_so(author, second):
    closing.ask(community(), OCTOBER, by=author, at=NOW)

    with pytest.raises(closing.AskedBefore):
        closing.ask(community(), OCTOBER, by=second, at=NOW)


def test_asking_for_a_closed_month_gives_its_closing(close, author):
    done = close()

    assert closing.ask(community(), OCTOBER, by=author, at=NOW) == done


def test_nobody_closes_what_they_asked_for(author):
    asked = closing.ask(community(), OCTOBER, by=author, at=NOW)

    with pytest.raises(closing.OwnEntry):
        closing.approve(asked, by=author, at=NOW)


def test_one_person_is_enough_where_the_rules_say_so(author):
    Policy.objects.create(effective_from=datetime.date(2020, 1, 1), two_close_months=False)

    done = closing.ask(community(), OCTOBER, by=author, at=NOW)

    assert (done.state, done.decided_by) == ("closed", author)
    assert ClosedMonth.objects.filter(month=OCTOBER).count() == 1


@pytest.mark.parametrize("wrong", [NOVEMBER, datetime.date(2021, 9, 1)])
def test_months_are_closed_in_order_when_they_are_over(close, author, wrong):
    if wrong < OCTOBER:
        close()

    with pytest.raises(closing.NotItsTurn):
        closing.ask(community(), wrong, by=author, at=NOW)


def test_sent_back_it_stays_open_and_can_be_asked_for_again(author, second):
    asked = closing.ask(community(), OCTOBER, by=author, at=NOW)

    closing.send_back(asked, by=second, at=NOW, reason="Two sheets are missing.")

    asked.refresh_from_db()
    assert (asked.state, asked.return_reason) == ("returned", "Two sheets are missing.")
    assert closing.ask(community(), OCTOBER, by=author, at=NOW) != asked


def test_who_asked_may_take_it_back_and_nobody_else(author, second):
    asked = closing.ask(community(), OCTOBER, by=author, at=NOW)
    with pytest.raises(PermissionDenied):
        closing.withdraw(asked, by=second, at=NOW)

    assert closing.withdraw(asked, by=author, at=NOW).state == "withdrawn"
    with pytest.raises(closing.NotWaiting):
        closing.approve(asked, by=second, at=NOW)


@pytest.mark.parametrize("role", ["clerk", "checker", "coordinator", "auditor"])
def test_only_administrators_close(role):
    with pytest.raises(PermissionDenied):
        closing.ask(community(), OCTOBER, by=StaffFactory(role=role), at=NOW)


def test_an_administrator_elsewhere_does_not_close(author):
    with pytest.raises(PermissionDenied):
        closing.ask(Area.objects.get(code=CENTRAL), OCTOBER, by=author, at=NOW)
    with pytest.raises(PermissionDenied):
        closing.ask(Area.objects.get(level="district"), OCTOBER, by=author, at=NOW)


REFUSED = {
    "services_monthclosing_is_asked_for_once": {},
    "services_monthclosing_month_is_its_first_day": {"month": OCTOBER.replace(day=2)},
    "services_monthclosing_with_work_left_has_a_reason": {
        "month": NOVEMBER,
        "left_waiting": {"visits": 1},
    },
    "services_monthclosing_decided_says_when": {"month": NOVEMBER, "state": "withdrawn"},
    "services_monthclosing_returned_says_who_and_why": {
        "month": NOVEMBER,
        "state": "returned",
        "decided_at": NOW,
    },
}


@pytest.mark.parametrize("constraint", REFUSED)
def test_the_database_refuses_a_closing(constraint, author):
    closing.ask(community(), OCTOBER, by=author, at=NOW)
    values = {"month": OCTOBER, "state": "waiting", **REFUSED[constraint]}

    with pytest.raises(IntegrityError, match=constraint):
        MonthClosing.objects.create(area=community(), author=author, asked_at=NOW, **values)


def test_the_database_refuses_an_approver_who_is_the_author(author):
    with pytest.raises(IntegrityError, match="services_monthclosing_approver_is_not_the_author"):
        MonthClosing.objects.create(
            area=community(),
            month=OCTOBER,
            author=author,
            asked_at=NOW,
            state="closed",
            approver=author,
            decided_at=NOW,
        )


STORED = {
    "services_closedmonth_is_stored_once": OCTOBER,
    "services_closedmonth_month_is_its_first_day": datetime.date(2021, 9, 2),
    "closed in the ledger": NOVEMBER,
}


@pytest.mark.parametrize("words", STORED)
def test_the_database_refuses_figures(words, close):
    done = close()

    with pytest.raises(IntegrityError, match=words):
        ClosedMonth.objects.create(area=community(), month=STORED[words], closing=done, figures={})


@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET month = month", "DELETE FROM {}", "TRUNCATE {}"]
)
def test_the_web_role_has_no_right_to_change_stored_figures(statement, close):
    close()

    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement.format("services_closedmonth"))


def test_a_closing_is_decided_once(close):
    done = close()

    for refused in (
        lambda: MonthClosing.objects.filter(pk=done.pk).update(reason="other"),
        lambda: MonthClosing.objects.filter(pk=done.pk)._raw_delete("default"),
    ):
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            refused()


VISIT = {
    "services_visit_counts_on_its_day_or_later": {"counted_on": OCTOBER},
    "services_visit_taken_back_only_when_undone": {"taken_back_on": NOVEMBER},
}


@pytest.mark.parametrize("constraint", VISIT)
def test_the_database_refuses_a_visit_that_counts_on_a_wrong_day(constraint):
    with pytest.raises(IntegrityError, match=constraint):
        VisitFactory(service_date=OCTOBER, **VISIT[constraint])


def test_nobody_writes_by_hand_on_which_day_a_visit_counts(close):
    visit = served(OCTOBER)
    close()

    Visit.objects.filter(pk=visit.pk).update(counted_on=NOVEMBER)

    visit.refresh_from_db()
    assert visit.counted_on is None
