"""kill -9 of the web server, then of PostgreSQL, while clerks log visits: nothing lost or doubled.

A clerk whose answer never came sends the same form again, as a browser does on a reload. What was
acknowledged before a kill must be there after it; what was not must be there once in the end.
"""

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.house import NAMES, Clerk, House

COUNT = """
import json
from django.db.models import Count
from ledger.models import Transfer, TransferKind
from services.models import Visit
visits = dict(Visit.objects.values_list("key", "journal"))
earned = Transfer.objects.filter(kind=TransferKind.EARN)
print(json.dumps({
    "visits": sorted(map(str, visits)),
    "journals": sorted(map(str, filter(None, visits.values()))),
    "earned": sorted(map(str, earned.values_list("journal", flat=True))),
}))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("house"))
    house.prepare()
    yield house
    house.close()


@pytest.mark.parametrize(
    ("kill", "visits", "partner"),
    [
        pytest.param("kill_web", 60, 1, id="web"),
        pytest.param("kill_database", 60, 2, id="database"),
        pytest.param("kill_web", 1200, 3, id="web, long", marks=pytest.mark.slow),
        pytest.param("kill_database", 1200, 4, id="database, long", marks=pytest.mark.slow),
    ],
)
def test_a_kill_loses_and_doubles_no_visit(house, kill, visits, partner):
    before = _on_record(house)
    forms = [_form(number, partner) for number in range(visits)]
    house.open()

    acknowledged = _send(house, forms, kill_after=visits // 3, kill=getattr(house, kill))

    assert len(acknowledged) < visits  # the kill came in the midst of them
    if kill == "kill_database":
        house.kill_web()
    house.open()
    survivors = set(_on_record(house)["visits"])
    assert acknowledged <= survivors
    assert _send(house, forms) == {form["key"] for form in forms}
    house.close()
    after = _on_record(house)
    assert set(after["visits"]) - set(before["visits"]) == {form["key"] for form in forms}
    assert after["journals"] == after["earned"] == sorted(set(after["earned"]))
    assert json.loads(house.manage("verify_ledger", "--format", "json"))


def _form(number, partner):
    """A visit of 30 minutes; no volunteer comes near a day's cap, no pair meets twice on a day."""
    volunteer, days_ago = number % len(NAMES), number // len(NAMES)
    return {
        "key": str(uuid.uuid4()),
        "heeded": "",
        "volunteer": f"王{NAMES[volunteer]}",
        "elder": f"李{NAMES[volunteer - partner]}",
        "service_date": f"-{days_ago}" if days_ago else "今天",
        "minutes": "30",
        "category": "companionship",
        "method": "signature",
        "choice": "bank",
    }


def _send(house, forms, kill_after=None, kill=None):
    """Send the forms from four clerks at once; return the keys of those that were acknowledged.

    After the kill, a clerk whose form is not saved leaves the others for later.
    """
    acknowledged, lock, killed = set(), threading.Lock(), threading.Event()

    def work(mine):
        clerk = Clerk(house)
        clerk.sign_in()
        for form in mine:
            if clerk.log(form) == 302:
                with lock:
                    acknowledged.add(form["key"])
                    if len(acknowledged) == kill_after:
                        killed.set()
                        kill()
            elif killed.is_set():
                return

    with ThreadPoolExecutor(4) as clerks:
        list(clerks.map(work, [forms[start::4] for start in range(4)]))
    return acknowledged


def _on_record(house):
    return json.loads(house.manage("shell", "--verbosity", "0", "-c", COUNT))
