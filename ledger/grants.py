"""Hours that the public pool grants to elders: each on an account of its own, until a day.

A month's grant is for all elders of a community whom rule A or B entitles; it is used in that month
or goes back to the pool, and it cannot be given on.
"""

import logging
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger import accounts, periods, requests, transfers
from ledger.accounts import POOL
from ledger.models import (
    Account,
    AccountKind,
    Balance,
    MovementRequest,
    Policy,
    RequestKind,
    TransferKind,
)
from members import eligibility
from members.models import Area, Elder, Member, User

logger = logging.getLogger(__name__)

MONTHLY, SPECIAL = "monthly", "special"
EXPIRED = """
    SELECT a.community_id, a.id, a.grant_key, a.expires_on, b.posted - b.held
    FROM ledger_account a
    JOIN ledger_balance b ON b.community_id = a.community_id AND b.account_id = a.id
    WHERE a.kind = 4 AND a.expires_on < %s AND b.posted > b.held AND NOT b.frozen
    ORDER BY a.community_id, a.id
"""


class NothingIsGranted(requests.Refusal):
    sentence = _("The rules in force grant nothing.")


class NotThisMonth(requests.Refusal):
    sentence = _("A month's grant is given in that month: it does not carry over.")
    field = "on"


class AlreadyOver(requests.Refusal):
    sentence = _("The day until which the hours are valid has passed.")
    field = "expires_on"


@transaction.atomic
def ask_month(
    community: Area, month: date, *, by: User, at: datetime, key: UUID
) -> MovementRequest:
    """Ask to grant the policy's minutes to every entitled elder for the month of that day.

    Who is entitled is decided when it is carried out; nobody is granted a month twice. Raises
    PermissionDenied, NoPolicy, NothingIsGranted, NotThisMonth, KeyReused.
    """
    minutes = requests.policy_for(community, at).grant_minutes
    if not minutes:
        raise NothingIsGranted
    first_day = month.replace(day=1)
    if timezone.localdate(at).replace(day=1) != first_day:
        raise NotThisMonth
    return requests.file(
        RequestKind.GRANT,
        carry_out,
        area=community,
        by=by,
        at=at,
        key=key,
        minutes=minutes,
        on=first_day,
        expires_on=periods.last_day(first_day),
    )


@transaction.atomic
def ask(
    member: Member,
    *,
    minutes: int,
    expires_on: date,
    reason: str,
    by: User,
    at: datetime,
    key: UUID,
) -> MovementRequest:
    """Ask to grant minutes to one member until that day.

    Raises PermissionDenied, NoPolicy, AlreadyOver, KeyReused; AccountFrozen when it is carried out.
    """
    if expires_on < timezone.localdate(at):
        raise AlreadyOver
    return requests.file(
        RequestKind.GRANT,
        carry_out,
        area=member.area,
        by=by,
        at=at,
        key=key,
        member=member,
        minutes=minutes,
        expires_on=expires_on,
        reason=reason,
    )


def carry_out(request: MovementRequest, policy: Policy, at: datetime) -> None:
    """Open an account for each grant and fill it from the pool, all or none."""
    assert request.expires_on is not None
    assert request.minutes is not None
    if request.expires_on < timezone.localdate(at):
        raise AlreadyOver
    if request.member is None:
        holders = {
            month_key(elder, request.on): elder.member.key
            for elder in entitled(request.area, timezone.localdate(at))
        }
        purpose = MONTHLY
    else:
        holders, purpose = {request.key: request.member.key}, SPECIAL
    accounts.open_book(request.area)
    opened = accounts.open_grants(
        request.area, holders, purpose=purpose, expires_on=request.expires_on
    )
    placed = requests.placed_on(request, at)
    filled = _filled(request.area_id, list(opened.values()))
    transfers.post_batch(
        request.area_id,
        [
            transfers.Journal(
                key, [transfers.Leg(TransferKind.GRANT, POOL, account, request.minutes)], **placed
            )
            for key, account in opened.items()
            if account not in filled
        ],
        policy=policy.pk,
        **requests.authors(request),
    )


def entitled(community: Area, day: date) -> list[Elder]:
    """The elders of the community whom rule A or B entitles on that day, and who are not frozen."""
    frozen = Account.objects.filter(
        community=community,
        kind=AccountKind.MEMBER,
        id__in=Balance.objects.filter(community=community, frozen=True).values("account_id"),
    )
    elders = Elder.objects.filter(member__in=Member.objects.here(), member__area=community)
    elders = elders.select_related("member")
    elders = elders.exclude(member__key__in=frozen.values("holder")).order_by("member__key")
    found = list(elders)
    records = eligibility.Records([elder.member_id for elder in found])
    return [e for e in found if records.rule_on(e, day) in eligibility.PRIORITY]


def outstanding(community: Area, month: date, *, on: date) -> list[Elder]:
    """The elders who would be granted the month's minutes on that day: entitled, and not yet."""
    elders = entitled(community, on)
    keys = {elder.pk: month_key(elder, month) for elder in elders}
    opened = Account.objects.filter(community=community, grant_key__in=keys.values())
    numbers = dict(opened.values_list("grant_key", "id"))
    filled = _filled(community.pk, list(numbers.values()))
    return [elder for elder in elders if numbers.get(keys[elder.pk]) not in filled]


def granted(community: Area, month: date) -> int:
    """How many elders have that month's grant."""
    opened = Account.objects.filter(
        community=community,
        kind=AccountKind.GRANT,
        purpose=MONTHLY,
        expires_on=periods.last_day(month),
    )
    return len(_filled(community.pk, list(opened.values_list("id", flat=True))))


def month_key(elder: Elder, month: date) -> UUID:
    """The key of the elder's grant of that month: nobody is granted a month twice."""
    return uuid5(elder.member.key, f"grant {month:%Y-%m}")


def expire(*, at: datetime) -> int:
    """Give what is left of grants that have expired by then back to their pools; how many.

    One posting for each grant and day, by the house, for the day after the last valid one. Minutes
    that are held stay until the hold is resolved; a later run takes what is left of them.
    """
    today = timezone.localdate(at)
    with connection.cursor() as cursor:
        cursor.execute(EXPIRED, [today])
        expired = cursor.fetchall()
    done = 0
    for community_id, account, grant_key, expires_on, minutes in expired:
        try:
            transfers.post(
                community_id,
                uuid5(grant_key, f"expiry {today}"),
                transfers.Leg(TransferKind.GRANT_EXPIRY, account, POOL, minutes),
                by=transfers.HOUSE,
                **periods.placed(community_id, expires_on + timedelta(days=1))._asdict(),
            )
            done += 1
        except transfers.Refused as refused:  # used or frozen meanwhile: the next day looks again
            logger.info("a grant did not expire", extra={"fields": {"code": refused.code}})
    return done


def _filled(community_id: int, opened: list[int]) -> set[int]:
    """Those of the accounts that their grant was posted to before."""
    filled = Balance.objects.filter(community=community_id, account_id__in=opened, seq__gt=0)
    return set(filled.values_list("account_id", flat=True))
