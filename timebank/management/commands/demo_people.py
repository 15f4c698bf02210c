import json
import os
import secrets

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from members import access, second_factor
from members.models import Area, Authenticator, StaffRole, User

Role = StaffRole.Role
# user name: name, role, code of the area
STAFF = {
    "lin": ("林晓梅", Role.CLERK, "530111001001"),
    "zhao": ("赵国强", Role.CHECKER, "530111001001"),
    "chen": ("陈丽华", Role.CLERK, "530111001002"),
    "he": ("何建平", Role.CHECKER, "530111002000"),
    "admin": ("管理员", Role.ADMINISTRATOR, "530111000000"),
    "audit": ("审计员", Role.AUDITOR, "530111000000"),
}
# No letters or digits that are mistaken for others.
SYLLABLES = [c + v for c in "bdfghkmnprstvz" for v in "aeiu"]


class Command(BaseCommand):
    help = "Make the demo's staff accounts, with passwords of this installation's own."

    @transaction.atomic
    def handle(self, **options):
        """Passwords lie in var/demo_passwords, for its owner alone; a lost one is replaced."""
        place = settings.VAR_DIR / "demo_passwords"
        passwords = json.loads(place.read_text()) if place.exists() else {}
        for username, (name, role, code) in STAFF.items():
            user, is_new = User.objects.get_or_create(
                username=username,
                defaults={"last_name": name, "is_staff": role == Role.ADMINISTRATOR},
            )
            StaffRole.objects.get_or_create(user=user, area=Area.objects.get(code=code), role=role)
            if is_new or username not in passwords:
                passwords[username] = _password()
                user.set_password(passwords[username])
                user.save(update_fields=["password"])
            if role in access.TWO_FACTORS and not Authenticator.objects.filter(user=user).exists():
                device = Authenticator(user=user, name="demo")  # `demo_code` is the app for it
                device.keep(secrets.token_bytes(second_factor.SECRET_BYTES))
                device.save()
        _keep(place, json.dumps(passwords))


def _password():
    words = ["".join(secrets.choice(SYLLABLES) for _ in range(3)) for _ in range(2)]
    return "-".join([*words, str(secrets.randbelow(900) + 100)])


def _keep(place, text):
    place.touch(mode=0o600)
    os.chmod(place, 0o600)
    place.write_text(text)
