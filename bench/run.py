#!/usr/bin/env python
"""`make bench`: measure every promise of docs/bench.md; exit status 1 when one is missed.

--short runs each measurement for a moment on small data, to see that it works; its figures are
not judged.
"""

import argparse
import dataclasses
import datetime
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from bench import figures, plan, server  # noqa: E402


def main():
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    size = plan.SHORT if options.short else plan.FULL
    size = dataclasses.replace(size, members=options.members or size.members)
    print(figures.machine(), flush=True)
    measured = []
    with server.running(size.gigabytes) as running:
        for subject in plan.subjects(options.only):
            print(f"\n{subject.__doc__.splitlines()[0]}", flush=True)
            measured += subject.measure(running, size)
    report(measured, options)
    return int(not options.short and any(not figure.is_met for figure in measured))


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="only see that everything runs")
    parser.add_argument("--only", nargs="+", choices=plan.SUBJECTS, help="these subjects alone")
    parser.add_argument("--members", type=int, help="so many people instead of 100,000")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--append", type=Path, help="append the table to this Markdown file")
    return parser.parse_args()


def report(measured, options):
    text = figures.table(measured)
    print(f"\n{text}\n\n{figures.machine()}")
    if options.json:
        options.json.write_text(figures.as_json(measured))
    if options.append:
        today = datetime.date.today()
        with options.append.open("a") as page:
            page.write(f"\n### {today}, {figures.machine()}\n\n{text}\n")


if __name__ == "__main__":
    sys.exit(main())
