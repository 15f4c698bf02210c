"""Whom to call about an elder, after the emergency contact of the register, in this order."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max

from members import access, phones
from members.models import ContactPerson, Member, User


@transaction.atomic
def add(member: Member, *, name: str, relation: str, phone: str, by: User) -> ContactPerson:
    """Put somebody at the end of the list; the member is locked, so that places stay distinct.

    The same name and phone once more changes nothing. Raises PermissionDenied, NotAPhone.
    """
    _check(member, by)
    Member.objects.select_for_update(of=("self",)).only("pk").get(pk=member.pk)
    number = phones.parse(phone)
    for known in member.contacts.filter(name=name).order_by("pk"):
        if known.phone == number:  # the database holds it sealed
            return known
    last = member.contacts.aggregate(last=Max("position"))["last"] or 0
    return ContactPerson.objects.create(
        member=member, name=name, relation=relation, phone=number, position=last + 1
    )


@transaction.atomic
def remove(contact: ContactPerson, *, by: User) -> None:
    """Take somebody off the list; the others keep their order. Raises PermissionDenied."""
    _check(contact.member, by)
    contact.delete()


@transaction.atomic
def call_first(contact: ContactPerson, *, by: User) -> None:
    """Put somebody at the head of the list. Raises PermissionDenied."""
    _check(contact.member, by)
    member = contact.member
    Member.objects.select_for_update(of=("self",)).only("pk").get(pk=member.pk)
    others = member.contacts.exclude(pk=contact.pk).order_by("position", "pk")
    for position, one in enumerate([contact, *others], 1):
        ContactPerson.objects.filter(pk=one.pk).update(position=position)


def _check(member: Member, by: User) -> None:
    if not access.may_log(by, member.area):
        raise PermissionDenied
