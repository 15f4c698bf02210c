"""What keeps a staff account safe: the second factor, what was written down, unsent typing."""

import hmac
import uuid
from base64 import b64decode, b64encode
from hashlib import sha256

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from members import encryption
from members.models.accounts import User
from members.models.encrypted import EncryptedJSONField, is_sealed


class Authenticator(TOTPDevice):
    """An app that shows six digits which change every 30 seconds; its secret is kept sealed."""

    class Meta:
        proxy = True

    @property
    def bin_key(self):
        """The secret. Raises Unreadable."""
        return encryption.unseal_bytes(self.sealed, self._place)

    def verify_token(self, token):
        """A secret that does not open proves nothing; `members.keys` tells of it at the start."""
        try:
            return super().verify_token(token)
        except encryption.Unreadable:
            return False

    @property
    def sealed(self):
        """The secret as it is kept, before base 64, which fits into the column of django-otp."""
        return b64decode(self.key)

    def keep(self, secret):
        self.key = b64encode(encryption.seal_bytes(secret, self._place)).decode()

    @property
    def _place(self):
        return encryption.place(self._meta.db_table, "key", str(self.user_id))


class RecoveryCodes(StaticDevice):
    """Ten codes on paper for the day on which the phone is lost; only their hashes are kept."""

    class Meta:
        proxy = True

    def verify_token(self, token):
        return super().verify_token(self.hashed(token))

    def hashed(self, code):
        """Keyed and bound to the account; as long as the column of django-otp holds."""
        text = f"recovery/{self.user_id}/{code}".encode()
        return hmac.new(settings.SECRET_KEY.encode(), text, sha256).hexdigest()[:16]


class AccountEvent(models.Model):
    """Something that was done to a staff account, or by staff to that of a member, and why.

    Only grows. Of members the reason is one of `Why`, so that nothing is written of them in words.
    """

    class Kind(models.TextChoices):
        SECOND_FACTOR_ADDED = "second_factor_added", _("second factor set up")
        SECOND_FACTOR_REMOVED = "second_factor_removed", _("second factor removed")
        NEW_RECOVERY_CODES = "new_recovery_codes", _("new recovery codes made")
        RECOVERY_CODE_USED = "recovery_code_used", _("signed in with a recovery code")
        PASSWORD_GIVEN = "password_given", _("a first password given")
        SIGNED_OUT = "signed_out", _("signed out everywhere")
        DISABLED_UNUSED = "disabled_unused", _("disabled, as not used for long")
        DISABLED = "disabled", _("disabled")
        ENABLED = "enabled", _("enabled")
        DEVICE_ENDED = "device_ended", _("signed out on a device, by staff")

    class Why(models.TextChoices):
        LOST = "lost", _("the phone is lost")
        CHANGED = "changed", _("another phone, or another number")
        OTHERS = "others", _("somebody else has used it")
        ASKED = "asked", _("the member asks for it")

    user = models.ForeignKey(User, models.PROTECT, related_name="events", verbose_name=_("account"))
    kind = models.CharField(_("what"), max_length=24, choices=Kind)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("by whom")
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("event of an account")
        verbose_name_plural = _("events of accounts")
        indexes = [models.Index(fields=["user", "-at"], name="members_event_by_user")]
        constraints = [
            models.CheckConstraint(
                name="members_accountevent_removal_has_a_reason_and_an_author",
                condition=~Q(kind="second_factor_removed")
                | (~Q(reason="") & Q(by__isnull=False) & ~Q(by=models.F("user"))),
            ),
            models.CheckConstraint(
                name="members_accountevent_device_is_ended_for_a_reason_by_staff",
                condition=~Q(kind="device_ended")
                | Q(reason__in=["lost", "changed", "others", "asked"], by__isnull=False)
                & ~Q(by=models.F("user")),
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.user}"

    @property
    def why(self):
        """The reason: as it was typed, or in the reader's language where it was chosen."""
        return dict(self.Why.choices).get(self.reason, self.reason)


class Draft(models.Model):
    """What an account had typed into a form when its session ended; sealed, one an account."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.OneToOneField(User, models.CASCADE, related_name="draft")
    path = models.CharField(max_length=500)
    fields = EncryptedJSONField(default=list)
    was_sent = models.BooleanField()
    kept_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [is_sealed("fields", "members_draft_fields_are_sealed")]
