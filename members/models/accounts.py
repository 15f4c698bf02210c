from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models.areas import Area


class User(AbstractUser):
    """Somebody who signs in: staff by password, a member by phone and code.

    `members.backends.RolesBackend` reads `_roles` and `_has_authenticator` along with the user of
    a request. `must_change_password`: an administrator knows it. `enabled_at`: after it had been
    disabled.
    """

    member = models.OneToOneField(
        "Member", models.PROTECT, null=True, blank=True, related_name="user"
    )
    must_change_password = models.BooleanField(default=False)
    enabled_at = models.DateTimeField(null=True)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                name="members_user_is_staff_or_a_member",
                condition=Q(member__isnull=True) | Q(is_staff=False, is_superuser=False),
            )
        ]

    def __str__(self):
        return self.get_full_name() or self.username

    def reach(self, *roles):
        """Paths of the areas that this user's roles cover: all of them, or those that are named."""
        return [path for role, path in self._held() if role in roles or not roles]

    def has_role(self, *roles, area=None):
        """Whether the user holds one of the roles, in `area` or above it when an area is given."""
        return any(
            role in roles and (area is None or area.path.startswith(path))
            for role, path in self._held()
        )

    def has_second_factor(self):
        if not hasattr(self, "_has_authenticator"):
            self._has_authenticator = self.totpdevice_set.filter(confirmed=True).exists()
        return self._has_authenticator

    def _held(self):
        """Roles with the paths of their areas."""
        if not hasattr(self, "_roles"):
            self._roles = list(self.roles.values_list("role", "area__path"))
        return self._roles


class StaffRole(models.Model):
    """What a staff account may do, and where: the area and all below it."""

    class Role(models.TextChoices):
        CLERK = "clerk", _("clerk")
        CHECKER = "checker", _("checker")
        COORDINATOR = "coordinator", _("coordinator")
        ADMINISTRATOR = "administrator", _("administrator")
        AUDITOR = "auditor", _("auditor")

    user = models.ForeignKey(User, models.CASCADE, related_name="roles", verbose_name=_("account"))
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("area"))
    role = models.CharField(_("role"), max_length=13, choices=Role)

    class Meta:
        verbose_name = _("staff role")
        verbose_name_plural = _("staff roles")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "area", "role"], name="members_staffrole_is_given_once"
            )
        ]

    def __str__(self):
        return f"{self.user} · {self.get_role_display()} · {self.area}"
