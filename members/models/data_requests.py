from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models.accounts import User
from members.models.areas import Area
from members.models.encrypted import EncryptedField, is_sealed
from members.models.people import Member


class DataRequestQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Requests of the user's areas; a member sees their own.

        Those to be erased are for administrators, as the profile is.
        """
        if user.member_id:
            return self.filter(member=user.member_id)
        return self.filter(member__in=Member.objects.visible_to(user))

    def open(self):
        return self.filter(state=DataRequest.State.OPEN)


class DataRequest(models.Model):
    """Somebody asks for a copy of all that is held of them, or to be erased; with a clock.

    `due_on` is set when it is asked and never moves. `hours_words` is what the member said about
    hours that go to the public pool with an erasure, in their own words; empty while they have not.
    """

    class Kind(models.TextChoices):
        COPY = "copy", _("copy of all that is held")
        ERASURE = "erasure", _("erasure")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Identity(models.TextChoices):
        ID_CARD = "id_card", _("identity card seen")
        CODE = "code", _("code sent to the phone on record")
        KNOWN = "known", _("known to the staff in person")
        VISIT = "visit", _("visited at home")

    key = models.UUIDField(unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.OPEN)
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="data_requests", verbose_name=_("member")
    )
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("community"))
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    due_on = models.DateField(_("due on"))
    hours_words = EncryptedField(_("what they said about their hours"), max_length=200, blank=True)
    identity = models.CharField(
        _("how it was made sure who they are"), max_length=7, choices=Identity, blank=True
    )
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    objects = DataRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request about one's data")
        verbose_name_plural = _("requests about one's data")
        constraints = [
            models.CheckConstraint(
                name="members_datarequest_is_closed_by_somebody",
                condition=Q(state="open", closed_by=None, closed_at=None)
                | ~Q(state="open") & Q(closed_by__isnull=False, closed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="members_datarequest_erasure_is_carried_out_by_another",
                condition=~Q(kind="erasure", state="done") | ~Q(closed_by=models.F("author")),
                violation_error_message=_("No one approves what they entered. Ask a colleague."),
            ),
            models.CheckConstraint(
                name="members_datarequest_done_says_how_they_were_recognized",
                condition=Q(state="done") & ~Q(identity="") | ~Q(state="done") & Q(identity=""),
            ),
            models.UniqueConstraint(
                fields=["member", "kind"],
                condition=Q(state="open"),
                name="members_datarequest_of_a_kind_is_open_once",
                violation_error_message=_("This has been asked for already."),
            ),
            is_sealed("hours_words", "members_datarequest_hours_words_is_sealed"),
        ]
        indexes = [
            models.Index(fields=["area", "state", "due_on"], name="members_datarequest_open")
        ]

    def __str__(self):
        return f"{self.get_kind_display()} · {self.member}"
