"""One box that finds a person: characters, initials, full pinyin, end of phone, member number.

Every key of a person is a row of SearchTerm, so whatever was typed is a prefix read of one
b-tree. A person is listed in their community and once more in its district: who works for all of
it reads one list, not one of each community. Keys of the given name stand under a mark and come
after those of the whole name: people remember 秀英, but "xy" is first of all 徐勇. Of a phone only
the last four digits are a key; more digits are compared with the phones that end so, a whole mobile
is found by its blind index.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from members import addresses, names
from members.models import Area, Elder, Member, MemberPhone, SearchTerm, Volunteer
from members.models.encrypted import Sealed

GIVEN = "~"
LAST = "\U0010ffff"  # sorts after every other character, byte by byte
LONGEST = 120
MOBILE = re.compile(r"(?:86)?(?P<number>1[3-9]\d{9})")
END = 4  # digits of a phone that are in plain
# The most keys of one person that begin alike; so many index rows hold `limit` people for sure.
KEYS_ALIKE = 8

# The areas that were given, and those of them whose lists hold everybody: a whole district has one.
LISTED = """
WITH reach AS MATERIALIZED ({areas}),
listed AS (
    SELECT id FROM reach WHERE level = 'district'
    UNION ALL
    SELECT id FROM reach WHERE split_part(path, '/', 1)
        NOT IN (SELECT split_part(path, '/', 1) FROM reach WHERE level = 'district')
)"""
# Keys of the whole name come first: those of the given name are read where they are too few.
FIND = """,
likely AS (SELECT %s::bigint[] AS by_phone, ARRAY({first})::bigint[] AS first),
whole AS (SELECT 1 AS rank, hit.* FROM ({hits}) AS hit),
given AS (
    SELECT 2 AS rank, hit.* FROM ({hits}) AS hit
    WHERE (SELECT count(DISTINCT member_id) FROM whole) < %s
),
hit AS (
    SELECT * FROM whole
    UNION ALL
    SELECT * FROM given
    UNION ALL
    SELECT 0, member_id, term FROM members_searchterm
    WHERE member_id = ANY ((SELECT by_phone || first FROM likely)::bigint[]) AND {side}
        AND area_id IN (SELECT id FROM listed) AND (
            member_id = ANY ((SELECT by_phone FROM likely)::bigint[]) OR EXISTS (
                SELECT FROM unnest(%s::text[]) AS key (prefix)
                WHERE term >= key.prefix AND term < key.prefix || %s
            )
        )
),
found AS (
    SELECT hit.member_id, min(hit.rank) AS rank, min(hit.term) AS term,
        array_position((SELECT by_phone || first FROM likely), hit.member_id) AS place
    FROM hit GROUP BY hit.member_id ORDER BY place, rank, term, hit.member_id LIMIT %s
)
SELECT member.*, to_json(reach) AS in_area, phone.key AS phone_key, phone.number AS phone_number
FROM found
JOIN members_member AS member ON member.id = found.member_id
JOIN reach ON reach.id = member.area_id
LEFT JOIN LATERAL (
    SELECT key, number FROM members_memberphone WHERE member_id = member.id ORDER BY id LIMIT 1
) AS phone ON true
ORDER BY found.place, found.rank, found.term, found.member_id
"""
# The first of all lists under one key: of each list as many as hold `limit` people, for sure.
HITS = """
    SELECT term.member_id, term.term FROM listed
    CROSS JOIN LATERAL (
        SELECT member_id, term FROM members_searchterm
        WHERE area_id = listed.id AND {side} AND term >= %s AND term < %s
        ORDER BY term LIMIT %s
    ) AS term
    ORDER BY term.term, term.member_id LIMIT %s
"""
BY_PHONE = """
SELECT phone.key, phone.number, phone.member_id FROM members_memberphone AS phone
WHERE phone.member_id IN (
    SELECT term.member_id FROM listed
    JOIN members_searchterm AS term ON term.area_id = listed.id AND term.term = %s AND {side}
)
ORDER BY phone.member_id, phone.id
"""
SIDES = {"volunteer": "is_volunteer", "elder": "is_elder", None: "true"}


def find(
    text: str,
    *,
    areas: QuerySet[Area],
    side: str | None = None,
    limit: int = 8,
    first: QuerySet | None = None,
) -> list[Member]:
    """Members of the areas that the text may mean, the likeliest first, area and phone loaded.

    `areas` holds all below each of its areas, as a reach does. Those in `first`, a query of one
    column of members' ids, come before the others who fit, in its order; an empty text returns
    just them. `side` is "volunteer", "elder" or None for both.
    """
    wanted = key(text)
    if text.strip() and not wanted:
        return []
    reach, of_reach = _sql(areas, "SELECT * FROM members_area WHERE false")
    by_phone: list[int] = []
    if wanted.isdecimal() and len(wanted) > END:
        by_phone = _by_phone(wanted, side, reach, of_reach)
    likely, of_likely = _sql(first, "SELECT 0 WHERE false")
    query = (LISTED + FIND).format(
        areas=reach, first=likely, hits=HITS.format(side=SIDES[side]), side=SIDES[side]
    )
    keys = [wanted, GIVEN + wanted] if wanted else [""]
    hits = [*_under(wanted, limit), *_under(wanted and GIVEN + wanted, limit)]
    beside = [by_phone, *of_likely, *hits, limit, keys, LAST, limit]
    found = Member.objects.raw(query, [*of_reach, *beside])
    return [_with_area_and_phone(member) for member in found]


def key(text: str) -> str:
    """What was typed as a key: one word, lower-case; ü is typed v."""
    return names.bare(text).replace("ü", "v")[:LONGEST]


def index(members: Sequence[Member]) -> None:
    """Write the keys of these members anew; call it in the transaction that changed them.

    Only people on record have keys. The numbers of records that were merged into theirs stay with
    them: they stand on paper.
    """
    SearchTerm.objects.filter(member__in=members).delete()
    members = [member for member in members if member.standing == Member.Standing.HERE]
    ids = [member.pk for member in members]
    earlier: dict[int, list[str]] = {}
    for one in Member.objects.filter(merged_into__in=ids).only("merged_into", "number"):
        earlier.setdefault(one.merged_into_id or 0, []).append(one.number)
    numbers: dict[int, list[str]] = {}
    for phone in MemberPhone.objects.filter(member__in=ids):
        numbers.setdefault(phone.member_id, []).append(phone.number)
    sides = (
        set(Volunteer.objects.filter(member__in=ids).values_list("member_id", flat=True)),
        set(Elder.objects.filter(member__in=ids).values_list("member_id", flat=True)),
    )
    listed = listings({member.area_id for member in members})
    SearchTerm.objects.bulk_create(
        (
            SearchTerm(
                member_id=member.pk,
                area_id=area_id,
                term=term,
                is_volunteer=member.pk in sides[0],
                is_elder=member.pk in sides[1],
            )
            for member in members
            for area_id in listed[member.area_id]
            for term in sorted(
                terms(member.name, member.number, numbers.get(member.pk, ()))
                | set(earlier.get(member.pk, ()))
            )
        ),
        batch_size=5000,
    )


def listings(area_ids: Iterable[int]) -> dict[int, list[int]]:
    """The areas in whose lists the people of an area stand: its own, and the district's."""
    paths = dict(Area.objects.filter(pk__in=area_ids).values_list("pk", "path"))
    districts = dict(Area.objects.filter(parent=None).values_list("path", "pk"))
    return {pk: sorted({pk, districts[_district(path)]}) for pk, path in paths.items()}


def terms(name: str, number: str, numbers: Iterable[str]) -> set[str]:
    """Every key under which a person of this name, number and phones is found."""
    found = {key(name), number}
    for reading in names.readings(name):
        found |= {key(reading.initials), key(reading.pinyin)}
    if given := names.given_reading(name):
        found |= {GIVEN + key(names.split(name)[1]), GIVEN + key(given.initials)}
        found |= {GIVEN + key(given.pinyin)}
    found |= {phone[-END:] for phone in numbers}
    return {term[:LONGEST] for term in found if term.strip(GIVEN)}


def describe(member: Member) -> str:
    """What tells a person from a namesake: end of phone, year of birth, where they live."""
    parts = []
    if member.phone:
        parts.append(_("phone …%(end)s") % {"end": member.phone[-END:]})
    if member.birth_date:
        parts.append(_("born %(year)d") % {"year": member.birth_date.year})
    if member.address:
        parts.append(addresses.mask(member.address))
    return " · ".join(parts)


def _district(path: str) -> str:
    return path[: path.index("/") + 1]


def _sql(rows: QuerySet | None, none: str) -> tuple[str, tuple]:
    """What the query says to the database, and its values; `none` for one that finds nothing."""
    try:
        return rows.query.sql_with_params() if rows is not None else (none, ())
    except EmptyResultSet:
        return none, ()


class _Phone(NamedTuple):
    """As much of a MemberPhone as opens its number; a whole one takes longer than to open it."""

    key: UUID
    number: Sealed
    member_id: int


def _under(key: str, limit: int) -> list:
    """The values of HITS; nobody is found under an empty key."""
    rows = limit * KEYS_ALIKE if key else 0
    return [key, key + LAST, rows, rows]


def _by_phone(digits: str, side: str | None, reach: str, of_reach: tuple) -> list[int]:
    """Those whose phone is, or ends with, these digits."""
    if whole := MOBILE.fullmatch(digits):
        phones = MemberPhone.objects.filter(number_index=whole["number"]).order_by("member_id")
        return [phone.member_id for phone in phones]
    query = (LISTED + BY_PHONE).format(areas=reach, side=SIDES[side])
    with connection.cursor() as cursor:
        cursor.execute(query, [*of_reach, digits[-END:]])
        rows = [_Phone(key, Sealed(number), pk) for key, number, pk in cursor.fetchall()]
    opened = MemberPhone._meta.get_field("number").opened
    return [row.member_id for row in rows if opened(row.number, row).endswith(digits)]


def _with_area_and_phone(member: Any) -> Member:
    """A row of FIND with what stands beside it in the place where pages look for it."""
    names = [field.attname for field in Area._meta.concrete_fields]
    row = member.in_area
    member.area = Area.from_db(connection.alias, names, [row[name] for name in names])
    member.phone = MemberPhone(key=member.phone_key, number=member.phone_number or "").number
    return member
