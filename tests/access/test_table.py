"""Every route, as each person of docs/access.md, inside their area and out: what that page says.

Nobody's answer may differ from it, and no POST that is not said to act may change one row.
"""

import logging
from functools import cache

import pytest
from django.db import transaction
from django.test.utils import override_settings
from django.urls import reverse

from members import guard
from members.models import User
from tests.access import sent, table, world
from tests.access.walking import Walker, offered
from tests.members.staff import with_app
from timebank.inbox import waiting

OUTSIDERS = [
    column
    for column in table.columns()
    if column in ("agent", "stranger", "no role") or column.endswith(" out")
]
TYPED_BY_HERSELF = "POST my_hours_gift"  # a member writes the relative's name, and sees it again


@pytest.fixture(scope="module")
def here(django_db_setup, django_db_blocker, tmp_path_factory):
    """The world, built once for this module, within a transaction that is undone after it."""
    with (
        django_db_blocker.unblock(),
        override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")),
        pytest.MonkeyPatch.context() as patch,
        transaction.atomic(),
    ):
        patch.setattr("secrets.randbelow", lambda _most: int(world.CODE))
        # How much waits stands on every page of staff; to count it each time takes the longest.
        patch.setattr("timebank.context.waiting.counts", cache(waiting.counts))
        logging.disable()  # thousands of lines, of requests that are refused on purpose
        yield world.build()
        logging.disable(logging.NOTSET)
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def asked(here):
    return offered(here)


def test_every_route_stands_in_the_table_and_no_other(here, asked):
    known = table.rows()

    found = {row: table.row_of(row, known) for row in asked}
    missing = [row for row, known_as in found.items() if known_as is None]
    gone = sorted(set(known) - set(found.values()))

    assert not missing, _missing(here, missing)
    assert not gone, f"These rows of docs/access.md speak of no route: {', '.join(gone)}"


@pytest.mark.parametrize("column", table.columns())
def test_everybody_is_answered_as_the_table_says(column, here, asked):
    known, place = table.rows(), table.columns().index(column)
    walker = Walker(here, column)
    wrong = []

    for row in asked:
        answer, text = walker.ask(row)
        known_as = table.row_of(row, known)
        if known_as and answer != known[known_as][place]:
            wrong.append(f"{row}: {answer}, and the table says {known[known_as][place]}")
        theirs = {here.elder.name} if column == "agent" else set()
        seen = [name for name in world.NAMES if name in text and name not in theirs]
        if seen and column in OUTSIDERS and row != TYPED_BY_HERSELF:
            wrong.append(f"{row}: shows {', '.join(seen)}")

    assert not wrong, f"\n{column}:\n" + "\n".join(wrong)


def half_in(here, column, state):
    """Somebody after the password, in one of the states in which something is still to be done."""
    user = User.objects.get(pk=here.users[column].pk)
    if "app" in state:
        with_app(user)
    if "first password" in state:
        User.objects.filter(pk=user.pk).update(must_change_password=True)
    return Walker(here, column, is_proven="code shown" in state)


@pytest.mark.parametrize(
    ("column", "state", "step"),
    [
        ("coordinator", "nothing", "second_factor"),
        ("superuser", "app", "second_step"),
        ("clerk", "first password", "account_password"),
        ("administrator", "first password", "account_password"),
        ("maker", "app, code shown, first password", "account_password"),
    ],
)
def test_half_in_no_route_opens_but_that_of_the_next_step(column, state, step, here, asked):
    wrong, answers = [], {}

    with transaction.atomic():
        walker = half_in(here, column, state)
        for row in asked:
            answers[row] = walker.ask(row)[0]
            name = row.split(" ")[1].partition("?")[0]
            is_open = name == step or name in guard.OPEN
            if not is_open and (answers[row], walker.goal) != ("leads", reverse(step)):
                wrong.append(f"{row}: {answers[row]} {walker.goal}")
        transaction.set_rollback(True)

    assert not wrong, f"\n{column}, {state}:\n" + "\n".join(wrong)
    assert answers[f"GET {step}"] == "page"


def test_every_post_acts_for_somebody_or_says_why_it_never_does():
    rows = {row: answers for row, answers in table.rows().items() if row.startswith("POST ")}
    idle = {row.removeprefix("POST ") for row, answers in rows.items() if "acts" not in answers}

    assert idle == set(sent.IDLE)


def _missing(here, rows):
    walkers = [Walker(here, column) for column in table.columns()]
    lines = [table.written(row, [walker.ask(row)[0] for walker in walkers]) for row in rows]
    return "\nCheck these rows, and put them into docs/access.md:\n" + "\n".join(lines)
