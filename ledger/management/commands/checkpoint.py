from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledger import checkpoints, keys, seals


class Command(BaseCommand):
    help = "Make a checkpoint over all books as they are, and write its signed note."

    def add_arguments(self, parser):
        parser.add_argument(
            "file", nargs="?", type=Path, help="where the note goes; else it is printed"
        )
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--latest", action="store_true", help="write the latest, make none")
        how.add_argument(
            "--key", action="store_true", help="print the public key, to be given to everybody"
        )

    def handle(self, *, file, latest, key, **options):
        if key:
            self.stdout.write(str(keys.ours().public))
            return
        made = checkpoints.latest() if latest else self.make()
        if made is None:
            raise CommandError("There is no checkpoint yet.")
        note = checkpoints.note(made)
        if file is None:
            self.stdout.write(note, ending="")
        else:
            file.write_text(note, encoding="utf-8")
            self.stdout.write(f"Checkpoint {checkpoints.short_code(made)} is in {file}.")

    def make(self):
        seals.seal()
        try:
            return checkpoints.make(at=timezone.now())
        except checkpoints.NothingSealed:
            raise CommandError("Nothing has been posted yet.") from None
