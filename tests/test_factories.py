import pytest

from tests.factories import MemberFactory, StaffFactory, VisitFactory

pytestmark = pytest.mark.django_db


def test_a_visit_of_the_factory_stands_in_the_community_of_its_volunteer():
    visit = VisitFactory()

    assert visit.area.code == "530111001001"
    assert visit.volunteer.volunteer
    assert visit.elder.elder


def test_a_member_of_the_factory_has_the_phone_that_was_asked_for():
    member = MemberFactory(phone="13812345678")

    assert [phone.number for phone in member.phones.all()] == ["13812345678"]


def test_a_staff_account_of_the_factory_has_its_role():
    assert StaffFactory(role="checker").has_role("checker")
