"""Visits from registers, in bulk: the same rules as on the page, a few statements a chunk."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from ledger import accounts, pool, transfers
from ledger.models import Balance, Policy
from ledger.policy import Credit, VisitFacts, credit
from members import kinship
from members.models import Area, Elder, Member, User, Volunteer
from services.models import Category, Visit
from services.visits import booking, refusals

HOLDS_TIME = (Visit.State.COMPLETED, Visit.State.CONFIRMED)


@dataclass(frozen=True, slots=True)
class ImportedVisit:
    """One row of a register. `key` is the same whenever the same row is posted again.

    `volunteer` comes with its area, `category` is the row's own; `choice` is the register's own
    mark. Minutes are as written, 1 to 1440.
    """

    key: UUID
    volunteer: Member
    elder: Member
    category: Category
    service_date: date
    minutes: int
    choice: str = Visit.Choice.BANK
    started_at: datetime | None = None
    ended_at: datetime | None = None
    method: str = Visit.Method.PAPER
    note: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a chunk: a visit for each row's key, or the reason why there is none."""

    visits: dict[UUID, Visit] = field(default_factory=dict)
    refused: dict[UUID, refusals.Refusal] = field(default_factory=dict)


@transaction.atomic
def post_imported(
    rows: Sequence[ImportedVisit], *, batch_author: User, approver: User, at: datetime
) -> Imported:
    """Record a chunk of a register and book its hours, all in one transaction.

    Rows whose key was posted before give the visit that stands for them, and book nothing. Rows
    that no visit can be made of are in `refused` (NotAVolunteer, NotAnElder, SamePerson, Elsewhere,
    NoPolicy); the others are posted. Raises transfers.Refused when the ledger will not have the
    chunk. The volunteers are locked in the order of their keys.
    """
    result = Imported()
    volunteers = _lock({row.volunteer.pk for row in rows})
    elders = _elders({row.elder.pk for row in rows})
    known = Visit.objects.in_bulk([row.key for row in rows], field_name="key")
    fresh = []
    for row in rows:
        if row.key in known:
            result.visits[row.key] = known[row.key]
        elif row.volunteer.pk not in volunteers:
            result.refused[row.key] = refusals.NotAVolunteer()
        elif row.elder.pk not in elders:
            result.refused[row.key] = refusals.NotAnElder()
        elif row.volunteer.pk == row.elder.pk:
            result.refused[row.key] = refusals.SamePerson()
        else:
            fresh.append(row)
    result.refused.update(_in_two_places(fresh))
    by_area: dict[Area, list[ImportedVisit]] = defaultdict(list)
    for row in fresh:
        if row.key not in result.refused:
            by_area[row.volunteer.area].append(row)
    for area in sorted(by_area, key=lambda area: area.pk):
        _Book(area, by_area[area], batch_author, approver, at).post(result)
    return result


class _Book:
    """The rows of one community on their way into its book."""

    def __init__(
        self,
        area: Area,
        rows: list[ImportedVisit],
        author: User,
        approver: User,
        at: datetime,
    ):
        self.area, self.rows = area, rows
        self.author, self.approver, self.at = author, approver, at
        keys = list({row.volunteer.key for row in rows})
        self.first_open = booking.first_open_day(area.pk)
        self.pool_room = pool.lock(area.pk)
        self.accounts = accounts.open_for(area, keys)
        standing = Balance.objects.filter(
            community=area, account_id__in=list(self.accounts.values())
        )
        self.standing = {balance.account_id: balance for balance in standing}
        self.kin = kinship.of_pairs({(row.volunteer.pk, row.elder.pk) for row in rows})
        self.used = _used({row.volunteer.pk for row in rows}, {row.service_date for row in rows})
        self.policies = list(Policy.objects.for_area(area))

    def post(self, result: Imported) -> None:
        """Record the visits and post their journals, a batch for each policy."""
        visits = []
        journals: dict[int, list[transfers.Journal]] = defaultdict(list)
        for row in self.rows:
            policy = self._policy(row.service_date)
            if policy is None:
                result.refused[row.key] = refusals.NoPolicy()
                continue
            account = self.accounts[row.volunteer.key]
            worth = self._credit(row, account, policy)
            visits.append(self._visit(row, worth))
            if worth.moved:
                legs = booking.legs(worth, account)
                place = booking.placed(row.service_date, self.first_open)
                journals[policy.pk].append(transfers.Journal(row.key, legs, *place))
        Visit.objects.bulk_create(visits)
        for policy_pk, batch in journals.items():
            transfers.post_batch(
                self.area.pk,
                batch,
                by=self.author.pk,
                approver=self.approver.pk,
                policy=policy_pk,
            )
        result.visits.update({visit.key: visit for visit in visits})

    def _policy(self, day: date) -> Policy | None:
        return next((p for p in self.policies if p.effective_from <= day), None)

    def _credit(self, row: ImportedVisit, account: int, policy: Policy) -> Credit:
        """Credit the row, and remember what it takes from day and pool and adds to the balance."""
        standing = self.standing[account]
        day = (row.volunteer.pk, row.service_date)
        worth = credit(
            VisitFacts(
                minutes=row.minutes,
                service_date=row.service_date,
                recorded_on=timezone.localdate(self.at),
                grade="C",
                choice=row.choice,
                is_imported=True,
                is_service=row.category.is_bankable,
                is_own_family=kinship.relation_on(
                    self.kin, (row.volunteer.pk, row.elder.pk), row.service_date
                )
                in policy.own_family,
                is_frozen=standing.frozen,
                used_that_day=self.used[day],
                balance=standing.posted,
                ceiling=standing.ceiling,
                pool_available=self.pool_room,
            ),
            policy,
        )
        if worth.moved:
            self.used[day] += worth.bankable
            standing.posted += worth.banked
            if self.pool_room is not None:
                self.pool_room -= worth.from_pool - worth.donated - worth.overflow
        return worth

    def _visit(self, row: ImportedVisit, worth: Credit) -> Visit:
        """The visit of a row; one on a frozen account waits."""
        waits = bool(worth.questions)
        visit = Visit(
            key=row.key,
            area=self.area,
            volunteer=row.volunteer,
            elder=row.elder,
            category=row.category,
            service_date=row.service_date,
            started_at=row.started_at,
            ended_at=row.ended_at,
            method=row.method,
            choice=row.choice,
            source=Visit.Source.IMPORT,
            note=row.note,
            state=Visit.State.COMPLETED if waits else Visit.State.CONFIRMED,
            questions=list(worth.questions),
            journal=row.key if worth.moved else None,
            entered_by=self.author,
            entered_at=self.at,
            approved_by=None if waits else self.approver,
            confirmed_at=None if waits else self.at,
        )
        booking.write_down(visit, worth)
        return visit


def _lock(volunteers: Collection[int]) -> set[int]:
    """Lock the volunteers in the order of their keys; return those who are volunteers."""
    locked = Volunteer.objects.filter(member__in=volunteers).order_by("pk")
    return set(locked.select_for_update(of=("self",)).values_list("member", flat=True))


def _elders(members: Collection[int]) -> set[int]:
    return set(Elder.objects.filter(member__in=members).values_list("member", flat=True))


def _used(volunteers: Collection[int], days: Collection[date]) -> dict[tuple[int, date], int]:
    """Minutes that visits on record have taken from each volunteer's days."""
    visits = (
        Visit.objects.standing()
        .filter(volunteer__in=volunteers, service_date__in=days)
        .exclude(choice=Visit.Choice.WAIVE)
        .values_list("volunteer", "service_date")
        .annotate(total=Sum("bankable_minutes"))
        .order_by()
    )
    used: dict[tuple[int, date], int] = defaultdict(int)
    used.update({(volunteer, day): total for volunteer, day, total in visits})
    return used


def _in_two_places(rows: Iterable[ImportedVisit]) -> dict[UUID, refusals.Refusal]:
    """The rows whose time overlaps an earlier row's, or a visit's on record."""
    timed = [(row.started_at, row.ended_at, row) for row in rows if row.started_at and row.ended_at]
    if not timed:
        return {}
    timed.sort(key=lambda one: one[0])
    taken: dict[int, list[tuple[datetime, datetime, Visit | None]]] = defaultdict(list)
    on_record = Visit.objects.filter(
        volunteer__in={row.volunteer.pk for _, _, row in timed},
        state__in=HOLDS_TIME,
        started_at__lt=max(end for _, end, _ in timed),
        ended_at__gt=timed[0][0],
    ).select_related("elder")
    for visit in on_record:
        if visit.started_at and visit.ended_at:
            taken[visit.volunteer_id].append((visit.started_at, visit.ended_at, visit))
    refused: dict[UUID, refusals.Refusal] = {}
    for start, end, row in timed:
        clash = [one for one in taken[row.volunteer.pk] if one[0] < end and start < one[1]]
        if clash:
            refused[row.key] = refusals.Elsewhere(clash[0][2])
        else:
            taken[row.volunteer.pk].append((start, end, None))
    return refused
