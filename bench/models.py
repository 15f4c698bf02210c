"""The same posting as the ORM would have it, and a page's least row: references, never routed."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.transaction import atomic


class Account(models.Model):
    posted = models.BigIntegerField(default=0)
    floor = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="bench_account_keeps_its_floor",
                condition=Q(floor__isnull=True) | Q(posted__gte=F("floor")),
            )
        ]


class Transaction(models.Model):
    key = models.UUIDField(unique=True)
    kind = models.SmallIntegerField()
    effective_on = models.DateField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    actor = models.BigIntegerField()


class Entry(models.Model):
    transaction = models.ForeignKey(Transaction, models.PROTECT)
    account = models.ForeignKey(Account, models.PROTECT)
    amount = models.BigIntegerField()


class Line(models.Model):
    """What the plainest page that writes writes: one row."""

    text = models.CharField(max_length=200)


@atomic
def post(debit, credit, minutes, day):
    """Move minutes the ORM's way at its leanest: locks in key order come with the two updates."""
    for account, amount in sorted([(debit, -minutes), (credit, minutes)]):
        Account.objects.filter(pk=account).update(posted=F("posted") + amount)
    transaction = Transaction.objects.create(key=uuid.uuid4(), kind=1, effective_on=day, actor=1)
    Entry.objects.bulk_create(
        [
            Entry(transaction=transaction, account_id=debit, amount=-minutes),
            Entry(transaction=transaction, account_id=credit, amount=minutes),
        ]
    )
