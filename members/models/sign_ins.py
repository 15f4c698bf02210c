from django.db import models
from django.db.models import Q
from django.utils import timezone

from members.models.encrypted import BlindIndexField


class SignInCode(models.Model):
    """A six-digit code sent to a phone; of both only hashes are kept."""

    phone = BlindIndexField()
    code_hash = models.CharField(max_length=200)
    sent_at = models.DateTimeField(default=timezone.now)
    address = models.GenericIPAddressField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["phone", "-sent_at"], name="members_code_by_phone"),
            models.Index(fields=["sent_at"], name="members_code_by_time"),
        ]
        constraints = [
            models.CheckConstraint(
                name="members_signincode_is_tried_at_most_five_times", condition=Q(tries__lte=5)
            )
        ]


class FailedSignIn(models.Model):
    """A wrong password of a staff account; five from one address in 15 minutes lock it there."""

    account = models.CharField(max_length=150)
    address = models.GenericIPAddressField(null=True)
    failed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["account", "-failed_at"], name="members_failure_by_account")
        ]
