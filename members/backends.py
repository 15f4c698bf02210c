from typing import Any

from axes.backends import AxesStandaloneBackend
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from members import access
from members.models import User

_OF_A_REQUEST = """
    SELECT u.*, ARRAY(
        SELECT ARRAY[r.role, a.path]
        FROM members_staffrole r JOIN members_area a ON a.id = r.area_id WHERE r.user_id = u.id
    ) AS _roles, EXISTS (
        SELECT FROM otp_totp_totpdevice d WHERE d.user_id = u.id AND d.confirmed
    ) AS _has_authenticator FROM members_user u WHERE u.id = %s
"""


class RolesBackend(AxesStandaloneBackend, ModelBackend):
    """Staff by password, until `members.lockout` says that it was wrong too often.

    Reads the user of a request together with the roles, which every staff page asks for.
    """

    def authenticate(  # type: ignore[override]
        self, request: HttpRequest, username: str = "", password: str = "", **more: Any
    ) -> User | None:
        """An account without any role is answered as a wrong password is, and counted so."""
        AxesStandaloneBackend.authenticate(self, request, username, password)
        user = ModelBackend.authenticate(self, request, username, password)
        return user if user and access.is_staff(user) else None

    def get_user(self, user_id: Any) -> User | None:
        found = list(User.objects.raw(_OF_A_REQUEST, [user_id]))
        return found[0] if found and self.user_can_authenticate(found[0]) else None
