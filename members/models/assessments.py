import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.models.areas import Area
from members.models.encrypted import EncryptedField, is_sealed
from members.models.people import Elder, Member


class Rule(models.TextChoices):
    """Why an elder is served, or that no rule holds (the domain's rules, "People")."""

    A = "A", _("A: very old, alone or without children at home")
    B = "B", _("B: old, alone or without children at home, and in need")
    C = "C", _("C: with hours of their own")
    D = "D", _("D: by decision of two persons")
    NONE = "none", _("no rule holds")


class EligibilityRulesQuerySet(models.QuerySet["EligibilityRules"]):
    def approved(self) -> "EligibilityRulesQuerySet":
        """Those that may be in force: of the installation, or approved by a second person."""
        return self.filter(Q(author=None) | Q(approver__isnull=False))

    def in_force(self, area: Area, day) -> "EligibilityRules":
        """The version that holds in the area on that day: the nearest area's, then the latest."""
        return self.raw("SELECT * FROM members_rules_in_force(%s, %s)", [area.pk, day])[0]

    def visible_to(self, user) -> "EligibilityRulesQuerySet":
        """Those of the user's areas, those that they inherit, and those that hold everywhere."""
        above = {code for path in user.reach() for code in path.strip("/").split("/")}
        within = Area.objects.visible_to(user)
        return self.filter(Q(area=None) | Q(area__code__in=above) | Q(area__in=within))


class EligibilityRules(models.Model):
    """One version of the rules of eligibility of an area from a day on; nothing is edited.

    A rule without an age does not hold. A version without an author came with the installation;
    any other is in force once a second administrator has approved it.
    """

    area = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("area")
    )
    effective_from = models.DateField(_("effective from"))
    age_a = models.PositiveSmallIntegerField(
        _("youngest under rule A"), null=True, blank=True, default=80
    )
    age_b = models.PositiveSmallIntegerField(
        _("youngest under rule B"), null=True, blank=True, default=60
    )
    age_c = models.PositiveSmallIntegerField(
        _("youngest under rule C"), null=True, blank=True, default=60
    )
    holds_d = models.BooleanField(_("two persons may decide (rule D)"), default=True)
    review_months = models.PositiveSmallIntegerField(_("months until a review"), default=12)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("author"),
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("approver"),
    )
    approved_at = models.DateTimeField(_("approved at"), null=True, editable=False)

    objects = EligibilityRulesQuerySet.as_manager()

    class Meta:
        verbose_name = _("rules of eligibility")
        verbose_name_plural = _("rules of eligibility")
        constraints = [
            models.UniqueConstraint(
                fields=["area", "effective_from"],
                nulls_distinct=False,
                name="members_eligibilityrules_has_one_version_a_day",
                violation_error_message=_("There is a version from that day on already."),
            ),
            models.CheckConstraint(
                name="members_eligibilityrules_approver_is_not_the_author",
                condition=Q(approver__isnull=True) | ~Q(approver=F("author")),
                violation_error_message=_("No one approves what they entered. Ask a colleague."),
            ),
            models.CheckConstraint(
                name="members_eligibilityrules_approved_says_when",
                condition=Q(approver__isnull=True, approved_at__isnull=True)
                | Q(approver__isnull=False, approved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="members_eligibilityrules_review_comes",
                condition=Q(review_months__gte=1),
                violation_error_message=_("A review comes after one month or later."),
            ),
        ]

    def __str__(self):
        return f"{self.area or _('everywhere')} · {self.effective_from}"

    @property
    def is_in_force_later(self):
        """Whether it holds from its day on, as nobody has to approve it any more."""
        return self.author_id is None or self.approver_id is not None


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    def visible_to(self, user) -> "AssessmentQuerySet":
        return self.filter(member__in=Member.objects.visible_to(user))

    def waiting(self) -> "AssessmentQuerySet":
        """Those for which a second person is still needed."""
        return self.filter(state=Assessment.State.WAITING)

    def settled(self) -> "AssessmentQuerySet":
        return self.filter(state=Assessment.State.SETTLED)


class Assessment(models.Model):
    """What staff found of an elder on a day: the rule that was computed, and the one that holds.

    Where they differ a second person approves it, and it decides until its review is due. Of what
    was computed from, only age and household are kept here: the rest is sensitive.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for a second person")
        SETTLED = "settled", _("settled")
        RETURNED = "returned", _("returned")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="assessments")
    rules = models.ForeignKey(EligibilityRules, models.PROTECT, related_name="+")
    assessed_on = models.DateField(_("assessed on"))
    review_due_on = models.DateField(_("review due"))
    age = models.PositiveSmallIntegerField(_("age"), null=True)
    living = models.CharField(_("living"), max_length=15, choices=Elder.Living, blank=True)
    computed = models.CharField(_("computed"), max_length=4, choices=Rule)
    result = models.CharField(_("result"), max_length=4, choices=Rule)
    reason = EncryptedField(_("reason"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State)
    assessed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("assessed by")
    )
    assessed_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    return_reason = EncryptedField(_("reason"), max_length=500, blank=True)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        indexes = [
            models.Index(
                fields=["member", "-assessed_on", "-id"],
                condition=Q(state="settled"),
                name="members_assessment_latest",
            ),
            models.Index(
                fields=["review_due_on"],
                condition=Q(state="settled"),
                name="members_assessment_due",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="members_assessment_approver_is_not_the_assessor",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("assessed_by")),
                violation_error_message=_("No one approves what they entered. Ask a colleague."),
            ),
            models.CheckConstraint(
                name="members_assessment_against_the_rules_is_approved",
                condition=~Q(state="settled")
                | Q(result=F("computed"))
                | Q(approved_by__isnull=False),
            ),
            models.CheckConstraint(
                name="members_assessment_against_the_rules_has_a_reason",
                condition=Q(result=F("computed")) | ~Q(reason=""),
                violation_error_message=_("Say why, where you decide otherwise than computed."),
            ),
            models.CheckConstraint(
                name="members_assessment_differs_by_decision_alone",
                condition=Q(result=F("computed")) | Q(result__in=["D", "none"]),
                violation_error_message=_("Only rule D, or none, can be decided by staff."),
            ),
            models.CheckConstraint(
                name="members_assessment_computes_no_decision", condition=~Q(computed="D")
            ),
            models.CheckConstraint(
                name="members_assessment_is_reviewed_later",
                condition=Q(review_due_on__gt=F("assessed_on")),
            ),
            models.CheckConstraint(
                name="members_assessment_decided_says_when",
                condition=Q(state="waiting", approved_by__isnull=True, decided_at__isnull=True)
                | ~Q(state="waiting") & Q(decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="members_assessment_returned_says_who_and_why",
                condition=Q(state="returned", approved_by__isnull=False) & ~Q(return_reason="")
                | ~Q(state="returned") & Q(return_reason=""),
            ),
            models.UniqueConstraint(
                fields=["member"],
                condition=Q(state="waiting"),
                name="members_assessment_waits_once",
                violation_error_message=_("An assessment of this person waits already."),
            ),
            is_sealed("reason", "members_assessment_reason_is_sealed"),
            is_sealed("return_reason", "members_assessment_return_reason_is_sealed"),
        ]

    def __str__(self):
        return f"{self.member} · {self.get_result_display()}"

    @property
    def area(self):
        return self.member.area

    @property
    def is_against_the_rules(self):
        """Whether staff decided otherwise than the rules compute."""
        return self.result != self.computed

    def holds_on(self, day):
        """Whether it decides on that day, if no later one does."""
        return self.assessed_on <= day <= self.review_due_on
