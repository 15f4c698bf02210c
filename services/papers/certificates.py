"""Service record certificates (志愿服务记录证明; Decree 67): issued, checked, withdrawn.

What a certificate says is frozen when it is issued. Whether it still holds is never stored: the
figures of its period are counted again whenever somebody asks.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from members import access
from members.models import Area, Member, User
from services.models import Category
from services.papers import codes
from services.papers.models import Certificate

State = Certificate.State

# What counts: visits of the holder that stand, recorded by the community, by day of the service.
# Where two records of one person were merged after a certificate was issued, it goes on speaking of
# the visits of the record for which it was issued: those that came with the merge are left out,
# those that went with it are found where they are now.
COUNTED = """
    WITH asked AS (
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::date[], %s::date[],
            %s::timestamptz[]) WITH ORDINALITY
            AS asked (member_id, area_id, first_day, last_day, issued_at, n)
    ), moved AS (
        SELECT row.row AS visit_id, merge.kept_id, merge.gone_id, merge.decided_at
        FROM members_mergedrow row JOIN members_merge merge ON merge.id = row.merge_id
        WHERE row.model = 'services.Visit' AND row."column" = 'volunteer' AND merge.state = 'done'
            AND (merge.gone_id IN (SELECT member_id FROM asked)
                OR merge.kept_id IN (SELECT member_id FROM asked))
    ), visit AS (
        SELECT asked.n, v.id, v.category_id, v.served_minutes
        FROM asked JOIN services_visit v ON v.volunteer_id = asked.member_id
            AND v.area_id = asked.area_id AND v.state = 'confirmed'
            AND v.service_date BETWEEN asked.first_day AND asked.last_day
        UNION
        SELECT asked.n, v.id, v.category_id, v.served_minutes
        FROM asked JOIN moved ON moved.gone_id = asked.member_id
            AND moved.decided_at > asked.issued_at
        JOIN services_visit v ON v.id = moved.visit_id
            AND v.area_id = asked.area_id AND v.state = 'confirmed'
            AND v.service_date BETWEEN asked.first_day AND asked.last_day
    )
    SELECT visit.n, visit.category_id, count(*), sum(visit.served_minutes)
    FROM visit JOIN asked ON asked.n = visit.n
    WHERE NOT EXISTS (SELECT FROM moved WHERE moved.visit_id = visit.id
        AND moved.kept_id = asked.member_id AND moved.decided_at > asked.issued_at)
    GROUP BY 1, 2
"""


class NothingServed(Exception):
    """There is no confirmed visit in the period, so that there is nothing to certify."""


class PeriodNotOver(Exception):
    """The last day lies in the future; nobody certifies what has not happened."""


class SeenOtherwise(Exception):
    """The figures are others than those that were looked at before issuing."""


class KeyReused(Exception):
    """The key belongs to a certificate of somebody else, or of another period."""


class AlreadyWithdrawn(Exception):
    """A certificate is withdrawn once."""


@dataclass(frozen=True)
class Figures:
    """Visits and served minutes by category, the codes in alphabetical order."""

    by_category: tuple[tuple[str, int, int], ...]

    @property
    def visits(self) -> int:
        return sum(visits for _code, visits, _minutes in self.by_category)

    @property
    def minutes(self) -> int:
        return sum(minutes for _code, _visits, minutes in self.by_category)

    @property
    def digest(self) -> str:
        """Tells whether two people look at the same figures."""
        return hashlib.sha256(repr(self.by_category).encode()).hexdigest()


class Standing(NamedTuple):
    """Whether a certificate holds, what it said, and what would be counted today."""

    state: str
    then: Figures
    now: Figures


def figures(member: Member, *, start: date, end: date) -> Figures:
    """What the member's community has on record of their service from `start` to `end`."""
    return _counted([(member.pk, member.area_id, start, end, timezone.now())])[0]


@transaction.atomic
def issue(
    member: Member, *, start: date, end: date, seen: str, key: UUID, by: User, at: datetime
) -> Certificate:
    """Certify the member's service from `start` to `end`; `seen` is the digest of the figures.

    The same key again returns the certificate that is there. Numbers run without gaps within a
    community and year: its row is locked first, so that of two at once the second waits for the
    first one's number. Raises PermissionDenied, PeriodNotOver, NothingServed, SeenOtherwise,
    KeyReused.
    """
    area = Area.objects.select_for_update(no_key=True).get(pk=member.area_id)
    if not access.may_log(by, area):
        raise PermissionDenied
    known = Certificate.objects.filter(key=key).select_related("area", "member").first()
    if known:
        if (known.member_id, known.period_start, known.period_end) != (member.pk, start, end):
            raise KeyReused
        return known
    if end > timezone.localdate(at):
        raise PeriodNotOver
    served = figures(member, start=start, end=end)
    if not served.visits:
        raise NothingServed
    if served.digest != seen:
        raise SeenOtherwise
    year = timezone.localdate(at).year
    numbered = Certificate.objects.filter(area=area, year=year)
    certificate = Certificate(
        key=key,
        area=area,
        year=year,
        serial=(numbered.aggregate(last=Max("serial"))["last"] or 0) + 1,
        code=codes.new(),
        member=member,
        period_start=start,
        period_end=end,
        issued_by=by,
        issued_at=at,
    )
    certificate.content = _content(certificate, served)
    certificate.content_hash = hashlib.sha256(certificate.content.encode()).hexdigest()
    certificate.save(force_insert=True)
    return certificate


@transaction.atomic
def withdraw(certificate: Certificate, *, reason: str, by: User, at: datetime) -> Certificate:
    """Take a certificate back for everybody who checks it.

    The row is locked first, so that the first of two reasons stands. Raises PermissionDenied,
    AlreadyWithdrawn.
    """
    locked = Certificate.objects.select_for_update(of=("self",)).select_related("area", "member")
    certificate = locked.get(pk=certificate.pk)
    if not may_withdraw(certificate, by=by):
        raise PermissionDenied
    if certificate.withdrawn_at:
        raise AlreadyWithdrawn
    certificate.withdrawn_by = by
    certificate.withdrawn_at = at
    certificate.withdraw_reason = reason
    certificate.save(update_fields=["withdrawn_by", "withdrawn_at", "withdraw_reason"])
    return certificate


def may_withdraw(certificate: Certificate, *, by: User) -> bool:
    """Checkers and above, and whoever issued it, while they work in the community."""
    is_own = certificate.issued_by_id == by.pk and access.may_log(by, certificate.area)
    return is_own or access.may_approve(by, certificate.area)


def standings(certificates: Sequence[Certificate]) -> list[Standing]:
    """How each of the certificates stands now, by one query for all."""
    asked = [
        (c.member_id, c.area_id, c.period_start, c.period_end, c.issued_at) for c in certificates
    ]
    return [
        _standing(certificate, now)
        for certificate, now in zip(certificates, _counted(asked), strict=True)
    ]


def by_code(typed: str) -> Certificate | None:
    """The certificate of a code as somebody typed it; None when there is none."""
    code = codes.read(typed)
    if code is None:
        return None
    return Certificate.objects.select_related("area", "member").filter(code=code).first()


def _standing(certificate: Certificate, now: Figures) -> Standing:
    rows = certificate.facts["categories"]
    then = Figures(tuple((row["code"], row["visits"], row["minutes"]) for row in rows))
    if certificate.withdrawn_at:
        return Standing(State.WITHDRAWN, then, now)
    return Standing(State.GENUINE if then == now else State.CORRECTED, then, now)


def _counted(asked: Sequence[tuple[int, int, date, date, datetime]]) -> list[Figures]:
    columns = [list(column) for column in zip(*asked, strict=True)] if asked else [[]] * 5
    found: dict[int, list[tuple[str, int, int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, columns)
        for number, category, visits, minutes in cursor.fetchall():
            found.setdefault(number, []).append((category, visits, int(minutes)))
    return [Figures(tuple(sorted(found.get(n, [])))) for n in range(1, len(asked) + 1)]


def _content(certificate: Certificate, served: Figures) -> str:
    """All that is printed, as JSON with sorted keys; names of places and services in both tongues.

    A later change of a name, of a category or of the person changes no certificate.
    """
    member, area = certificate.member, certificate.area
    categories = Category.objects.in_bulk([code for code, _visits, _minutes in served.by_category])
    told = {
        "version": 1,
        "number": certificate.number,
        "unit": {"code": area.code, "zh": area.name_zh, "en": area.name_en},
        "holder": {
            "name": member.name,
            "member_number": member.number,
            "sex": member.sex,
            "id_number": _masked(member.id_number or ""),
        },
        "period": {"start": f"{certificate.period_start}", "end": f"{certificate.period_end}"},
        "visits": served.visits,
        "minutes": served.minutes,
        "categories": [
            {
                "code": code,
                "zh": categories[code].name_zh,
                "en": categories[code].name_en,
                "visits": visits,
                "minutes": minutes,
            }
            for code, visits, minutes in served.by_category
        ],
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def _masked(id_number: str) -> str:
    """5301**********1234; nothing of a number too short to leave something out."""
    hidden = len(id_number) - 8
    return f"{id_number[:4]}{'*' * hidden}{id_number[-4:]}" if hidden > 0 else ""
