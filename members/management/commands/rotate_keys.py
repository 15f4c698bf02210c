from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from members import encryption, rotation

SETTINGS = {"encryption": "ENCRYPTION_KEYS", "index": "INDEX_KEYS"}


class Command(BaseCommand):
    help = (
        "Seal everything anew with the newest keys. People go on working; broken off, it goes on"
        " where it was, and a second run changes nothing."
    )

    def add_arguments(self, parser):
        parser.add_argument("--new", choices=SETTINGS, help="only print a further key to be added")

    def handle(self, *, new, **options):
        if new:
            number = encryption.newest_number(getattr(settings, SETTINGS[new])) + 1
            self.stdout.write(encryption.new_key(number))
            return
        totals = {}
        try:
            for progress in rotation.rotate():
                totals[progress.table] = progress.changed
                self.stdout.write(
                    f"{progress.table}: {progress.seen} rows, {progress.changed} written anew"
                )
        except encryption.Unreadable as error:
            raise CommandError(
                "A value was sealed with a key that is not among ENCRYPTION_KEYS. Add that key"
                " again and run this once more; what was written anew stays so."
            ) from error
        self.stdout.write(f"done: {sum(totals.values())} rows written anew")
