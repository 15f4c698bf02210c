"""What the walk needs to be there: somebody of each role, and something on every page."""

import datetime
import io
import uuid
from types import SimpleNamespace

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from ledger import accounts, approvals, donations, gifts, grants, policies, redemptions, transfers
from ledger.models import Policy, TransferKind
from members import (
    access_log,
    agents,
    assessments,
    consents,
    contacts,
    drafts,
    kinship,
    notices,
    staff_accounts,
)
from members.models import Agent, Area, Device, Member, Notice, StaffRole, User
from services import objections, visits
from services.models import Category, RegisterRow, Visit
from services.papers import certificates, prints
from services.registers import batches, reading
from tests.factories import ElderFactory, StaffFactory, UserFactory, VisitFactory, VolunteerFactory
from timebank.merging import merges
from timebank.months import closing
from timebank.personal import asking
from timebank.statements import yearly

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
    gift, donation = _movements(volunteer.member, elder, by=users["volunteer"])
    batch = _register(volunteer.member.area, by=users["clerk"])
    row = batch.rows.filter(outcome=RegisterRow.Outcome.CANNOT).order_by("pk").first()
    rows = {"visit": visit, "gift": gift, "donation": donation, "batch": batch, "row": row}
    world = SimpleNamespace(users=users, **rows)
    world.certificate = _certificate(volunteer.member, by=users["clerk"])
    world.printed = prints.print_new(
        volunteer.member, key=uuid.uuid4(), by=users["clerk"], at=timezone.now()
    )
    world.run, _is_new = yearly.order(
        volunteer.member.area, year=2026, language="zh-hans", by=users["clerk"], at=timezone.now()
    )
    _move_hours(world, volunteer.member)
    _ask_about_people(world, volunteer.member, by=users["clerk"])
    _rights(world, users, elder, volunteer.member)
    _signed_in(world)
    world.objection = _said_wrong(world)
    world.month = _closed_month(visit.area, users)
    world.version = _version(visit.area, users)
    return world


def _signed_in(world):
    """Devices of a member and of staff, a message that failed, a draft, something written down."""
    now = timezone.now()
    for number, role in enumerate(("volunteer", "administrator", "volunteer", "administrator")):
        Device.objects.create(
            user=world.users[role],
            label="Chrome · Windows",
            address="10.0.0.1",
            session=f"{number}",
        )
    notices.send(world.member, "new_device", at=now)
    Notice.objects.update(state="failed", error="refused", ended_at=now, tries=1)
    administrator = world.users["administrator"]
    drafts.keep(administrator, path="/visits/log/", fields=[("a", "b")], was_sent=True, at=now)
    staff_accounts.write_down(world.users["clerk"], "signed_out", by=administrator, at=now)


def _said_wrong(world):
    """A line that a member says is not right, and one about which there is an answer."""
    visits_given = Visit.objects.filter(volunteer=world.member, journal__isnull=False)
    first, second = visits_given.select_related("area", "volunteer", "elder").order_by("pk")[:2]
    by_member = {"by": world.users["volunteer"], "at": timezone.now(), "reason": "other"}
    told = {"words": "那天我在医院", **by_member}
    objection = objections.write_down(world.member, first, key=uuid.uuid4(), **told)
    other = objections.write_down(world.member, second, key=uuid.uuid4(), **told)
    words = "纸质记录上有您的签名，可来社区查看。"
    checker = {"by": world.users["checker"], "at": timezone.now()}
    objections.answer(other, outcome="right", words=words, **checker)
    return objection


def half_signed_in():
    """Where a sign-in stands after the code, when two people share the phone."""
    people = list(Member.objects.values_list("pk", flat=True))
    at = timezone.now().isoformat()
    return {"phone": "13888880001", "next": "", "people": people, "passed_at": at}


def about_to_give():
    """Where a member stands who has asked for a code to confirm a donation."""
    empty = {"other": None, "relation": "", "proof": "", "on": None, "reason": ""}
    key = "5f1a5c0e-9f0c-4f63-9d2b-6f0d1c7f3f10"
    return {"kind": "donate", "key": key, "minutes": 30, "phone": "13888880001"} | empty


def _movements(member, relative, *, by):
    """A gift that waits and a donation that is done, as the member asked for them."""
    account = accounts.open_for(member.area, [member.key])[member.key]
    leg = transfers.Leg(TransferKind.EARN, accounts.ISSUANCE, account, 600)
    transfers.post(member.area_id, uuid.uuid4(), leg, effective_on=timezone.localdate(), by=by.pk)
    told = {"by": by, "at": timezone.now()}
    gift = gifts.ask(
        member,
        to=relative,
        minutes=120,
        relation="parent",
        proof="户口本",
        key=uuid.uuid4(),
        **told,
    )
    return gift, donations.give(member, minutes=90, key=uuid.uuid4(), **told)


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


def _certificate(member, *, by):
    """Of this year's service, and corrected since: a visit was confirmed after it was issued."""
    today = timezone.localdate()
    period = {"start": today.replace(month=1, day=1) - datetime.timedelta(days=7), "end": today}
    seen = certificates.figures(member, **period).digest
    certificate = certificates.issue(
        member, **period, seen=seen, key=uuid.uuid4(), by=by, at=timezone.now()
    )
    elder = Visit.objects.filter(volunteer=member).order_by("pk")[0].elder
    _log(member, elder, "signature", by=by)
    return certificate


def _move_hours(world, member):
    """A grant, and a redemption for which hours are set aside."""
    clerk, checker, today = world.users["clerk"], world.users["checker"], timezone.localdate()

    def told(by):
        return {"by": by, "at": timezone.now(), "key": uuid.uuid4()}

    world.member = member
    end = today + datetime.timedelta(days=5)
    grant = grants.ask(member, minutes=60, expires_on=end, reason="骨折", **told(clerk))
    approvals.approve(grant, by=checker, at=timezone.now())
    world.redemption = redemptions.ask(member, minutes=40, on=today, **told(clerk))
    approvals.approve(world.redemption, by=checker, at=timezone.now())


def _ask_about_people(world, member, *, by):
    """A copy of all data that was asked for, a look at a phone, and two records that may be of
    one person.
    """
    told = {"by": by, "at": timezone.now()}
    access_log.look(member, ["phones"], reason="call", page="person_unmask", **told)
    world.asked = asking.ask(member, kind="copy", key=uuid.uuid4(), **told)
    one, other = (
        VolunteerFactory(
            member__name="赵桂兰", member__phone=phone, member__address=home, skills=[home]
        ).member
        for phone, home in (("13700000001", "关上 1 幢"), ("13700000002", "关上 2 幢"))
    )
    world.merge = merges.ask(one, other, taken=[], reason="同一身份证", key=uuid.uuid4(), **told)


def _rights(world, users, elder, relative):
    """A decision and a kinship that wait, a contact, an agent, and words yes and no."""
    clerk, today = users["clerk"], timezone.localdate()

    def told():
        return {"by": clerk, "at": timezone.now(), "key": uuid.uuid4()}

    world.assessment = assessments.assess(
        elder.elder, on=today, result="none", reason="儿子搬回来了", **told()
    )
    kin = {"relation": "child", "proof": "household_register", "proof_note": "第 3 页"}
    world.kinship = kinship.enter(elder, relative=relative, seen_on=today, **kin, **told())
    contacts.add(elder, name="李梅", relation="女儿", phone="13888880009", by=clerk)
    days = {"since": today, "until": None}
    scopes = Agent.Scope.values
    agents.appoint(elder, agent=relative, scopes=scopes, how="paper", **days, **told())
    consents.withdraw(elder, "statistics", how="call", by=clerk, at=timezone.now())


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
