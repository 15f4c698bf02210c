"""Seeing masked values: for a reason, on record, by those who work with the person."""

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from members import access_log, addresses
from members.models import Look
from tests.factories import ElderFactory, MemberFactory, StaffFactory, UserFactory, community

pytestmark = pytest.mark.django_db

ID_NUMBER = "11010519491231002X"


@pytest.fixture
def member():
    member = MemberFactory(
        name="高桂芳", id_number=ID_NUMBER, phone="13808712345", address="日新里3幢2单元401室"
    )
    return ElderFactory(member=member, income="destitute", capability="disabled").member


@pytest.fixture
def signed_in(client):
    user = StaffFactory()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def address(member):
    return reverse("person_unmask", args=[member.key])


def ask(client, member, **told):
    given = {"fields_seen": ["id_number", "income"], "purpose": "papers"}
    return client.post(address(member), given | told)


def test_a_reason_shows_the_values_once_and_is_on_record(client, signed_in, member):
    answer = ask(client, member, words="社保卡")

    page = answer.content.decode()
    assert ID_NUMBER in page
    assert "destitute support" in page
    assert "13808712345" not in page
    assert "no-store" in answer["Cache-Control"]
    look = Look.objects.get()
    assert (look.member, look.user, look.area) == (member, signed_in, member.area)
    assert look.fields == ["id_number", "income"]
    assert (look.purpose, look.words, look.page) == ("papers", "社保卡", "person_unmask")
    assert ID_NUMBER not in client.get(address(member)).content.decode()
    assert Look.objects.count() == 1


@pytest.mark.parametrize(
    "told",
    [
        {"purpose": ""},
        {"purpose": "export"},
        {"purpose": "agent"},
        {"purpose": "other"},
        {"purpose": "other", "words": " "},
        {"fields_seen": []},
        {"fields_seen": ["password"]},
        {"fields_seen": ["note"]},
    ],
)
def test_without_a_reason_or_a_field_nothing_is_shown(client, signed_in, member, told):
    page = ask(client, member, **told).content.decode()

    assert ID_NUMBER not in page
    assert "1101**********002X" in page
    assert not Look.objects.exists()


@pytest.mark.parametrize(
    ("role", "elsewhere", "status"),
    [
        ("clerk", False, 200),
        ("checker", False, 200),
        ("coordinator", False, 200),
        ("administrator", False, 200),
        ("auditor", False, 403),
        ("clerk", True, 404),
    ],
)
def test_who_may_look(client, member, role, elsewhere, status):
    area = community("530111001002") if elsewhere else None
    client.force_login(StaffFactory(role=role, area=area))

    assert client.get(address(member)).status_code == status
    assert ask(client, member).status_code == status
    assert Look.objects.exists() == (status == 200)


def test_a_member_looks_at_nobody_through_this_page(client, member):
    client.force_login(UserFactory(member=member))

    assert ask(client, member).status_code == 403
    assert client.get(reverse("person_looks", args=[member.key])).status_code == 403


def test_the_file_shows_who_looked(client, signed_in, member):
    empty = client.get(reverse("person_looks", args=[member.key])).content.decode()
    ask(client, member, purpose="call", words="复诊")

    page = client.get(reverse("person_looks", args=[member.key])).content.decode()

    assert "Nobody has looked yet." in empty
    assert "to call or to visit the person: 复诊" in page
    assert "ID number, income" in page
    assert ID_NUMBER not in page


def test_the_file_itself_stays_masked(client, signed_in, member):
    page = client.get(reverse("person", args=[member.key])).content.decode()

    assert "1101**********002X" in page
    assert "138****2345" in page
    assert "日新里3幢***" in page
    for secret in (ID_NUMBER, "13808712345", "401室", "destitute", "disabled"):
        assert secret not in page


def test_the_auditor_reads_the_log_and_changes_nothing(client, signed_in, member):
    ask(client, member, purpose="other", words="测试原因")
    client.force_login(StaffFactory(role="auditor"))
    look = Look.objects.get()

    found = client.get(reverse("admin:members_look_changelist"), {"q": "测试原因"})
    change = reverse("admin:members_look_change", args=[look.pk])

    assert "测试原因" in found.content.decode()
    assert client.get(change).status_code == 200
    assert client.post(change, {"words": "x"}).status_code == 403
    assert client.post(reverse("admin:members_look_delete", args=[look.pk])).status_code == 403


@pytest.mark.parametrize(
    "statement",
    ["UPDATE members_look SET words = 'x'", "DELETE FROM members_look", "TRUNCATE members_look"],
)
def test_the_web_role_only_adds_to_the_log(client, signed_in, member, statement):
    ask(client, member)

    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    ["UPDATE members_look SET words = 'x'", "DELETE FROM members_look", "TRUNCATE members_look"],
)
def test_nor_does_the_owner_change_it(client, signed_in, member, statement):
    ask(client, member)
    told = connection.settings_dict
    where = f"host={told['HOST']} dbname={told['NAME']} user=timebank_owner"

    with (
        psycopg.connect(where) as owner,
        pytest.raises(psycopg.errors.RestrictViolation, match="only grows"),
    ):
        owner.execute(statement)


def test_nothing_to_see_is_no_look(member):
    with pytest.raises(access_log.NothingToSee):
        access_log.look(
            member, ["note"], by=StaffFactory(), at=timezone.now(), reason="call", page="x"
        )

    assert not Look.objects.exists()


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"member": None}, "members_look_is_at_a_member_or_a_file"),
        ({"subject": "x"}, "members_look_is_at_a_member_or_a_file"),
        ({"fields": []}, "members_look_says_what_was_seen"),
        ({"purpose": "other"}, "members_look_something_else_is_said_in_words"),
    ],
)
def test_a_line_is_whole(member, fields, constraint):
    line = {"area": member.area, "member": member, "user": StaffFactory(), "page": "x"}
    told = line | {"fields": ["note"], "purpose": "call"} | fields

    with pytest.raises(IntegrityError, match=constraint):
        Look.objects.create(**told)


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("日新里3幢2单元401室", "日新里3幢***"),
        ("日新里3幢", "日新里3幢"),
        ("关上中路12号楼5室", "关上中路12号楼***"),
        ("石虎关新村靠近菜市场的小院", "石虎关新村靠***"),
        ("日新里401", "日新里***"),
    ],
)
def test_an_address_is_shown_down_to_the_building(address, seen):
    assert addresses.mask(address) == seen
