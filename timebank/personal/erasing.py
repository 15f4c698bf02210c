"""Emptying a person's record for good: what tells of them goes, figures and numbers stay.

The ledger has no names: it keeps its holder and its rows. Visits keep their days, minutes and
categories, as Decree 67 wants service records kept; certificates stand as they were issued.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import uuid5

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger import accounts, requests, spending, transfers
from ledger.models import Balance, MovementRequest
from ledger.requests import Refusal
from members import encryption
from members.models import (
    Agent,
    DataRequest,
    Device,
    Draft,
    Elder,
    Member,
    MemberPhone,
    Merge,
    Notice,
    SearchTerm,
    SignInCode,
    User,
    Volunteer,
)
from members.models.encrypted import Sealed
from services.models import Objection, RegisterBatch, RegisterRow, Visit
from services.papers.models import StatementRun
from timebank.personal import asking
from timebank.personal.places import PLACES, Erasing

GONE = encryption.GONE  # where a text has to be
Batch = RegisterBatch.State


class HoursLeft(Refusal):
    sentence = _(
        "There are hours on the account. Give or donate them first, or write down that they go to"
        " the public pool."
    )


class VisitsWait(Refusal):
    sentence = _("Visits of this person wait for a second person. Decide them first.")


class ObjectionsWait(Refusal):
    sentence = _(
        "This person says that a line is not right, and waits for an answer. Answer first."
    )


class RegisterWaits(Refusal):
    sentence = _("A register that names this person is not posted yet. Post or discard it first.")


@transaction.atomic
def erase(request: DataRequest, *, identity: str, by: User, at: datetime) -> DataRequest:
    """Carry an erasure out. Raises NotOpen, OwnEntry, PermissionDenied, HoursLeft, VisitsWait,
    ObjectionsWait, RegisterWaits, HoursAreHeld.

    Records that were merged into the person's go with it. Files are deleted once it is committed.
    """
    request = asking.lock(request)
    asking.check_eraser(request, by)
    member = asking.locked(request.member)
    records = [member, *member.merged.select_for_update(of=("self",)).order_by("pk")]
    numbers = _phones(records)
    rows = _rows(records, numbers)
    _check(records, rows)
    _give_up_hours(request, member, by=by, at=at)
    _empty_registers(rows)
    _forget_files(member)
    _empty_requests(records, at)
    _empty_visits(records)
    Objection.objects.filter(member__in=records).update(words="", answer="")
    _end_sign_in(records, numbers)
    _end_agencies(records, by, at)
    _forget_the_log(records)
    _delete_places(records)
    for one in records:
        _empty(one, by, at)
    return asking.close(request, DataRequest.State.DONE, by=by, at=at, identity=identity)


def _check(records: list[Member], rows: QuerySet[RegisterRow]) -> None:
    people = Q(volunteer__in=records) | Q(elder__in=records)
    if Visit.objects.filter(people).waiting().exists():
        raise VisitsWait
    if Objection.objects.filter(member__in=records).waiting().exists():
        raise ObjectionsWait
    under_way = [Batch.READING, Batch.PREPARED, Batch.APPLYING]
    if rows.filter(batch__state__in=under_way).exists():
        raise RegisterWaits


def _give_up_hours(request: DataRequest, member: Member, *, by: User, at: datetime) -> None:
    """What is on the accounts goes to the pool, when the member said so in words."""
    spending.lock(member.key)
    numbers = [account.id for account in accounts.of(member.area_id, member.key)]
    if not numbers:
        return
    balances = Balance.objects.filter(community=member.area_id, account_id__in=numbers)
    if not request.hours_words and balances.filter(posted__gt=0).exists():
        raise HoursLeft
    accounts.freeze(member.area_id, member.key, frozen=True, by=by.pk)
    with requests.of_the_ledger():
        transfers.close(
            member.area_id,
            uuid5(request.key, "closure"),
            member.key,
            accounts.POOL,
            effective_on=timezone.localdate(at),
            by=request.author_id,
            approver=by.pk,
            policy=requests.policy_for(member.area, at).pk,
        )


def _phones(records: list[Member]) -> list[str]:
    return [phone.number for phone in MemberPhone.objects.filter(member__in=records)]


def _rows(records: list[Member], numbers: list[str]) -> QuerySet[RegisterRow]:
    """Rows of registers that tell of the person: linked to them, or with a number of theirs."""
    visits = Visit.objects.filter(Q(volunteer__in=records) | Q(elder__in=records))
    linked = Q(member__in=records) | Q(visit__in=visits)
    values = [*numbers, *(one.id_number for one in records if one.id_number)]
    rows = RegisterRow.objects.filter(batch__area__in={one.area_id for one in records})
    found = set(rows.filter(linked).values_list("pk", flat=True))
    # What is sealed is found by looking: row by row, as this is done once in a person's life.
    for row in rows.exclude(pk__in=found).iterator():
        told = f"{row.written} {row.understood} {row.details} {row.warnings}"
        if any(value in told for value in values):
            found.add(row.pk)
    return RegisterRow.objects.filter(pk__in=found)


def _empty_registers(rows: QuerySet[RegisterRow]) -> None:
    """The rows, and the workbooks that they were read from: others' rows stay as they were read."""
    batches = list(RegisterBatch.objects.filter(rows__in=rows).distinct())
    rows.update(written={}, understood={}, details={}, warnings=[])
    _delete_files(batches)
    RegisterBatch.objects.filter(pk__in=[one.pk for one in batches]).update(file="", file_name=GONE)


def _forget_files(member: Member) -> None:
    """The yearly statements of the community, which can be made again without them."""
    runs = list(StatementRun.objects.filter(area=member.area))
    _delete_files(runs)
    StatementRun.objects.filter(pk__in=[run.pk for run in runs]).delete()


def _delete_files(rows: Iterable[Any]) -> None:
    for row in rows:
        if row.file:
            storage, name = row.file.storage, row.file.name
            transaction.on_commit(lambda storage=storage, name=name: storage.delete(name))


def _empty_requests(records: list[Member], at: datetime) -> None:
    """What waits is withdrawn; the words of all are taken out."""
    found = MovementRequest.objects.filter(Q(member__in=records) | Q(other__in=records))
    found.waiting().update(state=MovementRequest.State.WITHDRAWN, decided_at=at)
    _replace(found, "proof", "reason", "return_reason")
    merges = Merge.objects.filter(Q(kept__in=records) | Q(gone__in=records))
    _replace(merges, "reason", "return_reason")
    asked = DataRequest.objects.filter(member__in=records)
    _replace(asked, "hours_words")


def _empty_visits(records: list[Member]) -> None:
    found = Visit.objects.filter(Q(volunteer__in=records) | Q(elder__in=records))
    _replace(found, "return_reason")
    found.exclude(note="").update(note="")


def _replace(rows: QuerySet[Any], *columns: str) -> None:
    """Mark these sealed columns as emptied, where there was a text."""
    for column in columns:
        rows.exclude(**{column: ""}).update(**{column: Sealed(encryption.EMPTIED)})


def _end_sign_in(records: list[Member], numbers: list[str]) -> None:
    users = User.objects.filter(member__in=records)
    ids = {str(pk) for pk in users.values_list("pk", flat=True)}
    for session in Session.objects.iterator():
        told = session.get_decoded()
        phone = told.get("sign_in", {}).get("phone")
        if told.get("_auth_user_id") in ids or phone in numbers:
            session.delete()
    users.update(first_name="", last_name="", email="", is_active=False)
    Device.objects.filter(user__in=users).delete()
    Draft.objects.filter(user__in=users).delete()
    codes = SignInCode.objects.filter(phone__in=numbers)
    Notice.objects.filter(code__in=codes).delete()
    codes.delete()


def _end_agencies(records: list[Member], by: User, at: datetime) -> None:
    found = Agent.objects.filter(Q(member__in=records) | Q(agent__in=records), revoked_at=None)
    found.update(revoked_by=by, revoked_at=at)


def _forget_the_log(records: list[Member]) -> None:
    """The administration's log names rows by what they were called."""
    for model in (Member, Volunteer, Elder, MemberPhone, User):
        column = "pk" if model is Member else "member"
        found = model._default_manager.filter(**{f"{column}__in": [one.pk for one in records]})
        LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(model),
            object_id__in=[str(pk) for pk in found.values_list("pk", flat=True)],
        ).update(object_repr=GONE, change_message="")


def _delete_places(records: list[Member]) -> None:
    for place in PLACES:
        if place.erasing == Erasing.DELETE:
            model = apps.get_model(place.model)
            model._default_manager.filter(**{f"{place.column}__in": records}).delete()


def _empty(member: Member, by: User, at: datetime) -> None:
    """The record keeps its keys, its number and the day of its making; a name it must have."""
    guardian = {f"guardian_{part}": "" for part in ("name", "relation", "phone")}
    Volunteer.objects.filter(member=member).update(
        skills=[], note="", guardian_consent_on=None, **guardian
    )
    Elder.objects.filter(member=member).update(
        living="", income="", capability="", contact_name="", contact_relation="", contact_phone=""
    )
    member.name = f"#{member.number}"
    member.sex, member.address, member.note = "", "", ""
    member.birth_date = member.id_number = None
    if member.standing != Member.Standing.MERGED:
        member.standing = Member.Standing.ERASED
    member.changed_by, member.changed_at = by, at
    told = (
        "name",
        "sex",
        "address",
        "note",
        "birth_date",
        "id_number",
        "id_number_index",
        "standing",
    )
    member.save(update_fields=[*told, "changed_by", "changed_at"])
    SearchTerm.objects.filter(member=member).delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT members_empty_rights(%s)", [member.pk])
        cursor.execute("SELECT members_empty_history(%s)", [member.pk])
