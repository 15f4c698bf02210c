import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from members.models import Area, Device, Member, StaffRole, User
from tests.factories import (
    ElderFactory,
    MemberFactory,
    StaffFactory,
    UserFactory,
    VolunteerFactory,
    community,
)

pytestmark = pytest.mark.django_db

PAGES = ["area", "member", "volunteer", "elder", "staffrole", "user"]
ID_NUMBER = "11010519491231002X"


def district():
    return Area.objects.get(level="district")


def subdistrict():
    return Area.objects.get(code="530111001000")


def address(page, *args):
    return reverse(f"admin:members_{page}", args=args)


@pytest.fixture
def sign_in(client):
    def sign_in(role, area=None):
        user = StaffFactory(role=role, area=area or district())
        client.force_login(user)
        return user

    return sign_in


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("role", "opens"),
    [("administrator", True), ("auditor", True), ("clerk", False), ("checker", False)],
)
def test_administrators_and_auditors_read_the_lists(client, sign_in, page, role, opens):
    sign_in(role)

    answer = client.get(address(f"{page}_changelist"), follow=True)

    assert answer.status_code == (200 if opens else 403)


def test_a_person_s_number_and_phones_are_masked(client, sign_in):
    member = MemberFactory(id_number=ID_NUMBER, phone="13808712345")
    elder = ElderFactory(member=member, contact_phone="13900001111")
    sign_in("administrator")

    pages = [
        address("member_changelist"),
        address("member_change", member.pk),
        address("elder_changelist"),
        address("elder_change", elder.pk),
    ]
    seen = "".join(client.get(page).content.decode() for page in pages)

    assert "1101**********002X" in seen
    assert "138****2345" in seen
    assert "139****1111" in seen
    for secret in (ID_NUMBER, "13808712345", "13900001111"):
        assert secret not in seen


def test_people_are_read_and_not_edited(client, sign_in):
    member = MemberFactory()
    sign_in("administrator")

    change = client.post(address("member_change", member.pk), {"name": "改"})

    assert change.status_code == 403
    assert client.get(address("member_add")).status_code == 403
    assert client.get(address("member_delete", member.pk)).status_code == 403


def test_rows_of_other_areas_are_not_there(client, sign_in):
    theirs = MemberFactory(name="别处人", area=community("530111002001"))
    sign_in("administrator", subdistrict())

    assert "别处人" not in client.get(address("member_changelist")).content.decode()
    assert client.get(address("member_change", theirs.pk)).status_code == 302


@pytest.mark.parametrize("typed", ["wxy", "wangxiu", "王秀", "2345", "秀英"])
def test_people_are_found_as_on_every_other_page(client, sign_in, typed):
    MemberFactory(name="王秀英", phone="13808712345")
    MemberFactory(name="李建国", phone="13808716789")
    sign_in("auditor")

    page = client.get(address("member_changelist"), {"q": typed}).content.decode()

    assert "王秀英" in page
    assert "李建国" not in page


@pytest.mark.parametrize("page", ["member", "volunteer", "elder"])
def test_a_list_asks_as_often_for_one_row_as_for_three(client, sign_in, page):
    sign_in("administrator")
    counts = []
    for more in (1, 2):
        for _ in range(more):
            MemberFactory(phone="13808712345", volunteer={}, elder={"living": "alone"})
        with CaptureQueriesContext(connection) as queries:
            client.get(address(f"{page}_changelist"))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_community_is_added_in_its_place(client, sign_in):
    sign_in("administrator")
    new = {
        "code": "530111001009",
        "name_zh": "新社区",
        "name_en": "New",
        "parent": subdistrict().pk,
    }

    client.post(address("area_add"), new)

    area = Area.objects.get(code="530111001009")
    assert (area.level, area.path) == ("community", f"{subdistrict().path}530111001009/")


def test_an_area_keeps_its_code_and_place(client, sign_in):
    sign_in("administrator")
    area = community()

    client.post(
        address("area_change", area.pk),
        {"code": "530111009999", "name_zh": "石虎关", "name_en": "Shihuguan", "parent": ""},
    )

    stored = Area.objects.get(pk=area.pk)
    assert (stored.name_zh, stored.code, stored.path) == ("石虎关", area.code, area.path)


def test_an_administrator_gives_roles_in_their_own_area_only(client, sign_in):
    sign_in("administrator", subdistrict())
    someone = UserFactory()
    for area in (community(), community("530111002001"), district()):
        client.post(
            address("staffrole_add"), {"user": someone.pk, "role": "clerk", "area": area.pk}
        )

    assert [role.area for role in someone.roles.all()] == [community()]


def test_whoever_is_a_clerk_elsewhere_edits_nothing_there(client, sign_in):
    user = sign_in("administrator", subdistrict())
    elsewhere = community("530111002001")
    StaffRole.objects.create(user=user, area=elsewhere, role="clerk")

    response = client.post(address("area_change", elsewhere.pk), {"name_zh": "改", "name_en": "x"})

    assert response.status_code == 403
    assert Area.objects.get(pk=elsewhere.pk).name_zh != "改"


def test_an_auditor_changes_nothing(client, sign_in):
    sign_in("auditor")
    role = StaffFactory(role="clerk").roles.get()

    answers = [
        client.post(address("area_change", community().pk), {"name_zh": "改"}),
        client.post(address("staffrole_add"), {}),
        client.post(address("staffrole_delete", role.pk), {"post": "yes"}),
        client.post(address("user_change", role.user.pk), {"username": "x"}),
        client.post(reverse("admin:auth_user_password_change", args=[role.user.pk]), {}),
    ]

    assert {answer.status_code for answer in answers} == {403}


def test_a_password_of_somebody_with_a_role_elsewhere_is_not_set_from_here(client, sign_in):
    boss = StaffFactory(username="boss", role="administrator", area=district())
    StaffRole.objects.create(user=boss, area=community(), role="checker")
    ours = StaffFactory(role="clerk")
    sign_in("administrator", subdistrict())

    for user, status in ((boss, 403), (ours, 200)):
        page = reverse("admin:auth_user_password_change", args=[user.pk])
        assert client.get(page).status_code == status


def test_staff_accounts_are_made_and_members_accounts_are_not_shown(client, sign_in):
    member = UserFactory(username="m123", member=MemberFactory())
    sign_in("administrator")
    password = "a good long password"

    client.post(
        address("user_add"),
        {
            "username": "new",
            "first_name": "小林",
            "password1": password,
            "password2": password,
            "usable_password": "true",
        },
    )

    user = User.objects.get(username="new")
    assert user.check_password(password)
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert member.username not in client.get(address("user_changelist")).content.decode()


def test_a_lost_phone_is_signed_out_by_an_administrator_only(client, sign_in):
    user = UserFactory(member=MemberFactory())
    user.set_unusable_password()
    user.save()
    act = {"action": "sign_out_everywhere", "_selected_action": [user.member_id]}

    sign_in("auditor")
    client.post(address("member_changelist"), act)
    assert User.objects.get(pk=user.pk).password == user.password

    sign_in("administrator")
    client.post(address("member_changelist"), act)
    assert User.objects.get(pk=user.pk).password != user.password


def test_who_only_reads_an_area_signs_nobody_of_it_out(client, sign_in):
    """An auditor there, an administrator elsewhere: the list shows both, the button acts in one."""
    user = UserFactory(member=MemberFactory())
    device = Device.objects.create(user=user, session="a phone's")
    both = sign_in("administrator", area=community("530111001002"))
    StaffRole.objects.create(user=both, role="auditor", area=user.member.area)
    client.force_login(User.objects.get(pk=both.pk))

    person = {"action": "sign_out_everywhere", "_selected_action": [user.member_id]}
    assert client.post(address("member_changelist"), person).status_code == 403
    phone = {"action": "end", "_selected_action": [device.pk]}
    assert client.post(address("device_changelist"), phone).status_code == 403

    device.refresh_from_db()
    assert device.ended_at is None


@pytest.mark.parametrize(("role", "sees"), [("auditor", False), ("administrator", True)])
def test_who_waits_to_be_erased_is_listed_to_administrators_alone(client, sign_in, role, sees):
    member = MemberFactory(name="欧阳泽惠")
    elder, volunteer = ElderFactory(member=member), VolunteerFactory(member=member)
    device = Device.objects.create(user=UserFactory(member=member), session="s", label="旧手机")
    Member.objects.filter(pk=member.pk).update(standing="restricted")
    sign_in(role)

    rows = {"member": member, "elder": elder, "volunteer": volunteer, "device": device}
    for page, row in rows.items():
        listed = client.get(address(f"{page}_changelist")).content.decode()
        assert ("欧阳泽惠" in listed) is sees, page
        opened = client.get(address(f"{page}_change", row.pk))
        assert opened.status_code == (200 if sees else 302), page
