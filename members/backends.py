from typing import Any

from django.contrib.auth.backends import ModelBackend

from members.models import User

_WITH_ROLES = """
    SELECT u.*, ARRAY(
        SELECT ARRAY[r.role, a.path]
        FROM members_staffrole r JOIN members_area a ON a.id = r.area_id WHERE r.user_id = u.id
    ) AS _roles FROM members_user u WHERE u.id = %s
"""


class RolesBackend(ModelBackend):
    """Reads the user of a request together with the roles, which every staff page asks for."""

    def get_user(self, user_id: Any) -> User | None:
        found = list(User.objects.raw(_WITH_ROLES, [user_id]))
        return found[0] if found and self.user_can_authenticate(found[0]) else None
