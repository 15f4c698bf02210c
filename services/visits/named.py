"""The people and the category that a form names, and the facts of their visit, by one statement.

The same through the ORM takes as long as everything else that logging a visit does.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, models

from members.models import Area, Elder, Member
from services.models import Category
from services.visits.facts import Beside

_Model = TypeVar("_Model", bound=models.Model)
# The columns of the SQL function `services_read_visit`: as there, and in the order of the models,
# which `from_db` takes for granted. Other fields are deferred; income and capability come sealed.
_CATEGORY = ("code", "name_zh", "name_en", "usual_minutes", "is_bankable", "is_urgent")
_MEMBER = ("id", "key", "number", "area_id", "name", "birth_date")
_AREA = ("id", "code", "path")
_ELDER = ("id", "key", "member_id", "living", "income", "capability")
_READ = "SELECT * FROM services_read_visit(%s, %s, %s, %s, %s)"


class Named(NamedTuple):
    """Members by key, each with area and elder profile; no category where the code is unknown.

    `beside` are the facts of the visit, where all of it was named and it has a volunteer.
    """

    members: dict[UUID, Member]
    category: Category | None
    beside: Beside | None


def read(
    volunteer: UUID | None,
    elder: UUID | None,
    code: str,
    *,
    day: date | None = None,
    key: UUID | None = None,
) -> Named:
    """The two members, where they are, the category of this code, and the facts of the visit."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, [volunteer, elder, code, day, key])
        rows = cursor.fetchall()
    members, beside = {}, None
    for row in rows:
        values = iter(row)
        category = _built(Category, _CATEGORY, values)
        member = _built(Member, _MEMBER, values)
        if member:
            Member._meta.get_field("area").set_cached_value(member, _built(Area, _AREA, values))
            profile = _built(Elder, _ELDER, values)
            Member._meta.get_field("elder").set_cached_value(member, profile)
            if profile:
                profile.member = member
            members[member.key] = member
            mark, policy = values
            beside = Beside.read(mark, policy) if mark else beside
    return Named(members, category, beside)


def _built(model: type[_Model], names: Sequence[str], values: Iterator[Any]) -> _Model | None:
    """The model of the next values, or None where all of them are missing."""
    mine = [next(values) for _ in names]
    return None if mine[0] is None else model.from_db(DEFAULT_DB_ALIAS, names, mine)
