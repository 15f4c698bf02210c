from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from members.models.people import Member


class Purpose(models.TextChoices):
    """What somebody's data may be used for; each is consented to and withdrawn by itself."""

    BASIC = "basic", _("registration: name, birth date, address, phones")
    SENSITIVE = "sensitive", _("sensitive data: ID number, health, disability, low income")
    FAMILY = "family", _("calling the family")
    AGENT = "agent", _("an agent who confirms or asks in their name")
    PUBLIC_NOTICE = "public_notice", _("public notice with a masked name")
    STATISTICS = "statistics", _("statistics")


# Nothing of a person is made public, and the figures of the reports are the bookkeeping of the
# time bank, from which nobody's hours can be left out. So nobody is asked for these: a yes or a no
# would change nothing. What was said before stays on record, and a yes can be withdrawn.
NOT_ASKED = (Purpose.PUBLIC_NOTICE, Purpose.STATISTICS)


class ConsentText(models.Model):
    """What a person was asked, word by word; another text is another version."""

    purpose = models.CharField(_("purpose"), max_length=13, choices=Purpose)
    version = models.PositiveSmallIntegerField(_("version"))
    effective_from = models.DateField(_("effective from"))
    text_zh = models.TextField(_("Chinese text"))
    text_en = models.TextField(_("English text"))

    class Meta:
        verbose_name = _("text of a consent")
        verbose_name_plural = _("texts of consents")
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "version"], name="members_consenttext_has_one_version"
            )
        ]

    def __str__(self):
        return f"{self.get_purpose_display()} · {self.version}"

    @property
    def text(self):
        return self.text_en if (get_language() or "").startswith("en") else self.text_zh


class ConsentQuerySet(models.QuerySet["Consent"]):
    def latest_of(self, member):
        """The last word of the member about each purpose."""
        latest = self.filter(member=member).order_by("purpose", "-pk").distinct("purpose")
        return latest.select_related("text", "recorded_by__member")

    def withdrawn(self, purpose):
        """The keys of the members whose last word about the purpose is no, as a query."""
        later = Consent.objects.filter(
            member=models.OuterRef("member"), purpose=purpose, pk__gt=models.OuterRef("pk")
        )
        last = self.filter(purpose=purpose, act=Consent.Act.WITHDRAWN)
        return last.filter(~models.Exists(later)).values("member")


class Consent(models.Model):
    """One word of a member about one purpose, yes or no: the last one counts, all are kept.

    Insert-only by rights and triggers. `said_on` is the day on which it was said, `recorded_at`
    the moment from which we act on it.
    """

    class Act(models.TextChoices):
        GIVEN = "given", _("given")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class How(models.TextChoices):
        PAPER = "paper", _("signed on paper")
        SPOKEN = "spoken", _("spoken, with a witness")
        CALL = "call", _("on the phone")
        OWN = "own", _("by themselves, signed in")

    member = models.ForeignKey(Member, models.PROTECT, related_name="consents")
    purpose = models.CharField(_("purpose"), max_length=13, choices=Purpose)
    text = models.ForeignKey(ConsentText, models.PROTECT, related_name="+")
    act = models.CharField(_("act"), max_length=9, choices=Act)
    how = models.CharField(_("how"), max_length=6, choices=How)
    witness = models.CharField(_("witness"), max_length=60, blank=True)
    said_on = models.DateField(_("said on"))
    recorded_at = models.DateTimeField(_("recorded at"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [
            models.Index(fields=["member", "purpose", "-id"], name="members_consent_latest"),
            models.Index(
                fields=["purpose", "member"],
                condition=Q(act="withdrawn"),
                name="members_consent_withdrawn",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="members_consent_spoken_has_a_witness",
                condition=Q(how="spoken") & ~Q(witness="") | ~Q(how="spoken") & Q(witness=""),
                violation_error_message=_("Say who was there when it was said."),
            ),
            models.CheckConstraint(
                name="members_consent_is_said_before_it_is_recorded",
                condition=Q(said_on__lte=F("recorded_at__date")),
                violation_error_message=_("This day lies in the future."),
            ),
        ]

    def __str__(self):
        return f"{self.member} · {self.get_purpose_display()} · {self.get_act_display()}"

    @property
    def is_given(self):
        return self.act == Consent.Act.GIVEN
