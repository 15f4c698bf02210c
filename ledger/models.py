import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from ledger.movement_request import (
    ALWAYS_TWO_PERSONS,
    RequestKind,
    asks_two_persons,
    own_family,
)
from ledger.movement_request import (
    MovementRequest as MovementRequest,
)
from ledger.seal_models import Block as Block
from ledger.seal_models import Checkpoint as Checkpoint
from ledger.seal_models import CheckpointSignature as CheckpointSignature
from ledger.seal_models import Verification as Verification
from members.models import Area, Relation


class PolicyQuerySet(models.QuerySet):
    def in_force(self, area, day):
        """The policy of `area` on `day`: the nearest area's, then the latest version's."""
        found = list(self.raw("SELECT * FROM ledger_policy_in_force(%s, %s)", [area.pk, day]))
        if not found:
            raise self.model.DoesNotExist
        return found[0]

    def for_area(self, area):
        """Every policy that may hold in `area`, in the order of `in_force`."""
        codes = area.path.strip("/").split("/")
        within = Q(area__isnull=True) | Q(area__code__in=codes)
        return self.filter(within, state=Policy.State.APPROVED).order_by(
            models.F("area__path").desc(nulls_last=True), "-effective_from"
        )

    def visible_to(self, user):
        """Those of the user's areas, those that they inherit, and those that hold everywhere."""
        above = {code for path in user.reach() for code in path.strip("/").split("/")}
        within = Area.objects.visible_to(user)
        return self.filter(Q(area__isnull=True) | Q(area__code__in=above) | Q(area__in=within))

    def of_area(self, area):
        """Every version of this very area, also those not approved, the newest first."""
        people = ("area", "author", "approver", "based_on__area")
        return self.filter(area=area).select_related(*people).order_by("-effective_from", "-pk")


class Policy(models.Model):
    """One version of the rules of an area from a day on; children inherit, nothing is edited.

    All times are whole minutes; the defaults are those of the domain's rules. Only approved
    versions are in force; one without an author came with the installation.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for a second person")
        APPROVED = "approved", _("approved")
        RETURNED = "returned", _("returned")
        WITHDRAWN = "withdrawn", _("withdrawn")

    area = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("area")
    )
    effective_from = models.DateField(_("effective from"))
    rounding_measured = models.PositiveSmallIntegerField(_("rounding of measured time"), default=1)
    rounding_paper = models.PositiveSmallIntegerField(_("rounding of time from paper"), default=30)
    shortest_visit = models.PositiveSmallIntegerField(_("shortest visit"), default=10)
    longest_unchecked = models.PositiveSmallIntegerField(
        _("longest visit without a checker"), default=240
    )
    day_cap = models.PositiveIntegerField(_("bankable per day"), null=True, default=240)
    week_cap = models.PositiveIntegerField(_("bankable per week"), null=True, blank=True)
    balance_cap = models.PositiveIntegerField(_("balance cap"), null=True, default=1500 * 60)
    import_day_cap = models.PositiveIntegerField(
        _("bankable per day in an imported register"), null=True, default=480
    )
    pool_floor = models.BigIntegerField(_("lowest public pool"), null=True, blank=True)
    two_persons = ArrayField(
        models.CharField(max_length=8, choices=RequestKind),
        default=asks_two_persons,
        verbose_name=_("movements that need a second person"),
    )
    undo_minutes = models.PositiveSmallIntegerField(_("minutes to undo"), default=10)
    gift_cap_year = models.PositiveIntegerField(
        _("given on per person and year"), null=True, blank=True, default=200 * 60
    )
    gift_age = models.PositiveSmallIntegerField(_("youngest receiver of a gift"), default=60)
    redeem_age = models.PositiveSmallIntegerField(_("own use from the age of"), default=60)
    relative_age = models.PositiveSmallIntegerField(
        _("youngest relative to redeem for"), default=60
    )
    hold_days = models.PositiveSmallIntegerField(_("days until a hold expires"), default=30)
    grant_minutes = models.PositiveIntegerField(_("granted per month"), default=240)
    heir_months = models.PositiveSmallIntegerField(
        _("months for relatives to apply for a closed account"), default=12
    )
    due_workdays = models.PositiveSmallIntegerField(_("working days to record a visit"), default=10)
    bankable_days = models.PositiveSmallIntegerField(
        _("days until a visit is too late"), default=60
    )
    own_family = ArrayField(
        models.CharField(max_length=13, choices=Relation),
        default=own_family,
        verbose_name=_("relatives who are served without banking"),
    )
    two_close_months = models.BooleanField(_("closing a month needs a second person"), default=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("author"),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(
        _("state"), max_length=9, choices=State, default=State.APPROVED, editable=False
    )
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, editable=False)
    return_reason = models.CharField(
        _("why it was returned"), max_length=500, blank=True, editable=False
    )
    based_on = models.ForeignKey(
        "self", models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        indexes = [
            models.Index(
                fields=["area"],
                name="ledger_policy_with_pool_floor",
                condition=Q(pool_floor__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "effective_from"],
                condition=Q(state__in=["waiting", "approved"]),
                name="ledger_policy_has_one_version_a_day",
                nulls_distinct=False,
                violation_error_message=_("There is a version from that day on already."),
            ),
            models.CheckConstraint(
                name="ledger_policy_approver_is_not_the_author",
                condition=Q(approver__isnull=True) | ~Q(approver=F("author")),
                violation_error_message=_("No one approves what they entered."),
            ),
            models.CheckConstraint(
                name="ledger_policy_of_a_person_is_approved_by_another",
                condition=~Q(state="approved") | Q(author__isnull=True) | Q(approver__isnull=False),
            ),
            models.CheckConstraint(
                name="ledger_policy_decided_says_when",
                condition=Q(state="waiting", decided_at__isnull=True, approver__isnull=True)
                | Q(state="approved", author__isnull=True)
                | ~Q(state="waiting") & Q(decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="ledger_policy_returned_says_who_and_why",
                condition=Q(state="returned", approver__isnull=False) & ~Q(return_reason="")
                | ~Q(state="returned") & Q(return_reason=""),
            ),
            models.CheckConstraint(
                name="ledger_policy_rounds_to_a_minute_or_more",
                condition=Q(rounding_measured__gte=1, rounding_paper__gte=1),
            ),
            models.CheckConstraint(
                name="ledger_policy_asks_two_persons_where_it_must",
                condition=Q(two_persons__contains=ALWAYS_TWO_PERSONS),
                violation_error_message=_(
                    "Gifts, redemptions, opening balances and reversals always need two persons."
                ),
            ),
            models.CheckConstraint(
                name="ledger_policy_two_persons_are_for_kinds_that_exist",
                condition=Q(two_persons__contained_by=RequestKind.values),
            ),
            models.CheckConstraint(
                name="ledger_policy_holds_last_a_day_or_more", condition=Q(hold_days__gte=1)
            ),
        ]

    def __str__(self):
        day = formats.date_format(self.effective_from, "SHORT_DATE_FORMAT")
        return f"{self.area or _('everywhere')} · {day}"


class TransferKind(models.IntegerChoices):
    """What a transfer is; the numbers are part of the ledger and never change."""

    EARN = 1, _("earned")
    POOL_COVER = 2, _("covered by the public pool")
    DONATE = 3, _("donated")
    OVERFLOW = 4, _("over the balance cap, to the public pool")
    REVERSAL = 5, _("reversal")
    REDEEM = 6, _("redeemed")
    GIFT = 7, _("given to a relative")
    GRANT = 8, _("granted by the public pool")
    GRANT_EXPIRY = 9, _("grant expired")
    OPENING = 10, _("opening balance")
    MOVE_OUT = 11, _("moved to another community")
    MOVE_IN = 12, _("moved from another community")
    CLOSURE = 13, _("account closed")
    CORRECTION = 14, _("made up for by the community")
    JOIN = 15, _("joined with another record of the same person")


class AccountKind(models.IntegerChoices):
    """The kinds of accounts; the numbers are part of the ledger and never change."""

    MEMBER = 1, _("time account")
    ISSUANCE = 2, _("issuance")
    POOL = 3, _("public pool")
    GRANT = 4, _("granted hours")
    CLEARING = 5, _("clearing with another community")
    GIFTED = 6, _("hours given by others")
    CORRECTION = 7, _("corrections")


class Account(models.Model):
    """An account of one community's book. Read only: `ledger.accounts` opens accounts."""

    pk = models.CompositePrimaryKey("community_id", "id")
    community = models.ForeignKey(Area, models.DO_NOTHING, related_name="+")
    id = models.BigIntegerField()
    kind = models.SmallIntegerField(choices=AccountKind)
    holder = models.UUIDField(null=True)
    opened_at = models.DateTimeField()
    peer = models.BigIntegerField(null=True)
    grant_key = models.UUIDField(null=True)
    purpose = models.TextField(null=True)
    expires_on = models.DateField(null=True)

    class Meta:
        managed = False
        db_table = "ledger_account"


class Balance(models.Model):
    """What an account holds now, in minutes: all that was posted, and its last sequence number."""

    pk = models.CompositePrimaryKey("community_id", "account_id")
    community = models.ForeignKey(Area, models.DO_NOTHING, related_name="+")
    account_id = models.BigIntegerField()
    posted = models.BigIntegerField()
    held = models.BigIntegerField()
    seq = models.BigIntegerField()
    floor = models.BigIntegerField(null=True)
    ceiling = models.BigIntegerField(null=True)
    frozen = models.BooleanField()
    closed_through = models.DateField(null=True)

    class Meta:
        managed = False
        db_table = "ledger_balance"


class Transfer(models.Model):
    """Minutes moved from one account to another, once and for ever. Read only."""

    pk = models.CompositePrimaryKey("community_id", "id")
    community = models.ForeignKey(Area, models.DO_NOTHING, related_name="+")
    id = models.BigIntegerField()
    journal = models.UUIDField(default=uuid.uuid4)
    leg = models.SmallIntegerField()
    kind = models.SmallIntegerField(choices=TransferKind)
    debit = models.BigIntegerField()
    debit_seq = models.BigIntegerField()
    debit_after = models.BigIntegerField()
    credit = models.BigIntegerField()
    credit_seq = models.BigIntegerField()
    credit_after = models.BigIntegerField()
    amount = models.BigIntegerField()
    effective_on = models.DateField()
    recorded_at = models.DateTimeField()
    actor = models.BigIntegerField()
    approver = models.BigIntegerField(null=True)
    policy = models.BigIntegerField(null=True)
    reverses = models.BigIntegerField(null=True)
    relates_to = models.DateField(null=True)

    class Meta:
        managed = False
        db_table = "ledger_transfer"


class Entry(models.Model):
    """One account's side of a transfer, signed, with the balance after it. A view; read only."""

    pk = models.CompositePrimaryKey("community_id", "account_id", "seq")
    community = models.ForeignKey(Area, models.DO_NOTHING, related_name="+")
    account_id = models.BigIntegerField()
    seq = models.BigIntegerField()
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    transfer_id = models.BigIntegerField()
    journal = models.UUIDField()
    leg = models.SmallIntegerField()
    kind = models.SmallIntegerField(choices=TransferKind)
    effective_on = models.DateField()
    recorded_at = models.DateTimeField()
    reverses = models.BigIntegerField(null=True)
    relates_to = models.DateField(null=True)

    class Meta:
        managed = False
        db_table = "ledger_entry"


class Period(models.Model):
    """A closed month of a book: nothing effective up to its last day is posted. Read only."""

    pk = models.CompositePrimaryKey("community_id", "closed_through")
    community = models.ForeignKey(Area, models.DO_NOTHING, related_name="+")
    closed_through = models.DateField()
    actor = models.BigIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "ledger_period"


class LimitChange(models.Model):
    """A value that an account's limits had from then on. Read only."""

    pk = models.CompositePrimaryKey("community_id", "id")
    community = models.ForeignKey(Area, models.DO_NOTHING, related_name="+")
    id = models.BigIntegerField()
    account_id = models.BigIntegerField()
    floor = models.BigIntegerField(null=True)
    ceiling = models.BigIntegerField(null=True)
    frozen = models.BooleanField()
    actor = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "ledger_limit_change"


class Hold(models.Model):
    """Minutes set aside on one account; those of one key belong together. Read only."""

    pk = models.CompositePrimaryKey("community_id", "id")
    community = models.ForeignKey(Area, models.DO_NOTHING, related_name="+")
    id = models.BigIntegerField()
    key = models.UUIDField()
    leg = models.SmallIntegerField()
    account_id = models.BigIntegerField()
    amount = models.BigIntegerField()
    expires_at = models.DateTimeField()
    actor = models.BigIntegerField()
    approver = models.BigIntegerField(null=True)
    policy = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "ledger_hold"


class HoldResolution(models.Model):
    """What became of a hold, once and for ever; of a charge the minutes drawn. Read only."""

    class Kind(models.IntegerChoices):
        CHARGED = 1, _("charged")
        RELEASED = 2, _("released")
        EXPIRED = 3, _("expired")

    pk = models.CompositePrimaryKey("community_id", "hold_id")
    community = models.ForeignKey(Area, models.DO_NOTHING, related_name="+")
    hold_id = models.BigIntegerField()
    kind = models.SmallIntegerField(choices=Kind)
    amount = models.BigIntegerField()
    journal = models.UUIDField(null=True)
    actor = models.BigIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "ledger_hold_resolution"
