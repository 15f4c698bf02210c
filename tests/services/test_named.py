import datetime
import uuid

import pytest
from django.db import connection

from members.models import Member
from services.models import Category, Visit
from services.visits import facts, named
from services.visits.facts import Beside
from tests.factories import ElderFactory, VisitFactory, VolunteerFactory

pytestmark = pytest.mark.django_db
DAY = datetime.date(2026, 3, 4)
READ = {
    Category: ("code", "name_zh", "name_en", "usual_minutes", "is_bankable", "is_urgent"),
    Member: ("pk", "key", "number", "area_id", "name", "birth_date"),
}


def values(one):
    return [getattr(one, name) for name in READ[type(one)]]


def test_each_column_lands_in_its_field(django_assert_num_queries):
    elder = ElderFactory(living="empty_nest", income="destitute", capability="disabled")
    category = Category.objects.get(code="emergency")

    with django_assert_num_queries(1):
        found = named.read(None, elder.member.key, "emergency")
        member = found.members[elder.member.key]
        seen = (member.elder.living, member.elder.income, member.elder.capability)
        path = member.area.path

    assert seen == ("empty_nest", "destitute", "disabled")
    assert path == elder.member.area.path
    assert values(member) == values(elder.member)
    assert values(found.category) == values(category)


def test_a_member_who_is_no_elder_has_no_profile():
    volunteer = VolunteerFactory().member

    found = named.read(volunteer.key, None, "shopping").members[volunteer.key]

    assert not hasattr(found, "elder")


def test_what_is_not_known_is_missing():
    assert named.read(uuid.uuid4(), uuid.uuid4(), "cash") == ({}, None, None)
    assert named.read(None, None, "shopping").category.code == "shopping"


def test_the_facts_of_the_visit_come_along(django_assert_num_queries):
    volunteer, elder = VolunteerFactory().member, ElderFactory().member
    VisitFactory(volunteer=volunteer, elder=elder, service_date=DAY)
    visit = {"day": DAY, "key": uuid.uuid4()}

    with django_assert_num_queries(1):
        beside = named.read(volunteer.key, elder.key, "shopping", **visit).beside

    assert beside.is_same_pair_that_day
    assert beside == facts.read(
        Visit(
            volunteer=volunteer,
            elder=elder,
            area=volunteer.area,
            service_date=DAY,
            key=visit["key"],
        )
    )


FACTS = "1, 2, 3, true, 4, 5, 6, false, 7, gen_random_uuid(), 8, 9, 80, 60, 'D', true, 'spouse'"


@pytest.mark.parametrize("row", [FACTS, ", ".join(["NULL"] * (FACTS.count(",") + 1))])
def test_the_facts_are_what_the_text_of_their_row_says(row):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT b::text, (b).* FROM (SELECT ROW({row})::services_beside AS b) x")
        mark, *facts_of_row = cursor.fetchone()
        columns = tuple(column.name for column in cursor.description[1:])

    beside = Beside.read(mark, 5)

    assert beside == (*facts_of_row, mark, 5)
    assert Beside._fields == (*columns, "mark", "policy")


@pytest.mark.parametrize("missing", ["volunteer", "elder", "day", "key"])
def test_there_are_no_facts_of_half_a_visit(missing):
    volunteer, elder = VolunteerFactory().member, ElderFactory().member
    told = {"volunteer": volunteer.key, "elder": elder.key, "day": DAY, "key": uuid.uuid4()}

    assert named.read(**told, code="shopping").beside
    assert named.read(**told | {missing: None}, code="shopping").beside is None


def test_there_are_no_facts_of_somebody_who_is_no_volunteer():
    elder, other = ElderFactory().member, ElderFactory().member

    found = named.read(elder.key, other.key, "shopping", day=DAY, key=uuid.uuid4())

    assert found.beside is None
    assert len(found.members) == 2
