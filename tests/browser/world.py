"""What the walk needs to be there: somebody of each role, and something on every page."""

import datetime
import io
import uuid
from types import SimpleNamespace

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from ledger import policies
from ledger.models import Policy
from members.models import Area, Member, StaffRole, User
from services import visits
from services.models import Category, RegisterRow
from services.registers import batches, reading
from tests.factories import ElderFactory, StaffFactory, UserFactory, VisitFactory, VolunteerFactory
from timebank.months import closing

STAFF = ["clerk", "checker", "coordinator", "administrator", "auditor"]
ROLES = [*STAFF, "volunteer", "elder", "anonymous"]
REGISTER = [
    ["志愿者", "老人", "日期", "服务内容", "时长（小时）"],
    ["王秀英", "李建国", "2026-11-02", "情感陪伴", 1.5],
    ["王秀英", "没有这个人", "2026-11-03", "情感陪伴", 2],
    ["迪丽热巴·迪力木拉提", "李建国", "去年", "情感陪伴", "很久"],
]


def build():
    """Rows for one walk; `world.users` has an account for each role but the anonymous one."""
    district = Area.objects.get(level=Area.Level.DISTRICT)
    users = {role: _staff(role, district) for role in STAFF}
    volunteer = VolunteerFactory(member__name="迪丽热巴·迪力木拉提", member__phone="13888880001")
    elder = ElderFactory(member__name="李建国").member
    VolunteerFactory(member__name="王秀英", member__phone="13888880001")
    users["volunteer"] = UserFactory(username="volunteer", member=volunteer.member)
    users["elder"] = UserFactory(username="elder", member=elder)
    visit = VisitFactory(volunteer=volunteer.member, elder=elder, entered_by=users["clerk"])
    for method in ("signature", "paper"):
        _log(volunteer.member, elder, method, by=users["clerk"])
    batch = _register(volunteer.member.area, by=users["clerk"])
    row = batch.rows.filter(outcome=RegisterRow.Outcome.CANNOT).order_by("pk").first()
    return SimpleNamespace(
        users=users,
        visit=visit,
        batch=batch,
        row=row,
        month=_closed_month(visit.area, users),
        version=_version(visit.area, users),
    )


def half_signed_in():
    """Where a sign-in stands after the code, when two people share the phone."""
    people = list(Member.objects.values_list("pk", flat=True))
    at = timezone.now().isoformat()
    return {"phone": "13888880001", "next": "", "people": people, "passed_at": at}


def _closed_month(area, users):
    """Closed by two persons, and a visit of it undone afterwards."""
    last = timezone.localdate().replace(day=1) - datetime.timedelta(days=1)
    visit = VisitFactory(
        area=area, service_date=last, state="confirmed", confirmed_at=timezone.now()
    )
    second = StaffFactory(username="second", role="administrator", area=area)
    asked = closing.ask(area, last, by=users["administrator"], at=timezone.now(), reason="纸张遗失")
    closing.approve(asked, by=second, at=timezone.now())
    visits.undo(visit, by=users["checker"], at=timezone.now())
    return last.replace(day=1)


def _version(area, users):
    """New rules that wait for another administrator."""
    base = Policy.objects.in_force(area, timezone.localdate())
    values = {field.attname: getattr(base, field.attname) for field in policies.rules()}
    new = Policy(area=area, effective_from=timezone.localdate(), based_on=base, **values)
    new.day_cap = 120
    return policies.propose(new, by=User.objects.get(username="second"), at=timezone.now())


def _staff(role, district):
    area = district if role in ("administrator", "auditor") else None
    user = StaffFactory(username=role, role=role, area=area)
    assert StaffRole.objects.filter(user=user, role=role).exists()
    return User.objects.get(pk=user.pk)


def _log(volunteer, elder, method, *, by):
    visits.log(
        key=uuid.uuid4(),
        area=volunteer.area,
        volunteer=volunteer,
        elder=elder,
        category=Category.objects.get(code="shopping"),
        service_date=timezone.localdate() - datetime.timedelta(days=1),
        minutes=90,
        method=method,
        by=by,
        at=timezone.now(),
    )


def _register(area, *, by):
    """A workbook as brought in and read: one row to post, two that cannot be."""
    book = openpyxl.Workbook()
    for row in REGISTER:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    upload = SimpleUploadedFile("register.xlsx", file.getvalue())
    batch, _is_new = batches.bring_in(
        area=area, name=upload.name, file=upload, by=by, at=timezone.now()
    )
    return reading.read(batch)
