import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.models.accounts import User
from members.models.areas import Area
from members.models.people import Member


class LookQuerySet(models.QuerySet["Look"]):
    def visible_to(self, user: User) -> "LookQuerySet":
        """Those in the user's areas; members see none."""
        if user.member_id:
            return self.none()
        return self.filter(area__in=Area.objects.visible_to(user))


class Look(models.Model):
    """Somebody saw values that are masked for everybody else, and said why; or an agent saw what is
    the elder's.

    Rows are added and never changed: by rights first, by triggers that always fire second. An
    export has no member but a `subject`: what was sent out.
    """

    class Purpose(models.TextChoices):
        CALL = "call", _("to call or to visit the person")
        PAPERS = "papers", _("to fill in papers for the person")
        CHECK = "check", _("to check or to correct what is on record")
        EMERGENCY = "emergency", _("an emergency")
        EXPORT = "export", _("sent out as a file")
        AGENT = "agent", _("acting in the person's name")
        OTHER = "other", _("something else")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("community"))
    member = models.ForeignKey(
        Member, models.PROTECT, null=True, related_name="looks", verbose_name=_("member")
    )
    subject = models.CharField(_("file"), max_length=200, blank=True)
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("who looked"))
    at = models.DateTimeField(_("time"), default=timezone.now)
    fields = ArrayField(models.CharField(max_length=40), verbose_name=_("what was seen"))
    purpose = models.CharField(_("reason"), max_length=9, choices=Purpose)
    words = models.CharField(_("in words"), max_length=200, blank=True)
    page = models.CharField(_("page"), max_length=60)

    objects = LookQuerySet.as_manager()

    class Meta:
        verbose_name = _("look at masked values")
        verbose_name_plural = _("looks at masked values")
        indexes = [
            models.Index(fields=["member", "-at"], name="members_look_by_member"),
            models.Index(fields=["area", "-at"], name="members_look_by_area"),
        ]
        constraints = [
            models.CheckConstraint(
                name="members_look_is_at_a_member_or_a_file",
                condition=Q(member__isnull=False, subject="")
                | Q(member__isnull=True) & ~Q(subject=""),
            ),
            models.CheckConstraint(name="members_look_says_what_was_seen", condition=~Q(fields=[])),
            models.CheckConstraint(
                name="members_look_something_else_is_said_in_words",
                condition=~Q(purpose="other") | ~Q(words=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.user}"
