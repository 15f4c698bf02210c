import json
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from ledger import keys, notes, verification
from members.models import Area


class Command(BaseCommand):
    help = "Recompute the ledger; exit with 1 and the first bad row when anything is off."

    def add_arguments(self, parser):
        parser.add_argument("--area", metavar="CODE", help="this area and all below it")
        parser.add_argument("--format", choices=["text", "json"], default="text")
        parser.add_argument(
            "--checkpoint",
            nargs="+",
            type=Path,
            default=[],
            help="notes that were kept elsewhere, to compare the book with",
        )
        parser.add_argument("--key", help="the public key that signed them, when it is not ours")

    def handle(self, *, area, format, checkpoint, key, **options):
        outside = [file.read_text(encoding="utf-8") for file in checkpoint]
        try:
            signers = [notes.PublicKey.parse(key)] if key else []
            if outside and not key:
                signers = [keys.ours().public]
            result = verification.verify(
                area and Area.objects.get(code=area),
                outside=outside,
                keys=signers,
                on_progress=self.progress,
            )
        except Area.DoesNotExist:
            raise CommandError(f"There is no area {area}.") from None
        except (notes.BadNote, notes.BadKey) as error:
            raise CommandError(str(error)) from None
        if sys.stderr.isatty():
            self.stderr.write("\r\033[K", ending="")
        if area is None:
            verification.keep(result)
        if format == "json":
            self.stdout.write(json.dumps(as_data(result), ensure_ascii=False, indent=2))
        else:
            self.write_text(result)
        if result.faults:
            sys.exit(1)

    def progress(self, check, done, of):
        if sys.stderr.isatty():
            share = f" {done:,} of {of:,}" if done else ""
            self.stderr.write(f"\r\033[K{check}{share}", ending="")

    def write_text(self, result):
        counts = ", ".join(f"{number} {what}" for what, number in result.checked.items())
        self.stdout.write(f"Checked {counts}.")
        for fault in result.faults:
            self.stdout.write(
                f"{fault.check}: community {fault.community}, transfer {fault.transfer},"
                f" journal {fault.journal}: expected {fault.expected}, found {fault.found}"
            )
        if result.first_bad:
            first = result.first_bad
            self.stdout.write(f"First bad row: transfer {first.transfer} ({first.check}).")
        else:
            self.stdout.write("Clean.")


def as_data(result):
    return {
        "clean": not result.faults,
        "checked": result.checked,
        "first_bad": result.first_bad and result.first_bad._asdict(),
        "faults": [fault._asdict() for fault in result.faults],
    }
