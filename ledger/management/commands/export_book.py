import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from ledger import accounts, archive
from members.models import Area


class Command(BaseCommand):
    help = "Write the whole book, for bin/verify.py and for keeping."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--area", metavar="CODE", help="this area and all below it")

    def handle(self, *, file, area, **options):
        try:
            books = accounts.books(area and Area.objects.get(code=area))
        except Area.DoesNotExist:
            raise CommandError(f"There is no area {area}.") from None
        self.done = 0
        with file.open("w", encoding="utf-8") as out:
            out.writelines(archive.lines(books, self.progress))

    def progress(self, transfers):
        self.done += transfers
        if sys.stderr.isatty():
            self.stderr.write(f"\r\033[K{self.done:,} transfers", ending="")
