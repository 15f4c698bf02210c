"""The people and the category that a form names, by one statement that is short on purpose.

The same through the ORM takes as long as everything else that logging a visit does.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection, models

from members.models import Area, Elder, Member
from services.models import Category

_Model = TypeVar("_Model", bound=models.Model)
# The columns of the SQL function `services_named`: as there, and in the order of the models, which
# `from_db` takes for granted. Other fields are deferred; income and capability come sealed.
_CATEGORY = ("code", "name_zh", "name_en", "usual_minutes", "is_bankable", "is_urgent")
_MEMBER = ("id", "key", "number", "area_id", "name", "birth_date")
_AREA = ("id", "code", "path")
_ELDER = ("id", "key", "member_id", "living", "income", "capability")


class Named(NamedTuple):
    """Members by key, each with area and elder profile; no category where the code is unknown."""

    members: dict[UUID, Member]
    category: Category | None


def read(keys: Sequence[UUID], code: str) -> Named:
    """Those of the keys who are members, and the category of this code."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM services_named(%s::uuid[], %s)", [list(keys), code])
        rows = cursor.fetchall()
    members = {}
    for row in rows:
        values = iter(row)
        category = _built(Category, _CATEGORY, values)
        member = _built(Member, _MEMBER, values)
        if member:
            Member._meta.get_field("area").set_cached_value(member, _built(Area, _AREA, values))
            elder = _built(Elder, _ELDER, values)
            Member._meta.get_field("elder").set_cached_value(member, elder)
            if elder:
                elder.member = member
            members[member.key] = member
    return Named(members, category)


def _built(model: type[_Model], names: Sequence[str], values: Iterator[Any]) -> _Model | None:
    """The model of the next values, or None where all of them are missing."""
    mine = [next(values) for _ in names]
    return None if mine[0] is None else model.from_db(connection.alias, names, mine)
