"""A page of a statement: a long account against one that fits on the page, as staff open it."""

import datetime
import logging
import random
import statistics
import time

from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench import book, people, reads
from bench.figures import Figure, busy, show
from members import joining
from members.models import Area, StaffRole

SHORT_ACCOUNT = 100  # lines, as many as a page has
TARGET = 1.5
LINE = b'<td class="nowrap">'  # begins each line of the page
LAST_DAY = reads.FIRST_DAY + datetime.timedelta(days=reads.DAYS)


def measure(server, size):
    """Medians of whole pages through Django, the two accounts in turn, at places drawn anew."""
    call_command("collectstatic", interactive=False, verbosity=0)
    short = _member_with(server, SHORT_ACCOUNT)
    long = _member_with(server, size.lines)
    with server.as_superuser() as connection:
        connection.execute("VACUUM ANALYZE")
    client = Client(SERVER_NAME="localhost")
    client.force_login(people.staff(StaffRole.Role.CLERK))
    logging.getLogger("timebank.access").setLevel(logging.WARNING)  # a line for each page
    figure = Figure(f"a statement page, {size.lines:,} lines : {SHORT_ACCOUNT:,}", unit="ms")
    figure.target, figure.at_most = TARGET, True
    for _ in range(size.pairs):
        figure.busy.append(busy())
        figure.pairs.append(_medians(client, (short, long), max(20, size.reads // 30)))
    return [show(figure)]


def _member_with(server, lines):
    """A member of a community of their own, whose account has so many lines over twenty years."""
    community = book.community_of_its_own(f"{lines} lines")
    member = joining.register(
        area=Area.objects.get(pk=community), name="王秀英", by=None, at=timezone.now(), volunteer={}
    )
    with server.as_superuser() as connection:
        account = connection.execute(
            "SELECT id FROM ledger_open_accounts(%s, ARRAY[%s::uuid], NULL)",
            [community, member.key],
        ).fetchone()[0]
        values = {"community": community, "account": account, "entries": lines}
        connection.execute("SET session_replication_role = replica")  # no foreign key look-ups
        connection.execute(reads.LOAD, values | {"first_day": reads.FIRST_DAY, "days": reads.DAYS})
        connection.execute(reads.SETTLE, [community])
        connection.execute("RESET session_replication_role")
        connection.execute("SELECT ledger_roll_up(), ledger_list_by_day()")
    return member


def _medians(client, members, pages):
    """Of the short account all its lines, of the long one a hundred from some day on."""
    times = ([], [])
    for _ in range(pages):
        starts = (0, random.randrange(reads.DAYS * 9 // 10))
        for member, start, measured in zip(members, starts, times, strict=True):
            measured.append(_page(client, member, start))
    return tuple(statistics.median(measured) for measured in times)


def _page(client, member, start):
    """Milliseconds until the page stands whose period begins so many days after the first."""
    query = {"start": reads.FIRST_DAY + datetime.timedelta(days=start - 5), "end": LAST_DAY}
    began = time.perf_counter()
    answer = client.get(reverse("statement", args=[member.number]), query)
    spent = (time.perf_counter() - began) * 1e3
    if answer.status_code != 200 or answer.content.count(LINE) != SHORT_ACCOUNT:
        raise RuntimeError(f"not a full page: {answer.status_code}")
    return spent
