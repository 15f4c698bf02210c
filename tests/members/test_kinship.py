import datetime
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from members import kinship, refusals
from members.models import Kinship, Relation
from tests.factories import MemberFactory, StaffFactory, community

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2026, 11, 23, 2, tzinfo=datetime.UTC)
TODAY = NOW.date()
PROOF = {"proof": "household_register", "proof_note": "", "seen_on": TODAY}


@pytest.fixture
def clerk():
    return StaffFactory(role="clerk")


@pytest.fixture
def checker():
    return StaffFactory(role="checker")


@pytest.fixture
def pair():
    return MemberFactory(name="王秀英"), MemberFactory(name="李建国")


def enter(pair, by, **changes):
    told = {"relation": "parent", "key": uuid.uuid4(), "at": NOW} | PROOF
    return kinship.enter(pair[0], relative=pair[1], by=by, **(told | changes))


def sql_kin(volunteer, elder, day=TODAY):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kin FROM members_beside_visit(%s, %s, %s)", [volunteer.pk, elder.pk, day]
        )
        return cursor.fetchone()[0]


def seen_from_both(pair, day=TODAY):
    """What each is to the other by every way in which it is read."""
    found = []
    for one, other in (pair, pair[::-1]):
        kin = kinship.between(one, other, on=day)
        pairs = kinship.of_pairs({(one.pk, other.pk)})
        ways = {
            kin and str(kin.relation),
            kinship.relation_on(pairs, (one.pk, other.pk), day),
            sql_kin(one, other, day),
            next((str(k.relation) for k in kinship.kin_of(one, on=day)), None),
        }
        assert len(ways) == 1
        found += ways
    return found


@pytest.mark.parametrize(
    ("relation", "inverse"),
    [
        ("spouse", "spouse"),
        ("parent", "child"),
        ("child", "parent"),
        ("grandparent", "grandchild"),
        ("grandchild", "grandparent"),
        ("sibling", "sibling"),
        ("parent_in_law", "child_in_law"),
        ("child_in_law", "parent_in_law"),
        ("other", "other"),
    ],
)
def test_each_side_sees_what_the_other_is(pair, clerk, checker, relation, inverse):
    one = enter(pair, clerk, relation=relation)

    kinship.confirm(one, by=checker, at=NOW)

    assert seen_from_both(pair) == [relation, inverse]


def test_every_relation_has_its_inverse_in_the_table_above():
    assert len(Relation) == 9


def test_what_one_person_has_entered_does_not_count_yet(pair, clerk):
    enter(pair, clerk)

    assert seen_from_both(pair) == [None, None]


def test_it_counts_until_the_day_on_which_it_ended(pair, clerk, checker):
    one = enter(pair, clerk, seen_on=TODAY - datetime.timedelta(9))
    kinship.confirm(one, by=checker, at=NOW)

    kinship.end(one, on=TODAY, by=checker, at=NOW)

    assert seen_from_both(pair) == [None, None]
    assert seen_from_both(pair, TODAY - datetime.timedelta(1)) == ["parent", "child"]


def test_after_its_end_the_two_may_become_kin_again(pair, clerk, checker):
    one = kinship.confirm(enter(pair, clerk, relation="spouse"), by=checker, at=NOW)
    kinship.end(one, on=TODAY, by=checker, at=NOW)

    again = enter(pair[::-1], clerk, relation="spouse")
    kinship.confirm(again, by=checker, at=NOW)

    assert seen_from_both(pair) == ["spouse", "spouse"]


@pytest.mark.parametrize("turned", [False, True])
def test_a_pair_is_on_record_once_from_whichever_side(pair, clerk, turned):
    enter(pair, clerk)

    with pytest.raises(refusals.OnRecordAlready):
        enter(pair[::-1] if turned else pair, clerk, relation="sibling")


def test_what_was_sent_back_is_entered_again(pair, clerk, checker):
    one = enter(pair, clerk)
    kinship.send_back(one, by=checker, at=NOW, reason="看不清")

    assert enter(pair, clerk).state == "waiting"
    one.refresh_from_db()
    assert (one.state, one.return_reason, one.confirmed_by) == ("returned", "看不清", checker)


def test_the_same_form_twice_is_one_kinship(pair, clerk):
    key = uuid.uuid4()

    assert enter(pair, clerk, key=key) == enter(pair, clerk, key=key)
    assert Kinship.objects.count() == 1


def test_nobody_is_their_own_relative(pair, clerk):
    with pytest.raises(refusals.SamePerson):
        enter((pair[0], pair[0]), clerk)


def test_the_document_was_seen_by_today(pair, clerk):
    with pytest.raises(refusals.InTheFuture):
        enter(pair, clerk, seen_on=TODAY + datetime.timedelta(1))


def test_nobody_confirms_what_they_entered(pair, checker):
    one = enter(pair, checker)

    with pytest.raises(refusals.OwnEntry):
        kinship.confirm(one, by=checker, at=NOW)
    assert not kinship.may_confirm(one, by=checker)


@pytest.mark.parametrize("role", ["clerk", "auditor"])
@pytest.mark.parametrize("act", [kinship.confirm, kinship.end])
def test_only_a_checker_confirms_or_ends(pair, clerk, checker, role, act):
    one = enter(pair, clerk)
    if act is kinship.end:
        kinship.confirm(one, by=checker, at=NOW)
    more = {"on": TODAY} if act is kinship.end else {}

    with pytest.raises(PermissionDenied):
        act(one, by=StaffFactory(role=role), at=NOW, **more)


def test_a_stranger_enters_and_confirms_nothing(pair, clerk):
    stranger = StaffFactory(role="checker", area=community("530111001002"))

    with pytest.raises(PermissionDenied):
        enter(pair, stranger)
    with pytest.raises(PermissionDenied):
        kinship.confirm(enter(pair, clerk), by=stranger, at=NOW)


def test_what_is_decided_is_not_decided_again(pair, clerk, checker):
    one = kinship.confirm(enter(pair, clerk), by=checker, at=NOW)

    for act in (kinship.confirm, lambda k, **told: kinship.send_back(k, reason="x", **told)):
        with pytest.raises(refusals.NotWaiting):
            act(one, by=StaffFactory(role="checker"), at=NOW)


def test_an_end_lies_between_the_document_and_today(pair, clerk, checker):
    one = enter(pair, clerk)
    with pytest.raises(refusals.NotOnRecord):
        kinship.end(one, on=TODAY, by=checker, at=NOW)
    kinship.confirm(one, by=checker, at=NOW)

    with pytest.raises(refusals.InTheFuture):
        kinship.end(one, on=TODAY + datetime.timedelta(1), by=checker, at=NOW)
    with pytest.raises(refusals.EndsBeforeItWasSeen):
        kinship.end(one, on=TODAY - datetime.timedelta(1), by=checker, at=NOW)
    kinship.end(one, on=TODAY, by=checker, at=NOW)
    with pytest.raises(refusals.NotOnRecord):
        kinship.end(one, on=TODAY, by=checker, at=NOW)


BAD_ROWS = {
    "is_between_two_people": {"relative": "member"},
    "names_a_relation": {"relation": "friend"},
    "has_a_proof": {"proof": ""},
    "has_a_proof ": {"proof": "other"},
    "confirmer_is_not_who_entered_it": {
        "state": "confirmed",
        "confirmed_by": "clerk",
        "decided_at": NOW,
    },
    "is_decided_by_a_second_person": {"state": "confirmed"},
    "is_returned_with_a_reason": {
        "state": "returned",
        "confirmed_by": "checker",
        "decided_at": NOW,
    },
    "ended_says_by_whom": {"ended_on": TODAY},
}


@pytest.mark.parametrize(("constraint", "row"), BAD_ROWS.items(), ids=list(BAD_ROWS))
def test_the_database_refuses_what_no_kinship_can_be(pair, clerk, checker, constraint, row):
    known = {"clerk": clerk, "checker": checker, "member": pair[0]}
    row = {name: known.get(value, value) for name, value in row.items()}
    good = {"member": pair[0], "relative": pair[1], "relation": "parent", **PROOF}
    good |= {"entered_by": clerk, "entered_at": NOW}

    with pytest.raises(IntegrityError, match=f"members_kinship_{constraint.strip()}"):
        Kinship.objects.create(**(good | row))


@pytest.mark.parametrize("turned", [False, True])
def test_the_database_itself_keeps_a_pair_once(pair, clerk, turned):
    enter(pair, clerk)
    one, other = pair[::-1] if turned else pair
    row = {"member": one, "relative": other, "relation": "sibling", **PROOF}

    with (
        pytest.raises(IntegrityError, match="members_kinship_is_on_record_once"),
        transaction.atomic(),
    ):
        Kinship.objects.create(entered_by=clerk, entered_at=NOW, **row)
