"""A large, realistic database for benchmarks: invented people by COPY, visits with their hours.

People are copied in as the owner of the tables, past Django; hours go through the ledger's own
function in batches, so that `verify_ledger` stays clean.
"""

import random
import time
import uuid
from collections import defaultdict
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import chain

from django.core.management.base import BaseCommand, CommandError
from django.db import connections, transaction
from django.utils import timezone

from ledger import accounts, transfers
from ledger.models import Policy, TransferKind
from members import eligibility, search
from members.models import Area, Elder, EligibilityRules, Member, MemberPhone, User, Volunteer
from services.models import Visit
from timebank import invention

PER_COMMUNITY = 2500
JOURNALS_A_BATCH = 1000
MINUTES = (30, 60, 60, 60, 90, 120)
TABLES = (
    *("members_member", "members_memberphone", "members_volunteer", "members_elder"),
    *("members_searchterm", "services_visit"),
)


class Command(BaseCommand):
    help = "Fill the database with invented people and visits, for benchmarks."

    def add_arguments(self, parser):
        parser.add_argument("--members", type=int, required=True)
        parser.add_argument("--visits", type=int, default=0)
        parser.add_argument("--communities", type=int, help="at least so many in all")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *, members, visits, communities, seed, **options):
        began = time.monotonic()
        account = f"invented-{seed}"
        if User.objects.filter(username__startswith=f"{account}-").exists():
            raise CommandError("These people are in the database already; take another --seed.")
        places = _communities(communities or max(4, members // PER_COMMUNITY))
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            people = _load_people(cursor, members, places, seed)
        self._say(began, f"{members} members in {len(places)} communities")
        staff = [User.objects.create(username=f"{account}-{n}", is_active=False) for n in "ab"]
        if visits:
            count = _load_visits(people, visits, seed, staff)
            self._say(began, f"{count} visits")
        with connections["owner"].cursor() as cursor:
            cursor.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}")
        self._say(began, "ready")

    def _say(self, began, text):
        self.stdout.write(f"{time.monotonic() - began:6.1f} s  {text}")


def _communities(count):
    """So many communities at least; new ones come under the subdistricts in turn."""
    known = Area.objects.communities()
    subdistricts = Area.objects.filter(level=Area.Level.SUBDISTRICT).order_by("code")
    for i in range(count - known.count()):
        parent = subdistricts[i % len(subdistricts)]
        code = f"{parent.code[:9]}{100 + i // len(subdistricts):03}"
        Area.objects.create(
            code=code,
            name_zh=f"{invention.ESTATES[i % len(invention.ESTATES)]}第{i + 1}社区",
            name_en=f"Community {i + 1}",
            level=Area.Level.COMMUNITY,
            parent=parent,
            path=f"{parent.path}{code}/",
        )
    return list(known.order_by("code"))


def _load_people(cursor, count, places, seed):
    """Copy the people in; return them as (member id, area id, person)."""
    known = Member.objects.exclude(id_number=None).only("key", "id_number")
    taken = {member.id_number for member in known.iterator()}
    invented = invention.people(count, seed=seed, today=timezone.localdate(), taken=taken)
    ids = _draw(cursor, "pg_get_serial_sequence('members_member', 'id')", count)
    numbers = _draw(cursor, "'members_member_number'", count)
    people = [
        (pk, places[i % len(places)].pk, person, str(number))
        for i, (pk, number, person) in enumerate(zip(ids, numbers, invented, strict=True))
    ]
    by_id = [(pk, person) for pk, _, person, _ in people]
    _copy(cursor, Member, (_member(*row) for row in people))
    _copy(
        cursor,
        MemberPhone,
        (MemberPhone(member_id=pk, number=phone) for pk, p in by_id for phone in p.phones),
    )
    _copy(
        cursor,
        Volunteer,
        (
            Volunteer(member_id=pk, joined_on=p.registered_on, skills=list(p.skills))
            for pk, p in by_id
            if p.is_volunteer
        ),
    )
    _copy(cursor, Elder, (_elder(pk, p) for pk, p in by_id if p.is_elder))
    listed = search.listings(place.pk for place in places)
    terms = (
        (list_of, term, pk, p.is_volunteer, p.is_elder)
        for pk, area, p, number in people
        for term in search.terms(p.name, number, p.phones)
        for list_of in listed[area]
    )
    with _bare(cursor, "members_searchterm"):
        _copy_rows(
            cursor, "members_searchterm (area_id, term, member_id, is_volunteer, is_elder)", terms
        )
    return [(pk, area, person) for pk, area, person, _ in people]


def _member(pk, area, person, number):
    return Member(
        pk=pk,
        key=person.key,
        number=number,
        area_id=area,
        name=person.name,
        sex=person.sex,
        birth_date=person.born,
        id_number=person.id_number,
        address=person.address,
        registered_on=person.registered_on,
    )


def _elder(pk, person):
    return Elder(
        member_id=pk,
        living=person.living,
        income=person.income,
        capability=person.capability,
    )


def _load_visits(people, count, seed, staff):
    """Spread the visits over the volunteers and a year, and move their hours; return how many."""
    rng = random.Random(seed)  # noqa: S311
    volunteers, elders = defaultdict(list), defaultdict(list)
    for pk, area, person in people:
        if person.is_volunteer:
            volunteers[area].append((pk, person))
        if person.is_elder:
            profile = _elder(pk, person)
            profile.member = Member(birth_date=person.born)
            elders[area].append((pk, profile))
    places = [area for area in volunteers if elders[area]]
    everybody = sum(len(volunteers[area]) for area in places)
    each, extra = divmod(count, everybody) if everybody else (0, 0)
    made = 0
    for area in places:
        rows = []
        for who in volunteers[area]:
            share = each + (extra > 0)
            extra -= 1
            rows += _visits_of(who, elders[area], share, rng)
        made += _post(Area.objects.get(pk=area), rows, staff)
    return made


def _visits_of(volunteer, elders, count, rng):
    """The visits of one volunteer, mostly to the same few elders, as rows of plain values."""
    today = timezone.localdate()
    known = rng.sample(elders, min(len(elders), 2 + count // 10))
    friends = [elder for elder in known if elder[0] != volunteer[0]]
    rows = []
    for ago in invention.days(count if friends else 0, 365, rng):
        elder = rng.choice(friends)
        day = today - timedelta(days=ago)
        key = uuid.UUID(int=rng.getrandbits(128), version=4)
        kind = rng.choices(list(invention.CATEGORIES), invention.CATEGORIES.values())[0]
        rows.append((key, volunteer, elder, day, rng.choice(MINUTES), kind))
    return rows


def _post(area, rows, staff):
    """Copy one community's visits in and post their hours to its book."""
    author, approver = staff
    policy = Policy.objects.in_force(area, timezone.localdate()).pk
    account = accounts.open_for(area, sorted({volunteer[1].key for _, volunteer, *_ in rows}))
    visits, journals = [], []
    for key, volunteer, elder, day, minutes, kind in rows:
        visit = _visit(key, volunteer[0], elder, day, minutes)
        visit.area = area
        visit.category_id = kind
        visit.entered_by, visit.approved_by = author, approver
        visits.append(visit)
        if visit.journal:
            legs = _legs(account[volunteer[1].key], minutes)
            journals.append(transfers.Journal(key, legs, day))
    with transaction.atomic(), connections["default"].cursor() as cursor:
        _copy(cursor, Visit, visits)
        for i in range(0, len(journals), JOURNALS_A_BATCH):
            transfers.post_batch(
                area.pk,
                journals[i : i + JOURNALS_A_BATCH],
                by=author.pk,
                approver=approver.pk,
                policy=policy,
            )
    return len(visits)


def _visit(key, volunteer, elder, day, minutes):
    """A confirmed visit; its hours are banked when the elder is one for whom the pool pays."""
    pk, profile = elder
    is_eligible = eligibility.pool_pays(eligibility.rule_on(profile, day, EligibilityRules()))
    banked = minutes if is_eligible else 0
    return Visit(
        key=key,
        volunteer_id=volunteer,
        elder_id=pk,
        service_date=day,
        method=Visit.Method.SIGNATURE,
        source=Visit.Source.IMPORT,
        state=Visit.State.CONFIRMED,
        served_minutes=minutes,
        bankable_minutes=banked,
        banked_minutes=banked,
        not_banked={} if banked else {"not_eligible": minutes},
        journal=key if banked else None,
        confirmed_at=timezone.now(),
    )


def _legs(account, minutes):
    return [
        transfers.Leg(TransferKind.EARN, accounts.ISSUANCE, account, minutes),
        transfers.Leg(TransferKind.POOL_COVER, accounts.POOL, accounts.ISSUANCE, minutes),
    ]


def _draw(cursor, sequence, count):
    cursor.execute(
        f"SELECT nextval({sequence}) FROM generate_series(1, %s)",  # noqa: S608
        [count],
    )
    return [row[0] for row in cursor.fetchall()]


def _copy(cursor, model, rows):
    """Copy instances in; those without a primary key get one from the table's sequence."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    fields = [f for f in model._meta.concrete_fields if not (f.primary_key and first.pk is None)]
    columns = ", ".join(field.column for field in fields)
    prepare = [(f.pre_save, partial(f.get_db_prep_save, connection=cursor.db)) for f in fields]
    _copy_rows(
        cursor,
        f"{model._meta.db_table} ({columns})",
        ([ready(value(row, True)) for value, ready in prepare] for row in chain([first], rows)),
    )


@contextmanager
def _bare(cursor, table):
    """Take the table's indexes and keys off and put them on again: built at once is cheaper."""
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table changes with checks outstanding
    cursor.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype IN ('f', 'u') ORDER BY conname",
        [table],
    )
    constraints = cursor.fetchall()
    for name, _ in constraints:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    cursor.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid = %s::regclass AND NOT indisprimary ORDER BY 1",
        [table],
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        cursor.execute(definition)
    for name, definition in constraints:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def _copy_rows(cursor, target, rows):
    with cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
