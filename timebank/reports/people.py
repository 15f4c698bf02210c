"""Who is registered, who was active and who was served: persons, each counted once a row.

Sets of persons are folded in Python from one grouped query a side, because a person may stand in
several rows and counts once in the total, and because the rules of eligibility have one home.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import connection
from django.db.models import Count, Max, Min, QuerySet, Sum

from members import eligibility
from members.eligibility import Rule
from members.models import Elder
from services.models import Visit
from timebank.reports.split import Key, Split

# From the day on record, or from the first visit where the register came later.
REGISTERED = """
    WITH first_visit AS (
        SELECT visit.{side}_id AS member_id,
            min(coalesce(visit.counted_on, visit.service_date)) AS day
        FROM services_visit visit JOIN members_member member ON member.id = visit.{side}_id
        WHERE visit.state = 'confirmed' AND member.area_id = ANY(%(communities)s)
        GROUP BY 1
    )
    SELECT member.area_id, least({on_record}, first_visit.day) AS day, count(*)
    FROM members_{side} side
    JOIN members_member member ON member.id = side.member_id
    LEFT JOIN first_visit ON first_visit.member_id = member.id
    WHERE member.area_id = ANY(%(communities)s) AND member.standing <> 'merged'
    GROUP BY 1, 2
"""
ON_RECORD = {
    "volunteer": "coalesce(side.joined_on, member.registered_on)",
    "elder": "member.registered_on",
}


def registrations(side: str, split: Split) -> list[tuple[int, datetime.date, int]]:
    """How many volunteers or elders of each community count as registered from which day on."""
    query = REGISTERED.format(side=side, on_record=ON_RECORD[side])
    with connection.cursor() as cursor:
        cursor.execute(query, {"communities": list(split.communities)})
        return cursor.fetchall()


def active_volunteers(visits: QuerySet[Visit], split: Split) -> dict:
    """The volunteers with a confirmed visit, by row."""
    active = defaultdict(set)
    bucket = split.bucket(Visit.counting_day)
    pairs = visits.order_by().values_list(bucket, "volunteer").distinct()
    for bucket, volunteer in pairs:
        active[split.key(bucket)].add(volunteer)
    return active


class Served(NamedTuple):
    """One elder in one row: the visits received and the first and last day of them."""

    key: Key
    elder: int
    visits: int
    served_minutes: int
    bankable_minutes: int
    banked_minutes: int
    first: datetime.date
    last: datetime.date


def served(visits: QuerySet[Visit], split: Split) -> Iterator[Served]:
    rows = (
        visits.order_by()
        .values_list(split.bucket(Visit.counting_day), "elder")
        .annotate(
            Count("pk"),
            Sum("served_minutes"),
            Sum("bankable_minutes"),
            Sum("banked_minutes"),
            Min("service_date"),
            Max("service_date"),
        )
    )
    return (Served(split.key(bucket), *rest) for bucket, *rest in rows)


class Standing(NamedTuple):
    """Which of the groups that a report tells apart an elder belonged to on one day."""

    is_rule_a: bool
    is_without_birth_date: bool
    is_rule_b: bool

    def __or__(self, other: "Standing") -> "Standing":  # type: ignore[override]
        """Somebody who was the one on some days and the other on others."""
        return Standing(*(one or another for one, another in zip(self, other, strict=True)))


@dataclass
class Persons:
    """Who stands behind the counts of a row: each counts once, however many visits."""

    active: set[int] = field(default_factory=set)
    elders: dict[int, Standing] = field(default_factory=dict)

    def add(self, other: "Persons") -> None:
        self.active |= other.active
        for elder, standing in other.elders.items():
            self.serve(elder, standing)

    def serve(self, elder: int, standing: Standing) -> None:
        known = self.elders.get(elder)
        self.elders[elder] = known | standing if known else standing


class Elders:
    """The rules A and B over all elders served, read with a few queries.

    What two persons decided against the rules decides who pays, and makes nobody older or poorer.
    """

    def __init__(self, members: set[int]):
        elders = Elder.objects.filter(member__in=members).select_related("member")
        fields = ["key", "living", "income", "capability", "member__birth_date", "member__area_id"]
        self._records = eligibility.Records(members)
        self._known: dict[tuple, Standing] = {}
        self._elders = {elder.member_id: elder for elder in elders.only("member", *fields)}

    def standing(self, member: int, first: datetime.date, last: datetime.date) -> Standing:
        """On the days of service between `first` and `last`: age is taken on the day.

        Somebody who turned 80 in between was under rule B first and under rule A at last.
        """
        asked = (member, first, last)
        if asked not in self._known:
            self._known[asked] = self._standing(*asked)
        return self._known[asked]

    def _standing(self, member: int, first: datetime.date, last: datetime.date) -> Standing:
        elder = self._elders.get(member)
        if elder is None:
            return Standing(False, False, False)
        rules = {self._records.computed_on(elder, day) for day in {first, last}}
        return Standing(
            Rule.A in rules,
            Rule.A in rules and not eligibility.is_age_known(elder),
            Rule.B in rules,
        )
