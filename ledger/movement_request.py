"""The model of what people ask for; a module of its own for its length. Import it from models."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import formats
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members.models import Agent, Area, Kinship, Member, Relation, User
from members.models.encrypted import EncryptedField, is_sealed


class RequestKind(models.TextChoices):
    """What a person asks for; each is the noun of a rule module."""

    DONATE = "donate", _("donation")
    GIFT = "gift", _("gift")
    REDEEM = "redeem", _("redemption")
    GRANT = "grant", _("grant")
    OPENING = "opening", _("opening balance")
    MOVE = "move", _("move to another community")
    CLOSURE = "closure", _("closure")
    REVERSAL = "reversal", _("reversal")


# Two persons by the domain's rules, whatever a policy says (section 4).
ALWAYS_TWO_PERSONS = [
    RequestKind.GIFT.value,
    RequestKind.REDEEM.value,
    RequestKind.OPENING.value,
    RequestKind.REVERSAL.value,
]


def asks_two_persons() -> list[str]:
    """All but a donation, which its own giver takes back."""
    return [kind for kind in RequestKind.values if kind != RequestKind.DONATE]


def own_family() -> list[str]:
    """Those whom one serves without banking: spouse, parents, children."""
    return [Relation.SPOUSE.value, Relation.PARENT.value, Relation.CHILD.value]


class MovementRequestQuerySet(models.QuerySet["MovementRequest"]):
    def visible_to(self, user: User) -> "MovementRequestQuerySet":
        """Those of the user's areas; a member sees what concerns their own hours."""
        if user.member_id:
            return self.filter(member=user.member_id)
        return self.filter(area__in=Area.objects.visible_to(user))

    def about(self, member: Member) -> "MovementRequestQuerySet":
        """Those that concern the member's hours, or hours that are to come to them."""
        return self.filter(Q(member=member) | Q(other=member))

    def waiting(self) -> "MovementRequestQuerySet":
        return self.filter(state=MovementRequest.State.WAITING)


class MovementRequest(models.Model):
    """What somebody asked for that moves hours, why, and who decided it.

    `member` are those whose hours it is about (a grant without one is the month's, for all who are
    entitled), `other` the relative who is given to, redeemed for or inherits, by a `kinship` on
    record or by a proof in words. `agency` is that by which somebody asked in the member's name.
    `key` comes from the form; it is the key of the ledger's journal as well, or of the hold for a
    redemption.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for a second person")
        DONE = "done", _("done")
        RETURNED = "returned", _("returned")
        WITHDRAWN = "withdrawn", pgettext_lazy("request", "withdrawn")
        UNDONE = "undone", _("undone")

    class Relation(models.TextChoices):
        SPOUSE = "spouse", _("spouse")
        PARENT = "parent", _("parent")
        GRANDPARENT = "grandparent", _("grandparent")
        CHILD = "child", _("child")
        GRANDCHILD = "grandchild", _("grandchild")

    key = models.UUIDField(unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=RequestKind)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.WAITING)
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("community"))
    member = models.ForeignKey(
        Member, models.PROTECT, null=True, related_name="+", verbose_name=_("member")
    )
    other = models.ForeignKey(
        Member, models.PROTECT, null=True, related_name="+", verbose_name=_("relative")
    )
    destination = models.ForeignKey(
        Area, models.PROTECT, null=True, related_name="+", verbose_name=_("to the community")
    )
    minutes = models.PositiveIntegerField(_("minutes"), null=True)
    on = models.DateField(_("date"))
    expires_on = models.DateField(_("valid until"), null=True)
    original = models.UUIDField(null=True)
    makes_up = models.BooleanField(_("the community makes up for spent hours"), default=False)
    relation = models.CharField(_("relation"), max_length=11, choices=Relation, blank=True)
    proof = EncryptedField(_("proof"), max_length=500, blank=True)
    kinship = models.ForeignKey(
        Kinship, models.PROTECT, null=True, related_name="+", verbose_name=_("kinship on record")
    )
    agency = models.ForeignKey(
        Agent, models.PROTECT, null=True, related_name="+", verbose_name=_("asked by an agent")
    )
    reason = EncryptedField(_("reason"), max_length=500, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    needs_approval = models.BooleanField()
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    return_reason = EncryptedField(_("reason"), max_length=500, blank=True)

    objects = MovementRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("movement request")
        verbose_name_plural = _("movement requests")
        indexes = [
            models.Index(fields=["area", "state", "asked_at"], name="ledger_request_waiting"),
            models.Index(
                fields=["area", "on"],
                name="ledger_request_redeem_on_day",
                condition=Q(kind="redeem", state="done"),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="ledger_movementrequest_approver_is_not_the_author",
                condition=Q(approver__isnull=True) | ~Q(approver=models.F("author")),
                violation_error_message=_("No one approves what they entered. Ask a colleague."),
            ),
            models.CheckConstraint(
                name="ledger_movementrequest_is_decided_by_whom_its_state_says",
                condition=Q(state="waiting", approver=None, decided_at=None)
                | Q(state="withdrawn", approver=None, decided_at__isnull=False)
                | Q(state="returned", approver__isnull=False, decided_at__isnull=False)
                | Q(state__in=["done", "undone"], decided_at__isnull=False)
                & (
                    Q(needs_approval=True, approver__isnull=False)
                    | Q(needs_approval=False, approver=None)
                ),
            ),
            models.CheckConstraint(
                name="ledger_movementrequest_is_returned_with_a_reason",
                condition=Q(state="returned") & ~Q(return_reason="")
                | ~Q(state="returned") & Q(return_reason=""),
            ),
            models.CheckConstraint(
                name="ledger_movementrequest_minutes_are_positive", condition=Q(minutes__gt=0)
            ),
            models.CheckConstraint(
                name="ledger_movementrequest_is_between_two_people",
                condition=Q(other__isnull=True) | ~Q(other=models.F("member")),
            ),
            models.CheckConstraint(
                name="ledger_movementrequest_for_a_relative_has_proof",
                condition=Q(other__isnull=True, relation="", kinship__isnull=True)
                | Q(other__isnull=False)
                & ~Q(relation="")
                & (Q(kinship__isnull=False) | ~Q(proof="")),
            ),
            models.CheckConstraint(
                name="ledger_movementrequest_of_an_agent_uses_hours_for_the_elder",
                condition=Q(agency__isnull=True) | Q(kind="redeem", other__isnull=True),
            ),
            models.CheckConstraint(
                name="ledger_movementrequest_goes_to_another_community",
                condition=~Q(destination=models.F("area")),
            ),
            models.CheckConstraint(
                name="ledger_movementrequest_says_what_its_kind_needs",
                condition=Q(kind="donate", member__isnull=False, minutes__isnull=False)
                | Q(kind="gift", other__isnull=False, minutes__isnull=False)
                | Q(kind="redeem", member__isnull=False, minutes__isnull=False)
                | Q(kind="grant", minutes__isnull=False, expires_on__isnull=False)
                | Q(kind="opening", member__isnull=False, minutes__isnull=False) & ~Q(proof="")
                | Q(kind="move", member__isnull=False, destination__isnull=False)
                | Q(kind="closure", member__isnull=False) & ~Q(reason="")
                | Q(kind="reversal", original__isnull=False) & ~Q(reason=""),
            ),
            is_sealed("proof", "ledger_movementrequest_proof_is_sealed"),
            is_sealed("reason", "ledger_movementrequest_reason_is_sealed"),
            is_sealed("return_reason", "ledger_movementrequest_return_reason_is_sealed"),
        ]

    def __str__(self) -> str:
        day = formats.date_format(self.on, "SHORT_DATE_FORMAT")
        return f"{self.get_kind_display()} · {self.member or self.area} · {day}"
