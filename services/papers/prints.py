"""Printing a passbook line by line (存折): what was printed is kept, and new lines print once."""

from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max

from ledger.accounts import number_of
from ledger.models import Balance
from members import access
from members.models import Member, User
from services.papers.models import StatementPrint

# One print; what is beyond it stays new.
MOST_LINES = 500


class NothingNew(Exception):
    """Every line of the passbook has been printed."""


class NoSuchLine(Exception):
    """Only lines that were printed before are printed again."""


@transaction.atomic
def print_new(member: Member, *, key: UUID, by: User, at: datetime) -> StatementPrint:
    """Take the lines since the last print to the printer, 500 at most.

    The same key again returns the same print. The member is locked first, so that two clerks who
    print at once do not print a line twice. Raises PermissionDenied, NothingNew.
    """
    account = _locked(member, by)
    if known := StatementPrint.objects.filter(key=key, member=member).first():
        return known
    first = last_printed(member, account) + 1
    last = min(_last_line(member, account), first + MOST_LINES - 1)
    if account is None or last < first:
        raise NothingNew
    return _keep(member, account, first, last, key=key, is_again=False, by=by, at=at)


@transaction.atomic
def print_again(member: Member, *, first: int, key: UUID, by: User, at: datetime) -> StatementPrint:
    """Print again from line `first` on, as far as was printed, 500 at most: a book was lost.

    Raises PermissionDenied, NoSuchLine.
    """
    account = _locked(member, by)
    if known := StatementPrint.objects.filter(key=key, member=member).first():
        return known
    last = min(last_printed(member, account), first + MOST_LINES - 1)
    if account is None or not 1 <= first <= last:
        raise NoSuchLine
    return _keep(member, account, first, last, key=key, is_again=True, by=by, at=at)


def last_printed(member: Member, account: int | None) -> int:
    """The last line of the account that was ever printed; 0 when none was."""
    prints = StatementPrint.objects.filter(area=member.area_id, account=account or 0)
    return prints.aggregate(last=Max("last_seq"))["last"] or 0


def new_lines(member: Member, account: int | None) -> int:
    """How many lines the passbook has that were never printed."""
    return max(0, _last_line(member, account) - last_printed(member, account))


def _locked(member: Member, by: User) -> int | None:
    """The member's account; nobody else prints their passbook until the transaction ends."""
    locked = Member.objects.select_for_update(of=("self",), no_key=True).select_related("area")
    member = locked.get(pk=member.pk)
    if not access.may_log(by, member.area):
        raise PermissionDenied
    return number_of(member.area_id, member.key)


def _last_line(member: Member, account: int | None) -> int:
    balances = Balance.objects.filter(community=member.area_id, account_id=account or 0)
    return balances.values_list("seq", flat=True).first() or 0


def _keep(
    member: Member,
    account: int,
    first: int,
    last: int,
    *,
    key: UUID,
    is_again: bool,
    by: User,
    at: datetime,
) -> StatementPrint:
    return StatementPrint.objects.create(
        key=key,
        area_id=member.area_id,
        member=member,
        account=account,
        first_seq=first,
        last_seq=last,
        is_again=is_again,
        printed_by=by,
        printed_at=at,
    )
