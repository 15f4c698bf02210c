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

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from members import addresses, names
from members.models import Area, Elder, Member, MemberPhone, SearchTerm, Volunteer

GIVEN = "~"
LAST = "\U0010ffff"  # sorts after every other character, byte by byte
LONGEST = 120
MOBILE = re.compile(r"(?:86)?(?P<number>1[3-9]\d{9})")
END = 4  # digits of a phone that are in plain
# The most keys of one person that begin alike; so many index rows hold `limit` people for sure.
KEYS_ALIKE = 8

FIND = """
WITH hit AS (
    SELECT term.member_id, key.rank, term.term
    FROM unnest(%(areas)s::bigint[]) AS area (id)
    CROSS JOIN unnest(%(keys)s::text[]) WITH ORDINALITY AS key (prefix, rank)
    CROSS JOIN LATERAL (
        SELECT member_id, term FROM members_searchterm
        WHERE area_id = area.id AND {side} AND term >= key.prefix AND term < key.prefix || %(last)s
        ORDER BY term LIMIT %(rows)s
    ) AS term
    UNION ALL
    SELECT term.member_id, 0, term.term
    FROM members_searchterm AS term JOIN unnest(%(keys)s::text[]) AS key (prefix)
        ON term.term >= key.prefix AND term.term < key.prefix || %(last)s
    WHERE term.member_id = ANY (%(first)s::bigint[]) AND {side}
        AND term.area_id = ANY (%(areas)s::bigint[])
)
SELECT member_id FROM hit GROUP BY member_id
ORDER BY array_position(%(first)s::bigint[], member_id), min(rank), min(term), member_id
LIMIT %(limit)s
"""
SIDES = {"volunteer": "is_volunteer", "elder": "is_elder", None: "true"}


def find(
    text: str,
    *,
    areas: QuerySet[Area] | Iterable[Area],
    side: str | None = None,
    limit: int = 8,
    first: Sequence[int] = (),
) -> list[Member]:
    """Members of the areas that the text may mean, the likeliest first, area and phones loaded.

    `areas` holds all below each of its areas, as a reach does. Those in `first` who fit come before
    the others, in that order; an empty text returns just them. `side` is "volunteer", "elder" or
    None for both.
    """
    wanted = key(text)
    area_ids = _lists(areas)
    if text.strip() and not wanted:
        return []
    keys = [wanted] if not wanted or wanted.isdecimal() else [wanted, GIVEN + wanted]
    values = {
        "areas": area_ids if wanted else [],
        "keys": keys,
        "last": LAST,
        "first": list(first),
        "rows": limit * KEYS_ALIKE,
        "limit": limit,
    }
    ids = _ids(side, values) if wanted else list(first)
    if wanted.isdecimal() and len(wanted) > END:
        ids = list(dict.fromkeys([*_at_phone(wanted, areas), *ids]))
    return _loaded(ids, areas, side)[:limit]


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
    parts = [_("phone …%(end)s") % {"end": phone.number[-4:]} for phone in member.phones.all()[:1]]
    if member.birth_date:
        parts.append(_("born %(year)d") % {"year": member.birth_date.year})
    if member.address:
        parts.append(addresses.mask(member.address))
    return " · ".join(parts)


def _lists(areas: QuerySet[Area] | Iterable[Area]) -> list[int]:
    """The areas whose lists hold everybody of `areas`: a whole district has one list."""
    if isinstance(areas, QuerySet):
        found = list(areas.values_list("pk", "path"))
    else:
        found = [(area.pk, area.path) for area in areas]
    whole = {path for _pk, path in found if path == _district(path)}
    return [pk for pk, path in found if path in whole or _district(path) not in whole]


def _district(path: str) -> str:
    return path[: path.index("/") + 1]


def _ids(side: str | None, values: dict) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(FIND.format(side=SIDES[side]), values)
        return [row[0] for row in cursor.fetchall()]


def _at_phone(digits: str, areas: QuerySet[Area] | Iterable[Area]) -> list[int]:
    """Those whose phone is, or ends with, these digits."""
    rows = MemberPhone.objects.filter(member__area__in=areas).order_by("member_id", "pk")
    if whole := MOBILE.fullmatch(digits):
        return [phone.member_id for phone in rows.filter(number_index=whole["number"])]
    ends = SearchTerm.objects.filter(area__in=areas, term=digits[-END:]).values("member")
    found = rows.filter(member__in=ends)
    return [phone.member_id for phone in found if phone.number.endswith(digits)]


def _loaded(
    ids: Sequence[int], areas: QuerySet[Area] | Iterable[Area], side: str | None
) -> list[Member]:
    people = Member.objects.filter(pk__in=ids, area__in=areas)
    if side:
        people = people.filter(**{f"{side}__isnull": False})
    known = {m.pk: m for m in people.select_related("area").prefetch_related("phones")}
    return [known[pk] for pk in ids if pk in known]
