from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from ledger import proofs
from ledger.models import Transfer


class Command(BaseCommand):
    help = "Write the proof that a transfer is in a checkpoint; bin/verify.py checks it."

    def add_arguments(self, parser):
        parser.add_argument("transfer", type=int, help="the number of the transfer")
        parser.add_argument("file", nargs="?", type=Path, help="where it goes; else it is printed")

    def handle(self, *, transfer, file, **options):
        try:
            community = Transfer.objects.values_list("community", flat=True).get(id=transfer)
            proof = proofs.as_file(proofs.of_transfer(community, transfer))
        except Transfer.DoesNotExist:
            raise CommandError(f"There is no transfer {transfer}.") from None
        except proofs.NotYet:
            raise CommandError("No checkpoint has been made since; see checkpoint.") from None
        if file is None:
            self.stdout.write(proof, ending="")
        else:
            file.write_text(proof, encoding="utf-8")
