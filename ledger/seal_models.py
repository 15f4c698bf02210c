"""What seals the ledger: blocks, checkpoints, and the record of verifications. Read only."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from members.models import Area


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
