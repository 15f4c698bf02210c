"""Asking for a copy of all that is held, or to be erased: with a clock, and who answers it.

Who asks to be erased is restricted at once: their sign-in ends, no search finds them, and none but
administrators see them. Withdrawn, all is as it was.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members import access, search, signing_in
from members.models import DataRequest, Member, User
from members.refusals import OwnEntry, Refusal, violated
from services import workdays

FETCHED_FOR = timedelta(days=30)
Kind, State, Standing = DataRequest.Kind, DataRequest.State, Member.Standing


class AskedAlready(Refusal):
    sentence = _("This has been asked for already.")


class NotOpen(Refusal):
    sentence = _("This request was carried out or withdrawn before.")


class NotHere(Refusal):
    sentence = _("This person is not on record any more. Look them up again.")


@transaction.atomic
def ask(
    member: Member, *, kind: str, by: User, at: datetime, key: UUID, hours_words: str = ""
) -> DataRequest:
    """Write down what the member asks for; to be erased restricts them at once.

    The same key gives the request that is there. Raises PermissionDenied, AskedAlready, NotHere.
    """
    if by.member_id != member.pk and not access.may_log(by, member.area):
        raise PermissionDenied
    if known := DataRequest.objects.filter(key=key, member=member, kind=kind).first():
        return known
    member = locked(member)
    if member.standing != Standing.HERE:
        raise NotHere
    day = timezone.localdate(at)
    try:
        with transaction.atomic():
            request = DataRequest.objects.create(
                key=key,
                kind=kind,
                member=member,
                area=member.area,
                author=by,
                asked_at=at,
                due_on=workdays.after(day, settings.DATA_REQUEST_WORKDAYS),
                hours_words=hours_words,
            )
    except IntegrityError as error:
        if violated(error) != "members_datarequest_of_a_kind_is_open_once":
            raise
        raise AskedAlready from error
    if kind == Kind.ERASURE:
        _restrict(member, by, at)
    return request


@transaction.atomic
def withdraw(request: DataRequest, *, by: User, at: datetime) -> DataRequest:
    """No longer wanted: all is as before. Raises PermissionDenied, NotOpen."""
    request = lock(request)
    if by.member_id != request.member_id and not access.may_log(by, request.area):
        raise PermissionDenied
    _check_open(request)
    if request.kind == Kind.ERASURE:
        member = locked(request.member)
        _stand(member, Standing.HERE, by, at)
        User.objects.filter(member=member).update(is_active=True)
    return close(request, State.WITHDRAWN, by=by, at=at)


@transaction.atomic
def hand_out(request: DataRequest, *, identity: str, by: User, at: datetime) -> DataRequest:
    """Note that the copy was given to the person, and how it was made sure who they are.

    Raises PermissionDenied, NotOpen.
    """
    request = lock(request)
    if request.kind != Kind.COPY or not access.may_log(by, request.area):
        raise PermissionDenied
    _check_open(request)
    return close(request, State.DONE, by=by, at=at, identity=identity)


def may_erase(request: DataRequest, *, by: User) -> bool:
    """Whether a page offers to carry the erasure out: an administrator who did not enter it."""
    return (
        request.kind == Kind.ERASURE
        and request.state == State.OPEN
        and request.author_id != by.pk
        and access.may_change_reference(by, request.area)
    )


def check_eraser(request: DataRequest, by: User) -> None:
    """Raises NotOpen, OwnEntry, PermissionDenied."""
    _check_open(request)
    if request.author_id == by.pk:
        raise OwnEntry
    if not may_erase(request, by=by):
        raise PermissionDenied


def lock(request: DataRequest) -> DataRequest:
    found = DataRequest.objects.select_for_update(of=("self",)).select_related("member", "area")
    return found.get(pk=request.pk)


def locked(member: Member) -> Member:
    people = Member.objects.select_for_update(of=("self",)).select_related("area")
    return people.get(pk=member.pk)


def close(
    request: DataRequest, state: str, *, by: User, at: datetime, identity: str = ""
) -> DataRequest:
    request.state, request.identity = state, identity
    request.closed_by, request.closed_at = by, at
    request.save(update_fields=["state", "identity", "closed_by", "closed_at"])
    return request


def _check_open(request: DataRequest) -> None:
    if request.state != State.OPEN:
        raise NotOpen


def _restrict(member: Member, by: User, at: datetime) -> None:
    _stand(member, Standing.RESTRICTED, by, at)
    signing_in.user_for(member)  # one that may not sign in is what keeps the phone out
    signing_in.sign_out_everywhere(member, by=by, at=at)
    User.objects.filter(member=member).update(is_active=False)


def _stand(member: Member, standing: str, by: User, at: datetime) -> None:
    member.standing, member.changed_by, member.changed_at = standing, by, at
    member.save(update_fields=["standing", "changed_by", "changed_at"])
    search.index([member])


def may_fetch(request: DataRequest, *, by: User, at: datetime) -> bool:
    """Whether the copy can be fetched: once it was handed out, and for a month after that."""
    if request.kind != Kind.COPY or request.state != State.DONE or request.closed_at is None:
        return False
    is_own = by.member_id == request.member_id
    return (is_own or access.may_log(by, request.area)) and at < request.closed_at + FETCHED_FOR
