"""For which relatives hours move: by kin on record, or in words."""

import datetime
import uuid

import pytest
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone

from ledger import approvals, gifts, redemptions, relatives
from ledger.models import MovementRequest
from members import kinship
from tests.factories import MemberFactory, StaffFactory

from .people import by, credit, hours

pytestmark = pytest.mark.django_db
WORDS = {"relation": "parent", "proof": "household register"}


@pytest.fixture
def pair():
    member, relative = MemberFactory(), MemberFactory(birth_date=datetime.date(1940, 5, 1))
    credit(member, 600)
    return member, relative


@pytest.fixture
def clerk():
    return StaffFactory(role="clerk")


@pytest.fixture
def checker():
    return StaffFactory(role="checker")


def on_record(pair, clerk, checker, relation="parent"):
    told = {"proof": "birth", "proof_note": "", "seen_on": timezone.localdate()}
    one = kinship.enter(pair[0], relative=pair[1], relation=relation, **told, **by(clerk))
    return kinship.confirm(one, by=checker, at=timezone.now())


def give(pair, clerk, **words):
    return gifts.ask(pair[0], to=pair[1], minutes=60, **words, **by(clerk))


def approve(asked, checker):
    return approvals.approve(asked, by=checker, at=timezone.now())


def test_kin_on_record_need_no_words(pair, clerk, checker):
    one = on_record(pair, clerk, checker)

    asked = give(pair, clerk)
    approve(asked, checker)

    assert (asked.kinship, asked.relation, asked.proof) == (one, "parent", "")
    assert hours(pair[1])[1] == 60


def test_kin_are_the_same_from_the_other_side(pair, clerk, checker):
    on_record(pair[::-1], clerk, checker, "child")

    assert give(pair, clerk).relation == "parent"


def test_without_kin_on_record_words_do_as_before(pair, clerk):
    asked = give(pair, clerk, **WORDS)

    assert (asked.kinship, asked.relation, asked.proof) == (None, *WORDS.values())


def test_words_do_not_stand_against_the_record(pair, clerk, checker):
    on_record(pair, clerk, checker, "sibling")

    with pytest.raises(relatives.OtherwiseOnRecord):
        give(pair, clerk, **WORDS)
    with pytest.raises(relatives.NotClose):
        give(pair, clerk)


def test_words_that_the_record_has_come_to_contradict_are_not_carried_out(pair, clerk, checker):
    asked = give(pair, clerk, **WORDS)
    on_record(pair, clerk, checker, "sibling")

    with pytest.raises(relatives.OtherwiseOnRecord):
        approve(asked, checker)


def test_kin_who_are_so_no_longer_are_not_given_to(pair, clerk, checker):
    one = on_record(pair, clerk, checker)
    asked = give(pair, clerk)
    kinship.end(one, on=timezone.localdate(), by=checker, at=timezone.now())

    with pytest.raises(relatives.NoLongerOnRecord):
        approve(asked, checker)


def test_nobody_redeems_for_a_child(pair, clerk, checker):
    on_record(pair, clerk, checker, "child")
    told = {"minutes": 30, "on": timezone.localdate()}

    with pytest.raises(relatives.NotClose):
        redemptions.ask(pair[0], beneficiary=pair[1], **told, **by(clerk))


def test_the_database_asks_for_kin_or_proof(pair, clerk):
    with pytest.raises(IntegrityError, match="ledger_movementrequest_for_a_relative_has_proof"):
        give(pair, clerk, relation="parent")


def test_the_form_offers_kin_and_wants_no_words_then(client, pair, clerk, checker):
    one = on_record(pair, clerk, checker)
    client.force_login(clerk)
    page = reverse("hours_gift", args=[pair[0].key])
    sent = {"key": uuid.uuid4(), "kin": str(pair[1].key), "minutes": "60"}

    assert pair[1].name in str(client.get(page).context["form"]["kin"])
    client.post(page, sent)

    asked = MovementRequest.objects.get()
    assert (asked.other, asked.kinship) == (pair[1], one)


def test_the_form_offers_nobody_who_is_not_close_or_not_confirmed(client, pair, clerk, checker):
    on_record(pair, clerk, checker, "sibling")
    client.force_login(clerk)

    response = client.get(reverse("hours_gift", args=[pair[0].key]))

    assert "kin" not in response.context["form"].fields
