import uuid

from django.conf import settings
from django.db import models
from django.db.models import Case, F, GeneratedField, Q, Value, When
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _

from members.models.encrypted import EncryptedField, is_sealed
from members.models.people import Member


class Relation(models.TextChoices):
    """What one person is to another."""

    SPOUSE = "spouse", _("spouse")
    PARENT = "parent", _("parent")
    CHILD = "child", _("child")
    GRANDPARENT = "grandparent", _("grandparent")
    GRANDCHILD = "grandchild", _("grandchild")
    SIBLING = "sibling", _("brother or sister")
    PARENT_IN_LAW = "parent_in_law", _("parent-in-law")
    CHILD_IN_LAW = "child_in_law", _("child-in-law")
    OTHER = "other", _("other relative")


# What the one is to the other, where the other is this to the one; the rest mirror themselves.
INVERSE = {
    Relation.PARENT: Relation.CHILD,
    Relation.CHILD: Relation.PARENT,
    Relation.GRANDPARENT: Relation.GRANDCHILD,
    Relation.GRANDCHILD: Relation.GRANDPARENT,
    Relation.PARENT_IN_LAW: Relation.CHILD_IN_LAW,
    Relation.CHILD_IN_LAW: Relation.PARENT_IN_LAW,
}


class KinshipQuerySet(models.QuerySet["Kinship"]):
    def visible_to(self, user) -> "KinshipQuerySet":
        """Those of which one side is within reach."""
        people = Member.objects.visible_to(user)
        return self.filter(Q(member__in=people) | Q(relative__in=people))

    def of(self, member) -> "KinshipQuerySet":
        """Those of the member, from whichever side they were entered."""
        return self.filter(Q(member=member) | Q(relative=member))

    def between(self, one, other) -> "KinshipQuerySet":
        return self.filter(Q(member=one, relative=other) | Q(member=other, relative=one))

    def waiting(self) -> "KinshipQuerySet":
        return self.filter(state=Kinship.State.WAITING)

    def standing_on(self, day) -> "KinshipQuerySet":
        """Those that a second person has confirmed, and that had not ended by that day."""
        lasts = Q(ended_on=None) | Q(ended_on__gt=day)
        return self.filter(lasts, state=Kinship.State.CONFIRMED)


class Kinship(models.Model):
    """That two members are kin: one row a pair, the other direction computed by the database.

    `relation` is what the relative is to the member, `inverse` what the member is to the relative.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for a second person")
        CONFIRMED = "confirmed", _("confirmed")
        RETURNED = "returned", _("returned")

    class Proof(models.TextChoices):
        HOUSEHOLD_REGISTER = "household_register", _("household register")
        MARRIAGE = "marriage", _("marriage certificate")
        BIRTH = "birth", _("birth certificate")
        LETTER = "letter", _("letter of the community or the employer")
        OTHER = "other", _("another document")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    relative = models.ForeignKey(Member, models.PROTECT, related_name="+")
    relation = models.CharField(_("relation"), max_length=13, choices=Relation)
    inverse = GeneratedField(
        expression=Case(
            *(When(relation=one.value, then=Value(other.value)) for one, other in INVERSE.items()),
            default=F("relation"),
        ),
        output_field=models.CharField(max_length=13, choices=Relation),
        db_persist=True,
    )
    proof = models.CharField(_("document"), max_length=18, choices=Proof)
    proof_note = EncryptedField(_("what it says"), max_length=200, blank=True)
    seen_on = models.DateField(_("seen on"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.WAITING)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("entered by")
    )
    entered_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    return_reason = EncryptedField(_("reason"), max_length=500, blank=True)
    ended_on = models.DateField(_("ended on"), null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects = KinshipQuerySet.as_manager()

    class Meta:
        verbose_name = _("kinship")
        verbose_name_plural = _("kinships")
        indexes = [
            models.Index(fields=["state", "entered_at"], name="members_kinship_waiting"),
        ]
        constraints = [
            models.UniqueConstraint(
                Least("member", "relative"),
                Greatest("member", "relative"),
                condition=Q(ended_on__isnull=True) & ~Q(state="returned"),
                name="members_kinship_is_on_record_once",
                violation_error_message=_("These two are on record as kin already."),
            ),
            models.CheckConstraint(
                name="members_kinship_is_between_two_people",
                condition=~Q(member=F("relative")),
                violation_error_message=_("Nobody is their own relative."),
            ),
            models.CheckConstraint(
                name="members_kinship_names_a_relation",
                condition=Q(relation__in=Relation.values),
            ),
            models.CheckConstraint(
                name="members_kinship_has_a_proof",
                condition=Q(
                    proof__in=["household_register", "marriage", "birth", "letter", "other"]
                )
                & (~Q(proof="other") | ~Q(proof_note="")),
                violation_error_message=_("Say which document shows it."),
            ),
            models.CheckConstraint(
                name="members_kinship_confirmer_is_not_who_entered_it",
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("entered_by")),
                violation_error_message=_("No one approves what they entered. Ask a colleague."),
            ),
            models.CheckConstraint(
                name="members_kinship_is_decided_by_a_second_person",
                condition=Q(state="waiting", confirmed_by__isnull=True, decided_at__isnull=True)
                | ~Q(state="waiting") & Q(confirmed_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="members_kinship_is_returned_with_a_reason",
                condition=Q(state="returned") & ~Q(return_reason="")
                | ~Q(state="returned") & Q(return_reason=""),
            ),
            models.CheckConstraint(
                name="members_kinship_ended_says_by_whom",
                condition=Q(ended_on__isnull=True, ended_by__isnull=True)
                | Q(ended_on__isnull=False, ended_by__isnull=False),
            ),
            is_sealed("proof_note", "members_kinship_proof_note_is_sealed"),
            is_sealed("return_reason", "members_kinship_return_reason_is_sealed"),
        ]

    def __str__(self):
        return f"{self.member} · {self.get_relation_display()} · {self.relative}"

    @property
    def area(self):
        return self.member.area

    def other_than(self, person):
        """The other one of the two."""
        return self.relative if person == self.member else self.member

    def relation_to(self, person):
        """What the other one is to `person`."""
        return Relation(self.relation if person == self.member else self.inverse)
