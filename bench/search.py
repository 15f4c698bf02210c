"""Finding a person among all members of a district: in the database, and over HTTP."""

import itertools
import random
import string
import time

from django.db import connection
from django.urls import reverse

from bench import people
from bench.figures import Figure, busy, paired, show
from bench.pages import Client, gunicorn, signed_in
from members import names, search
from members.models import Area, Member, StaffRole

TARGET_MS = 10
TARGET_RATIO = 3
KEYS = 6
SIDES = ("volunteer", "elder", None)
SUBDISTRICT = "530111001000"


def measure(server, size):
    """p95 over all that staff type, one key to six; for the staff of a community and of more."""
    people.loaded(size.members)
    scopes = {
        "a community": Area.objects.communities().order_by("code")[0],
        "a subdistrict": Area.objects.get(code=SUBDISTRICT),
        "the district": people.district(),
    }
    measured = [_in_the_database(name, area, size) for name, area in scopes.items()]
    measured.append(_letters(scopes["the district"], size))
    with gunicorn(server) as port:
        return measured + [_over_http(port, name, area, size) for name, area in scopes.items()]


def _in_the_database(name, area, size):
    figure = _figure(f"search in {name}, {size.members:,} members, p95", unit="ms")
    reach = Area.objects.within(area)
    for _ in range(size.pairs):
        figure.busy.append(busy())
        texts = _texts(area, size.searches)
        figure.pairs.append(
            (None, _p95([_searched(t, reach, random.choice(SIDES)) for t in texts]))
        )
    return show(figure)


def _letters(area, size):
    """The widest questions there are: a letter or a digit alone, of each side."""
    figure = _figure(f"one key in the district, {size.members:,} members, the slowest", unit="ms")
    reach = Area.objects.within(area)
    asked = list(itertools.product(string.ascii_lowercase + string.digits, SIDES))
    for _ in range(size.pairs):
        figure.busy.append(busy())
        medians = [sorted(_searched(*_each(one, reach)) for _ in range(3))[1] for one in asked]
        figure.pairs.append((None, max(medians)))
    return show(figure)


def _each(asked, reach):
    text, side = asked
    return text, reach, side


def _over_http(port, name, area, size):
    """The list that staff see while they type, against a page that names one member by its key."""
    client = Client(port, signed_in(people.staff(StaffRole.Role.CLERK, area)))
    figure = _figure(f"search in {name}, {size.members:,} members, over HTTP, p95 : p95", unit="ms")
    figure.target = TARGET_RATIO

    def one():
        keys = random.choices(_people(area), k=size.searches)
        return _p95(client.times([f"/bench/member/{pk}/" for pk in keys]))

    def found():
        asked = [{"q": text, "side": "volunteer"} for text in _texts(area, size.searches)]
        return _p95(client.times([reverse("person_search", query=query) for query in asked]))

    one(), found()  # everything is loaded and connected
    return paired(figure, one, found, pairs=size.pairs)


def _figure(name, unit):
    return Figure(name, unit=unit, target=TARGET_MS, at_most=True)


def _p95(times):
    return sorted(times)[int(len(times) * 0.95)]


def _people(area):
    """Keys of some of the area's people, from all of its communities."""
    inside = Member.objects.filter(area__path__startswith=area.path)
    return list(inside.order_by("key").values_list("pk", flat=True)[:2000])


def _texts(area, count):
    """So many beginnings of names, of their readings, of numbers and of ends of phones."""
    drawn = random.sample(_people(area), min(count // 10 + 1, len(_people(area))))
    members = Member.objects.filter(pk__in=drawn).prefetch_related("phones")
    typed = list(itertools.chain.from_iterable(map(_typed, members)))
    return random.choices(typed, k=count)


def _typed(member):
    """What somebody types who looks for this person: one key, then one more, up to six."""
    reading = names.readings(member.name)[0]
    given = names.split(member.name)[1]
    ends = [phone.number[-4:] for phone in member.phones.all()]
    for whole in (member.name, given, reading.initials, reading.pinyin, member.number, *ends):
        for keys in range(1, min(KEYS, len(whole)) + 1):
            yield whole[:keys]


def _searched(text, areas, side):
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
        search.find(text, areas=areas, side=side)
    return spent * 1000
