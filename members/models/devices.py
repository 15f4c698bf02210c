import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.models.accounts import User


class DeviceQuerySet(models.QuerySet):
    def signed_in(self):
        return self.filter(ended_at=None)

    def of_members(self):
        return self.exclude(user__member=None)


class Device(models.Model):
    """A browser in which somebody has signed in: a member's remembered phone, a clerk's desktop.

    `session` names the row of the session while it lasts; ending the device deletes that row, so
    that the next request from it is a stranger's.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(
        User, models.PROTECT, related_name="devices", verbose_name=_("signed in as")
    )
    label = models.CharField(_("device"), max_length=80, blank=True)
    address = models.GenericIPAddressField(_("network address"), null=True)
    session = models.CharField(max_length=40, null=True, unique=True)
    since = models.DateTimeField(_("signed in"), default=timezone.now)
    last_seen = models.DateTimeField(_("last seen"), default=timezone.now)
    ended_at = models.DateTimeField(_("signed out"), null=True)
    ended_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("signed out by")
    )

    objects = DeviceQuerySet.as_manager()

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        indexes = [models.Index(fields=["user", "-last_seen"], name="members_device_by_user")]
        constraints = [
            models.CheckConstraint(
                name="members_device_has_a_session_until_it_ends",
                condition=Q(ended_at=None, session__isnull=False)
                | Q(ended_at__isnull=False, session=None),
            ),
            models.CheckConstraint(
                name="members_device_is_seen_after_it_signed_in",
                condition=Q(last_seen__gte=F("since")),
            ),
        ]

    def __str__(self):
        return self.label or str(_("an unknown device"))
