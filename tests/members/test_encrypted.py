"""Sealed fields: in Python as they are, in the database only what nobody can read."""

import datetime
import uuid

import pytest
from django.core.exceptions import FieldError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from members import encryption, joining, rotation
from members.models import Elder, Member, MemberPhone, SignInCode, Volunteer
from members.models.encrypted import EncryptedField
from tests.factories import ElderFactory, MemberFactory, VolunteerFactory, community

pytestmark = pytest.mark.django_db

ID_NUMBER = "11010519491231002X"
SEALED = [
    ("members_member", "id_number"),
    ("members_member", "address"),
    ("members_member", "note"),
    ("members_memberphone", "number"),
    ("members_volunteer", "note"),
    ("members_elder", "income"),
    ("members_elder", "capability"),
    ("members_elder", "contact_phone"),
]


def stored(table, column):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def elder():
    member = MemberFactory(
        id_number=ID_NUMBER, phone="13808712345", address="日新里3幢", note="心脏病", volunteer={}
    )
    VolunteerFactory(member=member, note="听力不好")
    return ElderFactory(
        member=member, income="destitute", capability="disabled", contact_phone="13900001111"
    )


def test_what_was_written_is_read(elder):
    member = Member.objects.get()

    assert (member.id_number, member.address, member.note) == (ID_NUMBER, "日新里3幢", "心脏病")
    assert member.phones.get().number == "13808712345"
    assert member.volunteer.note == "听力不好"
    seen = (member.elder.income, member.elder.capability, member.elder.contact_phone)
    assert seen == ("destitute", "disabled", "13900001111")
    assert member.elder.get_income_display() == Elder.Income.DESTITUTE.label


@pytest.mark.parametrize(("table", "column"), SEALED)
def test_the_database_holds_what_nobody_can_read(elder, table, column):
    (value,) = stored(table, column)

    assert (value[0], len(value)) == (1, 61)
    for known in (ID_NUMBER, "13808712345", "日新里", "心脏病", "听力", "disab", "destit"):
        assert known.encode() not in bytes(value)


def test_what_is_not_known_is_kept_as_nothing():
    ElderFactory(member__address="")

    member = Member.objects.get()
    assert (member.id_number, member.address, member.elder.income) == (None, "", "")
    assert stored("members_member", "id_number") == [None]
    assert [bytes(v) for v in stored("members_elder", "income")] == [b""]


@pytest.mark.parametrize(("table", "column"), SEALED)
def test_a_column_takes_nothing_in_plain(elder, table, column):
    with (
        pytest.raises(IntegrityError, match=rf'"{table}_{column}_is_sealed"'),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE {table} SET {column} = %s", [b"13808712345"])


def test_every_sealed_column_has_its_constraint():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'c' AND convalidated AND conname LIKE '%sealed'"
        )
        found = set(cursor.fetchall())

    wanted = {
        (model._meta.db_table, f"CHECK (members_is_sealed({field.column}))")
        for model in rotation.sealed_models()
        for field in model._meta.concrete_fields
        if isinstance(field, EncryptedField)
    }
    assert wanted == found


def test_a_value_that_was_moved_to_another_row_does_not_open(elder):
    other = MemberFactory(id_number="110105194912310038", address="日新里4幢")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE members_member SET address ="
            " (SELECT address FROM members_member WHERE id <> %s) WHERE id = %s",
            [other.pk, other.pk],
        )

    moved = Member.objects.get(pk=other.pk)

    assert moved.name == other.name
    with pytest.raises(encryption.Unreadable):
        _ = moved.address


def test_a_value_that_was_moved_to_another_column_does_not_open(elder):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE members_elder SET income = capability")

    with pytest.raises(encryption.Unreadable):
        _ = Elder.objects.get().income


def test_a_row_is_opened_only_where_it_is_asked_for(elder, monkeypatch):
    opened = []
    unseal = encryption.unseal
    monkeypatch.setattr(
        encryption, "unseal", lambda sealed, at: opened.append(at) or unseal(sealed, at)
    )
    found = Member.objects.select_related("elder").get()

    assert opened == []
    assert found.elder.income == found.elder.income == "destitute"
    assert len(opened) == 1


def test_saving_one_field_leaves_the_others_as_they_are(elder):
    before = [stored(*place) for place in SEALED]
    member = Member.objects.get()
    member.note = "糖尿病"

    member.save(update_fields=["note"])

    after = [stored(*place) for place in SEALED]
    changed = [p for p, was, now in zip(SEALED, before, after, strict=True) if was != now]
    assert changed == [("members_member", "note")]
    assert Member.objects.get().note == "糖尿病"


def test_a_field_that_was_not_loaded_is_read_when_it_is_asked_for(elder, django_assert_num_queries):
    member = Member.objects.only("name").get()

    with django_assert_num_queries(2):  # the value, and the key to which it is bound
        assert member.address == "日新里3幢"


def test_a_query_cannot_look_into_a_sealed_field(elder):
    for lookup in ("exact", "in", "contains", "endswith", "gt"):
        with pytest.raises(FieldError):
            Member.objects.filter(**{f"id_number__{lookup}": ID_NUMBER})
    with pytest.raises(FieldError, match="blind index"):
        Elder.objects.filter(income="destitute")
    assert Member.objects.filter(id_number=None).count() == 0
    assert Member.objects.exclude(id_number=None).count() == 1
    assert Elder.objects.exclude(income="").get() == elder
    assert not Elder.objects.filter(income="").exists()


def test_many_rows_are_not_updated_with_one_value(elder):
    with pytest.raises(TypeError, match="save the row"):
        Elder.objects.update(income="ordinary")


def test_a_row_without_its_key_cannot_be_sealed():
    with pytest.raises(TypeError, match="before"):
        Member(key=None, area=community(), name="甲", number="1", address="日新里").save()


def test_equality_is_asked_of_the_index(elder):
    other = MemberFactory(phone="13900002222")

    assert Member.objects.get(id_number_index=ID_NUMBER) == elder.member
    assert Member.objects.get(phones__number_index="13900002222") == other
    both = MemberPhone.objects.filter(number_index__in=["13808712345", "13900002222", "1"])
    assert both.count() == 2
    assert not MemberPhone.objects.filter(number_index="13808712346").exists()


def test_equality_holds_while_the_key_of_the_index_changes(elder, settings):
    settings.INDEX_KEYS += "," + encryption.new_key(2)
    new = MemberFactory(phone="13808712345")

    found = Member.objects.filter(phones__number_index="13808712345").order_by("pk")

    assert list(found) == [elder.member, new]
    rows = MemberPhone.objects.filter(number_index__in=["13808712345"])
    assert len({bytes(row.number_index) for row in rows}) == 2


def test_an_id_number_joins_once_while_the_key_of_the_index_changes(elder, settings):
    settings.INDEX_KEYS += "," + encryption.new_key(2)

    with pytest.raises(joining.IdNumberTaken):
        MemberFactory(id_number=ID_NUMBER)
    with pytest.raises(joining.IdNumberTaken):
        joining.amend(MemberFactory(), by=None, at=timezone.now(), id_number=ID_NUMBER)
    changed = joining.amend(elder.member, by=None, at=timezone.now(), id_number=ID_NUMBER, note="")
    assert changed == {"note"}


def test_an_id_number_is_of_one_person(elder):
    with pytest.raises(IntegrityError, match="members_member_id_number_is_of_one_person"):
        Member.objects.create(area=community(), name="甲", number="1", id_number=ID_NUMBER)


def test_a_number_and_its_index_are_set_together(elder):
    for column in ("id_number", "id_number_index"):
        with (
            pytest.raises(IntegrityError, match="members_member_id_number_has_its_index"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE members_member SET {column} = NULL")


def test_an_amended_number_is_found_and_the_old_one_is_not(elder):
    joining.amend(
        elder.member,
        by=None,
        at=timezone.now(),
        id_number="110105194912310038",
        phones=["13900003333"],
    )

    assert Member.objects.get(id_number_index="110105194912310038")
    assert not Member.objects.filter(id_number_index=ID_NUMBER).exists()
    assert Member.objects.get(phones__number_index="13900003333")
    assert not MemberPhone.objects.filter(number_index="13808712345").exists()


def test_a_phone_of_a_member_is_listed_once(elder):
    with pytest.raises(IntegrityError, match="members_memberphone_is_listed_once"):
        MemberPhone.objects.create(member=elder.member, number="13808712345")


def test_of_the_phone_that_a_code_was_sent_to_only_the_index_is_kept():
    SignInCode.objects.create(phone="13808712345", code_hash="x", sent_at=timezone.now())

    (value,) = stored("members_signincode", "phone")
    assert len(value) == 16
    assert SignInCode.objects.filter(phone="13808712345").exists()


def test_volunteers_and_elders_are_found_by_no_index_of_their_own(elder):
    """What is only read by its row has none: an index tells who has the same value."""
    columns = [f.name for m in (Volunteer, Elder) for f in m._meta.fields if "index" in f.name]

    assert columns == []


def test_a_session_is_sealed(client):
    session = client.session
    session["sign_in"] = {"phone": "13808712345", "at": str(datetime.date.today())}
    session.save()

    with connection.cursor() as cursor:
        cursor.execute("SELECT session_data FROM django_session")
        (data,) = cursor.fetchone()
    held = encryption.SessionSerializer
    assert client.session["sign_in"]["phone"] == "13808712345"
    assert data.startswith(("ey", ".ey")) is False
    assert held().loads(held().dumps({"key": str(uuid.UUID(int=1))})) == {
        "key": "00000000-0000-0000-0000-000000000001"
    }
