import json

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from members.models import Area
from members.parsing import NotUnderstood, parse_date
from timebank.reports import REPORTS, files
from timebank.reports.periods import NotAPeriod, Period


class Command(BaseCommand):
    help = "Prints a report of an area and a period."

    def add_arguments(self, parser):
        parser.add_argument("code", help=f"which report: {', '.join(REPORTS)}")
        parser.add_argument("--area", required=True, help="the area's code or its name")
        parser.add_argument("--from", dest="start", required=True, help="first day: 2020-01-14")
        parser.add_argument("--to", dest="end", required=True, help="last day: 2021-06-30")
        parser.add_argument("--format", choices=FORMATS, default="text")

    def handle(self, *, code, area, start, end, format, **options):
        report = REPORTS.get(code.upper())
        if report is None:
            raise CommandError(f"There is no report {code}. There are: {', '.join(REPORTS)}.")
        try:
            period = Period(_day("--from", start), _day("--to", end))
        except NotAPeriod as problem:
            raise CommandError(str(problem)) from problem
        figures = report.figures(_area(area), period)
        self.stdout.write(FORMATS[format](report, figures))


def _day(option, written):
    try:
        return parse_date(written, today=timezone.localdate())
    except NotUnderstood as problem:
        raise CommandError(f"{option} {written}: {problem}") from problem


def _area(written):
    areas = list(Area.objects.filter(Q(code=written) | Q(name_zh=written) | Q(name_en=written)))
    if len(areas) == 1:
        return areas[0]
    if not areas:
        raise CommandError(f"There is no area {written}. Give its code of 12 digits or its name.")
    codes = ", ".join(sorted(area.code for area in areas))
    raise CommandError(f"Several areas are called {written}: give one of the codes {codes}.")


def _json(report, figures):
    return json.dumps(report.as_data(figures), ensure_ascii=False, indent=2)


def _csv(report, figures):
    watermark = f"{timezone.localtime():%Y-%m-%d %H:%M}"
    return files.as_csv(report.as_document(figures), watermark).decode("utf-8-sig")


def _text(report, figures):
    return files.as_text(report.as_document(figures))


FORMATS = {"text": _text, "csv": _csv, "json": _json}
