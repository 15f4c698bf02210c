from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.models.accounts import User
from members.models.areas import Area
from members.models.encrypted import EncryptedField, is_sealed
from members.models.people import Member


class MergeQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Merges of the user's areas; members see none."""
        if user.member_id:
            return self.none()
        return self.filter(area__in=Area.objects.visible_to(user))

    def waiting(self):
        return self.filter(state=Merge.State.WAITING)


class Merge(models.Model):
    """Two records of one person: which is kept, which vanishes into it, and who decided so.

    `taken` names the fields whose value is that of the vanishing record ("address",
    "elder.living"): both rows keep both values, they are exchanged. `key` comes from the form and
    is that of the ledger's journal as well.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for a second person")
        DONE = "done", _("done")
        RETURNED = "returned", _("returned")
        WITHDRAWN = "withdrawn", _("withdrawn")
        UNDONE = "undone", _("undone")

    key = models.UUIDField(unique=True, editable=False)
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("community"))
    kept = models.ForeignKey(
        Member, models.PROTECT, related_name="+", verbose_name=_("record that is kept")
    )
    gone = models.ForeignKey(
        Member, models.PROTECT, related_name="+", verbose_name=_("record that vanishes")
    )
    taken = ArrayField(models.CharField(max_length=40), default=list)
    reason = EncryptedField(_("how you know that it is one person"), max_length=500)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.WAITING)
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    approver = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    return_reason = EncryptedField(_("reason"), max_length=500, blank=True)
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    objects = MergeQuerySet.as_manager()

    class Meta:
        verbose_name = _("merge of two records")
        verbose_name_plural = _("merges of two records")
        constraints = [
            models.CheckConstraint(
                name="members_merge_is_of_two_records", condition=~Q(kept=models.F("gone"))
            ),
            models.CheckConstraint(
                name="members_merge_approver_is_not_the_author",
                condition=Q(approver__isnull=True) | ~Q(approver=models.F("author")),
                violation_error_message=_("No one approves what they entered. Ask a colleague."),
            ),
            models.CheckConstraint(
                name="members_merge_is_decided_by_whom_its_state_says",
                condition=Q(state="waiting", approver=None, decided_at=None)
                | Q(state="withdrawn", approver=None, decided_at__isnull=False)
                | Q(state__in=["done", "undone", "returned"])
                & Q(approver__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="members_merge_is_returned_with_a_reason",
                condition=Q(state="returned") & ~Q(return_reason="")
                | ~Q(state="returned") & Q(return_reason=""),
            ),
            models.CheckConstraint(
                name="members_merge_undone_says_who_and_when",
                condition=Q(state="undone", undone_by__isnull=False, undone_at__isnull=False)
                | ~Q(state="undone") & Q(undone_by=None, undone_at=None),
            ),
            models.CheckConstraint(
                name="members_merge_is_undone_by_a_third",
                condition=Q(undone_by=None)
                | ~Q(undone_by=models.F("author")) & ~Q(undone_by=models.F("approver")),
                violation_error_message=_(
                    "You entered or approved this merge. A third colleague takes it back."
                ),
            ),
            models.CheckConstraint(
                name="members_merge_says_how_it_is_known", condition=~Q(reason="")
            ),
            models.UniqueConstraint(
                fields=["gone"],
                condition=Q(state__in=["waiting", "done"]),
                name="members_merge_of_a_vanishing_record_is_one",
                violation_error_message=_("This record is being merged already."),
            ),
            is_sealed("reason", "members_merge_reason_is_sealed"),
            is_sealed("return_reason", "members_merge_return_reason_is_sealed"),
        ]
        indexes = [models.Index(fields=["area", "state", "asked_at"], name="members_merge_waiting")]

    def __str__(self):
        return f"{self.gone.number} → {self.kept.number}"


class MergedRow(models.Model):
    """A row that named the vanished record and names the kept one since. Only grows.

    So it can be told whose it was, and be given back when the merge is undone.
    """

    merge = models.ForeignKey(Merge, models.PROTECT, related_name="rows")
    model = models.CharField(max_length=60)
    column = models.CharField(max_length=40)
    row = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merge", "model", "column", "row"], name="members_mergedrow_is_moved_once"
            )
        ]
        indexes = [models.Index(fields=["model", "row"], name="members_mergedrow_by_row")]
