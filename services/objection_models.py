"""The model of what people say is not right; a module of its own for its length. Import it from
models."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models import Area, Member, User
from members.models.encrypted import EncryptedField, is_sealed


class ObjectionQuerySet(models.QuerySet["Objection"]):
    def visible_to(self, user: User) -> "ObjectionQuerySet":
        """Those to what was booked in the user's areas; a member sees their own."""
        if user.member_id:
            return self.filter(member=user.member_id)
        return self.filter(area__in=Area.objects.visible_to(user))

    def waiting(self) -> "ObjectionQuerySet":
        """Not answered yet."""
        return self.filter(state=Objection.State.WAITING)


class Objection(models.Model):
    """That a member says a line of their passbook is not right, and what was found.

    The line is a visit or, where it is none of the member's, a journal in the ledger of `area`.
    It is answered once. Nothing else changes, but that a merge re-points it and an erasure empties
    what was said.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("being checked")
        ANSWERED = "answered", _("answered")

    class Reason(models.TextChoices):
        NOT_THERE = "not_there", _("I was not there")
        TIME = "time", _("The time is wrong")
        PERSON = "person", _("The other person is wrong")
        OTHER = "other", _("Something else")

    class Outcome(models.TextChoices):
        RIGHT = "right", _("It was right")
        MENDED = "mended", _("It is mended")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # The index below serves by area.
    area = models.ForeignKey(
        Area, models.PROTECT, related_name="+", verbose_name=_("community"), db_index=False
    )
    visit = models.ForeignKey("Visit", models.PROTECT, null=True, related_name="objections")
    journal = models.UUIDField(null=True, editable=False)
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="objections", verbose_name=_("member")
    )
    reason = models.CharField(_("what is not right"), max_length=9, choices=Reason)
    words = EncryptedField(_("in their words"), max_length=500, blank=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    entered_at = models.DateTimeField(_("said on"))
    due_on = models.DateField(_("to be answered by"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    outcome = models.CharField(_("what was found"), max_length=6, choices=Outcome, blank=True)
    answer = EncryptedField(_("answer"), max_length=500, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    answered_at = models.DateTimeField(_("answered on"), null=True)

    objects = ObjectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("objection")
        verbose_name_plural = _("objections")
        indexes = [
            models.Index(
                fields=["area", "entered_at"],
                name="services_objection_waiting",
                condition=Q(state="waiting"),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="services_objection_is_about_a_visit_or_a_booking",
                condition=Q(visit__isnull=True, journal__isnull=False)
                | Q(visit__isnull=False, journal__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["member", "area", "visit", "journal"],
                condition=Q(state="waiting"),
                nulls_distinct=False,
                name="services_objection_to_a_line_waits_once",
                violation_error_message=_("This line is being checked already."),
            ),
            models.CheckConstraint(
                name="services_objection_says_what_is_not_right",
                condition=Q(reason__in=["not_there", "time", "person", "other"]),
            ),
            models.CheckConstraint(
                # An erasure empties the answer, so that it may be blank afterwards.
                name="services_objection_is_answered_whole_or_not_at_all",
                condition=Q(state="waiting", outcome="", answer="")
                & Q(answered_by__isnull=True, answered_at__isnull=True)
                | Q(state="answered", outcome__in=["right", "mended"])
                & Q(answered_by__isnull=False, answered_at__isnull=False),
            ),
            is_sealed("words", "services_objection_words_is_sealed"),
            is_sealed("answer", "services_objection_answer_is_sealed"),
        ]

    def __str__(self) -> str:
        return f"{self.member} · {self.get_reason_display()}"
