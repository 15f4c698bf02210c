"""A dump of everything, after people have worked and things have gone wrong: nothing to be read.

Known values of every kind that is sealed are looked for in every table of every schema, as text,
as bytes and inside sessions, in the files and in all that was logged.
"""

import base64
import io
import logging
import os
import zlib
from pathlib import Path

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, connection, transaction
from django.urls import get_resolver, reverse
from django.utils import timezone

from members import joining, search, signing_in
from members.models import Area, Member
from services import tasks
from services.registers import batches, reading
from tests import words
from tests.browser import routes
from tests.factories import ElderFactory, MemberFactory, StaffFactory, VolunteerFactory, community
from tests.services.registers.workbooks import register
from timebank import database, logs

pytestmark = pytest.mark.django_db(transaction=True)

ID_NUMBERS = ["11010519491231002X", "530111196005010022"]
PHONES = ["13808712345", "13900001111", "13812340077", "13812340088"]
ADDRESSES = ["金汁苑12幢2单元301室", "日新里77幢"]
NOTES = ["冠心病装过支架", "右耳听力不好"]
MARKS = ["minimum_allowance", "semi_disabled", "低保", "半失能"]
SECRETS = [*ID_NUMBERS, *PHONES, *ADDRESSES, *NOTES, *MARKS, *words.WORDS]


@pytest.fixture
def logged():
    """All that any logger says, at any level, as the console would show it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    level = logging.root.level
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.DEBUG)
    yield stream
    logging.root.removeHandler(handler)
    logging.root.setLevel(level)


@pytest.fixture
def people(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    member = MemberFactory(
        name="高桂芳",
        id_number=ID_NUMBERS[0],
        phone=PHONES[0],
        address=ADDRESSES[0],
        note=NOTES[0],
    )
    VolunteerFactory(member=member, note=NOTES[1])
    return ElderFactory(
        member=member,
        income="minimum_allowance",
        capability="semi_disabled",
        contact_phone=PHONES[1],
    ).member


def dump():
    """Every row of every table of every schema, as the superuser sees it."""
    where = database.superuser(os.environ["TIMEBANK_SOCKET"], connection.settings_dict["NAME"])
    found = []
    with psycopg.connect(where) as server:
        tables = server.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p', 'm')"
            " AND relnamespace NOT IN ('pg_catalog'::regnamespace,"
            " 'information_schema'::regnamespace)"
            # what everybody is asked to agree to, which names such marks
            " AND relname <> 'members_consenttext'"
        ).fetchall()
        for (table,) in tables:
            with server.cursor().copy(f"COPY (SELECT * FROM {table}) TO STDOUT") as rows:
                found.append(b"".join(bytes(piece) for piece in rows))
        sessions = server.execute("SELECT session_data FROM django_session").fetchall()
    return b"\n".join([*found, *(_unpacked(data) for (data,) in sessions)])


def _unpacked(session):
    packed = session.rsplit(":", 2)[0]
    data = packed.removeprefix(".")
    data = base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))
    return zlib.decompress(data) if packed.startswith(".") else data


def leaks(text):
    """The known values that are in there: as they are, escaped as JSON, or as hexadecimal."""
    return [
        secret
        for secret in SECRETS
        if secret.encode() in text
        or secret.encode().hex().encode() in text
        or ascii(secret)[1:-1].encode() in text
    ]


def bring_in_a_register(clerk):
    volunteer = ["王敏", "女", ID_NUMBERS[1], PHONES[2], ADDRESSES[1], "2020-01-01"]
    elder = ["李建国", "男", "5301110000", PHONES[3], ADDRESSES[1], "独居"]
    content = register(
        ["2020-03-02", "王敏", "没有这个人", "情感陪伴", "9:00", "10:00", 1, "是"],
        volunteers=[volunteer],
        elders=[elder, elder],
    )
    batch, _is_new = batches.bring_in(
        area=community(),
        name="register.xlsx",
        file=ContentFile(content, name="register.xlsx"),
        by=clerk,
        at=timezone.now(),
    )
    tasks.read_register.defer(batch=batch.pk)
    return batch


def walk(client, member, clerk):
    """Every page that can be opened without more than a key, forms filled with what is known."""
    client.raise_request_exception = False
    client.force_login(clerk)
    told = {"q": PHONES[0], "name": "李梅", "purpose": "call", "words": "复诊"}
    told |= {"fields_seen": ["id_number", "phones", "note"], "phone": PHONES[0], "note": NOTES[0]}
    for name in {name for name in routes.routes(get_resolver()) if not name.startswith("admin:")}:
        for arguments in ({}, {"key": member.key}, {"number": member.number}):
            try:
                address = reverse(name, kwargs=arguments)
            except Exception:
                continue
            if name != "sign_out":
                assert client.get(address, told).status_code < 500, name
                assert client.post(address, told).status_code < 500, name
    client.logout()
    client.post(reverse("sign_in"), {"phone": PHONES[0]})
    client.post(reverse("staff_sign_in"), {"username": PHONES[1], "password": ID_NUMBERS[0]})


def go_wrong(client, member, monkeypatch):
    """A page that breaks with values at hand, a broken constraint, a person who joins twice."""

    def broken(text, **options):
        found = [member.id_number, member.address, text]
        raise ValueError(f"cannot find {found}")

    client.force_login(StaffFactory())
    with monkeypatch.context() as patched:
        patched.setattr(search, "find", broken)
        answer = client.get(reverse("people_find"), {"q": PHONES[0]})
    with pytest.raises(joining.IdNumberTaken):
        MemberFactory(id_number=ID_NUMBERS[0], phone=PHONES[0])
    try:
        with transaction.atomic():
            Member.objects.create(area=member.area, name="", number="1", note=NOTES[0])
    except IntegrityError:
        logging.getLogger("members").exception("a person was refused")
    return answer


def test_nothing_that_is_known_of_people_can_be_read_anywhere(
    client, people, logged, monkeypatch, tmp_path
):
    clerk = StaffFactory()
    words.say()
    waiting = bring_in_a_register(clerk)
    assert leaks(Path(waiting.file.path).read_bytes()) == []
    reading.read(waiting)
    batches.check_again(waiting)
    walk(client, people, clerk)
    signing_in.send_code(PHONES[2], address=None, at=timezone.now(), purpose="x")

    answer = go_wrong(client, people, monkeypatch)

    assert answer.status_code == 500
    assert leaks(answer.content) == []
    assert leaks(dump()) == []
    assert leaks(logged.getvalue().encode()) == []
    assert leaks(b"".join(f.read_bytes() for f in tmp_path.rglob("*") if f.is_file())) == []
    assert [m.name for m in search.find(PHONES[0], areas=Area.objects.all())] == ["高桂芳"]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_value_in_plain_would_be_found(secret):
    MemberFactory(name=secret[:60])

    assert leaks(dump()) == [secret]


def test_a_value_in_a_session_in_bytes_or_in_a_log_would_be_found(client, settings, logged):
    settings.SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
    session = client.session
    session["phone"] = PHONES[0]
    session.save()
    where = database.superuser(os.environ["TIMEBANK_SOCKET"], connection.settings_dict["NAME"])
    with psycopg.connect(where, autocommit=True) as server:
        server.execute("CREATE TABLE public.leak AS SELECT %s::bytea AS held", [NOTES[0].encode()])
        found = leaks(dump())
        server.execute("DROP TABLE public.leak")
    logging.getLogger("members").error("wrong", extra={"fields": {"phone": PHONES[1]}})

    assert found == [PHONES[0], NOTES[0]]
    assert leaks(logged.getvalue().encode()) == [PHONES[1]]
