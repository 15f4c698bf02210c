"""A process that posts from Django for as long as it is told, again and again.

Reads one JSON line {"how": "ledger" or "orm", "seconds": 3} and answers with one: how many it
posted, in how many seconds, at how many seconds of this process's CPU. Ends with its input.
"""

import datetime
import json
import random
import sys
import time
import uuid

import django


def main():
    django.setup()
    from bench import models
    from ledger.transfers import Leg, post

    setup = json.loads(sys.stdin.readline())
    day = datetime.date.today()
    accounts, community, kind = setup["accounts"], setup["community"], setup["kind"]

    def through_the_ledger(debit, credit):
        leg = Leg(kind, accounts[debit], accounts[credit], 60)
        post(community, uuid.uuid4(), leg, effective_on=day, by=1)

    def through_the_orm(debit, credit):
        models.post(debit + 1, credit + 1, 60, day)

    ways = {"ledger": through_the_ledger, "orm": through_the_orm}
    for way in ways.values():
        way(*random.sample(range(len(accounts)), 2))  # connected and warm
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        answer = repeat(ways[order["how"]], len(accounts), order["seconds"])
        print(json.dumps(answer), flush=True)


def repeat(way, accounts, seconds):
    done, cpu, began = 0, time.process_time(), time.perf_counter()
    while time.perf_counter() - began < seconds:
        way(*random.sample(range(accounts), 2))
        done += 1
    return {
        "done": done,
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
    }


if __name__ == "__main__":
    main()
