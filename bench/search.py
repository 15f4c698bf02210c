"""Finding a person among all members of a district: what the database takes of it."""

import itertools
import random
import time

from django.db import connection

from bench import people
from bench.figures import Figure, busy, show
from members import names, search
from members.models import Area, Member

TARGET_MS = 10


def measure(server, size):
    """p95 over texts as staff type them, for one community's staff and for the district's."""
    people.loaded(size.members)
    scopes = {
        "a community": list(Area.objects.communities().order_by("code")[:1]),
        "the district": list(Area.objects.all()),
    }
    return [_measured(name, areas, size) for name, areas in scopes.items()]


def _measured(name, areas, size):
    figure = Figure(
        f"search in {name}, {size.members:,} members, p95",
        unit="ms",
        target=TARGET_MS,
        at_most=True,
    )
    for _ in range(size.pairs):
        figure.busy.append(busy())
        figure.pairs.append((None, _p95([_searched(text, areas) for text in _texts(areas, size)])))
    return show(figure)


def _p95(times):
    return sorted(times)[int(len(times) * 0.95)]


def _texts(areas, size):
    """Pieces of names, of their readings, and ends of phones, of people who are there."""
    members = Member.objects.filter(area__in=areas).prefetch_related("phones")
    drawn = random.sample(list(members.order_by("pk")[: 20 * size.searches]), size.searches // 4)
    return list(itertools.chain.from_iterable(map(_typed, drawn)))


def _typed(member):
    reading = names.readings(member.name)[0]
    phones = [phone.number[-4:] for phone in member.phones.all()]
    whole = (member.name, reading.initials, reading.pinyin)
    begun = (member.name[:1], reading.initials[:1], reading.pinyin[:4])
    return [random.choice(whole), random.choice(begun), member.number, *phones[:1]]


def _searched(text, areas):
    """Milliseconds of all the statements of one search, until their rows are here."""
    spent = 0

    def timed(execute, *arguments):
        nonlocal spent
        began = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            spent += time.perf_counter() - began

    with connection.execute_wrapper(timed):
        search.find(text, areas=areas, side=random.choice(["volunteer", "elder", None]))
    return spent * 1000
