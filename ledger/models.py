import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.models import Area


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
        return self.filter(Q(area__isnull=True) | Q(area__code__in=codes)).order_by(
            models.F("area__path").desc(nulls_last=True), "-effective_from"
        )


class Policy(models.Model):
    """One version of the rules of an area from a day on; children inherit, nothing is edited.

    All times are whole minutes; the defaults are those of the domain's rules.
    """

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
    due_workdays = models.PositiveSmallIntegerField(_("working days to record a visit"), default=10)
    bankable_days = models.PositiveSmallIntegerField(
        _("days until a visit is too late"), default=60
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        constraints = [
            models.UniqueConstraint(
                fields=["area", "effective_from"],
                name="ledger_policy_has_one_version_a_day",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="ledger_policy_rounds_to_a_minute_or_more",
                condition=Q(rounding_measured__gte=1, rounding_paper__gte=1),
            ),
        ]

    def __str__(self):
        return f"{self.area or _('everywhere')} · {self.effective_from}"


class TransferKind(models.IntegerChoices):
    """What a transfer is; the numbers are part of the ledger and never change."""

    EARN = 1, _("earned")
    POOL_COVER = 2, _("covered by the public pool")
    DONATE = 3, _("donated")
    OVERFLOW = 4, _("over the balance cap, to the public pool")
    REVERSAL = 5, _("reversal")


class AccountKind(models.IntegerChoices):
    """The kinds of accounts; the numbers are part of the ledger and never change."""

    MEMBER = 1, _("time account")
    ISSUANCE = 2, _("issuance")
    POOL = 3, _("public pool")


class Account(models.Model):
    """An account of one community's book. Read only: `ledger.accounts` opens accounts."""

    pk = models.CompositePrimaryKey("community_id", "id")
    community = models.ForeignKey(Area, models.DO_NOTHING, related_name="+")
    id = models.BigIntegerField()
    kind = models.SmallIntegerField(choices=AccountKind)
    holder = models.UUIDField(null=True)
    opened_at = models.DateTimeField()

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

    class Meta:
        managed = False
        db_table = "ledger_entry"


class Block(models.Model):
    """Transfers of one community sealed together, chained to the block before. Read only.

    `leaves` are the 32 bytes of each transfer in the order of `transfer_ids`; `total` counts the
    leaves of the community up to here.
    """

    pk = models.CompositePrimaryKey("community_id", "n")
    community = models.ForeignKey(Area, models.DO_NOTHING, related_name="+")
    n = models.BigIntegerField()
    algorithm = models.SmallIntegerField()
    version = models.SmallIntegerField()
    size = models.IntegerField()
    total = models.BigIntegerField()
    first_transfer = models.BigIntegerField()
    last_transfer = models.BigIntegerField()
    transfer_ids = ArrayField(models.BigIntegerField())
    leaves = models.BinaryField()
    root = models.BinaryField()
    prev = models.BinaryField()
    hash = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "ledger_block"


class Checkpoint(models.Model):
    """A text over the heads of all chains, block `blocks[i]` of `communities[i]`. Read only."""

    number = models.BigIntegerField(primary_key=True)
    text = models.TextField()
    communities = ArrayField(models.BigIntegerField())
    blocks = ArrayField(models.BigIntegerField())
    made_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "ledger_checkpoint"


class CheckpointSignature(models.Model):
    """Our signature under a checkpoint, or a neighbor's. Read only."""

    pk = models.CompositePrimaryKey("checkpoint_id", "name", "key_id")
    checkpoint = models.ForeignKey(
        Checkpoint, models.DO_NOTHING, related_name="signatures", db_column="checkpoint"
    )
    name = models.TextField()
    key_id = models.BinaryField()
    signature = models.BinaryField()
    added_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "ledger_checkpoint_signature"


class Verification(models.Model):
    """That the whole ledger was recomputed: how many transfers, how many checks failed."""

    id = models.BigIntegerField(primary_key=True)
    finished_at = models.DateTimeField()
    transfers = models.BigIntegerField()
    faults = models.IntegerField()

    class Meta:
        managed = False
        db_table = "ledger_verification"
