import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from members import drafts, encryption, joining, rotation, second_factor
from members.models import Member, MemberPhone
from tests.factories import ElderFactory, MemberFactory, StaffFactory
from tests.members.staff import app_code, with_app

ID_NUMBER = "11010519491231002X"
NEW = "2:MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM="


def rotate():
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


def join(**more):
    member = MemberFactory(
        id_number=ID_NUMBER, phone="13808712345", address="日新里3幢", note="心脏病", **more
    )
    return ElderFactory(member=member, income="destitute").member


def stored():
    """Everything sealed, as the database has it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.id_number, m.id_number_index, m.address, m.note, p.number, p.number_index,"
            " e.income FROM members_member m JOIN members_memberphone p ON p.member_id = m.id"
            " JOIN members_elder e ON e.member_id = m.id ORDER BY m.id"
        )
        return [[bytes(value) for value in row] for row in cursor.fetchall()]


@pytest.mark.django_db
def test_everything_is_sealed_with_the_newest_key_and_the_old_one_can_go(settings, client):
    join()
    session = client.session
    session["phone"] = "13808712345"
    session.save()
    settings.ENCRYPTION_KEYS += f",{NEW}"

    rotate()

    settings.ENCRYPTION_KEYS = NEW
    member = Member.objects.get()
    assert (member.id_number, member.address, member.note) == (ID_NUMBER, "日新里3幢", "心脏病")
    assert member.phones.get().number == "13808712345"
    assert member.elder.income == "destitute"
    assert client.session["phone"] == "13808712345"


@pytest.mark.django_db
def test_second_factors_and_drafts_outlive_the_old_key(settings):
    user = StaffFactory(role="checker")
    with_app(user)
    drafts.keep(user, path="/x/", fields=[("note", "雨")], was_sent=True, at=timezone.now())
    settings.ENCRYPTION_KEYS += f",{NEW}"

    assert "otp_totp_totpdevice: 1 rows, 1 written anew" in rotate()
    assert "otp_totp_totpdevice: 1 rows, 0 written anew" in rotate()

    settings.ENCRYPTION_KEYS = NEW
    assert second_factor.prove(user, app_code(user), at=timezone.now())
    assert drafts.of(user, at=timezone.now()).fields == [("note", "雨")]


@pytest.mark.django_db
def test_a_second_factor_whose_key_is_missing_is_said(settings):
    with_app(StaffFactory(role="checker"))
    settings.ENCRYPTION_KEYS = NEW

    with pytest.raises(CommandError, match="not among ENCRYPTION_KEYS"), transaction.atomic():
        rotate()


@pytest.mark.django_db
def test_a_second_run_changes_nothing(settings):
    join()
    settings.ENCRYPTION_KEYS += f",{NEW}"
    assert "done: 3 rows" in rotate()
    before = stored()

    assert "done: 0 rows" in rotate()

    assert stored() == before


@pytest.mark.django_db
def test_indexes_follow_their_own_key(settings):
    join()
    before = stored()[0]
    settings.INDEX_KEYS += f",{NEW}"

    rotate()

    after = stored()[0]
    changed = [was != now for was, now in zip(before, after, strict=True)]
    assert changed == [False, True, False, False, False, True, False]
    settings.INDEX_KEYS = NEW
    assert Member.objects.get(id_number_index=ID_NUMBER)
    assert MemberPhone.objects.get(number_index="13808712345")
    with pytest.raises(joining.IdNumberTaken):
        MemberFactory(id_number=ID_NUMBER)


@pytest.mark.django_db
def test_broken_off_it_goes_on_where_it_was(settings, monkeypatch):
    for number in range(5):
        MemberFactory(address=f"日新里{number}幢")
    settings.ENCRYPTION_KEYS += f",{NEW}"
    monkeypatch.setattr(rotation, "CHUNK", 2)
    for progress in rotation.rotate():
        if progress == ("members_member", 2, 2):
            break

    assert "members_member: 5 rows, 3 written anew" in rotate()

    addresses = [m.address for m in Member.objects.order_by("pk")]
    assert addresses == [f"日新里{number}幢" for number in range(5)]


@pytest.mark.django_db
def test_a_missing_key_is_said_and_nothing_is_lost(settings):
    join()
    before, old = stored(), settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = NEW

    with pytest.raises(CommandError, match="not among ENCRYPTION_KEYS"), transaction.atomic():
        rotate()

    settings.ENCRYPTION_KEYS = old
    assert stored() == before


@pytest.mark.django_db
def test_a_further_key_has_the_next_number(settings):
    out = StringIO()
    settings.ENCRYPTION_KEYS += f",{NEW}"

    call_command("rotate_keys", "--new", "encryption", stdout=out)

    assert out.getvalue().startswith("3:")
    settings.ENCRYPTION_KEYS += f",{out.getvalue().strip()}"
    assert encryption.seal("text", b"")[0] == 3


@pytest.mark.django_db(transaction=True)
def test_what_is_amended_meanwhile_is_not_lost(settings):
    """Somebody amends a note, and commits only when the rotation waits for the row."""
    member = join()
    settings.ENCRYPTION_KEYS += f",{NEW}"
    with transaction.atomic():
        joining.amend(member, by=None, at=timezone.now(), note="糖尿病")
        worker = threading.Thread(target=lambda: (rotate(), connection.close()))
        worker.start()
        _wait_for_a_blocked_one()
    worker.join(10)

    settings.ENCRYPTION_KEYS = NEW
    found = Member.objects.get()
    assert (found.note, found.address) == ("糖尿病", "日新里3幢")


def _wait_for_a_blocked_one():
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(blocked)
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.05), pg_stat_clear_snapshot()")
    raise AssertionError("nobody waits")
