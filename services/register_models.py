"""The models of registers; a module of their own for their length. Import them from models."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from members.models import Area, Member, User
from members.models.encrypted import EncryptedJSONField, is_sealed


class RegisterBatchQuerySet(models.QuerySet["RegisterBatch"]):
    def visible_to(self, user: User) -> "RegisterBatchQuerySet":
        """Registers of the user's areas; a member sees none."""
        if user.member_id:
            return self.none()
        return self.filter(area__in=Area.objects.visible_to(user))

    def standing(self) -> "RegisterBatchQuerySet":
        """Not discarded, and not unreadable."""
        return self.exclude(state__in=[RegisterBatch.State.DISCARDED, RegisterBatch.State.FAILED])


class RegisterBatch(models.Model):
    """An uploaded register: its rows as read, what became of each, and who approved them."""

    class State(models.TextChoices):
        READING = "reading", _("being read")
        FAILED = "failed", _("could not be read")
        PREPARED = "prepared", _("waiting for a second person")
        APPLYING = "applying", _("being posted")
        APPLIED = "applied", _("posted")
        DISCARDED = "discarded", _("discarded")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("community"))
    file_name = models.CharField(_("file"), max_length=200)
    file_hash = models.CharField(max_length=64, verbose_name=_("fingerprint of the workbook"))
    # The workbook, sealed; removed as soon as its rows are read.
    file = models.FileField(upload_to="registers/%Y/", blank=True, verbose_name=_("workbook"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.READING)
    error = models.CharField(max_length=500, blank=True, verbose_name=_("error"))
    # What each sheet was taken for; see `services.registers.reading.Sheet.about`.
    sheets = models.JSONField(default=list, verbose_name=_("sheets"))
    # Counts the mendings, so that nobody approves other rows than those they have seen.
    revision = models.PositiveIntegerField(default=0, verbose_name=_("revision"))
    rows_done = models.PositiveIntegerField(default=0, verbose_name=_("rows done"))
    rows_total = models.PositiveIntegerField(default=0, verbose_name=_("rows in all"))
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("imported by")
    )
    entered_at = models.DateTimeField(default=timezone.now, verbose_name=_("imported at"))
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    approved_at = models.DateTimeField(null=True, blank=True, verbose_name=_("approved at"))

    objects = RegisterBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("imported register")
        verbose_name_plural = _("imported registers")
        constraints = [
            models.CheckConstraint(
                name="services_registerbatch_approver_is_not_the_author",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("entered_by")),
                violation_error_message=_("No one approves what they entered."),
            ),
            models.CheckConstraint(
                name="services_registerbatch_posted_only_when_approved",
                condition=~Q(state__in=["applying", "applied"]) | Q(approved_by__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["area", "file_hash"],
                condition=~Q(state__in=["discarded", "failed"]),
                name="services_registerbatch_of_one_file_is_one",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    def error_in_words(self) -> str:
        """Why the workbook was refused, in the reader's language; it is kept in English."""
        return gettext(self.error)

    @property
    def is_under_way(self) -> bool:
        """Being read or posted; somebody may be watching."""
        return self.state in (self.State.READING, self.State.APPLYING)


def _told(default: type) -> EncryptedJSONField:
    """What a row tells of people, sealed for this row."""
    return EncryptedJSONField(default=default, bound_to=("batch_id", "sheet", "number"))


class RegisterRow(models.Model):
    """One row of a register, exactly as written, and what it is understood to say."""

    class Kind(models.TextChoices):
        VOLUNTEER = "volunteer", _("volunteer")
        ELDER = "elder", _("elder")
        VISIT = "visit", _("visit")

    class Outcome(models.TextChoices):
        NEW = "new", _("new")
        SAME = "same", _("same")
        CHANGED = "changed", _("changed")
        CANNOT = "cannot", _("cannot be posted")
        POSTED = "posted", _("posted")

    batch = models.ForeignKey(RegisterBatch, models.CASCADE, related_name="rows")
    sheet = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=9, choices=Kind)
    written = _told(dict)
    understood = _told(dict)
    # Whom the row is about, and its day: the part of `understood` that tells nothing of a person.
    named = models.JSONField(default=list)
    day = models.DateField(null=True, blank=True)
    outcome = models.CharField(max_length=7, choices=Outcome)
    # A code of services.registers.reasons, with the values its sentence needs.
    reason = models.CharField(max_length=40, blank=True)
    details = _told(dict)
    warnings = _told(list)
    member = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    visit = models.ForeignKey("Visit", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "sheet", "number"], name="services_registerrow_is_read_once"
            ),
            models.CheckConstraint(
                name="services_registerrow_refused_has_a_reason",
                condition=~Q(outcome="cannot") | ~Q(reason=""),
            ),
            models.UniqueConstraint(
                fields=["visit"],
                condition=Q(outcome="posted"),
                name="services_registerrow_posts_its_visit_once",
            ),
            *(
                is_sealed(name, f"services_registerrow_{name}_is_sealed")
                for name in ("written", "understood", "details", "warnings")
            ),
        ]
        indexes = [
            models.Index(fields=["batch", "kind", "outcome"], name="services_row_by_outcome"),
        ]
