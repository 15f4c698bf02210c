"""services.objections: what members say is not right, and the answer; what the database refuses."""

import datetime
import os
import uuid
from contextlib import contextmanager

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ledger import donations
from ledger.models import Transfer
from members import rotation
from members.models import Member, Notice
from services import objections, visits
from services.models import Objection, Visit
from tests.factories import (
    ElderFactory,
    MemberFactory,
    StaffFactory,
    UserFactory,
    VisitFactory,
    VolunteerFactory,
    community,
)
from tests.ledger.people import by, credit
from tests.members.test_rotation import NEW
from tests.services.test_visits_log import NOW, log
from timebank import database

pytestmark = pytest.mark.django_db
WORDS = "那天我在医院"


@pytest.fixture
def clerk():
    return StaffFactory(role="clerk")


@pytest.fixture
def checker():
    return StaffFactory(role="checker")


@pytest.fixture
def volunteer():
    return VolunteerFactory(member__phone="13888880001").member


@pytest.fixture
def visit(volunteer, clerk):
    return log(volunteer, ElderFactory().member, by=clerk)


@pytest.fixture
def user(volunteer):
    return UserFactory(member=volunteer)


def say(member, line, author, **changes):
    told = {"reason": "time", "words": WORDS, "by": author, "at": NOW, "key": uuid.uuid4()}
    return objections.write_down(member, line, **told | changes)


def answer(said, author, **changes):
    told = {"outcome": "right", "words": "有您的签名", "by": author, "at": NOW}
    return objections.answer(said, **told | changes)


def booking_of(member, author):
    """A donation of the member's, as a line that is no visit."""
    credit(member, 600)
    donation = donations.give(member, minutes=30, **by(author))
    return objections.Booking(member.area, donation.key)


def test_a_member_says_that_a_visit_is_not_right_and_no_hours_move(volunteer, visit, user):
    moved = Transfer.objects.count()

    said = say(volunteer, visit, user)

    said = Objection.objects.get(pk=said.pk)
    assert (said.visit, said.journal, said.area) == (visit, None, visit.area)
    assert (said.member, said.entered_by, said.entered_at) == (volunteer, user, NOW)
    assert (said.reason, said.words, said.state) == ("time", WORDS, "waiting")
    assert said.due_on == datetime.date(2026, 12, 7)  # ten working days after a Monday
    assert Transfer.objects.count() == moved
    assert Visit.objects.get(pk=visit.pk).state == "confirmed"


def test_words_lie_sealed_in_the_database(volunteer, visit, user, checker):
    said = answer(say(volunteer, visit, user), checker)

    with connection.cursor() as cursor:
        cursor.execute("SELECT words, answer FROM services_objection WHERE id = %s", [said.pk])
        sealed = b"".join(bytes(value) for value in cursor.fetchone())

    assert WORDS.encode() not in sealed
    assert "签名".encode() not in sealed


def test_a_line_that_is_no_visit_is_told_by_its_journal(volunteer, user):
    line = booking_of(volunteer, user)

    said = say(volunteer, line, user)

    assert (said.visit, said.journal, said.area) == (None, line.journal, volunteer.area)


def test_staff_write_it_down_for_somebody_who_calls(visit, clerk):
    said = say(visit.elder, visit, clerk, reason="not_there", words="")

    assert (said.member, said.entered_by, said.words) == (visit.elder, clerk, "")


def test_both_people_of_a_visit_may_say_so(volunteer, visit, user, clerk):
    say(volunteer, visit, user)
    say(visit.elder, visit, clerk)

    assert visit.objections.waiting().count() == 2


def test_nobody_speaks_for_others(volunteer, visit, clerk):
    stranger = MemberFactory()
    for author in (
        UserFactory(member=stranger),
        StaffFactory(role="auditor"),
        StaffFactory(role="clerk", area=community("530111001002")),
    ):
        with pytest.raises(PermissionDenied):
            say(volunteer, visit, author)

    assert not Objection.objects.exists()


def test_nobody_objects_to_what_is_of_others(visit, volunteer, user):
    stranger = UserFactory(member=MemberFactory())
    line = booking_of(volunteer, user)

    for about in (visit, line, line._replace(journal=uuid.uuid4())):
        with pytest.raises(PermissionDenied):
            say(stranger.member, about, stranger)


def test_the_same_key_is_the_same_objection(volunteer, visit, user):
    key = uuid.uuid4()

    assert say(volunteer, visit, user, key=key) == say(volunteer, visit, user, key=key)
    assert Objection.objects.count() == 1


def test_a_key_is_not_used_for_something_else(volunteer, visit, user, clerk):
    key = say(volunteer, visit, user).key

    with pytest.raises(objections.KeyReused):
        say(visit.elder, visit, clerk, key=key)
    with pytest.raises(objections.KeyReused):
        say(volunteer, booking_of(volunteer, user), user, key=key)


def test_a_line_waits_once_and_may_be_said_anew_after_the_answer(volunteer, visit, user, checker):
    first = say(volunteer, visit, user)
    with pytest.raises(objections.WaitsAlready):
        say(volunteer, visit, user)

    answer(first, checker)
    say(volunteer, visit, user)

    assert [one.state for one in visit.objections.order_by("pk")] == ["answered", "waiting"]


def test_twenty_may_wait_and_no_more(volunteer, user, checker, monkeypatch):
    assert objections.MOST_WAITING == 20
    monkeypatch.setattr(objections, "MOST_WAITING", 2)
    first = say(volunteer, VisitFactory(volunteer=volunteer), user)
    say(volunteer, VisitFactory(volunteer=volunteer), user)

    with pytest.raises(objections.TooMany):
        say(volunteer, VisitFactory(volunteer=volunteer), user)

    answer(first, checker)
    say(volunteer, VisitFactory(volunteer=volunteer), user)


def test_a_checker_answers_and_the_member_is_told_that_there_is_an_answer(
    volunteer, visit, user, checker, delivered
):
    said = answer(say(volunteer, visit, user), checker, outcome="mended", words="已改成一小时")

    said = Objection.objects.get(pk=said.pk)
    assert (said.state, said.outcome, said.answer) == ("answered", "mended", "已改成一小时")
    assert (said.answered_by, said.answered_at) == (checker, NOW)
    notice = Notice.objects.get()
    assert (notice.member, notice.template, notice.variables) == (
        volunteer,
        "objection_answered",
        {},
    )
    sent = delivered(at=NOW)
    assert "SMS to" in sent
    assert WORDS not in sent
    assert "一小时" not in sent


def test_who_has_no_mobile_gets_no_message_that_would_fail(visit, clerk, checker):
    said = answer(say(visit.elder, visit, clerk), checker)

    assert not objections.can_be_told(said.member)
    assert not Notice.objects.exists()


def test_it_is_answered_once(volunteer, visit, user, checker):
    said = answer(say(volunteer, visit, user), checker)

    with pytest.raises(objections.NotWaiting):
        answer(said, StaffFactory(role="checker"), outcome="mended")
    assert Objection.objects.get().outcome == "right"


@pytest.mark.parametrize("role", ["clerk", "auditor"])
def test_only_a_second_person_answers(volunteer, visit, user, role):
    said = say(volunteer, visit, user)
    nobody = StaffFactory(role=role)

    assert not objections.may_answer(said, by=nobody)
    with pytest.raises(PermissionDenied):
        answer(said, nobody)


def test_staff_of_another_community_do_not_answer(volunteer, visit, user):
    said = say(volunteer, visit, user)

    with pytest.raises(PermissionDenied):
        answer(said, StaffFactory(role="administrator", area=community("530111001002")))


def test_who_entered_the_visit_does_not_answer(volunteer, user, checker, monkeypatch):
    own = log(volunteer, ElderFactory().member, by=checker)
    said = say(volunteer, own, user)

    assert not objections.may_answer(said, by=checker)
    with pytest.raises(objections.OwnEntry):
        answer(said, checker)
    monkeypatch.setattr(objections, "_entered_by", lambda _said: set())
    with refused("is_answered_by_another"):
        answer(said, checker)


def test_who_booked_the_line_does_not_answer(volunteer, user, checker, monkeypatch):
    said = say(volunteer, booking_of(volunteer, checker), user)

    with pytest.raises(objections.OwnEntry):
        answer(said, checker)
    monkeypatch.setattr(objections, "_entered_by", lambda _said: set())
    with refused("is_answered_by_another"):
        answer(said, checker)


def test_mending_goes_by_the_visit_s_own_undoing(volunteer, visit, user, checker):
    said = say(volunteer, visit, user)

    visits.undo(visit, by=checker, at=NOW)
    answer(said, checker, outcome="mended")

    assert Visit.objects.get(pk=visit.pk).state == "reversed"


def create(member, line, author, **changes):
    """A row past every rule of Python's."""
    told = {"reason": "time", "words": "x", "entered_by": author, "entered_at": NOW}
    told |= {"member": member, "area": member.area, "visit": line, "due_on": NOW.date()}
    with transaction.atomic():
        return Objection.objects.create(**told | changes)


@contextmanager
def refused(name):
    with pytest.raises(IntegrityError) as refusal:
        yield
    assert refusal.value.__cause__.diag.constraint_name == f"services_objection_{name}"


def test_it_is_about_a_visit_or_a_booking(volunteer, visit, user):
    for wrong in ({"journal": uuid.uuid4()}, {"visit": None}):
        with refused("is_about_a_visit_or_a_booking"):
            create(volunteer, visit, user, **wrong)


def test_one_of_a_line_waits(volunteer, visit, user):
    journal = uuid.uuid4()
    create(volunteer, visit, user)
    create(volunteer, None, user, journal=journal)

    with refused("to_a_line_waits_once"):
        create(volunteer, visit, user)
    with refused("to_a_line_waits_once"):
        create(volunteer, None, user, journal=journal)


def test_it_says_what_is_not_right(volunteer, visit, user):
    with refused("says_what_is_not_right"):
        create(volunteer, visit, user, reason="")


def test_it_is_answered_whole_or_not_at_all(volunteer, visit, user, checker):
    whole = {"state": "answered", "outcome": "right", "answer": "x"}
    whole |= {"answered_by": checker, "answered_at": NOW}
    lacking = [
        {"state": "waiting"},
        {"outcome": ""},
        {"outcome": "x"},
        {"answered_by": None},
        {"answered_at": None},
    ]
    for part in [{"answer": "x"}, {"outcome": "right"}, *(whole | one for one in lacking)]:
        with refused("is_answered_whole_or_not_at_all"):
            create(volunteer, visit, user, **part)

    create(volunteer, visit, user, **whole)


# The row once more, answered, with these two written past the field that seals them.
AS_TOLD = """
    INSERT INTO services_objection (key, area_id, visit_id, member_id, reason, words, entered_by_id,
        entered_at, due_on, state, outcome, answer, answered_by_id, answered_at)
    SELECT gen_random_uuid(), area_id, visit_id, member_id, reason, %(words)s, entered_by_id,
        entered_at, due_on, 'answered', 'right', %(answer)s, %(by)s, now() FROM services_objection
"""


@pytest.mark.parametrize("column", ["words", "answer"])
def test_nothing_in_plain_is_kept(volunteer, visit, user, checker, column):
    create(volunteer, visit, user)
    told = {"words": b"", "answer": b"", "by": checker.pk} | {column: b"plain"}

    with refused(f"{column}_is_sealed"), connection.cursor() as cursor:
        cursor.execute(AS_TOLD, told)


def test_it_names_somebody_who_is_here(visit, clerk):
    gone = MemberFactory()
    Member.objects.filter(pk=gone.pk).update(standing="restricted")

    with refused("names_somebody_who_is_here"):
        create(gone, visit, clerk)


def as_superuser(statement):
    where = database.superuser(os.environ["TIMEBANK_SOCKET"], connection.settings_dict["NAME"])
    with psycopg.connect(where) as there:
        there.execute(statement)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("is_answered", "change"),
    [
        (False, "reason = 'other'"),
        (False, "due_on = due_on + 1"),
        (False, r"words = '\x0102'"),
        (True, "state = 'waiting', outcome = '', answer = '', answered_by_id = NULL,"
               " answered_at = NULL"),
        (True, "outcome = 'mended'"),
        (True, r"answer = '\x0102'"),
    ],
)  # fmt: skip
def test_what_was_said_and_answered_is_not_rewritten(
    volunteer, visit, user, checker, is_answered, change
):
    said = say(volunteer, visit, user)
    if is_answered:
        answer(said, checker)

    with pytest.raises(psycopg.errors.RestrictViolation, match="what was said and answered"):
        as_superuser(f"UPDATE services_objection SET {change}")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["DELETE FROM", "TRUNCATE"])
def test_nobody_takes_an_objection_away(volunteer, visit, user, act):
    say(volunteer, visit, user)

    with pytest.raises(psycopg.errors.RestrictViolation, match="what was said and answered"):
        as_superuser(f"SET session_replication_role = replica; {act} services_objection")
    refusal = pytest.raises(Exception, match="permission denied")
    with refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{act} services_objection")


def test_a_change_of_keys_seals_it_anew(volunteer, visit, user, checker, settings):
    said = answer(say(volunteer, visit, user), checker)
    settings.ENCRYPTION_KEYS += f",{NEW}"

    list(rotation.rotate())

    anew = Objection.objects.get(pk=said.pk)
    assert bytes(anew.__dict__["words"])[0] == 2
    assert (anew.words, anew.answer) == (WORDS, "有您的签名")


def test_a_member_sees_their_own_and_staff_those_of_their_areas(volunteer, visit, user, clerk):
    said = say(volunteer, visit, user)
    other = say(visit.elder, visit, clerk)
    outside = StaffFactory(role="clerk", area=community("530111001002"))

    seen = {who.pk: set(Objection.objects.visible_to(who)) for who in (user, clerk, outside)}

    assert seen == {user.pk: {said}, clerk.pk: {said, other}, outside.pk: set()}


def test_it_waits_from_when_it_was_said(volunteer, visit, user):
    assert say(volunteer, visit, user, at=timezone.now()).state == "waiting"
