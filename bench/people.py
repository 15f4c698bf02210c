"""The people of the bench: a district's members, invented, and the staff who work for them."""

import io

from django.core.management import call_command

from members.models import Area, Elder, Member, StaffRole, User, Volunteer


def loaded(count):
    """Fill the district with so many invented members, unless they are there."""
    if not Member.objects.exists():
        call_command("make_data", members=count, visits=count // 2, stdout=io.StringIO())


def district():
    return Area.objects.get(level=Area.Level.DISTRICT)


def staff(role, area=None):
    """A staff account with this role over the area; over the whole district where none is named."""
    area = area or district()
    user, _ = User.objects.get_or_create(username=f"bench-{role}-{area.code}")
    StaffRole.objects.get_or_create(user=user, area=area, role=role)
    return user


def both_sides():
    """The keys and labels of everybody who gives visits, and of everybody who receives them."""
    return [
        [(str(member.key), f"{member.name} {member.number[-4:]}") for member in members]
        for members in (
            [volunteer.member for volunteer in Volunteer.objects.select_related("member")],
            [elder.member for elder in Elder.objects.select_related("member")],
        )
    ]
