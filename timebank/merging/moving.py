"""Which rows go with a merge, each written down as it goes, and back again.

Values of two records are exchanged and never overwritten, so that undoing is the same once more,
and no copy of what is sensitive is made anywhere.
"""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db.models import Max, QuerySet

from members.models import ContactPerson, Elder, Member, Merge, MergedRow, User, Volunteer
from timebank.merging.sides import FIELDS, TOGETHER
from timebank.personal.places import PLACES, Merging

ACTIVE = "is_active"


def exchange(kept: Member, gone: Member, taken: Iterable[str]) -> None:
    """Give each of the two the other's value in these fields ("address", "elder.living").

    A unique value is laid down by the one before the other takes it up.
    """
    wanted = set(taken)
    for side, fields in FIELDS.items():
        chosen = [name for name in fields if (f"{side}.{name}" if side else name) in wanted]
        names = [part for name in chosen for part in TOGETHER.get(name, [name])]
        if not names:
            continue
        left, right = (getattr(one, side, None) if side else one for one in (kept, gone))
        if left is None or right is None:  # the side was added or went away since it was chosen
            continue
        theirs = {name: (getattr(left, name), getattr(right, name)) for name in names}
        if "id_number" in names:
            right.id_number = None
            right.save(update_fields=["id_number", "id_number_index"])
        for row, which in ((left, 1), (right, 0)):
            for name, values in theirs.items():
                setattr(row, name, values[which])
            row.save(update_fields=_columns(names))


def _columns(names: list[str]) -> list[str]:
    """The columns behind these fields: an ID number stands beside its blind index."""
    return [*names, "id_number_index"] if "id_number" in names else names


def move(merge: Merge) -> None:
    """Let all that named the vanishing record name the kept one, and keep which rows that were."""
    kept, gone = merge.kept, merge.gone
    _move_phones(merge)
    _move_contacts(merge)
    for model in (Volunteer, Elder):
        if not model.objects.filter(member=kept).exists():
            _move(merge, model.objects.filter(member=gone), "member")
    _move_sign_in(merge)
    for place in PLACES:
        if place.merging == Merging.MOVE:
            model = apps.get_model(place.model)
            rows = model._default_manager.filter(**{place.column: gone})
            for other in _other_columns(place.model, place.column):
                rows = rows.exclude(**{other: kept})
            _move(merge, rows, place.column)
    _move(merge, Member.objects.filter(merged_into=gone), "merged_into")


def move_back(merge: Merge) -> None:
    """Give the rows of this merge back to the record that had vanished, where they still are."""
    rows: dict[tuple[str, str], list[int]] = {}
    for row in MergedRow.objects.filter(merge=merge):
        rows.setdefault((row.model, row.column), []).append(row.row)
    for (name, column), numbers in rows.items():
        found = apps.get_model(name)._default_manager.filter(pk__in=numbers)
        if column == ACTIVE:
            found.update(is_active=True)
        else:
            found.filter(**{column: merge.kept}).update(**{column: merge.gone})
    _number(merge.gone.contacts.all())


def _move(merge: Merge, rows: QuerySet[Any], column: str) -> None:
    numbers = list(rows.order_by("pk").values_list("pk", flat=True))
    _write_down(merge, rows.model, column, numbers)
    rows.model._default_manager.filter(pk__in=numbers).update(**{column: merge.kept})


def _write_down(merge: Merge, model: Any, column: str, numbers: Iterable[int]) -> None:
    MergedRow.objects.bulk_create(
        (
            MergedRow(merge=merge, model=model._meta.label, column=column, row=number)
            for number in numbers
        ),
        batch_size=2000,
    )


def _move_phones(merge: Merge) -> None:
    """Those that the kept record does not have; the same number stays where it is."""
    known = {phone.number for phone in merge.kept.phones.all()}
    own = [phone.pk for phone in merge.gone.phones.all() if phone.number not in known]
    _move(merge, merge.gone.phones.filter(pk__in=own), "member")


def _move_contacts(merge: Merge) -> None:
    """Those whom the kept record does not have, to be called after those whom it has."""
    known = {(one.name, one.phone) for one in merge.kept.contacts.all()}
    own = [one.pk for one in merge.gone.contacts.all() if (one.name, one.phone) not in known]
    _number(ContactPerson.objects.filter(pk__in=own), after=merge.kept)
    _move(merge, merge.gone.contacts.filter(pk__in=own), "member")


def _number(contacts: QuerySet[ContactPerson], *, after: Member | None = None) -> None:
    """Give them places of their own, after those of a member; until the commit two may share."""
    last = (after.contacts.aggregate(last=Max("position"))["last"] or 0) if after else 0
    for place, one in enumerate(contacts.order_by("position", "pk"), last + 1):
        ContactPerson.objects.filter(pk=one.pk).update(position=place)


def _move_sign_in(merge: Merge) -> None:
    """The account with which they sign in; of two, that of the vanishing record rests."""
    theirs = User.objects.filter(member=merge.gone)
    if not User.objects.filter(member=merge.kept).exists():
        _move(merge, theirs, "member")
        return
    active = list(theirs.filter(is_active=True).values_list("pk", flat=True))
    _write_down(merge, User, ACTIVE, active)
    User.objects.filter(pk__in=active).update(is_active=False)


def _other_columns(model: str, column: str) -> list[str]:
    """Columns that name the other person of the same row: nobody stands on both sides of one."""
    return [p.column for p in PLACES if p.model == model and p.column != column]
