"""A process that posts in one of the other ledgers; speaks as bench.worker does."""

import datetime
import json
import random
import sys

import django

from bench.worker import repeat


def main():
    django.setup()
    setup = json.loads(sys.stdin.readline())
    accounts, way = {"django-hordak": hordak, "django-ledger": django_ledger}[setup["how"]]()
    way(*random.sample(range(len(accounts)), 2))  # connected and warm
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(repeat(way, len(accounts), json.loads(line)["seconds"])), flush=True)


def hordak():
    from django.db import transaction
    from hordak.models import Account
    from moneyed import Money

    accounts = list(Account.objects.order_by("pk"))

    def post(debit, credit):
        with transaction.atomic():
            accounts[debit].transfer_to(accounts[credit], Money(60, "EUR"))

    return accounts, post


def django_ledger():
    from django_ledger.models import AccountModel, LedgerModel

    ledger = LedgerModel.objects.get(name="bench")
    accounts = list(AccountModel.objects.filter(name__startswith="account ").order_by("code"))

    def post(debit, credit):
        sides = [("debit", accounts[debit]), ("credit", accounts[credit])]
        entries = [
            {"account": account, "tx_type": side, "amount": 60, "description": "bench"}
            for side, account in sides
        ]
        ledger.commit_txs(
            je_timestamp=datetime.datetime.now(datetime.UTC), je_txs=entries, je_posted=True
        )

    return accounts, post


if __name__ == "__main__":
    main()
