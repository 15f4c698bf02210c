import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from members.models.encrypted import BlindIndexField, EncryptedField, is_sealed


class SignInCode(models.Model):
    """A six-digit code sent to a phone; of both only hashes are kept.

    The digits follow from `key` and the application's secret, so that they are written nowhere:
    neither here nor in the message that waits for the worker.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Found by the keyed hash of the phone; where the message goes is sealed, for the worker alone.
    phone = BlindIndexField()
    number = EncryptedField(max_length=20)
    code_hash = models.CharField(max_length=200)
    sent_at = models.DateTimeField(default=timezone.now)
    address = models.GenericIPAddressField(null=True)
    is_from_known_place = models.BooleanField(default=False)
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
            ),
            is_sealed("number", "members_signincode_number_is_sealed"),
        ]


class Attempt(models.Model):
    """One of the few tries that somebody has at something: a code, a relative's name and phone."""

    what = models.CharField(max_length=100)
    tried_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["what", "-tried_at"], name="members_attempt_by_what")]
