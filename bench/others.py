"""Posting in other people's ledgers on the same server: pgledger, django-hordak, django-ledger.

pgledger is measured when PGLEDGER names a folder with its published SQL; the other two, which come
from PyPI, when `make bench` has installed them into an environment of their own. What is missing is
said loudly, and measured nowhere.
"""

from bench import django_ledgers, pgledger


def measure(server, size):
    """All that are there."""
    return [*pgledger.measure(server, size), *django_ledgers.measure(server, size)]
