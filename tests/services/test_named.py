import uuid

import pytest

from members.models import Member
from services.models import Category
from services.visits import named
from tests.factories import ElderFactory, VolunteerFactory

pytestmark = pytest.mark.django_db
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
        found = named.read([elder.member.key], "emergency")
        member = found.members[elder.member.key]
        seen = (member.elder.living, member.elder.income, member.elder.capability)
        path = member.area.path

    assert seen == ("empty_nest", "destitute", "disabled")
    assert path == elder.member.area.path
    assert values(member) == values(elder.member)
    assert values(found.category) == values(category)


def test_a_member_who_is_no_elder_has_no_profile():
    volunteer = VolunteerFactory().member

    found = named.read([volunteer.key], "shopping").members[volunteer.key]

    assert not hasattr(found, "elder")


def test_what_is_not_known_is_missing():
    assert named.read([uuid.uuid4()], "cash") == ({}, None)
    assert named.read([], "shopping").category.code == "shopping"
