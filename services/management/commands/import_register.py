import json
from contextlib import nullcontext
from pathlib import Path

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from members import access
from members.models import Area, User
from services.models import RegisterBatch
from services.registers import batches, posting, reading, results
from services.registers.workbook import CannotRead

State = RegisterBatch.State


class Command(BaseCommand):
    help = (
        "Import a workbook of volunteers, elders and service records into a community. Without"
        " --approved-by the register waits for a second person on the staff pages. Running it"
        " twice changes nothing."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--area", required=True, help="code or name of the community")
        parser.add_argument("--by", required=True, help="username of who brings it in")
        parser.add_argument("--approved-by", help="username of the second person")
        parser.add_argument("--dry-run", action="store_true", help="show the result, keep nothing")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, file, area, by, approved_by, dry_run, **options):
        community = _community(area)
        author = _user(by, "--by")
        approver = _user(approved_by, "--approved-by") if approved_by else None
        _check_rights(community, author, approver)
        with transaction.atomic() if dry_run else nullcontext():
            batch, is_new = _bring_in(file, community, author)
            if approver and not dry_run:
                _post(batch, approver)
            result = _result(batch)
            if dry_run:
                transaction.set_rollback(True)
        if dry_run and is_new:
            batch.file.delete(save=False)
        if options["format"] == "json":
            self.stdout.write(json.dumps(result, ensure_ascii=False, indent=1))
        else:
            self._print(result)

    def _print(self, result):
        self.stdout.write(f"{result['file']} · {result['area']} · {result['state']}")
        for kind, outcomes in result["rows"].items():
            found = ", ".join(f"{outcome} {count}" for outcome, count in outcomes.items())
            self.stdout.write(f"  {kind}: {found}")
        for row in result["refused"]:
            self.stdout.write(f"  {row['sheet']} {row['row']}: {row['kind']}: {row['sentence']}")
        on_record = ", ".join(f"{name} {count:g}" for name, count in result["on_record"].items())
        self.stdout.write(f"  on record: {on_record}")


def _bring_in(file, community, author):
    """The batch of the file, read, or judged anew when it was brought in before."""
    try:
        with file.open("rb") as opened:
            batch, is_new = batches.bring_in(
                area=community,
                name=file.name,
                file=File(opened, name=file.name),
                by=author,
                at=timezone.now(),
            )
    except (CannotRead, OSError) as error:
        raise CommandError(str(error)) from error
    batch = reading.read(batch)
    if not is_new:
        batch = batches.check_again(batch)
    if batch.state == State.FAILED:
        raise CommandError(_(batch.error))
    return batch, is_new


def _post(batch, approver):
    """Approve what is new or changed, if anything is, and post it; a batch on its way goes on."""
    if batch.state == State.PREPARED:
        try:
            batches.approve(batch, by=approver, at=timezone.now(), revision=batch.revision)
        except batches.OwnEntry as error:
            raise CommandError(_("No one approves what they entered.")) from error
        except batches.NothingToPost:
            return
    posting.post(batch)
    batch.refresh_from_db()


def _result(batch):
    return {
        "batch": str(batch.key),
        "file": batch.file_name,
        "area": batch.area.code,
        "state": batch.state,
        "rows": results.counts(batch),
        "refused": results.refused(batch),
        "on_record": results.totals(batch),
    }


def _community(text):
    try:
        return Area.objects.communities().get(Q(code=text) | Q(name_zh=text) | Q(name_en=text))
    except Area.DoesNotExist:
        raise CommandError(_("There is no community “%(text)s”.") % {"text": text}) from None


def _user(username, option):
    try:
        return User.objects.get(username=username, is_active=True)
    except User.DoesNotExist:
        raise CommandError(f"{option}: {username}?") from None


def _check_rights(community, author, approver):
    """The command may no more than the pages."""
    if not batches.may_bring_in(author, community):
        raise CommandError(_("%(user)s may not enter registers there.") % {"user": author})
    if approver and not access.may_approve(approver, community):
        raise CommandError(_("%(user)s may not approve registers there.") % {"user": approver})
