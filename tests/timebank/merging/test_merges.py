"""Two records of one person made one: what moves, who decides, what stands in the way, and back."""

import datetime
import os
import uuid

import psycopg
import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from psycopg import errors

from ledger import approvals, gifts, requests
from ledger.models import MovementRequest
from members import search, signing_in
from members.models import Area, DataRequest, Elder, Member, Merge, MergedRow, User, Volunteer
from services import objections
from services.models import Objection, RegisterBatch, Visit
from services.papers import certificates
from tests.factories import (
    MemberFactory,
    StaffFactory,
    UserFactory,
    VisitFactory,
    VolunteerFactory,
    community,
)
from tests.ledger.people import credit
from timebank import database
from timebank.merging import merges, sides
from timebank.personal.places import PLACES

from .conftest import fresh

pytestmark = pytest.mark.django_db
NINE = datetime.datetime(2026, 11, 3, 1, 0, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)


def confirmed(**fields):
    return VisitFactory(state="confirmed", confirmed_at=timezone.now(), **fields)


def test_everything_belongs_to_the_kept_record_afterwards(kept, gone, ask, approve):
    given, received = confirmed(volunteer=gone), confirmed(elder=gone)
    UserFactory(member=gone, username="her-phone")

    merge = approve(ask(taken=["address"]))

    assert merge.state == Merge.State.DONE
    kept, gone = fresh(kept), fresh(gone)
    assert (gone.standing, gone.merged_into) == (Member.Standing.MERGED, kept)
    assert sorted(p.number for p in kept.phones.all()) == ["087164561234", "13888880001"]
    assert (kept.address, gone.address) == ("关上 3 幢", "")
    assert Elder.objects.get(member=kept).living == Elder.Living.ALONE
    assert Volunteer.objects.get(member=kept).skills == ["理发"]
    assert User.objects.get(username="her-phone").member == kept
    assert Visit.objects.get(pk=given.pk).volunteer == kept
    assert Visit.objects.get(pk=received.pk).elder == kept


def test_it_is_written_down_which_rows_came_from_where(kept, gone, ask, approve):
    visit = confirmed(volunteer=gone)

    merge = approve(ask())

    moved = set(MergedRow.objects.filter(merge=merge).values_list("model", "column", "row"))
    phone = kept.phones.get(number_index="087164561234")
    assert moved == {
        ("services.Visit", "volunteer", visit.pk),
        ("members.MemberPhone", "member", phone.pk),
        ("members.Elder", "member", Elder.objects.get(member=kept).pk),
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["UPDATE {} SET row = row + 1", "DELETE FROM {}", "TRUNCATE {}"])
def test_nobody_rewrites_which_rows_a_merge_has_moved(kept, gone, ask, approve, act):
    merge = approve(ask())
    statement, place = act.format("members_mergedrow"), connection.settings_dict["NAME"]

    with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(statement)
    where = database.superuser(os.environ["TIMEBANK_SOCKET"], place)
    with psycopg.connect(where) as there, pytest.raises(errors.RestrictViolation):
        there.execute(statement)

    assert MergedRow.objects.filter(merge=merge).exists()


def test_undoing_restores_both_records(kept, gone, ask, approve, undo):
    visit = confirmed(volunteer=gone)
    later = confirmed(volunteer=kept)
    before = [_of(kept), _of(gone)]
    merge = approve(ask(taken=["address", "volunteer.skills"]))

    undo(merge)

    merge.refresh_from_db()
    assert merge.state == Merge.State.UNDONE
    assert [_of(kept), _of(gone)] == before
    assert Visit.objects.get(pk=visit.pk).volunteer == gone
    assert Visit.objects.get(pk=later.pk).volunteer == kept
    assert search.find(gone.number, areas=Area.objects.within(community())) == [gone]
    assert search.find(kept.number, areas=Area.objects.within(community())) == [kept]


def _of(member):
    """What a record says, from the database."""
    return (
        _told(fresh(member), *sides.FIELDS[""], "standing", "merged_into"),
        sorted(phone.number for phone in member.phones.all()),
        [_told(one, "skills", "note") for one in Volunteer.objects.filter(member=member)],
        [_told(one, *sides.FIELDS["elder"]) for one in Elder.objects.filter(member=member)],
        [(one.name, one.phone) for one in member.contacts.order_by("position")],
    )


def _told(row, *names):
    return [getattr(row, name) for name in names]


def test_a_unique_id_number_changes_sides_and_comes_back(kept, gone, ask, approve, undo):
    for member, number in ((kept, "530111195505010021"), (gone, "530111195505010048")):
        member.id_number = number
        member.save(update_fields=["id_number", "id_number_index"])

    merge = approve(ask(fresh(kept), fresh(gone), taken=["id_number"]))

    assert fresh(kept).id_number == "530111195505010048"
    undo(merge)
    assert fresh(kept).id_number == "530111195505010021"
    assert fresh(gone).id_number == "530111195505010048"


def test_what_was_said_not_to_be_right_goes_with_the_record_and_back(
    kept, gone, ask, approve, undo, clerk
):
    said = objected(gone, confirmed(volunteer=gone), clerk)

    merge = approve(ask())
    assert Objection.objects.get().member == kept

    undo(merge)
    assert Objection.objects.get() == said
    assert Objection.objects.get().member == gone


def test_of_one_record_one_person_waits_for_one_answer(kept, gone, ask, clerk):
    undone = VisitFactory(
        volunteer=kept,
        elder=gone,
        state="reversed",
        reversed_by=clerk,
        reversed_at=timezone.now(),
    )
    assert list(sides.obstacles(kept, gone)) == []
    for member in (kept, gone):
        objected(member, undone, clerk)

    with pytest.raises(merges.Obstacle):
        ask()


def objected(member, visit, author):
    told = {"reason": "time", "words": "", "by": author, "at": timezone.now(), "key": uuid.uuid4()}
    return objections.write_down(member, visit, **told)


def test_the_vanished_number_finds_the_kept_record_for_ever(kept, gone, ask, approve):
    approve(ask())
    third = MemberFactory(name="王秀英")
    approve(ask(third, fresh(kept)))

    for number in (gone.number, kept.number, third.number):
        assert search.find(number, areas=Area.objects.within(community())) == [third]
    assert fresh(gone).merged_into == third


def test_only_the_last_of_two_merges_is_undone_first(kept, gone, ask, approve, undo):
    first = approve(ask())
    third = MemberFactory(name="王秀英")
    second = approve(ask(third, fresh(kept)))

    with pytest.raises(merges.MergedFurther):
        undo(first)

    undo(second)
    undo(first)
    assert fresh(gone).merged_into is None
    assert fresh(kept).standing == Member.Standing.HERE


def test_of_two_sign_ins_the_vanishing_one_rests(kept, gone, ask, approve, undo):
    UserFactory(member=kept)
    theirs = UserFactory(member=gone)

    merge = approve(ask())

    assert not User.objects.get(pk=theirs.pk).is_active
    assert signing_in.user_for(kept) == kept.user
    undo(merge)
    assert User.objects.get(pk=theirs.pk).is_active


@pytest.mark.parametrize("role", ["clerk", "auditor"])
def test_who_is_no_checker_approves_no_merge(ask, approve, role):
    with pytest.raises(PermissionDenied):
        approve(ask(), by=StaffFactory(role=role))


def test_a_checker_of_another_community_decides_nothing_here(ask, approve, undo):
    stranger = StaffFactory(role="checker", area=community("530111001002"))

    with pytest.raises(PermissionDenied):
        ask(by=stranger)
    with pytest.raises(PermissionDenied):
        approve(ask(), by=stranger)


def test_a_member_and_a_clerk_take_no_merge_back(kept, ask, approve, undo, clerk):
    merge = approve(ask())

    for nobody in (clerk, UserFactory(member=MemberFactory())):
        with pytest.raises(PermissionDenied):
            undo(merge, by=nobody)


@pytest.mark.parametrize("who", ["author", "approver"])
def test_neither_who_proposed_nor_who_approved_takes_a_merge_back(ask, approve, undo, gone, who):
    merge = approve(ask(by=StaffFactory(role="coordinator")))

    with pytest.raises(merges.OwnDecision):
        undo(merge, by=getattr(merge, who))

    assert fresh(gone).standing == Member.Standing.MERGED
    with pytest.raises(IntegrityError, match="members_merge_is_undone_by_a_third"):
        Merge.objects.filter(pk=merge.pk).update(
            state="undone", undone_by=getattr(merge, who), undone_at=timezone.now()
        )


def test_no_one_approves_the_merge_they_proposed(ask, approve, checker):
    merge = ask(by=checker)

    with pytest.raises(merges.OwnEntry):
        approve(merge, by=checker)
    with pytest.raises(IntegrityError, match="members_merge_approver_is_not_the_author"):
        Merge.objects.filter(pk=merge.pk).update(
            state="done", approver=checker, decided_at=timezone.now()
        )


def test_a_merge_is_approved_once_and_undone_once(ask, approve, undo):
    merge = approve(ask())

    with pytest.raises(merges.NotWaiting):
        approve(merge)
    undo(merge)
    with pytest.raises(merges.NotDone):
        undo(merge)


def test_the_same_key_asks_once(ask):
    key = uuid.uuid4()

    assert ask(key=key) == ask(key=key)
    with pytest.raises(merges.BeingMerged):
        ask()


def test_what_is_sent_back_or_withdrawn_can_be_asked_anew(kept, gone, ask, checker, clerk, approve):
    first = ask()
    merges.send_back(first, by=checker, at=timezone.now(), reason="两个人")
    second = ask()
    merges.withdraw(second, by=clerk, at=timezone.now())

    with pytest.raises(merges.NotWaiting):
        approve(first)
    with pytest.raises(merges.NotWaiting):
        merges.withdraw(second, by=clerk, at=timezone.now())
    approve(ask())
    assert fresh(gone).merged_into == kept


def test_only_who_proposed_it_withdraws_it(ask, checker):
    with pytest.raises(PermissionDenied):
        merges.withdraw(ask(), by=checker, at=timezone.now())


def test_records_of_two_communities_are_not_merged(kept, ask):
    with pytest.raises(merges.OtherCommunity):
        ask(kept, MemberFactory(area=community("530111001002")))


def test_a_record_is_not_merged_with_itself(kept, ask):
    with pytest.raises(merges.SameRecord):
        ask(kept, kept)


def test_who_served_the_other_cannot_be_the_same_person(kept, gone, ask, approve):
    merge = ask()
    VisitFactory(volunteer=kept, elder=gone, service_date=datetime.date(2026, 11, 3))

    with pytest.raises(merges.Obstacle, match="11"):
        approve(merge)
    with pytest.raises(merges.Obstacle):
        ask()


def test_who_was_in_two_places_at_once_cannot_be_the_same_person(kept, gone, ask):
    confirmed(volunteer=kept, started_at=NINE, ended_at=NINE + HOUR)
    confirmed(volunteer=gone, started_at=NINE + HOUR / 2, ended_at=NINE + 2 * HOUR)

    with pytest.raises(merges.Obstacle):
        ask()


def test_visits_one_after_the_other_stand_in_nobodys_way(kept, gone, ask, approve):
    confirmed(volunteer=kept, started_at=NINE, ended_at=NINE + HOUR)
    confirmed(volunteer=gone, started_at=NINE + HOUR, ended_at=NINE + 2 * HOUR)

    approve(ask())

    assert kept.visits_given.count() == 2


def test_a_visit_between_them_that_was_undone_stays_as_it_is(kept, gone, ask, approve):
    undone = VisitFactory(
        volunteer=kept,
        elder=gone,
        state="reversed",
        reversed_by=StaffFactory(),
        reversed_at=timezone.now(),
    )

    approve(ask())

    undone.refresh_from_db()
    assert (undone.volunteer, undone.elder) == (kept, gone)


def test_hours_on_their_way_between_them_are_decided_first(kept, gone, ask, clerk):
    credit(kept, 600)
    gifts.ask(
        kept,
        to=gone,
        minutes=60,
        relation="parent",
        proof="户口本",
        by=clerk,
        at=timezone.now(),
        key=uuid.uuid4(),
    )

    with pytest.raises(merges.Obstacle):
        ask()


def test_who_asked_to_be_erased_is_not_merged(kept, gone, ask, clerk):
    DataRequest.objects.create(
        key=uuid.uuid4(),
        kind="erasure",
        member=gone,
        area=gone.area,
        author=clerk,
        asked_at=timezone.now(),
        due_on=timezone.localdate(),
    )

    with pytest.raises(merges.Obstacle):
        ask()


def test_a_register_that_is_being_posted_is_waited_for(ask, approve, clerk, checker):
    merge = ask()
    RegisterBatch.objects.create(
        area=community(),
        file_hash="1",
        state="applying",
        entered_by=clerk,
        approved_by=checker,
        approved_at=timezone.now(),
    )

    with pytest.raises(merges.Obstacle):
        approve(merge)


def test_requests_that_wait_are_the_kept_records_then(kept, gone, ask, approve, clerk, checker):
    credit(gone, 600)
    relative = MemberFactory(birth_date=datetime.date(1930, 1, 1))
    waiting = gifts.ask(
        gone,
        to=relative,
        minutes=60,
        relation="parent",
        proof="户口本",
        by=clerk,
        at=timezone.now(),
        key=uuid.uuid4(),
    )

    approve(ask())

    waiting = MovementRequest.objects.get(pk=waiting.pk)
    assert waiting.member == kept
    approvals.approve(waiting, by=checker, at=timezone.now())


def test_certificates_of_both_records_hold_as_they_did(kept, gone, ask, approve, undo, clerk):
    today = timezone.localdate()
    period = {"start": today - datetime.timedelta(days=30), "end": today}
    papers = []
    for member in (kept, gone):
        confirmed(volunteer=member)
        seen = certificates.figures(member, **period).digest
        papers.append(
            certificates.issue(
                member, **period, seen=seen, key=uuid.uuid4(), by=clerk, at=timezone.now()
            )
        )

    merge = approve(ask())

    assert [s.state for s in certificates.standings(papers)] == ["genuine", "genuine"]
    assert certificates.figures(kept, **period).visits == 2
    Visit.objects.filter(pk__in=MergedRow.objects.values("row")).update(
        served_minutes=90, not_banked={"under_review": 90}
    )
    assert [s.state for s in certificates.standings(papers)] == ["genuine", "corrected"]
    undo(merge)
    assert certificates.figures(kept, **period).visits == 1


@pytest.mark.parametrize("standing", ["restricted", "erased"])
def test_nobody_names_who_is_not_here_in_a_visit(kept, standing):
    Member.objects.filter(pk=kept.pk).update(standing=standing)

    with (
        transaction.atomic(),
        pytest.raises(IntegrityError) as refused,
    ):
        confirmed(volunteer=kept)

    name = refused.value.__cause__.diag.constraint_name
    assert name == "services_visit_names_people_who_are_here"


def test_a_merged_record_names_the_kept_one(kept, gone):
    with pytest.raises(
        IntegrityError, match="members_member_merged_names_the_record_that_was_kept"
    ):
        Member.objects.filter(pk=gone.pk).update(standing="merged")


def test_nobody_is_merged_into_themselves(gone):
    with pytest.raises(IntegrityError, match="members_member_is_not_merged_into_itself"):
        Member.objects.filter(pk=gone.pk).update(standing="merged", merged_into=gone)


def test_a_waiting_request_names_nobody_who_is_merged(kept, gone, ask, approve, clerk):
    approve(ask())

    with pytest.raises(IntegrityError) as refused:
        requests.file(
            "grant",
            lambda *args: None,
            area=gone.area,
            by=clerk,
            at=timezone.now(),
            key=uuid.uuid4(),
            member=gone,
            minutes=60,
            expires_on=timezone.localdate(),
        )

    name = refused.value.__cause__.diag.constraint_name
    assert name == "ledger_movementrequest_names_people_who_are_here"


def test_people_who_may_be_the_same_are_offered(kept, gone):
    VolunteerFactory(member__name="王秀英", member__birth_date=datetime.date(1930, 1, 1))

    assert sides.alike(kept) == [gone]


def test_what_is_missing_is_proposed_from_the_other(kept, gone):
    Member.objects.filter(pk=gone.pk).update(
        registered_on=kept.registered_on - datetime.timedelta(days=9)
    )

    proposed = {one.code: one.takes for one in sides.differences(fresh(kept), fresh(gone))}

    assert proposed == {"address": True, "registered_on": True, "volunteer.skills": False}


def test_sealed_values_are_shown_as_on_the_file_and_told_apart(kept, gone):
    for one, door in ((kept, "401"), (gone, "502")):
        one.address = f"日新里3幢{door}室"
        one.save(update_fields=["address"])

    shown = next(d for d in sides.differences(fresh(kept), fresh(gone)) if d.code == "address")

    assert shown.kept == "日新里3幢***（保留的档案）"
    assert shown.gone == "日新里3幢***（并入的档案）"


def test_every_column_that_moves_is_one_that_exists():
    for place in PLACES:
        assert apps.get_model(place.model)._meta.get_field(place.column)
