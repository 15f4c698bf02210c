import pytest
from django.urls import reverse

from tests.factories import MemberFactory, StaffFactory, UserFactory

pytestmark = pytest.mark.django_db

PASSWORD = "a good long password"


@pytest.fixture(autouse=True)
def _cheap_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def staff(**fields):
    user = StaffFactory(username="lin", role="clerk", **fields)
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client, password=PASSWORD, **more):
    return client.post(reverse("staff_sign_in"), {"username": "lin", "password": password} | more)


def who(client):
    return client.session.get("_auth_user_id")


def test_staff_come_in_with_a_password_for_half_a_day(client):
    user = staff()

    assert sign_in(client).url == reverse("home")
    assert who(client) == str(user.pk)
    assert client.session.get_expiry_age() <= 12 * 60 * 60


@pytest.mark.parametrize(
    ("goal", "reached"),
    [
        ("/visits/log/", "/visits/log/"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("", "/"),
    ],
)
def test_staff_come_to_the_page_they_wanted_on_this_site_only(client, goal, reached):
    staff()

    assert sign_in(client, next=goal).url == reached


@pytest.mark.parametrize(
    "fields", [{"password": "wrong"}, {"username": "nobody"}, {"username": "lin", "password": ""}]
)
def test_a_wrong_password_keeps_the_door_shut(client, fields):
    staff()

    response = sign_in(client, **{"password": PASSWORD} | fields)

    assert response.status_code == 200
    assert response.context["form"].errors
    assert who(client) is None


def test_a_member_has_no_password_and_an_account_without_a_role_no_door(client):
    member = UserFactory(username="m1", member=MemberFactory())
    stranger = UserFactory(username="stranger")
    for user in (member, stranger):
        user.set_password(PASSWORD)
        user.save()

        assert sign_in(client, username=user.username).status_code == 200
    assert who(client) is None


def test_the_account_rests_after_five_wrong_passwords(client):
    staff()
    for _ in range(5):
        sign_in(client, "wrong")

    response = sign_in(client)

    assert response.context["form"].has_error("__all__", "locked")
    assert who(client) is None


def test_a_right_password_starts_the_count_anew(client):
    staff()
    for _ in range(4):
        sign_in(client, "wrong")
    sign_in(client)
    client.post(reverse("sign_out"))

    for _ in range(4):
        sign_in(client, "wrong")

    assert sign_in(client).status_code == 302


def test_a_page_for_staff_leads_to_the_sign_in_and_back(client):
    staff()
    page = client.get(f"{reverse('sign_in')}?next=/visits/log/").content.decode()

    assert f"{reverse('staff_sign_in')}?next=/visits/log/" in page
