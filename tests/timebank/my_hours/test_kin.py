"""Kin on record are chosen by name; nothing about them is typed."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger import approvals
from ledger.models import MovementRequest
from members import joining, kinship
from members.models import Member
from tests.factories import MemberFactory, StaffFactory, community
from tests.ledger.people import by, hours

from .conftest import TOMORROW, typed

pytestmark = pytest.mark.django_db
KINDS = ["gift", "redeem"]


def confirmed(member, relative, relation="parent"):
    told = {"proof": "household_register", "proof_note": "", "seen_on": timezone.localdate()}
    one = kinship.enter(member, relative=relative, relation=relation, **told, **by(StaffFactory()))
    return kinship.confirm(one, by=StaffFactory(role="checker"), at=timezone.now())


@pytest.fixture
def mother(member, relative):
    confirmed(member, relative)
    return relative


def chosen(kind, relative):
    nothing = {"name": "", "phone": "", "proof": "", "relation": ""}
    return typed(kind, **nothing, kin=relative if isinstance(relative, str) else str(relative.key))


def form(client, kind):
    return client.get(reverse(f"my_hours_{kind}")).context["form"]


@pytest.mark.parametrize("kind", KINDS)
def test_kin_on_record_are_offered_by_name(signed_in, mother, kind):
    page = signed_in.get(reverse(f"my_hours_{kind}")).content.decode()

    assert '<span class="name">高老太</span> · parent' in page
    assert "somebody else" in page
    assert page.index("高老太") < page.index('<details class="more"')


@pytest.mark.parametrize("kind", KINDS)
def test_without_kin_on_record_the_form_asks_as_before(signed_in, relative, kind):
    assert "kin" not in form(signed_in, kind).fields


@pytest.mark.parametrize("kind", KINDS)
def test_a_tap_on_the_name_is_enough(do, mother, kind):
    do(kind, **chosen(kind, mother))

    request = MovementRequest.objects.get()
    assert (request.kind, request.other, request.relation) == (kind, mother, "parent")
    assert (request.proof, request.kinship.relative) == ("", mother)


def test_a_gift_to_kin_is_approved(do, member, mother, checker):
    do("gift", **chosen("gift", mother))

    approvals.approve(MovementRequest.objects.get(), by=checker, at=timezone.now())

    assert hours(mother) == (0, 120, 0)


def test_hours_for_oneself_are_what_is_chosen_at_first(signed_in, do, mother):
    assert form(signed_in, "redeem")["kin"].initial == "me"

    do("redeem", **chosen("redeem", "me"))

    assert MovementRequest.objects.get().other is None


@pytest.mark.parametrize("kin", ["", "me", "other"])
def test_somebody_else_is_typed_as_before(ask, member, mother, kin):
    MemberFactory(name="高老爷", birth_date=datetime.date(1930, 5, 1), phone="13987650000")
    words = {"name": "高老爷", "phone": "0000", "relation": "grandparent", "proof": "户口本"}

    answers = {kind: ask(kind, **words, kin=kin, on=TOMORROW.isoformat()) for kind in KINDS}

    assert answers["redeem"].status_code == 302
    assert answers["gift"].status_code == (200 if kin == "me" else 302)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_typed_beside_kin_is_left_out(do, mother, kind):
    words = {"name": "没有这个人", "phone": "1", "relation": "friend"}

    do(kind, **(chosen(kind, mother) | words))

    assert MovementRequest.objects.get().other == mother


@pytest.mark.parametrize("kind", KINDS)
def test_who_is_meant_has_to_be_said(ask, mother, kind):
    nobody = ask(kind, **chosen(kind, "")).context["form"]
    other = ask(kind, **chosen(kind, "other")).context["form"]

    assert set(nobody.errors) == {"kin"}
    assert set(other.errors) == {"name", "phone", "relation", "proof"}
    assert other.more_is_open
    assert not nobody.more_is_open


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_chosen_who_was_not_offered(ask, mother, kind):
    stranger = MemberFactory(birth_date=datetime.date(1936, 5, 1))

    assert "kin" in ask(kind, **chosen(kind, stranger)).context["form"].errors


def test_nobody_is_offered_to_whom_no_hours_go(signed_in, member, relative):
    confirmed(member, MemberFactory(name="妹妹"), "sibling")
    confirmed(member, MemberFactory(name="儿子"), "child")
    confirmed(member, MemberFactory(name="老父", area=community("530111001002")), "parent")
    told = {"proof": "letter", "proof_note": "", "seen_on": timezone.localdate()}
    kinship.enter(member, relative=relative, relation="parent", **told, **by(StaffFactory()))
    gone = confirmed(member, MemberFactory(name="走了"), "spouse").relative
    Member.objects.filter(pk=gone.pk).update(standing="restricted")

    offered = {
        kind: [str(kin.relative) for kin in form(signed_in, kind).kin.values()] for kind in KINDS
    }

    assert offered == {"gift": ["儿子"], "redeem": ["老父"]}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_rule_forbids_is_said_beside_the_kin(ask, mother, kind):
    joining.amend(mother, by=None, at=timezone.now(), birth_date=datetime.date(2000, 1, 1))

    assert "too young" in str(ask(kind, **chosen(kind, mother)).context["form"].errors["kin"])


def test_choosing_kin_tries_no_numbers(ask, mother):
    answers = [ask("gift", **chosen("gift", mother)).status_code for _try in range(7)]

    assert set(answers) == {302}
