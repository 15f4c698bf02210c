"""The walk's world, with somebody for each column of the table, and something to act upon."""

import datetime
import uuid

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from ledger import accounts, closures, donations, policies, redemptions, transfers
from ledger.models import Policy, TransferKind
from members import access_log, agents, drafts, joining, kinship, rules, signing_in
from members.models import Agent, Area, Device, EligibilityRules, Notice, StaffRole, User
from services import visits
from services.models import Category
from services.papers import certificates
from tests.access.table import columns
from tests.browser import world as walk
from tests.factories import ElderFactory, StaffFactory, UserFactory, VolunteerFactory, community
from timebank.merging import merges
from timebank.months import closing
from timebank.personal import asking
from timebank.statements import yearly

PASSWORD = "correct horse battery"
CODE = "314159"
INSIDE, OUTSIDE = "530111001000", "530111002000"
PURPOSE = f"my_hours.{walk.about_to_give()['key']}"
# What tells of the people and papers inside; nobody from outside may read one of these.
NAMES = ("迪丽热巴", "李建国", "高桂峰", "赵桂兰")


def build():
    """`users` by column; None for the public. The maker has entered what waits, and has all roles
    that enter and approve.
    """
    world = walk.build()
    by_walk, world.users = world.users, dict.fromkeys(columns())
    maker = by_walk["clerk"]
    for role in ("checker", "administrator"):
        StaffRole.objects.create(user=maker, role=role, area=Area.objects.get(code=INSIDE))
    maker = User.objects.get(pk=maker.pk)  # with all its roles
    stranger = VolunteerFactory(member__name="胡志平", member__phone="13888880003").member
    world.elder = world.visit.elder
    world.volunteer = VolunteerFactory(member__name="高桂峰").member
    world.agency = _agency(world.elder, by=maker)
    world.users |= {
        "owner": by_walk["volunteer"],
        "other side": by_walk["elder"],
        "agent": UserFactory(username="agent", member=world.agency.agent),
        "stranger": UserFactory(username="stranger", member=stranger),
        "no role": UserFactory(username="no-role"),
        "maker": maker,
        "superuser": UserFactory(username="superuser", is_superuser=True, is_staff=True),
    }
    for role in StaffRole.Role.values:
        world.users[role] = _staff(role, INSIDE)
        world.users[f"{role} out"] = _staff(role, OUTSIDE)
    User.objects.filter(member=None).update(password=make_password(PASSWORD))
    fresh = User.objects.in_bulk([user.pk for user in world.users.values() if user])
    world.users = {column: user and fresh[user.pk] for column, user in world.users.items()}
    world.copy = world.asked  # of their data; a redemption is asked for next
    _act(world, world.users["maker"])
    _ask_in_their_name(world)
    _ask_about_people(world, world.users["maker"], second=by_walk["checker"])
    _leave_traces(world)
    return world


def _agency(elder, *, by):
    """A daughter who may act for the elder in everything, and is to be called as well."""
    daughter = VolunteerFactory(member__name="李小妹", member__phone="13888880004").member
    contact = {"contact_name": daughter.name, "contact_phone": "13888880004"}
    told = {"at": timezone.now(), "by": by}
    joining.amend(elder, **told, phones=["13888880002"], elder=contact)
    days = {"since": timezone.localdate(), "until": None}
    return agents.appoint(
        elder,
        agent=daughter,
        scopes=Agent.Scope.values,
        how="paper",
        key=uuid.uuid4(),
        **days,
        **told,
    )


def _staff(role, code):
    return StaffFactory(username=f"{role}-{code}", role=role, area=Area.objects.get(code=code))


def _act(world, maker):
    """Let something of each kind wait, and be there to undo, to thaw and to print."""
    member, told = world.member, {"by": maker, "at": timezone.now()}
    today = timezone.localdate()
    world.newcomer = ElderFactory(member__name="没有这个人").member  # the register names them
    _earn(member, by=maker)
    world.given = donations.give(member, minutes=30, key=uuid.uuid4(), **told)
    world.asked = redemptions.ask(member, minutes=20, on=today, key=uuid.uuid4(), **told)
    world.leaver = VolunteerFactory(member__name="高桂英").member
    _earn(world.leaver, by=maker)
    closures.freeze(world.leaver, **told)
    world.logged = _logged(world, told)
    year = today.replace(month=1, day=1)
    world.seen = certificates.figures(member, start=year, end=today).digest
    yearly.make(world.run, at=timezone.now())
    world.closable, closed = community("530111001002"), community("530111001003")
    world.last = today.replace(day=1) - datetime.timedelta(days=1)
    world.closing = closing.ask(closed, world.last, **told, reason="纸张遗失")
    world.version = _version(world.visit.area, maker)
    for purpose in ("", PURPOSE):
        sent = {"address": None, "at": timezone.now(), "purpose": purpose}
        signing_in.send_code("13888880001", **sent)


def _ask_in_their_name(world):
    """The elder has hours, of which their agent has asked for some."""
    _earn(world.elder, by=world.users["maker"])
    told = {"by": world.users["agent"], "at": timezone.now(), "key": uuid.uuid4()}
    day = timezone.localdate()
    world.in_their_name = redemptions.ask(world.elder, minutes=20, on=day, **told)


def _ask_about_people(world, maker, *, second):
    """A kinship that counts, a merge that is done and one to ask for, a copy handed out."""
    told, today = {"by": maker, "at": timezone.now()}, timezone.localdate()
    by_second = {"by": second, "at": timezone.now()}
    shown = {"relation": "other", "proof": "letter", "proof_note": "", "seen_on": today}
    people = {"relative": world.newcomer, "key": uuid.uuid4()}
    world.kin = kinship.confirm(kinship.enter(world.leaver, **people, **shown, **told), **by_second)
    world.pair = [VolunteerFactory(member__name="赵桂兰").member for _ in range(2)]
    others = [VolunteerFactory(member__name="赵桂兰").member for _ in range(2)]
    merge = merges.ask(*others, taken=[], reason="同一身份证", key=uuid.uuid4(), **told)
    world.merged = merges.approve(merge, **by_second)
    handed = asking.ask(world.elder, kind="copy", key=uuid.uuid4(), **told)
    world.handed = asking.hand_out(handed, identity="known", **told)
    world.contact = world.elder.contacts.get()
    world.rules = EligibilityRules(area=world.visit.area, effective_from=today, age_a=79)
    rules.propose(world.rules, **told)
    seen = {"reason": "call", "page": "person_unmask"}
    access_log.look(world.member, ["phones"], **seen, **told)


def _leave_traces(world):
    """Of a clerk two browsers and what was being typed; a message that did not arrive."""
    clerk, now = world.users["clerk"], timezone.now()
    for number in range(2):
        Device.objects.create(user=clerk, label="Firefox · Linux", session=f"clerk {number}")
    drafts.keep(clerk, path="/visits/log/", fields=[("note", "雨")], was_sent=False, at=now)
    world.notice = Notice.objects.filter(member=world.member, template="new_device").get()


def _earn(member, *, by):
    account = accounts.open_for(member.area, [member.key])[member.key]
    leg = transfers.Leg(TransferKind.EARN, accounts.ISSUANCE, account, 600)
    transfers.post(member.area_id, uuid.uuid4(), leg, effective_on=timezone.localdate(), by=by.pk)


def _logged(world, told):
    return visits.log(
        key=uuid.uuid4(),
        area=world.volunteer.area,
        volunteer=world.volunteer,
        elder=world.elder,
        category=Category.objects.get(code="shopping"),
        service_date=timezone.localdate(),
        minutes=60,
        method="signature",
        **told,
    )


def _version(area, maker):
    base = Policy.objects.in_force(area, timezone.localdate())
    values = {field.attname: getattr(base, field.attname) for field in policies.rules()}
    day = timezone.localdate() + datetime.timedelta(days=3)
    new = Policy(area=area, effective_from=day, based_on=base, **values)
    new.day_cap = 130
    return policies.propose(new, by=maker, at=timezone.now())
