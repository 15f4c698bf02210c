import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members import messages
from members.models.accounts import User
from members.models.people import Member
from members.models.sign_ins import SignInCode


class NoticeQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those to people within reach; a member sees none here."""
        if user.member_id:
            return self.none()
        return self.filter(member__in=Member.objects.visible_to(user))

    def to_look_at(self):
        """What did not arrive, and nobody has put aside."""
        return self.filter(state__in=Notice.FAILED_STATES, set_aside_at=None)


class Notice(models.Model):
    """A message to somebody's phone: never the number, and of a code never the digits."""

    class State(models.TextChoices):
        WAITING = "waiting", _("on its way")
        SENT = "sent", _("sent")
        FAILED = "failed", _("refused by the provider")
        GIVEN_UP = "given_up", _("given up")
        WITHHELD = "withheld", _("nobody has this number")

    FAILED_STATES = (State.FAILED, State.GIVEN_UP)

    class Error(models.TextChoices):
        UNREACHABLE = "unreachable", _("the provider could not be reached")
        BUSY = "busy", _("the provider was busy or had a fault")
        REFUSED = "refused", _("the provider refused the message")
        TOO_LATE = "too_late", _("the code had become too old")
        NO_PHONE = "no_phone", _("there is no mobile number any more")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    member = models.ForeignKey(
        Member, models.PROTECT, null=True, related_name="notices", verbose_name=_("to")
    )
    phone_end = models.CharField(_("phone"), max_length=20, blank=True)
    template = models.CharField(_("message"), max_length=40)
    variables = models.JSONField(default=dict)
    language = models.CharField(max_length=10)
    code = models.ForeignKey(SignInCode, models.SET_NULL, null=True, related_name="+")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    error = models.CharField(_("error"), max_length=12, choices=Error, blank=True)
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    tried_at = models.DateTimeField(null=True)
    busy_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    set_aside_at = models.DateTimeField(null=True)
    set_aside_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(
                fields=["member", "-made_at"],
                condition=Q(state__in=["failed", "given_up"], set_aside_at=None),
                name="members_notice_to_look_at",
            ),
            models.Index(fields=["made_at"], name="members_notice_by_time"),
        ]
        constraints = [
            models.CheckConstraint(
                name="members_notice_waits_or_has_ended",
                condition=Q(state="waiting", ended_at=None)
                | (~Q(state="waiting") & Q(ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="members_notice_failure_says_why",
                condition=~Q(state__in=["failed", "given_up"]) | ~Q(error=""),
            ),
            models.CheckConstraint(
                name="members_notice_with_a_code_has_no_variables",
                condition=Q(code=None) | Q(variables={}),
            ),
            models.CheckConstraint(
                name="members_notice_is_set_aside_by_somebody",
                condition=Q(set_aside_at=None, set_aside_by=None)
                | Q(set_aside_at__isnull=False, set_aside_by__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.what} · {self.phone_end}"

    @property
    def what(self):
        return str(messages.TITLES.get(self.template, self.template))
