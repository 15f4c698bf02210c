"""The models of closed months; a module of its own for its length. Import them from models."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext_lazy as _

from members.models import Area, User


class MonthClosingQuerySet(models.QuerySet["MonthClosing"]):
    def waiting(self) -> "MonthClosingQuerySet":
        """Asked for, and not decided by a second person."""
        return self.filter(state=MonthClosing.State.WAITING)

    def known(self, area: Area, day: date) -> "MonthClosing | None":
        """The latest that was asked for of the month, or the one that closed it among others."""
        last = self.select_related("author", "approver", "area").order_by("-asked_at", "-pk")
        closed = last.filter(months__area=area, months__month=day)
        return closed.first() or last.filter(area=area, month=day).first()


class MonthClosing(models.Model):
    """Somebody's wish to close a month of a community, and who decided it.

    `left_waiting` counts what was still waiting, by kind; `reason` says why it is closed all the
    same.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for a second person")
        CLOSED = "closed", _("closed")
        RETURNED = "returned", _("returned")
        WITHDRAWN = "withdrawn", _("withdrawn")

    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("community"))
    month = models.DateField(_("month"))
    state = models.CharField(_("state"), max_length=9, choices=State)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    reason = models.CharField(_("why it is closed all the same"), max_length=500, blank=True)
    left_waiting = models.JSONField(default=dict)
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    return_reason = models.CharField(_("why it was returned"), max_length=500, blank=True)

    objects = MonthClosingQuerySet.as_manager()

    class Meta:
        verbose_name = _("closing of a month")
        verbose_name_plural = _("closings of months")
        constraints = [
            models.UniqueConstraint(
                fields=["area", "month"],
                condition=Q(state__in=["waiting", "closed"]),
                name="services_monthclosing_is_asked_for_once",
            ),
            models.CheckConstraint(
                name="services_monthclosing_month_is_its_first_day",
                condition=Q(month=TruncMonth("month")),
            ),
            models.CheckConstraint(
                name="services_monthclosing_approver_is_not_the_author",
                condition=Q(approver__isnull=True) | ~Q(approver=F("author")),
                violation_error_message=_("No one approves what they entered."),
            ),
            models.CheckConstraint(
                name="services_monthclosing_with_work_left_has_a_reason",
                condition=Q(left_waiting={}) | ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="services_monthclosing_decided_says_when",
                condition=Q(state="waiting", decided_at__isnull=True, approver__isnull=True)
                | ~Q(state="waiting") & Q(decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="services_monthclosing_returned_says_who_and_why",
                condition=Q(state="returned", approver__isnull=False) & ~Q(return_reason="")
                | ~Q(state="returned") & Q(return_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.area} · {self.month:%Y-%m}"

    @property
    def decided_by(self) -> User:
        """Who closed it: the second person, or the author where one is enough."""
        return self.approver or self.author


class ClosedMonth(models.Model):
    """The figures of R1 of one community and month, as they were when it was closed.

    They never change: the table only grows. Persons are kept by their keys in the database, so that
    a larger area or a longer period counts each of them once.
    """

    area = models.ForeignKey(Area, models.PROTECT, related_name="+")
    month = models.DateField()
    closing = models.ForeignKey(MonthClosing, models.PROTECT, related_name="months")
    figures = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["area", "month"], name="services_closedmonth_is_stored_once"
            ),
            models.CheckConstraint(
                name="services_closedmonth_month_is_its_first_day",
                condition=Q(month=TruncMonth("month")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.area} · {self.month:%Y-%m}"
