from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from ledger import checkpoints, notes


class Command(BaseCommand):
    help = "Keep a neighbor's signature under our checkpoint, or put ours under theirs."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="the signed note")
        parser.add_argument(
            "--of",
            metavar="KEY",
            help="it is the checkpoint of the neighbor with this public key: sign it, in the file",
        )

    def handle(self, *, file, of, **options):
        note = file.read_text(encoding="utf-8")
        try:
            if of:
                file.write_text(checkpoints.countersign(note, notes.PublicKey.parse(of)))
                self.stdout.write("Signed.")
            else:
                names = ", ".join(checkpoints.accept(note))
                self.stdout.write(f"Kept the signature of {names}.")
        except (notes.BadNote, notes.BadKey) as error:
            raise CommandError(str(error)) from None
        except checkpoints.NotOurs as error:
            raise CommandError(f"We have no such checkpoint {error}.") from None
