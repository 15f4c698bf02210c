"""The data of an installation from before: sealed by the migrations, and brought back by them."""

import hashlib
import importlib
import json
import os
import uuid
from datetime import timedelta

import psycopg
import pytest
from django.contrib.sessions.serializers import JSONSerializer
from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from members import encryption
from members.models import Authenticator
from timebank import database

OLD = [
    ("sessions", "0001_initial"),
    ("members", "0003_member_authors"),
    ("services", "0009_closed_months"),
]
NEW = [("members", "0012_nothing_in_plain"), ("services", "0023_no_row_in_plain")]
BEFORE_ANEW = [
    ("members", "0096_an_area_keeps_an_administrator"),
    ("otp_totp", "0003_add_timestamps"),
]
PEOPLE = 1203  # more than a chunk
SALT = "django.contrib.sessions.SessionStore"
PENDING = {"sign_in": {"phone": "13808712345"}}
SECRETS = [
    "13808710007",
    "13900001111",
    "日新里7幢",
    "心脏病",
    "听力不好",
    "minimum_allow",
    "semi_d",
]


@pytest.fixture
def old(django_db_setup, django_db_blocker, worker_id, settings, tmp_path):
    """An empty database of its own, as the first issue left it: an alias, and how to migrate it."""
    settings.MEDIA_ROOT = tmp_path
    name, socket = f"old_{worker_id}", os.environ["TIMEBANK_SOCKET"]
    database.create(socket, name)
    connections.databases["old"] = connections.databases["owner"] | {"NAME": name}
    with django_db_blocker.unblock():
        yield connections["old"]
        connections["old"].close()
    del connections["old"], connections.databases["old"]
    with psycopg.connect(database.superuser(socket, "postgres"), autocommit=True) as server:
        server.execute(f'DROP DATABASE "{name}"')


def migrate(connection, targets):
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


def fill(apps):
    """People, a register whose workbook was read and one that waits, a session and a code."""

    def rows(app, model):
        return apps.get_model(app, model).objects.using("old")

    area = rows("members", "Area").get(code="530111001001")
    for number in range(PEOPLE):
        member = rows("members", "Member").create(
            key=uuid.UUID(int=number),
            number=f"{10_000_000 + number}",
            area=area,
            name="王秀英",
            id_number=f"1101051949{number:08}" if number % 2 else None,
            address=f"日新里{number}幢",
            note="心脏病" if number == 7 else "",
        )
        rows("members", "MemberPhone").create(member=member, number=f"1380871{number:04}")
        rows("members", "SearchTerm").create(area=area, member=member, term=f"1380871{number:04}")
        rows("members", "SearchTerm").create(area=area, member=member, term=member.number)
    member = rows("members", "Member").get(note="心脏病")
    rows("members", "Volunteer").create(member=member, note="听力不好")
    rows("members", "Elder").create(
        member=member,
        income="minimum_allowance",
        capability="semi_disabled",
        contact_phone="13900001111",
    )
    rows("members", "SignInCode").create(phone="13808710007", code_hash="x")
    rows("sessions", "Session").create(
        session_key="ours",
        session_data=signing.dumps(PENDING, salt=SALT, serializer=JSONSerializer),
        expire_date=timezone.now(),
    )
    rows("sessions", "Session").create(
        session_key="forged", session_data="x", expire_date=timezone.now()
    )
    author = rows("members", "User").create(username="lin")
    for state in ("prepared", "reading"):
        place = default_storage.save(f"registers/{state}.xlsx", ContentFile(b"PK 13808710007"))
        rows("services", "RegisterBatch").create(
            area=area, file_name=state, file_hash=state, file=place, state=state, entered_by=author
        )
    batch = rows("services", "RegisterBatch").get(state="prepared")
    rows("services", "RegisterRow").create(
        batch=batch,
        sheet="1",
        number=2,
        kind="elder",
        outcome="new",
        written={"phone": "13808710007"},
        understood={"person": "1!2", "phones": ["13808710007"]},
        details={"changes": {"note": ["", "心脏病"]}},
        warnings=[{"code": "not_a_phone", "value": "13900001111"}],
    )


def everything(connection):
    """All rows of all tables as text; bytes in it are hexadecimal."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace ="
                       " 'public'::regnamespace")  # fmt: skip
        tables = [row[0] for row in cursor.fetchall()]
        text = ""
        for table in tables:
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
            text += cursor.fetchone()[0]
    return text


def test_an_old_installation_is_sealed_and_can_go_back(old):
    fill(migrate(old, OLD))
    before = everything(old)
    assert [secret for secret in SECRETS if secret not in before] == []

    apps = migrate(old, NEW)

    sealed = everything(old)
    assert [s for s in SECRETS if s in sealed or s.encode().hex() in sealed] == []
    members = apps.get_model("members", "Member").objects.using("old")
    member = members.get(id_number_index="110105194900000007")
    assert (member.key.int, member.address, member.note) == (7, "日新里7幢", "心脏病")
    assert [phone.number for phone in member.phones.all()] == ["13808710007"]
    assert member.elder.income == "minimum_allowance"
    assert member.elder.contact_phone == "13900001111"
    assert member.volunteer.note == "听力不好"
    assert members.filter(id_number_index=None).count() == (PEOPLE + 1) // 2
    assert [term.term for term in member.terms.all()] == [member.number]
    assert apps.get_model("members", "SignInCode").objects.using("old").get(phone="13808710007")
    row = apps.get_model("services", "RegisterRow").objects.using("old").get()
    assert (row.written, row.named) == ({"phone": "13808710007"}, ["1!2"])
    assert row.details == {"changes": {"note": ["", "心脏病"]}}
    session = apps.get_model("sessions", "Session").objects.using("old").get()
    held = encryption.SessionSerializer
    assert signing.loads(session.session_data, salt=SALT, serializer=held) == PENDING

    migrate(old, [("services", "0009_closed_months")])
    apps = migrate(old, OLD)

    again = everything(old)
    assert [secret for secret in SECRETS if secret not in again] == []
    member = apps.get_model("members", "Member").objects.using("old").get(note="心脏病")
    assert member.id_number == "110105194900000007"
    assert {term.term for term in member.terms.all()} == {member.number, "13808710007"}
    row = apps.get_model("services", "RegisterRow").objects.using("old").get()
    assert row.warnings == [{"code": "not_a_phone", "value": "13900001111"}]


def test_workbooks_that_were_read_are_let_go_and_one_that_waits_is_sealed(old):
    fill(migrate(old, OLD))

    apps = migrate(old, NEW)

    batches = apps.get_model("services", "RegisterBatch").objects.using("old")
    assert batches.get(state="prepared").file == ""
    waiting = batches.get(state="reading")
    place = encryption.place("services_registerbatch", "file", str(waiting.key))
    assert encryption.unseal_bytes(waiting.file.read(), place) == b"PK 13808710007"
    waiting.file.close()
    _folders, files = default_storage.listdir("registers")
    assert (files, len(default_storage.listdir(f"registers/{timezone.now():%Y}")[1])) == ([], 1)


def test_sealing_that_was_broken_off_goes_on(old):
    fill(migrate(old, OLD))
    apps = migrate(old, [("members", "0010_sealed_columns"), OLD[2]])
    first = apps.get_model("members", "Member").objects.using("old").order_by("pk")[0]
    first.address = first.address_plain
    first.save(update_fields=["address"])

    apps = migrate(old, [NEW[0]])

    addresses = {
        member.address for member in apps.get_model("members", "Member").objects.using("old")
    }
    assert addresses == {f"日新里{number}幢" for number in range(PEOPLE)}


def test_second_factors_and_drafts_go_from_one_key_to_the_others_and_back(old):
    anew = importlib.import_module("members.migrations.0097_second_factors_and_drafts")
    before, after = BEFORE_ANEW, [("members", "0097_second_factors_and_drafts")]
    apps = migrate(old, before)

    def rows(app, model):
        return apps.get_model(app, model).objects.using("old")

    lin, zhao = (rows("members", "User").create(username=name) for name in ("lin", "zhao"))
    devices, secret = rows("otp_totp", "TOTPDevice"), bytes(range(20))
    devices.create(user_id=lin.pk, name="app", key=anew._sealed(secret, f"authenticator/{lin.pk}"))
    devices.create(user_id=zhao.pk, name="app", key=anew._sealed(secret, "another place"))
    told = {"path": "/x/", "was_sent": True, "kept_at": timezone.now()}
    typed = anew._sealed('[["note", "雨"]]'.encode(), f"draft/{lin.pk}")
    rows("members", "Draft").create(user=lin, fields=typed, **told)
    rows("members", "Draft").create(user=zhao, fields="x", **told)

    apps = migrate(old, after)

    assert [draft.fields for draft in rows("members", "Draft").order_by("pk")] == [[["note", "雨"]]]
    key = rows("otp_totp", "TOTPDevice").get(user=lin.pk).key
    assert Authenticator(user_id=lin.pk, key=key).bin_key == secret
    assert rows("otp_totp", "TOTPDevice").get(user=zhao.pk).key == ""  # void, as it was

    apps = migrate(old, before)

    key = rows("otp_totp", "TOTPDevice").get(user=lin.pk).key
    assert anew._opened(key, f"authenticator/{lin.pk}") == secret
    fields = rows("members", "Draft").get().fields
    assert json.loads(anew._opened(fields, f"draft/{lin.pk}")) == [["note", "雨"]]


BEFORE_WORDS = [
    ("members", "0098_devices_ended_by_staff"),
    ("services", "0071_objections_are_kept"),
    ("ledger", "0051_asked_by_an_agent"),
]
WORDS = [
    ("members", "0102_no_words_in_plain"),
    ("services", "0077_no_words_in_plain"),
    ("ledger", "0057_no_words_in_plain"),
]
SAID = {
    "members.Assessment": {"reason": "独居且刚出院", "return_reason": "缺出院小结"},
    "members.Kinship": {"proof_note": "户口簿第七页", "return_reason": "看不清"},
    "members.Merge": {"reason": "同一身份证", "return_reason": "不是一个人"},
    "members.DataRequest": {"hours_words": "都捐给公益池"},
    "services.Visit": {"note": "摔了一跤", "return_reason": "那天在住院"},
    "services.Certificate": {"withdraw_reason": "当时已病倒"},
    "ledger.MovementRequest": {
        "proof": "结婚证第三页",
        "reason": "肾病需要照顾",
        "return_reason": "没有病历",
    },
}


def said(apps):
    """A row of each with all its words, one without words and one that was emptied."""
    rows = {name: apps.get_model(name).objects.using("old") for name in SAID}
    area = apps.get_model("members", "Area").objects.using("old").get(code="530111001001")
    users = apps.get_model("members", "User").objects.using("old")
    lin, zhao = (users.create(username=name) for name in ("lin", "zhao"))
    people = apps.get_model("members", "Member").objects.using("old")
    wang, li = (people.create(number=n, area=area, name=n) for n in ("10000001", "10000002"))
    now, today = timezone.now(), timezone.localdate()
    returned = {"state": "returned", "decided_at": now}
    rules = apps.get_model("members", "EligibilityRules").objects.using("old").first()
    days = {"assessed_on": today, "review_due_on": today + timedelta(days=365)}
    found = {"member": wang, "rules": rules, "computed": "none", "assessed_by": lin}
    rows["members.Assessment"].create(
        **found,
        **days,
        **returned,
        assessed_at=now,
        result="D",
        approved_by=zhao,
        **SAID["members.Assessment"],
    )
    rows["members.Assessment"].create(
        **found, **days, assessed_at=now, result="none", state="settled", decided_at=now
    )
    kin = {"member": wang, "relative": li, "relation": "child", "proof": "other", "seen_on": today}
    kin |= {"entered_by": lin, "entered_at": now, "confirmed_by": zhao}
    rows["members.Kinship"].create(**kin, **returned, **SAID["members.Kinship"])
    rows["members.Kinship"].create(**kin, **returned, proof_note="–", return_reason="–")
    merge = {"area": area, "kept": wang, "gone": li, "author": lin, "approver": zhao}
    rows["members.Merge"].create(key=uuid.uuid4(), **merge, **returned, **SAID["members.Merge"])
    asked = {"kind": "erasure", "member": wang, "area": area, "author": lin, "due_on": today}
    rows["members.DataRequest"].create(
        key=uuid.uuid4(), **asked, asked_at=now, **SAID["members.DataRequest"]
    )
    visit = {"area": area, "volunteer": wang, "elder": li, "category_id": "companionship"}
    visit |= {"service_date": today, "method": "paper", "served_minutes": 60, "entered_by": lin}
    visit |= {"bankable_minutes": 0, "banked_minutes": 0, "not_banked": {"unverified": 60}}
    told = {"state": "returned", "returned_by": zhao, "returned_at": now}
    rows["services.Visit"].create(**visit, **told, **SAID["services.Visit"])
    rows["services.Visit"].create(**visit, state="completed")
    paper = {"area": area, "member": wang, "year": 2026, "serial": 1, "content": "{}"}
    paper |= {"period_start": today, "period_end": today, "issued_by": lin}
    rows["services.Certificate"].create(
        **paper,
        code="3" * 20,
        content_hash=hashlib.sha256(b"{}").hexdigest(),
        withdrawn_by=zhao,
        withdrawn_at=now,
        **SAID["services.Certificate"],
    )
    request = {"kind": "redeem", "area": area, "member": wang, "other": li, "relation": "spouse"}
    request |= {"author": lin, "asked_at": now, "needs_approval": True, "on": today}
    rows["ledger.MovementRequest"].create(
        key=uuid.uuid4(),
        **request,
        **returned,
        minutes=60,
        approver=zhao,
        **SAID["ledger.MovementRequest"],
    )


def words_in(text):
    words = [word for told in SAID.values() for word in told.values()]
    return [word for word in words if word in text or word.encode().hex() in text]


def on_disk(connection, table):
    """The pages of the table as they lie there, what is dead among it."""
    where = database.superuser(os.environ["TIMEBANK_SOCKET"], connection.settings_dict["NAME"])
    with psycopg.connect(where, autocommit=True) as server:
        server.execute("CHECKPOINT")
        read = "SELECT pg_read_binary_file(pg_relation_filepath(%s))"
        return bytes(server.execute(read, [table]).fetchone()[0])


def assert_said(apps):
    for name, told in SAID.items():
        row = apps.get_model(name).objects.using("old").order_by("pk")[0]
        assert {column: getattr(row, column) for column in told} == told


def test_words_are_sealed_and_come_back_and_a_sealing_that_was_broken_off_goes_on(old):
    said(migrate(old, BEFORE_WORDS))
    note = SAID["services.Visit"]["note"].encode()
    assert len(words_in(everything(old))) == sum(len(told) for told in SAID.values())
    assert note in on_disk(old, "services_visit")

    apps = migrate(old, WORDS)

    assert words_in(everything(old)) == []
    assert note not in on_disk(old, "services_visit")
    assert_said(apps)
    emptied = apps.get_model("members", "Kinship").objects.using("old").order_by("pk").values()[1]
    assert emptied["proof_note"] == emptied["return_reason"] == encryption.EMPTIED
    silent = apps.get_model("services", "Visit").objects.using("old").order_by("pk").values()[1]
    assert silent["note"] == b""

    apps = migrate(old, BEFORE_WORDS)

    assert_said(apps)
    assert apps.get_model("members", "Kinship").objects.using("old").filter(proof_note="–").exists()

    apps = migrate(old, [*WORDS[:1], ("services", "0075_words_to_seal")])
    visit = apps.get_model("services", "Visit").objects.using("old").order_by("pk")[0]
    visit.note, visit.note_plain = visit.note_plain, ""
    visit.save(update_fields=["note", "note_plain"])

    assert_said(migrate(old, WORDS))
