from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models.accounts import User
from members.models.people import Member


class Change(models.Model):
    """One change of what is known of a person, written by the database itself.

    `fields` names what changed; `before` and `after` hold values only of what is not sensitive.
    """

    class Kind(models.TextChoices):
        ADDED = "+", _("added")
        CHANGED = "~", _("changed")
        REMOVED = "-", _("removed")

    member = models.ForeignKey(
        Member, models.DO_NOTHING, related_name="changes", db_constraint=False
    )
    at = models.DateTimeField()
    about = models.CharField(max_length=60)  # the table
    kind = models.CharField(max_length=1, choices=Kind)
    fields = ArrayField(models.CharField(max_length=60))
    before = models.JSONField()
    after = models.JSONField()
    by = models.ForeignKey(
        User, models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    request = models.CharField(max_length=40, blank=True)
