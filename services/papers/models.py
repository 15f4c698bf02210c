"""Certificates and printed statements; `services.models` brings them in for Django."""

import json
import uuid

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.models import Area, Member
from members.models.encrypted import EncryptedField, is_sealed


class PaperQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Papers of the user's areas; a member sees their own, of a merged record too."""
        if user.member_id:
            return self.filter(Q(member=user.member_id) | Q(member__merged_into=user.member_id))
        return self.filter(area__in=Area.objects.visible_to(user))


class StatementRunQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those of the user's areas; a member sees none."""
        if user.member_id:
            return self.none()
        return self.filter(area__in=Area.objects.visible_to(user))


class Certificate(models.Model):
    """A service record certificate (Decree 67): what it said when it was issued, word for word.

    Only a withdrawal is ever added to the row; the database refuses any other change.
    """

    class State(models.TextChoices):
        GENUINE = "genuine", _("genuine")
        CORRECTED = "corrected", _("corrected since")
        WITHDRAWN = "withdrawn", _("withdrawn")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("community"))
    year = models.PositiveSmallIntegerField(_("year"))
    serial = models.PositiveIntegerField(_("serial number"))
    code = models.CharField(_("code"), max_length=20)
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="certificates", verbose_name=_("holder")
    )
    period_start = models.DateField(_("first day"))
    period_end = models.DateField(_("last day"))
    # JSON as text, so that the database itself can see that the hash is of these very bytes.
    content = models.TextField(verbose_name=_("content"))
    content_hash = models.CharField(max_length=64, verbose_name=_("fingerprint of the content"))
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    issued_at = models.DateTimeField(_("issued"), default=timezone.now)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("withdrawn by"),
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, verbose_name=_("withdrawn at"))
    withdraw_reason = EncryptedField(_("why it was withdrawn"), max_length=500, blank=True)

    objects = PaperQuerySet.as_manager()

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        constraints = [
            models.UniqueConstraint(
                fields=["area", "year", "serial"], name="services_certificate_number_is_given_once"
            ),
            models.UniqueConstraint(fields=["code"], name="services_certificate_code_is_one"),
            models.CheckConstraint(
                name="services_certificate_code_cannot_be_guessed",
                condition=Q(code__regex="^[346789ACDEFHJKMNPQRTVWXY]{20}$"),
            ),
            models.CheckConstraint(
                name="services_certificate_serial_begins_at_one", condition=Q(serial__gte=1)
            ),
            models.CheckConstraint(
                name="services_certificate_period_is_in_order",
                condition=Q(period_start__lte=F("period_end")),
            ),
            models.CheckConstraint(
                name="services_certificate_hash_is_of_its_content",
                condition=Q(
                    content_hash=Func(
                        F("content"),
                        template="encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')",
                        output_field=models.CharField(),
                    )
                ),
            ),
            models.CheckConstraint(
                name="services_certificate_withdrawn_says_who_when_and_why",
                condition=Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False)
                & ~Q(withdraw_reason="")
                | Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True, withdraw_reason=""),
            ),
            is_sealed("withdraw_reason", "services_certificate_withdraw_reason_is_sealed"),
        ]
        indexes = [
            models.Index(fields=["area", "-issued_at"], name="services_certificate_by_area"),
        ]

    def __str__(self):
        return self.number

    @property
    def number(self):
        """As it is printed: the community's code, the year, the serial number."""
        return f"{self.area.code}-{self.year}-{self.serial:04}"

    @property
    def facts(self):
        """What was certified, as `services.papers.certificates` froze it."""
        return json.loads(self.content)


class CodeLookup(models.Model):
    """Somebody asked the public page about a code; kept for an hour, to tell who asks too often."""

    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["address", "at"], name="services_lookup_by_address"),
            models.Index(fields=["at"], name="services_lookup_by_time"),
        ]


class StatementPrint(models.Model):
    """A stretch of lines of a passbook that was printed: who, when, from which line to which.

    Only grows. What was printed as new is never printed as new again.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("community"))
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="prints", verbose_name=_("member")
    )
    account = models.BigIntegerField(verbose_name=_("account number"))
    first_seq = models.BigIntegerField(_("from line"))
    last_seq = models.BigIntegerField(_("to line"))
    is_again = models.BooleanField(_("printed again"), default=False)
    printed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    printed_at = models.DateTimeField(_("printed"), default=timezone.now)

    objects = PaperQuerySet.as_manager()

    class Meta:
        verbose_name = _("printed statement")
        verbose_name_plural = _("printed statements")
        constraints = [
            models.CheckConstraint(
                name="services_statementprint_lines_are_in_order",
                condition=Q(first_seq__gte=1, first_seq__lte=F("last_seq")),
            ),
            ExclusionConstraint(
                name="services_statementprint_prints_a_new_line_once",
                expressions=[
                    ("area", RangeOperators.EQUAL),
                    ("account", RangeOperators.EQUAL),
                    (
                        Func(
                            "first_seq",
                            "last_seq",
                            Value("[]"),
                            function="int8range",
                            output_field=BigIntegerRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(is_again=False),
            ),
        ]
        indexes = [
            models.Index(fields=["area", "account", "-last_seq"], name="services_print_by_account"),
        ]

    def __str__(self):
        return f"{self.member} {self.first_seq}–{self.last_seq}"


class StatementRun(models.Model):
    """The statements of a whole community for one year: one file, made by the worker."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting to be made")
        MAKING = "making", _("being made")
        DONE = "done", _("done")
        FAILED = "failed", _("could not be made")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("community"))
    year = models.PositiveSmallIntegerField(_("year"))
    language = models.CharField(max_length=10, verbose_name=_("language"))
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.WAITING)
    members_done = models.PositiveIntegerField(default=0, verbose_name=_("members done"))
    members_total = models.PositiveIntegerField(_("members"), default=0)
    file = models.FileField(upload_to="statements/%Y/", blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    requested_at = models.DateTimeField(_("asked for"), default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True, verbose_name=_("finished at"))

    objects = StatementRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("yearly statements")
        verbose_name_plural = _("yearly statements")
        constraints = [
            models.CheckConstraint(
                name="services_statementrun_done_has_its_file",
                condition=Q(state="done", finished_at__isnull=False) & ~Q(file="")
                | ~Q(state="done"),
            ),
            models.UniqueConstraint(
                fields=["area", "year"],
                condition=Q(state__in=["waiting", "making"]),
                name="services_statementrun_of_a_year_is_made_once_at_a_time",
            ),
            models.CheckConstraint(
                name="services_statementrun_does_at_most_all",
                condition=Q(members_done__lte=F("members_total")),
            ),
        ]

    def __str__(self):
        return f"{self.area} {self.year}"

    @property
    def is_under_way(self):
        """Waiting or being made; somebody may be watching."""
        return self.state in (self.State.WAITING, self.State.MAKING)
