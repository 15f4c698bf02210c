import datetime
import io
import uuid

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from members import (
    access_log,
    assessments,
    consents,
    contacts,
    joining,
    kinship,
    phones,
)
from members.models import DataRequest, Member, Notice
from services.registers import batches, reading
from tests.factories import ElderFactory, MemberFactory, StaffFactory, UserFactory
from tests.services.test_visits_log import log
from timebank.personal import asking, erasing

# What nobody else in the tests has: after an erasure no table may hold any of it.
KNOWN = {
    "name": "欧阳泽惠",
    "id_number": "530111195505010021",
    "phone": "13987650021",
    "address": "关上北路 99 号 7 幢",
    "note": "听力不好",
    "contact": "欧阳小敏",
    "contact_phone": "13577770021",
    "skill": "量血压专长",
    "neighbour": "邻居司徒大伯",
    "neighbour_phone": "13577770022",
    "phone_end": phones.mask("13987650021"),
    "proof_note": "户口簿第七页",
    "reason": "独居且刚出院",
    "witness": "见证人诸葛",
    "look": "家属来电核对住址",
}


@pytest.fixture
def clerk(db):
    return StaffFactory(username="clerk", role="clerk")


@pytest.fixture
def checker(db):
    return StaffFactory(username="checker", role="checker")


@pytest.fixture
def administrator(db):
    return StaffFactory(username="administrator", role="administrator")


@pytest.fixture
def person(db, clerk, checker):
    """A volunteer and elder about whom everything is known, with a visit given and an account."""
    member = joining.register(
        area=ElderFactory().member.area,
        name=KNOWN["name"],
        sex="F",
        birth_date=datetime.date(1955, 5, 1),
        id_number=KNOWN["id_number"],
        phones=[KNOWN["phone"]],
        address=KNOWN["address"],
        note=KNOWN["note"],
        volunteer={"skills": [KNOWN["skill"]]},
        elder={
            "living": "alone",
            "contact_name": KNOWN["contact"],
            "contact_relation": "女儿",
            "contact_phone": KNOWN["contact_phone"],
        },
        by=clerk,
        at=timezone.now(),
    )
    UserFactory(member=member)
    _rights_of(member, clerk, checker)
    return Member.objects.select_related("area").get(pk=member.pk)


def _rights_of(member, clerk, checker):
    """Whom to call, kin, an assessment, a consent, a look and a message: each with words."""
    now, today = timezone.now(), timezone.localdate()
    told = {"by": clerk, "at": now}
    neighbour = {"name": KNOWN["neighbour"], "relation": "邻居", "phone": KNOWN["neighbour_phone"]}
    contacts.add(member, **neighbour, by=clerk)
    kin = {"relation": "sibling", "proof": "other", "proof_note": KNOWN["proof_note"]}
    kinship.confirm(
        kinship.enter(
            member, relative=MemberFactory(), **kin, seen_on=today, key=uuid.uuid4(), **told
        ),
        by=checker,
        at=now,
    )
    decided = {"on": today, "result": "D", "reason": KNOWN["reason"], "key": uuid.uuid4()}
    assessments.approve(assessments.assess(member.elder, **decided, **told), by=checker, at=now)
    consents.give(member, "family", how="spoken", witness=KNOWN["witness"], **told)
    why = {"reason": "other", "words": KNOWN["look"], "page": "person_detail"}
    access_log.look(member, ["phones"], **why, **told)
    Notice.objects.create(
        member=member,
        phone_end=KNOWN["phone_end"],
        template="new_device",
        language="zh-hans",
        state="sent",
        ended_at=now,
    )


@pytest.fixture
def served(person, clerk):
    """An hour that the person gave, in the books."""
    day = timezone.localdate()
    return log(
        person,
        ElderFactory().member,
        by=clerk,
        at=timezone.now(),
        service_date=day,
        note=KNOWN["note"],
    )


@pytest.fixture
def ask(person, clerk):
    def ask(kind=DataRequest.Kind.ERASURE, *, member=None, by=clerk, key=None, **more):
        member = member or person
        told = {"kind": kind, "by": by, "at": timezone.now(), "key": key or uuid.uuid4()}
        return asking.ask(member, **told, **more)

    return ask


@pytest.fixture
def erase(administrator):
    def erase(request, *, by=administrator):
        return erasing.erase(request, identity="id_card", by=by, at=timezone.now())

    return erase


@pytest.fixture
def register(person, clerk, checker, settings, tmp_path):
    """A workbook that names the person, posted."""
    settings.MEDIA_ROOT = tmp_path
    book = openpyxl.Workbook()
    book.active.append(["姓名", "身份证号", "联系电话", "家庭住址"])
    book.active.title = "志愿者"
    told = ("name", "id_number", "phone", "address")
    book.active.append([KNOWN[one] for one in told])
    file = io.BytesIO()
    book.save(file)
    upload = SimpleUploadedFile("register.xlsx", file.getvalue())
    batch, _is_new = batches.bring_in(
        area=person.area, name=upload.name, file=upload, by=clerk, at=timezone.now()
    )
    return reading.read(batch)
