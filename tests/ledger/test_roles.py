from pathlib import Path

import psycopg
import pytest

import ledger

BOOK = Path(ledger.__file__).parent / "migrations" / "0004_book.sql"


@pytest.mark.django_db(transaction=True)
def test_without_the_web_role_the_migration_says_what_to_run(connect):
    superuser = connect("postgres")
    superuser.execute("ALTER ROLE timebank_web RENAME TO timebank_nobody")

    with pytest.raises(psycopg.errors.RaiseException, match=r"deploy/roles\.sql"):
        superuser.execute(BOOK.read_text())

    superuser.rollback()
