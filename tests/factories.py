"""People and visits for tests. `VolunteerFactory().member` is the person; so is `ElderFactory`'s.

An elder is eligible (85, living alone) unless the test says otherwise. A visit made here has moved
no hours: hours move through `services.visits`.
"""

import datetime

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from members import joining
from members.models import Area, Elder, Member, StaffRole, User, Volunteer
from services.models import Category, Visit

# Names that no test writes itself, so that none finds more people than it has made.
NAMES = ["沈惠珍", "郑桂芳", "韩文忠", "曹玉琴", "吕德昌", "苏凤仙", "丁兆麟"]


def community(code="530111001001"):
    """A community that comes with the installation: 石虎关, or …002 关上中心区 beside it."""
    return Area.objects.get(code=code)


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence("user{}".format)
    password = factory.django.Password(None)


class StaffFactory(UserFactory):
    """`StaffFactory(role="checker")`: a staff account with one role, in 石虎关 by default."""

    class Meta:
        skip_postgeneration_save = True

    @factory.post_generation
    def area(user, create, area):
        user._area_of_role = area or community()

    @factory.post_generation
    def role(user, create, role):
        StaffRole.objects.create(
            user=user, area=user._area_of_role, role=role or StaffRole.Role.CLERK
        )


class MemberFactory(DjangoModelFactory):
    """A person who joined as everybody does; `phone`, `volunteer` and `elder` as in `register`."""

    class Meta:
        model = Member

    area = factory.LazyFunction(community)
    name = factory.Iterator(NAMES)
    sex = "F"
    birth_date = datetime.date(1960, 5, 1)

    @classmethod
    def _create(cls, model_class, phone=None, **kwargs):
        phones = [phone] if phone else []
        return joining.register(by=None, at=timezone.now(), phones=phones, **kwargs)


class VolunteerFactory(factory.Factory):
    class Meta:
        model = Volunteer

    member = factory.SubFactory(MemberFactory, volunteer={})

    @classmethod
    def _create(cls, model_class, member, **kwargs):
        joining.amend(member, by=None, at=timezone.now(), volunteer=kwargs)
        return Volunteer.objects.select_related("member__area").get(member=member)


class ElderFactory(factory.Factory):
    class Meta:
        model = Elder

    member = factory.SubFactory(MemberFactory, birth_date=datetime.date(1940, 5, 1), elder={})
    living = Elder.Living.ALONE

    @classmethod
    def _create(cls, model_class, member, **kwargs):
        joining.amend(member, by=None, at=timezone.now(), elder=kwargs)
        return Elder.objects.select_related("member__area").get(member=member)


class VisitFactory(DjangoModelFactory):
    """One hour on paper that waits for a second person."""

    class Meta:
        model = Visit

    volunteer = factory.LazyAttribute(lambda visit: VolunteerFactory().member)
    elder = factory.LazyAttribute(lambda visit: ElderFactory().member)
    area = factory.LazyAttribute(lambda visit: visit.volunteer.area)
    category = factory.LazyFunction(lambda: Category.objects.get(code="companionship"))
    service_date = factory.LazyFunction(timezone.localdate)
    method = Visit.Method.PAPER
    state = Visit.State.COMPLETED
    served_minutes = 60
    bankable_minutes = 60
    banked_minutes = 0
    not_banked = factory.LazyAttribute(
        lambda visit: {"under_review": visit.served_minutes - visit.banked_minutes}
    )
    questions = factory.LazyFunction(lambda: ["grade_c"])
    entered_by = factory.SubFactory(StaffFactory)
