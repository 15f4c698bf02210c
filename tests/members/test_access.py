import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from members import access
from members.models import Area, Member, StaffRole, User
from tests.factories import MemberFactory, StaffFactory, UserFactory, community

pytestmark = pytest.mark.django_db

ROLES = ("clerk", "checker", "coordinator", "administrator", "auditor")


@pytest.mark.parametrize(
    ("question", "roles"),
    [
        (access.is_staff, ROLES),
        (access.may_log, ("clerk", "checker", "coordinator", "administrator")),
        (access.may_read_reports, ("checker", "coordinator", "administrator", "auditor")),
        (access.may_administer, ("administrator", "auditor")),
        (access.may_change_reference, ("administrator",)),
    ],
)
def test_each_role_may_what_its_work_asks(question, roles):
    assert tuple(role for role in ROLES if question(StaffFactory(role=role))) == roles


@pytest.mark.parametrize(
    ("role", "approves"), [("clerk", False), ("checker", True), ("auditor", False)]
)
def test_only_a_second_person_s_role_approves(role, approves):
    assert access.may_approve(StaffFactory(role=role), community()) is approves


def test_a_checker_approves_below_their_area_and_nowhere_else():
    subdistrict = Area.objects.get(code="530111001000")
    checker = StaffFactory(role="checker", area=subdistrict)

    assert access.may_approve(checker, community("530111001002"))
    assert not access.may_approve(checker, community("530111002001"))


def test_members_strangers_and_those_who_left_may_nothing():
    member = UserFactory(member=MemberFactory())
    gone = StaffFactory(role="administrator")
    gone.is_active = False
    questions = (access.is_staff, access.may_log, access.may_read_reports, access.may_administer)

    for user in (member, gone, UserFactory(), AnonymousUser()):
        assert not any(question(user) for question in questions)


def test_a_staff_page_is_closed_to_members(rf):
    page = access.staff_page(lambda request: HttpResponse("open"))
    request = rf.get("/")

    request.user = StaffFactory(role="clerk")
    assert page(request).content == b"open"

    request.user = UserFactory(member=MemberFactory())
    with pytest.raises(PermissionDenied):
        page(request)


def test_rows_of_other_areas_are_out_of_reach():
    ours, theirs = MemberFactory(), MemberFactory(area=community("530111001002"))
    clerk = StaffFactory(role="clerk")

    assert list(Member.objects.visible_to(clerk)) == [ours]
    assert theirs.area not in Area.objects.visible_to(clerk)


def test_a_member_sees_only_themselves():
    member = MemberFactory()
    MemberFactory()
    user = UserFactory(member=member)

    assert list(Member.objects.visible_to(user)) == [member]
    assert not Area.objects.visible_to(user)


def test_several_roles_reach_several_areas():
    user = StaffFactory(role="clerk")
    StaffRole.objects.create(user=user, area=community("530111002001"), role="auditor")

    reached = set(Area.objects.visible_to(User.objects.get(pk=user.pk)))

    assert reached == {community(), community("530111002001")}
