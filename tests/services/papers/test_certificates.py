import datetime
import hashlib
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from services.models import Visit
from services.papers import certificates
from services.papers.models import Certificate
from tests.factories import StaffFactory, VolunteerFactory, community
from tests.services.papers.conftest import END, NOW, START
from tests.services.test_visits_races import at_once, second_while_first_is_open

DAY = datetime.timedelta(days=1)


def standing(certificate):
    (found,) = certificates.standings([certificate])
    return found


def test_a_certificate_says_what_was_served_by_kind(serve, issue, holder):
    serve(90)
    serve(30, category="shopping")
    serve(60)

    certificate = issue()

    facts = certificate.facts
    assert facts["holder"] == {
        "name": "高桂䶮",
        "member_number": holder.number,
        "sex": "F",
        "id_number": "5301**********1234",
    }
    assert (facts["visits"], facts["minutes"]) == (3, 180)
    assert [(row["code"], row["visits"], row["minutes"]) for row in facts["categories"]] == [
        ("companionship", 2, 150),
        ("shopping", 1, 30),
    ]
    assert facts["categories"][0]["zh"] == "情感陪伴"
    assert facts["unit"]["zh"] == "石虎关社区"
    assert facts["period"] == {"start": "2026-01-01", "end": "2026-10-31"}
    assert certificate.content_hash == hashlib.sha256(certificate.content.encode()).hexdigest()


def test_only_what_stands_in_the_period_and_community_counts(serve, issue, elder):
    serve(10, day=START)
    serve(20, day=END)
    serve(1, day=START - DAY)
    serve(2, day=END + DAY)
    serve(4, state=Visit.State.COMPLETED, confirmed_at=None)
    serve(8, area=community("530111001002"))
    serve(16, volunteer=VolunteerFactory().member)

    assert issue().facts["minutes"] == 30


def test_numbers_run_by_community_and_year(serve, issue):
    serve(60)
    other = VolunteerFactory(member__area=community("530111001002")).member
    serve(60, volunteer=other, area=other.area)
    elsewhere = StaffFactory(role="clerk", area=other.area)

    numbers = [
        issue().number,
        issue().number,
        issue(other, by=elsewhere).number,
        issue(at=NOW + datetime.timedelta(days=60)).number,
    ]

    assert numbers == [
        "530111001001-2026-0001",
        "530111001001-2026-0002",
        "530111001002-2026-0001",
        "530111001001-2027-0001",
    ]


def test_the_same_key_again_is_the_same_certificate(serve, issue, holder):
    serve(60)
    key = uuid.uuid4()
    first = issue(key=key)
    serve(30)

    assert issue(key=key) == first
    assert Certificate.objects.count() == 1
    with pytest.raises(certificates.KeyReused):
        issue(key=key, start=START + DAY)


def test_what_cannot_be_certified_says_why(serve, issue, clerk):
    with pytest.raises(certificates.NothingServed):
        issue()
    serve(60)
    with pytest.raises(certificates.PeriodNotOver):
        issue(end=NOW.date() + DAY)
    with pytest.raises(certificates.SeenOtherwise):
        issue(seen="other figures")
    assert not Certificate.objects.exists()


@pytest.mark.parametrize("role", ["clerk", "checker", "coordinator", "administrator"])
def test_staff_of_the_community_issue(serve, issue, role):
    serve(60)

    assert issue(by=StaffFactory(role=role)).serial == 1


def test_nobody_else_issues(serve, issue, holder):
    serve(60)
    others = [
        StaffFactory(role="auditor"),
        StaffFactory(role="clerk", area=community("530111001002")),
    ]

    for other in others:
        with pytest.raises(PermissionDenied):
            issue(by=other)


def test_a_later_correction_shows(serve, issue):
    kept, mistaken = serve(60), serve(30)
    certificate = issue()
    assert standing(certificate).state == "genuine"

    Visit.objects.filter(pk=mistaken.pk).update(
        state="reversed", reversed_by=mistaken.entered_by, reversed_at=NOW
    )

    found = standing(certificate)
    assert (found.state, found.then.minutes, found.now.minutes) == ("corrected", 90, 60)
    Visit.objects.filter(pk=kept.pk).update(service_date=START - DAY)
    assert standing(certificate).now.visits == 0


def test_a_late_visit_of_the_period_shows(serve, issue):
    serve(60)
    certificate = issue()

    serve(60, day=END)

    assert standing(certificate).state == "corrected"
    assert standing(certificate).now.minutes == 120


def test_another_kind_of_service_shows_although_the_sum_is_the_same(serve, issue):
    visit = serve(60)
    certificate = issue()

    Visit.objects.filter(pk=visit.pk).update(category="shopping")

    found = standing(certificate)
    assert found.state == "corrected"
    assert found.then.minutes == found.now.minutes


def test_what_happens_outside_its_period_changes_nothing(serve, issue, holder):
    serve(60)
    certificate = issue()

    serve(60, day=END + DAY)
    holder.name = "高桂"
    holder.save(update_fields=["name"])

    assert standing(certificate).state == "genuine"
    certificate.refresh_from_db()
    assert certificate.facts["holder"]["name"] == "高桂䶮"


def test_many_certificates_are_judged_by_one_query(serve, issue, django_assert_num_queries):
    serve(60)
    issued = [issue() for _ in range(3)]

    with django_assert_num_queries(1):
        found = certificates.standings(issued)

    assert [one.state for one in found] == ["genuine"] * 3
    assert certificates.standings([]) == []


def test_withdrawing_says_who_when_and_why(serve, issue, clerk):
    serve(60)
    certificate = issue()

    certificates.withdraw(certificate, reason="同名，发错了人", by=clerk, at=NOW)

    certificate.refresh_from_db()
    assert certificate.withdrawn_by == clerk
    assert certificate.withdrawn_at == NOW
    assert certificate.withdraw_reason == "同名，发错了人"
    assert standing(certificate).state == "withdrawn"
    with pytest.raises(certificates.AlreadyWithdrawn):
        certificates.withdraw(certificate, reason="again", by=clerk, at=NOW)


def test_who_issued_and_who_checks_withdraw_and_nobody_else(serve, issue, clerk):
    serve(60)
    certificate = issue()
    may = {
        role: certificates.may_withdraw(certificate, by=StaffFactory(role=role))
        for role in ("clerk", "checker", "coordinator", "administrator", "auditor")
    }
    outside = StaffFactory(role="checker", area=community("530111001002"))

    assert may == {
        "clerk": False,
        "checker": True,
        "coordinator": True,
        "administrator": True,
        "auditor": False,
    }
    assert certificates.may_withdraw(certificate, by=clerk)
    with pytest.raises(PermissionDenied):
        certificates.withdraw(certificate, reason="no", by=outside, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_take_two_numbers(serve, issue):
    serve(60)

    first, second = second_while_first_is_open(issue, issue)

    assert (first.serial, second.serial) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_the_same_key_twice_at_once_is_issued_once(serve, issue):
    serve(60)
    key = uuid.uuid4()

    found = at_once(*[lambda: issue(key=key).pk] * 4)

    assert len(set(found)) == 1
    assert Certificate.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_withdrawals_at_once_the_first_stands(serve, issue, clerk):
    serve(60)
    certificate = issue()

    def withdraw(reason):
        return lambda: certificates.withdraw(certificate, reason=reason, by=clerk, at=NOW)

    _first, second = second_while_first_is_open(withdraw("one"), withdraw("two"))

    assert isinstance(second, certificates.AlreadyWithdrawn)
    certificate.refresh_from_db()
    assert certificate.withdraw_reason == "one"


def test_a_certificate_is_found_by_its_code_alone(serve, issue):
    serve(60)
    certificate = issue()

    assert certificates.by_code(certificate.code.lower()) == certificate
    assert certificates.by_code("7HKM4XQA9WDE3RVT6CPY") is None
    assert certificates.by_code(certificate.number) is None


def test_counting_reads_the_holder_s_visits_by_index(serve, issue, holder):
    serve(60)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        values = [[holder.pk], [holder.area_id], [START], [END], [NOW]]
        cursor.execute("EXPLAIN " + certificates.COUNTED, values)
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "Index Cond: ((volunteer_id" in plan or "Index Cond: (volunteer_id" in plan
