from django.db import connection

from ledger import statements, tasks

from .conftest import DAY


def test_the_job_rolls_up_accounts_with_many_new_entries(book, earn):
    for _ in range(64):
        earn(book.wang, 1)

    tasks.roll_up(0)

    with connection.cursor() as cursor:
        cursor.execute("SELECT account_id, seq FROM ledger_rolled WHERE account_id > 1000")
        assert cursor.fetchall() == [(book.wang, 64)]
    assert statements.as_effective(book.id, book.wang, DAY) == 64
