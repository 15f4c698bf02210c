"""Addresses and forms of the pages that move hours; for their tests."""

import uuid

from django.urls import reverse

from tests.factories import StaffFactory, UserFactory, community

ELSEWHERE = "530111001002"


def address(name, subject):
    """Where the page `name` is about a member or a request."""
    return reverse(name, args=[subject.key])


def filled(**fields):
    """What a form posts, with a key of its own."""
    return {"key": str(uuid.uuid4())} | fields


def picked(name, member):
    """What the box of a person posts when somebody chose the member from its list."""
    return {name: member.name, f"{name}_key": str(member.key), f"{name}_for": member.name}


def enter(client, role):
    """Sign in as somebody of that role: staff, or "member", or "outside" the community."""
    if role == "member":
        user = UserFactory(member=client.about)
    elif role == "outside":
        user = StaffFactory(role="administrator", area=community(ELSEWHERE))
    else:
        user = StaffFactory(role=role)
    client.force_login(user)
    return user


def errors(answer, name):
    """The sentences at a field of the form that the page shows again."""
    return [str(error) for error in answer.context["form"].errors.get(name, [])]
