import datetime
import uuid

import pytest
from django.utils import timezone

from ledger.verification import verify
from members.models import Member
from tests.factories import ElderFactory, MemberFactory, StaffFactory, VolunteerFactory
from timebank.merging import merges

BORN = datetime.date(1955, 5, 1)


@pytest.fixture
def clerk(db):
    return StaffFactory(username="clerk", role="clerk")


@pytest.fixture
def checker(db):
    return StaffFactory(username="checker", role="checker")


@pytest.fixture
def kept(db):
    """王秀英 as she joined: a volunteer with a mobile."""
    person = MemberFactory(name="王秀英", birth_date=BORN, phone="13888880001")
    return VolunteerFactory(member=person, skills=["理发"]).member


@pytest.fixture
def gone(db):
    """The same woman, registered anew as an elder, with a landline and an address."""
    person = MemberFactory(
        name="王秀英", birth_date=BORN, phone="087164561234", address="关上 3 幢"
    )
    VolunteerFactory(member=person, skills=["量血压"])
    return ElderFactory(member=person).member


@pytest.fixture
def ask(kept, gone, clerk):
    def ask(kept=kept, gone=gone, *, taken=(), by=clerk, key=None):
        return merges.ask(
            kept,
            gone,
            taken=taken,
            reason="同一身份证",
            key=key or uuid.uuid4(),
            by=by,
            at=timezone.now(),
        )

    return ask


@pytest.fixture
def approve(checker):
    def approve(merge, *, by=checker):
        return merges.approve(merge, by=by, at=timezone.now())

    return approve


@pytest.fixture
def third(db):
    return StaffFactory(username="third", role="checker")


@pytest.fixture
def undo(third):
    def undo(merge, *, by=third):
        return merges.undo(merge, by=by, at=timezone.now())

    return undo


def fresh(member):
    return Member.objects.get(pk=member.pk)


def assert_ledger_is_clean():
    assert verify().faults == []
