"""What decides hours is not lost in a merge: kin, decisions, a no, agents, whom to call."""

import datetime
import uuid

import pytest
from django.utils import timezone, translation

from members import agents, assessments, consents, contacts, eligibility, joining, kinship
from members.models import Agent, ContactPerson, Notice, Volunteer
from tests.factories import ElderFactory, MemberFactory, VolunteerFactory
from timebank.merging import merges, rights, sides

from .conftest import fresh

pytestmark = pytest.mark.django_db


def missing(kept, gone):
    return list(rights.missing(kept, gone, on=timezone.localdate()))


@pytest.fixture
def kin(clerk, checker):
    """`kin(member, relative)`: a sibling on record, confirmed or not."""

    def kin(member, relative, *, relation="sibling", is_confirmed=True, seen_on=None):
        one = kinship.enter(
            member,
            relative=relative,
            relation=relation,
            proof="birth",
            proof_note="",
            seen_on=seen_on or timezone.localdate(),
            by=clerk,
            at=timezone.now(),
            key=uuid.uuid4(),
        )
        return kinship.confirm(one, by=checker, at=timezone.now()) if is_confirmed else one

    return kin


@pytest.mark.parametrize("is_turned", [False, True])
def test_kin_have_to_be_entered_for_the_kept_record(kept, gone, kin, ask, approve, is_turned):
    merge = ask()
    relative = MemberFactory(name="李小红")
    kin(*((relative, gone) if is_turned else (gone, relative)))

    with pytest.raises(merges.Obstacle, match="李小红"):
        approve(merge)
    kin(*((relative, kept) if is_turned else (kept, relative)))
    approve(merge)

    today = timezone.localdate()
    assert kinship.between(fresh(kept), relative, on=today).relation == "sibling"
    assert [one.relative for one in kinship.kin_of(relative, on=today)] == [kept]


def test_kin_of_another_kind_are_not_the_same(kept, gone, kin):
    relative = MemberFactory()
    kin(gone, relative, relation="child")

    kin(kept, relative, relation="sibling")

    assert len(missing(kept, gone)) == 1


def test_kin_whose_relation_has_ended_are_asked_for_as_well(kept, gone, kin, checker, ask, approve):
    """A visit of last week is entered after the merge: she was his sister on that day."""
    relative, today = VolunteerFactory(member__name="李小红").member, timezone.localdate()
    day, last_week = today - datetime.timedelta(1), today - datetime.timedelta(7)
    told = {"on": day, "by": checker, "at": timezone.now()}
    merge = ask()
    kinship.end(kin(gone, relative, seen_on=last_week), **told)

    with pytest.raises(merges.Obstacle, match="李小红"):
        approve(merge)
    again = kin(kept, relative, seen_on=last_week)
    assert missing(kept, gone) == []
    kinship.end(again, **told)
    approve(merge)

    assert kinship.between(fresh(kept), relative, on=last_week).relation == "sibling"
    assert kinship.between(fresh(kept), relative, on=today) is None


def test_an_end_that_came_too_early_for_the_kept_record_is_told(kept, gone, kin, checker):
    relative, today = MemberFactory(), timezone.localdate()
    weeks = [today - datetime.timedelta(7 * number) for number in range(3)]
    for member, day in ((gone, today), (kept, weeks[1])):
        one = kin(member, relative, seen_on=weeks[2])
        kinship.end(one, on=day, by=checker, at=timezone.now())

    assert len(missing(kept, gone)) == 1
    assert missing(gone, kept) == []


def test_kin_who_wait_or_are_the_other_record_are_decided_first(kept, gone, kin, checker):
    one = kin(kept, gone)
    waiting = kin(MemberFactory(), gone, is_confirmed=False)
    assert len(missing(kept, gone)) == 2

    kinship.send_back(waiting, by=checker, at=timezone.now(), reason="看不清")
    kinship.end(one, on=timezone.localdate(), by=checker, at=timezone.now())

    assert missing(kept, gone) == []


def test_kin_who_vanished_into_another_record_are_asked_of_that_one(kept, gone, kin, ask, approve):
    old, new = MemberFactory(name="李小红"), MemberFactory(name="李小红")
    for member in (kept, gone):
        kin(member, new)
        kin(member, old)
    approve(ask(new, old))
    assert missing(kept, gone) == []

    third = MemberFactory()
    assert len(missing(third, gone)) == 1
    kin(third, new)
    assert missing(third, gone) == []


@pytest.fixture
def assess(clerk, checker):
    def assess(member, result="D", *, is_approved=True):
        one = assessments.assess(
            member.elder,
            on=timezone.localdate(),
            result=result,
            reason="独居且刚出院",
            by=clerk,
            at=timezone.now(),
            key=uuid.uuid4(),
        )
        return assessments.approve(one, by=checker, at=timezone.now()) if is_approved else one

    return assess


def test_a_decision_has_to_be_made_of_the_kept_record_too(kept, gone, assess, ask, approve):
    ElderFactory(member=kept)
    merge = ask()
    assess(gone)

    with translation.override("zh-hans"), pytest.raises(merges.Obstacle, match="丁类"):
        approve(merge)
    assess(fresh(kept))
    approve(merge)

    elder, today = fresh(kept).elder, timezone.localdate()
    assert eligibility.Records([kept.pk]).rule_on(elder, today) == eligibility.Rule.D


def test_the_record_with_the_decision_can_be_kept_instead(kept, gone, assess):
    assess(gone)

    assert missing(gone, kept) == []


def test_an_assessment_that_waits_is_decided_first(kept, gone, assess, checker):
    one = assess(gone, is_approved=False)
    assert len(missing(kept, gone)) == 1

    assessments.send_back(one, by=checker, at=timezone.now(), reason="不够")

    assert missing(kept, gone) == []


def test_a_no_has_to_be_written_down_for_the_kept_record(kept, gone, clerk, ask, approve):
    told = {"how": "paper", "by": clerk, "at": timezone.now()}
    consents.give(kept, "sensitive", **told)
    consents.withdraw(gone, "sensitive", **told)
    with pytest.raises(merges.Obstacle):
        ask()

    consents.withdraw(kept, "sensitive", **told)
    approve(ask())

    assert not consents.allows(fresh(kept), "sensitive", at=timezone.now())


def test_a_yes_that_was_said_after_the_no_holds(kept, gone, clerk):
    told = {"how": "paper", "by": clerk, "at": timezone.now()}
    consents.withdraw(gone, "family", **told)

    consents.give(kept, "family", **told)

    assert missing(kept, gone) == []


@pytest.fixture
def appoint(clerk):
    def appoint(elder, agent, *scopes):
        return agents.appoint(
            elder,
            agent=agent,
            scopes=scopes or ["see"],
            since=timezone.localdate(),
            until=None,
            how="paper",
            by=clerk,
            at=timezone.now(),
            key=uuid.uuid4(),
        )

    return appoint


def test_agents_have_to_be_appointed_for_the_kept_record(kept, gone, appoint, clerk):
    ElderFactory(member=kept)
    kept, daughter, neighbour = fresh(kept), MemberFactory(name="李小红"), ElderFactory().member
    appoint(gone, daughter, "see", "confirm")
    for_neighbour = appoint(neighbour, gone)
    appoint(kept, daughter)  # who may do less
    assert len(missing(kept, gone)) == 2

    agents.revoke(Agent.objects.get(member=kept), by=clerk, at=timezone.now())
    appoint(kept, daughter, "see", "confirm", "ask")
    agents.revoke(for_neighbour, by=clerk, at=timezone.now())

    assert missing(kept, gone) == []


def test_the_page_names_what_has_to_be_entered(client, kept, gone, kin, checker):
    kin(gone, MemberFactory(name="李小红"))
    client.force_login(checker)

    page = client.get(f"/people/{kept.key}/same/{gone.key}/").content.decode()

    assert "李小红" in page


def test_contacts_come_after_those_of_the_kept_record_and_go_back(
    kept, gone, clerk, ask, approve, undo
):
    both = {"name": "儿子", "relation": "", "phone": "13811110001", "by": clerk}
    contacts.add(kept, **both)
    contacts.add(gone, name="邻居", relation="", phone="13811110002", by=clerk)
    contacts.add(gone, **both)

    merge = approve(ask())

    called = list(kept.contacts.order_by("position").values_list("name", "position"))
    assert called == [("儿子", 1), ("邻居", 2)]
    undo(merge)
    assert [one.name for one in kept.contacts.all()] == ["儿子"]
    back = ContactPerson.objects.filter(member=gone).order_by("position")
    assert sorted((one.name, one.phone) for one in back) == [
        ("儿子", "13811110001"),
        ("邻居", "13811110002"),
    ]
    assert [one.position for one in back] == [1, 2]


def test_messages_are_the_kept_records_then(kept, gone, ask, approve):
    notice = Notice.objects.create(member=gone, template="new_device", language="zh-hans")

    approve(ask())

    notice.refresh_from_db()
    assert notice.member == kept


def test_a_guardian_is_taken_whole_and_comes_back(kept, gone, ask, approve, undo):
    signed = timezone.localdate() - datetime.timedelta(days=3)
    guardian = {
        "guardian_name": "王建国",
        "guardian_relation": "父亲",
        "guardian_phone": "13811110003",
        "guardian_consent_on": signed,
    }
    joining.amend(gone, by=None, at=timezone.now(), volunteer=guardian)
    [found] = [d for d in sides.differences(fresh(kept), fresh(gone)) if "guardian" in d.code]
    assert (found.code, found.takes) == ("volunteer.guardian_name", True)
    assert "王建国" in found.gone
    assert "13811110003" not in found.gone

    merge = approve(ask(taken=[found.code]))

    volunteer = Volunteer.objects.get(member=kept)
    assert {name: getattr(volunteer, name) for name in guardian} == guardian
    undo(merge)
    assert Volunteer.objects.get(member=kept).guardian_name == ""
    volunteer = Volunteer.objects.get(member=gone)
    assert {name: getattr(volunteer, name) for name in guardian} == guardian
