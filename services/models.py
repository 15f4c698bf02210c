import uuid

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Coalesce
from django.utils import formats, timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ledger.policy import Question, Reason
from members.models import Area, Member
from members.models.encrypted import EncryptedField, is_sealed
from services.month_closing import ClosedMonth as ClosedMonth
from services.month_closing import MonthClosing as MonthClosing
from services.objection_models import Objection as Objection
from services.papers import models as papers  # noqa: F401  (Django looks for models here)
from services.register_models import RegisterBatch as RegisterBatch
from services.register_models import RegisterRow as RegisterRow


class Category(models.Model):
    """A kind of service; the pilot's eight come with the installation."""

    code = models.SlugField(_("code"), max_length=30, primary_key=True)
    name_zh = models.CharField(_("Chinese name"), max_length=40)
    name_en = models.CharField(_("English name"), max_length=60)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    usual_minutes = models.PositiveSmallIntegerField(_("usual minutes"), default=60)
    at_home = models.BooleanField(_("at home"), default=False)
    is_bankable = models.BooleanField(_("bankable"), default=True)
    is_urgent = models.BooleanField(
        _("urgent help, never refused for lack of hours"), default=False
    )
    synonyms = models.CharField(_("other names in registers"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("service category")
        verbose_name_plural = _("service categories")

    def __str__(self):
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh


class Holiday(models.Model):
    """A public holiday, or a weekend day that is worked to make up for one."""

    day = models.DateField(_("day"), primary_key=True)
    is_workday = models.BooleanField(_("worked"))
    name = models.CharField(_("name"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")

    def __str__(self):
        return f"{self.day} {self.name}"


class VisitQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Visits booked in the user's areas; a member sees their own, as volunteer or as elder."""
        if user.member_id:
            return self.filter(Q(volunteer=user.member_id) | Q(elder=user.member_id))
        return self.filter(area__in=Area.objects.visible_to(user))

    def of(self, member):
        """Those that the member gave or received."""
        return self.filter(Q(volunteer=member) | Q(elder=member))

    def standing(self):
        """Confirmed and not undone: what reports count."""
        return self.filter(state=Visit.State.CONFIRMED)

    def waiting(self):
        """Waiting for a second person."""
        return self.filter(state=Visit.State.COMPLETED)

    def counted_in(self, start, end):
        """What counts in these days; also what was undone after its month was closed."""
        counts = Q(state=Visit.State.CONFIRMED) | Q(taken_back_on__isnull=False)
        day = Q(counted_on=None, service_date__range=(start, end))
        return self.filter(counts, day | Q(counted_on__range=(start, end)))


class Visit(models.Model):
    """One visit of one volunteer to one elder, with its three figures of minutes.

    `journal` is the key of its transfers in the ledger of `area`, when hours moved. What must hold
    of each row by itself is in the SQL function `services_visit_is_sound` (docs/decisions/0021).
    """

    class State(models.TextChoices):
        COMPLETED = "completed", _("waiting for a second person")
        CONFIRMED = "confirmed", _("confirmed")
        RETURNED = "returned", _("returned")
        REVERSED = "reversed", _("undone")

    class Method(models.TextChoices):
        SIGNATURE = "signature", _("signature")
        FAMILY = "family", _("confirmed by family")
        CALLBACK = "callback", _("call-back")
        PHOTO = "photo", _("photo")
        PAPER = "paper", _("paper only")
        NONE = "none", _("none")

    class Choice(models.TextChoices):
        BANK = "bank", _("bank")
        DONATE = "donate", _("donate to the public pool")
        WAIVE = "waive", _("do not bank")

    class Source(models.TextChoices):
        PAGE = "page", _("entered on the page")
        IMPORT = "import", _("imported register")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Each index costs every visit; those below serve by area, person and clerk.
    area = models.ForeignKey(
        Area, models.PROTECT, related_name="visits", db_index=False, verbose_name=_("community")
    )
    volunteer = models.ForeignKey(
        Member,
        models.PROTECT,
        related_name="visits_given",
        db_index=False,
        verbose_name=_("volunteer"),
    )
    elder = models.ForeignKey(
        Member,
        models.PROTECT,
        related_name="visits_received",
        db_index=False,
        verbose_name=_("elder"),
    )
    category = models.ForeignKey(
        Category, models.PROTECT, related_name="+", db_index=False, verbose_name=_("what was done")
    )
    service_date = models.DateField(_("date"))
    started_at = models.DateTimeField(_("start"), null=True, blank=True)
    ended_at = models.DateTimeField(_("end"), null=True, blank=True)
    method = models.CharField(_("confirmed by"), max_length=10, choices=Method)
    choice = models.CharField(_("hours"), max_length=6, choices=Choice, default=Choice.BANK)
    source = models.CharField(
        max_length=6, choices=Source, default=Source.PAGE, verbose_name=_("how it came")
    )
    note = EncryptedField(_("note"), max_length=500, blank=True)

    state = models.CharField(_("state"), max_length=9, choices=State)
    served_minutes = models.IntegerField(_("served minutes"))
    bankable_minutes = models.IntegerField(_("bankable minutes"))
    banked_minutes = models.IntegerField(_("banked minutes"))
    # Minutes by reason for all that was served and not banked: {"day_cap": 30}
    not_banked = models.JSONField(_("not banked"), default=dict)
    questions = models.JSONField(_("what a second person has to look at"), default=list)
    journal = models.UUIDField(null=True, unique=True, editable=False)

    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("recorded by"),
    )
    entered_at = models.DateTimeField(default=timezone.now, verbose_name=_("recorded at"))
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("approved by"),
    )
    confirmed_at = models.DateTimeField(null=True, blank=True, verbose_name=_("confirmed at"))
    returned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("returned by"),
    )
    returned_at = models.DateTimeField(null=True, blank=True, verbose_name=_("returned at"))
    return_reason = EncryptedField(_("why it was returned"), max_length=500, blank=True)
    reversed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("undone by"),
    )
    reversed_at = models.DateTimeField(null=True, blank=True, verbose_name=_("undone at"))

    # Where the month of the service was closed: the first open day when it was confirmed, and the
    # day on which it is taken off again. Set by the database alone: `services_place_visit`.
    counted_on = models.DateField(null=True, editable=False)
    taken_back_on = models.DateField(null=True, editable=False)

    counting_day = Coalesce("counted_on", "service_date")

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        constraints = [
            ExclusionConstraint(
                name="services_visit_volunteer_is_in_one_place_at_a_time",
                expressions=[
                    ("volunteer", RangeOperators.EQUAL),
                    (
                        Func(
                            "started_at",
                            "ended_at",
                            function="tstzrange",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(state__in=["completed", "confirmed"], started_at__isnull=False),
                violation_error_message=_("The volunteer was with somebody else at that time."),
            ),
            is_sealed("note", "services_visit_note_is_sealed"),
            is_sealed("return_reason", "services_visit_return_reason_is_sealed"),
        ]
        indexes = [
            models.Index(fields=["area", "service_date"], name="services_visit_by_area_day"),
            models.Index(fields=["volunteer", "service_date"], name="services_visit_by_volunteer"),
            models.Index(fields=["elder", "service_date"], name="services_visit_by_elder"),
            models.Index(
                fields=["area", "entered_at"],
                name="services_visit_waiting",
                condition=Q(state="completed"),
            ),
            models.Index(fields=["entered_by", "-entered_at"], name="services_visit_by_clerk"),
            models.Index(
                fields=["area", "counted_on"],
                name="services_visit_counted_later",
                condition=Q(counted_on__isnull=False),
            ),
            models.Index(
                fields=["area", "taken_back_on"],
                name="services_visit_taken_back",
                condition=Q(taken_back_on__isnull=False),
            ),
        ]

    def __str__(self):
        day = formats.date_format(self.service_date, "SHORT_DATE_FORMAT")
        return f"{day} {self.volunteer} → {self.elder}"

    @property
    def grade(self):
        """Verification grade: A measured and confirmed, B one of the two, C paper, D nothing."""
        confirmed = self.method in (self.Method.SIGNATURE, self.Method.FAMILY, self.Method.CALLBACK)
        measured = self.started_at is not None
        if confirmed and measured:
            return "A"
        if confirmed or measured:
            return "B"
        return "D" if self.method == self.Method.NONE else "C"

    @property
    def reasons_in_words(self):
        """Why minutes were not banked, each with its minutes."""
        return [(Reason(code).label, minutes) for code, minutes in self.not_banked.items()]

    @property
    def questions_in_words(self):
        """What a second person has to look at."""
        return [Question(code).label for code in self.questions]
