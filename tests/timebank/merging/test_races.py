"""Merges and others at once, on connections of their own."""

import datetime
import uuid

import pytest
from django.db import transaction
from django.utils import timezone

from ledger import donations
from ledger.verification import verify
from members.models import Member, Merge
from services import visits
from services.models import RegisterBatch, Visit
from services.registers import batches, posting
from services.visits import refusals
from tests.factories import ElderFactory, MemberFactory
from tests.ledger.people import by, credit, hours
from tests.services.test_visits_log import log
from tests.services.test_visits_races import at_once, second_while_first_is_open
from timebank.merging import merges

from .conftest import fresh

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_approvals_at_once_one_merges(kept, gone, ask, approve):
    credit(gone, 600)
    merge = ask()

    one, other = second_while_first_is_open(lambda: approve(merge), lambda: approve(merge))

    assert isinstance(one, Merge)
    assert isinstance(other, merges.NotWaiting)
    assert hours(kept) == (600, 0, 0)
    assert verify().faults == []


def test_of_two_overlapping_merges_at_once_the_second_finds_the_record_gone(
    kept, gone, ask, approve
):
    third = MemberFactory(name="王秀英")
    credit(gone, 600)
    first, second = ask(kept, gone), ask(gone, third)

    one, other = second_while_first_is_open(lambda: approve(first), lambda: approve(second))

    assert isinstance(one, Merge)
    assert isinstance(other, merges.NotHere)
    assert fresh(gone).merged_into == kept
    assert fresh(third).standing == Member.Standing.HERE
    assert verify().faults == []


def test_crosswise_merges_at_once_do_not_swallow_each_other(kept, gone, ask, approve):
    there, back = ask(kept, gone), ask(gone, kept)

    results = at_once(lambda: approve(there), lambda: approve(back))

    assert sum(isinstance(result, Merge) for result in results) == 1
    assert sum(isinstance(result, merges.NotHere) for result in results) == 1


def test_a_visit_logged_while_its_volunteer_vanishes_is_refused_with_a_sentence(
    gone, ask, approve, clerk
):
    elder = ElderFactory().member
    merge = ask()

    def late():
        return log(gone, elder, by=clerk, at=timezone.now())

    _merged, refused = second_while_first_is_open(lambda: approve(merge), late)

    # The volunteer's side may have gone with the merge: then she is no volunteer any more.
    assert isinstance(refused, refusals.NotOnRecord | refusals.NotAVolunteer)
    assert not Visit.objects.filter(volunteer=gone).exists()
    assert verify().faults == []


def test_a_merge_waits_for_a_visit_that_is_being_logged_and_takes_it_along(
    kept, gone, ask, approve, clerk
):
    elder = ElderFactory().member
    merge = ask()

    logged, merged = second_while_first_is_open(
        lambda: log(gone, elder, by=clerk, at=timezone.now()), lambda: approve(merge)
    )

    assert isinstance(merged, Merge)
    assert Visit.objects.get(pk=logged.pk).volunteer == kept
    assert hours(kept) == (60, 0, 0)
    assert verify().faults == []


def test_a_visit_is_undone_before_or_after_a_merge_but_never_half(kept, gone, ask, approve, clerk):
    visit = log(gone, ElderFactory().member, by=clerk, at=timezone.now())
    merge = ask()

    _undone, merged = second_while_first_is_open(
        lambda: visits.undo(visit, by=clerk, at=timezone.now()), lambda: approve(merge)
    )

    assert isinstance(merged, Merge)
    assert hours(kept) == (0, 0, 0)
    assert verify().faults == []


def test_hours_that_are_spent_while_a_merge_is_undone_are_spent_once(
    kept, gone, ask, approve, undo, clerk
):
    credit(gone, 600)
    merge = approve(ask())

    _given, refused = second_while_first_is_open(
        lambda: donations.give(kept, minutes=60, **by(clerk)), lambda: undo(merge)
    )

    assert type(refused).__name__ == "SpentSince"
    assert hours(kept) == (540, 0, 0)
    assert verify().faults == []


def test_a_register_is_not_approved_while_a_merge_is_under_way(ask, approve, clerk, checker):

    batch = RegisterBatch.objects.create(
        area=fresh(ask().kept).area, file_hash="1", state="prepared", entered_by=clerk
    )
    merge = Merge.objects.get()

    def late():
        with transaction.atomic():
            return batches.approve(batch, by=checker, at=timezone.now(), revision=0)

    merged, later = second_while_first_is_open(lambda: approve(merge), late)

    assert isinstance(merged, Merge)
    assert isinstance(later, batches.Refusal)  # it waited, and then found nothing to post


def test_rows_of_a_register_that_name_the_vanished_record_are_posted_to_the_kept_one(
    kept, gone, ask, approve, clerk, checker
):
    batch = _register_with_a_visit_of(gone, clerk)
    approve(ask())

    batches.approve(batch, by=checker, at=timezone.now(), revision=0)
    posting.post(batch)

    visit = Visit.objects.get(source=Visit.Source.IMPORT)
    assert visit.volunteer == kept
    assert verify().faults == []


def _register_with_a_visit_of(volunteer, clerk):

    batch = RegisterBatch.objects.create(
        area=volunteer.area, file_hash=uuid.uuid4().hex, state="prepared", entered_by=clerk
    )
    elder = ElderFactory().member
    batch.rows.create(
        sheet="1",
        number=2,
        kind="visit",
        written={},
        outcome="new",
        understood={
            "volunteer": volunteer.pk,
            "elder": elder.pk,
            "category": "companionship",
            "date": (timezone.localdate() - datetime.timedelta(days=2)).isoformat(),
            "minutes": 60,
            "choice": "bank",
            "start": None,
            "end": None,
            "method": "paper",
            "note": "",
        },
    )
    return batch
