from django.core.management.base import BaseCommand

from ledger import seals


class Command(BaseCommand):
    help = "Seal all transfers that are ready, as the worker does every second."

    def handle(self, **options):
        self.stdout.write(f"Sealed {seals.seal()} transfers.")
