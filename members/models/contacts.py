import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.models.consents import Consent
from members.models.encrypted import EncryptedField, is_sealed
from members.models.people import Member


class ContactPerson(models.Model):
    """Somebody else to call about an elder, after the emergency contact; in order of `position`."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="contacts")
    name = models.CharField(_("name"), max_length=60)
    relation = models.CharField(_("relation"), max_length=40, blank=True)
    phone = EncryptedField(_("phone"), max_length=20, blank=True)
    position = models.PositiveSmallIntegerField(_("whom to call first"), default=1)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [
            models.UniqueConstraint(
                fields=["member", "position"],
                name="members_contactperson_has_a_place_of_its_own",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                name="members_contactperson_is_called_something",
                condition=~Q(name="") | ~Q(phone=""),
                violation_error_message=_("Write a name or a phone."),
            ),
            is_sealed("phone", "members_contactperson_phone_is_sealed"),
        ]

    def __str__(self):
        return self.name


class Agent(models.Model):
    """That somebody may act in an elder's name: what, from when until when, and by whose word.

    The elder's own consent is a row of `Consent`; a trigger looks that it is theirs, and a yes.
    """

    class Scope(models.TextChoices):
        CONFIRM = "confirm", _("confirm visits")
        ASK = "ask", _("ask for help")
        SEE = "see", _("see the account")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="agents")
    agent = models.ForeignKey(Member, models.PROTECT, related_name="agencies")
    scopes = ArrayField(models.CharField(max_length=7, choices=Scope), verbose_name=_("scope"))
    consent = models.ForeignKey(Consent, models.PROTECT, related_name="+")
    since = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True, blank=True)
    appointed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    appointed_at = models.DateTimeField()
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        constraints = [
            models.UniqueConstraint(
                fields=["member", "agent"],
                condition=Q(revoked_at__isnull=True),
                name="members_agent_is_appointed_once",
                violation_error_message=_("This person is an agent of the elder already."),
            ),
            models.CheckConstraint(
                name="members_agent_is_another_person", condition=~Q(agent=F("member"))
            ),
            models.CheckConstraint(
                name="members_agent_may_do_something",
                condition=Q(scopes__contained_by=["confirm", "ask", "see"]) & Q(scopes__len__gt=0),
            ),
            models.CheckConstraint(
                name="members_agent_ends_after_it_begins",
                condition=Q(until__isnull=True) | Q(until__gte=F("since")),
                violation_error_message=_("The last day comes before the first one."),
            ),
            models.CheckConstraint(
                name="members_agent_revoked_says_by_whom",
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.agent} → {self.member}"

    @property
    def scopes_in_words(self):
        return [Agent.Scope(scope).label for scope in self.scopes]

    def acts_on(self, day):
        """Whether it holds on that day, the elder's consent apart."""
        is_over = self.until is not None and day > self.until
        return self.revoked_at is None and self.since <= day and not is_over
