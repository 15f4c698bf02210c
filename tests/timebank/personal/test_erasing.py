"""Erasure: restricted at once, emptied by a second person, the books whole."""

import os
import uuid

import psycopg
import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection
from django.test import Client
from django.utils import timezone

from ledger import accounts, approvals, redemptions, requests
from ledger.models import Transfer, TransferKind
from ledger.verification import verify
from members import agents, encryption, joining, search, signing_in
from members.models import (
    Area,
    Assessment,
    Consent,
    DataRequest,
    Device,
    Elder,
    Kinship,
    Look,
    Member,
    MemberPhone,
    SignInCode,
    User,
    Volunteer,
)
from members.models.encrypted import EncryptedField
from services import objections
from services.models import Objection, RegisterBatch, Visit
from services.papers import certificates
from tests.factories import MemberFactory, StaffFactory, VisitFactory, community
from tests.ledger.people import credit, hours, pool
from timebank import database
from timebank.merging import merges
from timebank.personal import asking, erasing

from .conftest import KNOWN

pytestmark = pytest.mark.django_db


def fresh(member):
    return Member.objects.get(pk=member.pk)


def whole_database():
    """Every table as COPY writes it, read by the superuser: what a dump would hold.

    And what is sealed in it, opened: an erasure is not a lost key.
    """
    where = database.superuser(os.environ["TIMEBANK_SOCKET"], connection.settings_dict["NAME"])
    held = {}
    with psycopg.connect(where) as superuser:
        tables = superuser.execute(
            "SELECT oid::regclass::text FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        for (table,) in tables:
            with superuser.cursor().copy(f"COPY {table} TO STDOUT") as copy:
                held[table] = b"".join(bytes(part) for part in copy).decode()
    for model in apps.get_models():
        sealed = [f.attname for f in model._meta.fields if isinstance(f, EncryptedField)]
        for row in model._base_manager.all() if sealed and not model._meta.proxy else []:
            held[model._meta.db_table] += "".join(f"{getattr(row, name)}\n" for name in sealed)
    held["django_session"] += str([one.get_decoded() for one in Session.objects.all()])
    return held


def found_in(held):
    return {(t, what) for t, text in held.items() for what, value in KNOWN.items() if value in text}


@pytest.mark.django_db(transaction=True)
def test_a_dump_after_an_erasure_holds_none_of_the_known_values(
    person, served, register, ask, erase, client, tmp_path
):
    client.force_login(person.user)
    Device.objects.create(user=person.user, label="Safari · iPhone", session="hers")
    _asked_for_a_code(client)
    _written_in_the_log(person)
    _written_in_the_history(person)
    RegisterBatch.objects.update(state="discarded")
    before = found_in(whole_database())
    assert {what for _table, what in before} == set(KNOWN)
    assert {table for table, _what in before} >= WITH_WORDS

    erase(ask(hours_words="都捐给公益池"))

    assert found_in(whole_database()) == set()
    assert not Device.objects.exists()
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []
    assert verify().faults == []


# Where words of a person stand, or values that are sealed.
WITH_WORDS = {
    "django_admin_log",
    "django_session",
    "members_assessment",
    "members_change",
    "members_consent",
    "members_contactperson",
    "members_elder",
    "members_kinship",
    "members_look",
    "members_member",
    "members_memberphone",
    "members_notice",
    "members_signincode",
    "members_volunteer",
    "services_registerrow",
    "services_visit",
}


def _asked_for_a_code(client):
    """Somebody typed the phone in another browser, so that it waits in a session there."""
    elsewhere = Client()
    elsewhere.post("/sign-in/", {"phone": KNOWN["phone"]})
    signing_in.send_code(KNOWN["phone"], address=None, at=timezone.now())


def _written_in_the_history(member):
    for name in ("别人", KNOWN["contact"]):
        joining.amend(member, by=None, at=timezone.now(), elder={"contact_name": name})


def _written_in_the_log(member):
    LogEntry.objects.create(
        user=StaffFactory(),
        content_type=ContentType.objects.get_for_model(Member),
        object_id=str(member.pk),
        object_repr=member.name,
        action_flag=CHANGE,
        change_message=KNOWN["note"],
    )


@pytest.mark.django_db(transaction=True)
def test_a_certificate_alone_keeps_the_name_and_still_verifies(person, served, ask, erase, clerk):
    today = timezone.localdate()
    period = {"start": today, "end": today}
    paper = certificates.issue(
        person,
        **period,
        seen=certificates.figures(person, **period).digest,
        key=uuid.uuid4(),
        by=clerk,
        at=timezone.now(),
    )

    erase(ask(hours_words="都捐给公益池"))

    assert found_in(whole_database()) == {("services_certificate", "name")}
    assert certificates.standings([paper])[0].state == "genuine"


def test_what_was_decided_of_the_erased_stays_without_its_words(person, ask, erase):
    rows = {
        model: list(model.objects.order_by("pk").values())
        for model in (Kinship, Assessment, Consent, Look)
    }

    erase(ask())

    emptied = {
        Kinship: {"proof_note": encryption.EMPTIED},
        Assessment: {"reason": encryption.EMPTIED, "living": "", "age": None},
        Consent: {"witness": erasing.GONE},
        Look: {"words": erasing.GONE},
    }
    for model, gone in emptied.items():
        assert list(model.objects.order_by("pk").values()) == [row | gone for row in rows[model]]
    assert {one.proof_note for one in Kinship.objects.all()} == {"–"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("members_kinship", "proof_note = 'anything'"),
        ("members_kinship", "proof_note = members_emptied(), relation = 'parent'"),
        ("members_kinship", "return_reason = members_emptied()"),  # where there was none
        ("members_kinship", "proof_note = ''"),
        ("members_assessment", "reason = 'anything'"),
        ("members_assessment", "age = 99"),
        ("members_assessment", "living = 'alone', age = NULL, result = 'none'"),
        ("members_consent", "witness = 'anything'"),
        ("members_consent", "act = 'withdrawn'"),
        ("members_look", "words = 'anything'"),
        ("members_look", "fields = '{id_number}', words = '–'"),
    ],
)
def test_nothing_but_emptying_is_let_through(person, table, change):
    where = database.superuser(os.environ["TIMEBANK_SOCKET"], connection.settings_dict["NAME"])

    with psycopg.connect(where) as superuser, pytest.raises(psycopg.errors.RestrictViolation):
        superuser.execute(f"UPDATE {table} SET {change}")


def test_who_acted_for_the_erased_acts_no_longer(person, ask, erase, clerk, administrator):
    agent = agents.appoint(
        person,
        agent=MemberFactory(),
        scopes=["see"],
        since=timezone.localdate(),
        until=None,
        how="paper",
        by=clerk,
        at=timezone.now(),
        key=uuid.uuid4(),
    )

    erase(ask())

    agent.refresh_from_db()
    assert (agent.revoked_by, agent.revoked_at is not None) == (administrator, True)


def test_asking_restricts_at_once(person, ask, client, clerk, checker, administrator):
    client.force_login(person.user)

    ask()

    assert fresh(person).standing == Member.Standing.RESTRICTED
    for text in (KNOWN["name"], *(phone.number for phone in person.phones.all())):
        assert search.find(text, areas=Area.objects.within(community())) == []
    assert client.get("/my-time/").status_code == 302
    seen = {u.username for u in (clerk, checker, administrator) if person in _seen_by(u)}
    assert seen == {"administrator"}
    signing_in.send_code(KNOWN["phone"], address=None, at=timezone.now())
    assert not User.objects.get(member=person).is_active


def _seen_by(user):
    return Member.objects.visible_to(User.objects.get(pk=user.pk))


def test_withdrawn_all_is_as_before(person, ask, clerk):
    request = ask()

    asking.withdraw(request, by=clerk, at=timezone.now())

    assert fresh(person).standing == Member.Standing.HERE
    assert search.find(KNOWN["name"], areas=Area.objects.within(community())) == [person]
    assert User.objects.get(member=person).is_active
    ask()


def test_an_erasure_changes_what_it_must_and_nothing_else(person, served, ask, erase):
    visit = Visit.objects.get(pk=served.pk)
    figures = (visit.served_minutes, visit.banked_minutes, visit.service_date, visit.journal)

    erase(ask(hours_words="都捐给公益池"))

    one = fresh(person)
    assert (one.key, one.number, one.registered_on) == (
        person.key,
        person.number,
        person.registered_on,
    )
    assert (one.name, one.sex, one.birth_date) == (f"#{person.number}", "", None)
    assert (one.id_number, one.address, one.note) == (None, "", "")
    assert one.standing == Member.Standing.ERASED
    assert not MemberPhone.objects.filter(member=one).exists()
    assert not SignInCode.objects.exists()
    assert Volunteer.objects.get(member=one).skills == []
    assert Elder.objects.get(member=one).living == ""
    visit.refresh_from_db()
    kept = (visit.served_minutes, visit.banked_minutes, visit.service_date, visit.journal)
    assert kept == figures
    assert (visit.volunteer, visit.note) == (one, "")


def test_hours_go_to_the_pool_when_the_member_said_so(person, served, ask, erase, clerk):
    before = pool(person.area)
    request = ask(hours_words="都捐给公益池")

    erase(request)

    assert pool(person.area) == before + 60
    assert hours(person) == (0, 0, 0)
    closed = Transfer.objects.get(kind=TransferKind.CLOSURE)
    assert closed.actor == clerk.pk
    request.refresh_from_db()
    assert (request.state, request.hours_words) == (DataRequest.State.DONE, erasing.GONE)


def test_without_their_word_hours_keep_the_record(person, served, ask, erase):
    request = ask()

    with pytest.raises(erasing.HoursLeft):
        erase(request)

    assert fresh(person).name == KNOWN["name"]


def test_who_asked_for_it_does_not_carry_it_out(ask, erase, administrator, person):
    request = ask(by=administrator)

    with pytest.raises(asking.OwnEntry):
        erase(request)
    with pytest.raises(
        IntegrityError, match="members_datarequest_erasure_is_carried_out_by_another"
    ):
        DataRequest.objects.filter(pk=request.pk).update(
            state="done", identity="known", closed_by=administrator, closed_at=timezone.now()
        )


@pytest.mark.parametrize("role", ["clerk", "checker", "coordinator", "auditor"])
def test_only_administrators_erase(ask, erase, role):
    with pytest.raises(PermissionDenied):
        erase(ask(), by=StaffFactory(role=role))


def test_an_administrator_of_another_area_erases_nobody_here(ask, erase):
    stranger = StaffFactory(role="administrator", area=community("530111001002"))

    with pytest.raises(PermissionDenied):
        erase(ask(), by=stranger)


def test_nobody_is_erased_twice(person, ask, erase, clerk):
    request = ask()
    erase(request)

    with pytest.raises(asking.NotOpen):
        erase(request)
    with pytest.raises(asking.NotOpen):
        asking.withdraw(request, by=clerk, at=timezone.now())
    with pytest.raises(asking.NotHere):
        ask()


def test_visits_that_wait_are_decided_first(person, ask, erase):
    VisitFactory(volunteer=person)

    with pytest.raises(erasing.VisitsWait):
        erase(ask())


def objected(visit, person):
    told = {"reason": "other", "words": KNOWN["reason"], "by": person.user, "at": timezone.now()}
    return objections.write_down(person, visit, key=uuid.uuid4(), **told)


def test_what_is_said_not_to_be_right_is_answered_first(person, served, ask, erase, checker):
    said = objected(served, person)
    with pytest.raises(erasing.ObjectionsWait):
        erase(ask(hours_words="都捐给公益池"))

    told = {"outcome": "right", "words": KNOWN["look"], "by": checker, "at": timezone.now()}
    objections.answer(said, **told)
    erase(DataRequest.objects.get())

    said = Objection.objects.get()
    assert (said.words, said.answer) == ("", "")
    assert (said.reason, said.outcome, said.answered_by) == ("other", "right", checker)


@pytest.mark.django_db(transaction=True)
def test_a_register_that_is_not_posted_is_decided_first(register, ask, erase):
    with pytest.raises(erasing.RegisterWaits):
        erase(ask())


def test_who_comes_back_gets_a_new_number(person, ask, erase, clerk):
    erase(ask())

    again = joining.register(
        area=person.area,
        name=KNOWN["name"],
        id_number=KNOWN["id_number"],
        phones=[KNOWN["phone"]],
        by=clerk,
        at=timezone.now(),
    )

    assert again.number != person.number
    assert again.key != person.key
    assert search.find(KNOWN["name"], areas=Area.objects.within(community())) == [again]


def test_records_that_were_merged_into_it_are_emptied_too(person, ask, erase, clerk, checker):
    other = joining.register(
        area=person.area, name="欧阳慧", address="旧地址 5 号", by=clerk, at=timezone.now()
    )
    told = {"taken": [], "reason": "同一身份证", "key": uuid.uuid4()}
    merge = merges.ask(person, other, **told, by=clerk, at=timezone.now())
    merges.approve(merge, by=checker, at=timezone.now())

    erase(ask())

    assert (fresh(other).name, fresh(other).address) == (f"#{other.number}", "")
    assert fresh(other).merged_into == person
    merge.refresh_from_db()
    assert merge.reason == erasing.GONE


def test_hours_that_are_set_aside_are_released_first(person, ask, erase, clerk, checker):
    credit(person, 120)
    redeem = redemptions.ask(
        person, minutes=60, on=timezone.localdate(), by=clerk, at=timezone.now(), key=uuid.uuid4()
    )
    approvals.approve(redeem, by=checker, at=timezone.now())

    with pytest.raises(requests.HoursAreHeld):
        erase(ask(hours_words="都捐给公益池"))

    assert accounts.number_of(person.area_id, person.key)
    assert fresh(person).name == KNOWN["name"]
