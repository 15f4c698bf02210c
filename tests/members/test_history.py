"""The history of people: what is kept, by whom, and that nobody rewrites it."""

import datetime

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from members import history, joining
from members.models import Change, Member
from tests.factories import MemberFactory, StaffFactory, VolunteerFactory
from tests.members.test_person_amend import save, shown

pytestmark = pytest.mark.django_db
SECRETS = {"id_number": "11010519491231002X", "phone": "13812345678", "address": "关上小区3幢"}


def changes(member, kind="~"):
    return Change.objects.filter(member=member, kind=kind).order_by("pk")


@pytest.fixture
def member():
    told = {"birth_date": datetime.date(1949, 12, 31), "volunteer": {}, "elder": {}}
    return MemberFactory(name="王秀英", **SECRETS, **told)


def test_a_change_keeps_what_stood_there_and_who_changed_it(client, member):
    clerk = StaffFactory(role="clerk")
    client.force_login(clerk)

    save(client, member, shown(client, member), name="王秀云", living="alone")

    of_member, of_elder = changes(member)
    assert of_member.about == "members_member"
    assert (of_member.before, of_member.after) == ({"name": "王秀英"}, {"name": "王秀云"})
    assert (of_elder.before, of_elder.after) == ({"living": ""}, {"living": "alone"})
    assert {of_member.by, of_elder.by} == {clerk}
    assert len(of_elder.request) == 12


def test_outside_a_request_the_row_says_who(member):
    clerk = StaffFactory()

    joining.amend(member, by=clerk, at=timezone.now(), name="王秀云")

    assert changes(member).get().by == clerk


def test_joining_is_kept_as_an_arrival(member):
    kept = set(changes(member, "+").values_list("about", flat=True))

    assert kept == {f"members_{t}" for t in ("member", "memberphone", "volunteer", "elder")}


def test_what_is_changed_in_bulk_is_kept_too(member):
    Member.objects.filter(pk=member.pk).update(birth_date=datetime.date(1950, 1, 1))

    assert changes(member).get().after == {"birth_date": "1950-01-01"}


def test_a_change_of_nothing_is_none(member):
    Member.objects.filter(pk=member.pk).update(name="王秀英", changed_at=timezone.now())

    assert not changes(member).exists()


def test_no_sensitive_value_is_ever_kept(member):
    told = {"id_number": "530111195005010027", "address": "9幢", "note": "糖尿病"}
    sides = {"elder": {"income": "destitute", "contact_phone": "13999998888"}}
    joining.amend(member, by=None, at=timezone.now(), phones=["13911112222"], **told, **sides)

    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(c::text, ' ') FROM members_change c")
        kept = cursor.fetchone()[0]
    for secret in (*SECRETS.values(), *told.values(), "destitute", "13999998888", "13911112222"):
        assert secret not in kept
    fields = {name for change in changes(member) for name in change.fields}
    assert fields >= {"id_number", "address", "note", "income", "contact_phone"}


def test_the_tab_says_it_in_words(client, member):
    client.force_login(StaffFactory(role="clerk", first_name="林静"))
    save(client, member, shown(client, member), birth_date="1949-12-31", address="9幢")
    Member.objects.filter(pk=member.pk).update(sex="M")

    answer = client.get(f"/people/{member.key}/history/", headers={"accept-language": "en"})

    assertContains(answer, "address: changed, the value is not kept here")
    assertContains(answer, "sex: female → male")
    assertContains(answer, "林静")
    assertNotContains(answer, "9幢")


def test_every_kind_of_entry_has_words(member):
    joining.amend(member, by=None, at=timezone.now(), phones=[], volunteer={"skills": ["理发"]})

    entries = history.of(member)

    assert [entry.change.kind for entry in entries] == ["~", "-", "+", "+", "+", "+"]
    assert [(f.before, f.after) for f in entries[0].fields] == [("–", "理发")]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE members_change SET by_id = NULL",
        "UPDATE members_change SET before = '{}', after = '{}'",
        "DELETE FROM members_change",
        "TRUNCATE members_change",
        "INSERT INTO members_change SELECT * FROM members_change",
        "SELECT members_keep_history('members_user', 'id', '{}')",
    ],
)
def test_the_web_role_writes_no_history(member, statement):
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_an_erased_person_s_history_is_emptied_and_stays(member):
    joining.amend(member, by=None, at=timezone.now(), name="王秀云")
    other = VolunteerFactory().member
    joining.amend(other, by=None, at=timezone.now(), name="李建国")

    with connection.cursor() as cursor:
        cursor.execute("SELECT members_empty_history(%s)", [member.pk])

    emptied = changes(member).get()
    assert (emptied.fields, emptied.before, emptied.after) == (["name"], {}, {})
    assert changes(other).get().after == {"name": "李建国"}


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE members_change SET by_id = 1",
        "UPDATE members_change SET before = '{}', after = '{\"a\": 1}'",
        "DELETE FROM members_change",
        "TRUNCATE members_change",
    ],
)
def test_not_even_the_owner_rewrites_it(statement):
    MemberFactory()

    with (
        pytest.raises(DatabaseError, match="history only grows"),
        connections["owner"].cursor() as cursor,
    ):
        cursor.execute(statement)
