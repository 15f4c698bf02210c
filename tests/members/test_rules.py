import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from members import refusals, rules
from members.eligibility import Records
from members.models import Area, EligibilityRules
from tests.factories import ElderFactory, StaffFactory, community

pytestmark = pytest.mark.django_db


@pytest.fixture
def author():
    return StaffFactory(role="administrator")


def a_version(area=None, **changes):
    told = {"area": area or community(), "effective_from": timezone.localdate(), "age_a": 75}
    return EligibilityRules(**(told | changes))


def propose(by, **changes):
    return rules.propose(a_version(**changes), by=by, at=timezone.now())


def in_force(day=None, code="530111001001"):
    """The version by SQL, which is that of Python too."""
    area, day = community(code), day or timezone.localdate()
    found = EligibilityRules.objects.in_force(area, day)
    assert Records([]).rules_in_force(area.pk, day) == found
    return found


def test_a_version_holds_from_its_day_once_another_has_approved_it(author):
    today = timezone.localdate()
    tomorrow = today + datetime.timedelta(1)
    version = propose(author, effective_from=tomorrow)
    assert in_force(tomorrow).age_a == 80

    rules.approve(version, by=StaffFactory(role="administrator"), at=timezone.now())

    assert [in_force(day).age_a for day in (today, tomorrow)] == [80, 75]
    assert in_force(tomorrow, "530111001002").age_a == 80


def test_the_nearest_areas_version_holds(author):
    second = StaffFactory(role="administrator", area=Area.objects.get(code="530111000000"))
    third = StaffFactory(role="administrator", area=Area.objects.get(code="530111000000"))
    street = Area.objects.get(code="530111001000")
    for version in (a_version(), a_version(area=street, age_a=70)):
        version = rules.propose(version, by=second, at=timezone.now())
        rules.approve(version, by=third, at=timezone.now())

    assert in_force().age_a == 75
    assert in_force(code="530111001002").age_a == 70


def test_nobody_approves_their_own_version(author):
    version = propose(author)

    with pytest.raises(refusals.OwnEntry):
        rules.approve(version, by=author, at=timezone.now())


@pytest.mark.parametrize("role", ["clerk", "checker", "auditor"])
def test_only_administrators_write_rules(role, author):
    other = StaffFactory(role=role)

    with pytest.raises(PermissionDenied):
        propose(other)
    with pytest.raises(PermissionDenied):
        rules.approve(propose(author), by=other, at=timezone.now())


def test_rules_do_not_hold_for_days_that_have_passed(author):
    yesterday = timezone.localdate() - datetime.timedelta(1)

    with pytest.raises(refusals.InThePast):
        propose(author, effective_from=yesterday)
    version = propose(author)
    later, second = timezone.now() + datetime.timedelta(1), StaffFactory(role="administrator")
    with pytest.raises(refusals.InThePast):
        rules.approve(version, by=second, at=later)


def test_what_is_approved_is_not_approved_again(author):
    version = propose(author)
    rules.approve(version, by=StaffFactory(role="administrator"), at=timezone.now())

    with pytest.raises(refusals.NotWaiting):
        rules.approve(version, by=StaffFactory(role="administrator"), at=timezone.now())


BAD_ROWS = {
    "has_one_version_a_day": {},
    "approver_is_not_the_author": {"approver": "author", "approved_at": timezone.now()},
    "approved_says_when": {"approved_at": timezone.now()},
    "review_comes": {"review_months": 0},
}


@pytest.mark.parametrize(("constraint", "row"), BAD_ROWS.items(), ids=list(BAD_ROWS))
def test_the_database_refuses_what_no_version_can_be(author, constraint, row):
    if constraint == "has_one_version_a_day":
        propose(author)
    row = {name: author if value == "author" else value for name, value in row.items()}

    with pytest.raises(IntegrityError, match=f"members_eligibilityrules_{constraint}"):
        a_version(author=author, **row).save()


def test_versions_are_added_and_approved_in_the_administration(client, author):
    ElderFactory()
    client.force_login(author)
    add = reverse("admin:members_eligibilityrules_add")
    sent = {"area": community().pk, "effective_from": timezone.localdate(), "age_a": 75}

    client.post(add, sent | {"age_b": "", "age_c": 60, "review_months": 6})

    version = EligibilityRules.objects.get(author=author)
    assert (version.age_a, version.age_b, version.holds_d) == (75, None, False)
    assert version.approver is None
    rows = reverse("admin:members_eligibilityrules_changelist")
    act = {"action": "approve", "_selected_action": [version.pk]}
    assertContains(client.post(rows, act, follow=True), "自己录入的不能自己复核")
    client.force_login(StaffFactory(role="administrator"))
    client.post(rows, act)
    assert in_force() == version


def test_a_day_that_has_passed_is_refused_in_the_form(client, author):
    client.force_login(author)
    day = timezone.localdate() - datetime.timedelta(1)
    sent = {"area": community().pk, "effective_from": day, "review_months": 6}

    response = client.post(reverse("admin:members_eligibilityrules_add"), sent)

    assert response.context["adminform"].form.errors["effective_from"]
