"""Staff as they sign in: password, app, codes. What tests of it share."""

import time

from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp

from members import second_factor
from members.models import Authenticator
from tests.factories import StaffFactory

PASSWORD = "a good long password"


def staff(username="lin", role="clerk", **fields):
    user = StaffFactory(username=username, role=role, **fields)
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client, username="lin", password=PASSWORD, **more):
    return client.post(
        reverse("staff_sign_in"),
        {"username": username, "password": password} | more,
        REMOTE_ADDR=getattr(client, "address", "127.0.0.1"),
    )


def who(client):
    return client.session.get("_auth_user_id")


def with_app(user):
    """Set the app up some minutes ago; the recovery codes."""
    secret = second_factor.new_secret()
    code = f"{totp(bytes.fromhex(secret)):06}"

    _, codes = second_factor.set_up(user, secret, code, at=timezone.now())
    Authenticator.objects.update(last_t=-1)  # the code of this half minute is not used up
    return codes


def app_code(user, later=0):
    """What the app shows, `later` seconds from now."""
    device = Authenticator.objects.get(user=user)
    return f"{totp(device.bin_key, t0=-later):06}"


def wrong(code):
    return f"{(int(code) + 123457) % 10**6:06}"


def now():
    return int(time.time())
