"""Approving rows of the inbox: each by its own rule, in a transaction of its own."""

from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from ledger import approvals
from members import assessments, kinship
from members.refusals import Refusal
from services import tasks, visits
from services.registers import batches
from timebank.inbox.waiting import Kind


@dataclass
class Result:
    """How many were approved; of the others their name and a sentence each."""

    approved: int = 0
    refused: list = field(default_factory=list)


def approve(items, *, by, at, seen=None):
    """Approve the items one by one; what one is refused for does not touch the others.

    `seen` are the states in which registers were seen. Of several, those with a warning are left:
    each wants a look of its own. Raises PermissionDenied for one alone.
    """
    result = Result()
    for item in items:
        try:
            if len(items) > 1 and item.warnings:
                sentence = _("It wants a look of its own: %(warnings)s.")
                raise _LookFirst(sentence % {"warnings": ", ".join(map(str, item.warnings))})
            _approve(item, by=by, at=at, seen=seen or {})
        except (_LookFirst, Refusal) as refusal:
            result.refused.append((str(item.subject), str(refusal)))
        except PermissionDenied:
            if len(items) == 1:
                raise
            result.refused.append((str(item.subject), _("You may not decide this.")))
        else:
            result.approved += 1
    return result


class _LookFirst(Exception):
    """A row with a warning is not approved together with others, and an objection never."""


@transaction.atomic
def _approve(item, *, by, at, seen):
    match item.kind:
        case Kind.OBJECTION:
            raise _LookFirst(_("It wants an answer in words."))
        case Kind.VISIT:
            visits.approve(item.subject, by=by, at=at)
        case Kind.MOVEMENT:
            approvals.approve(item.subject, by=by, at=at)
        case Kind.ASSESSMENT:
            assessments.approve(item.subject, by=by, at=at)
        case Kind.KINSHIP:
            kinship.confirm(item.subject, by=by, at=at)
        case Kind.REGISTER:
            if not item.is_own and not batches.may_approve(by, item.subject):
                raise PermissionDenied
            revision = seen.get(item.subject.key, -1)
            batches.approve(item.subject, by=by, at=at, revision=revision)
            tasks.post_register.defer(batch=item.subject.pk)
