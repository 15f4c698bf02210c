"""The statements of a whole community for a year: ordered by staff, made by the worker."""

import logging
from collections.abc import Iterator
from datetime import date, datetime

import typst
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from ledger.models import Account, AccountKind
from members import access
from members.models import Area, Member, User
from services.papers.models import StatementRun
from timebank.reports.periods import Period
from timebank.statements import document, files
from timebank.statements.document import Statement

logger = logging.getLogger(__name__)
State = StatementRun.State
TOLD_EVERY = 20


@transaction.atomic
def order(
    area: Area, *, year: int, language: str, by: User, at: datetime
) -> tuple[StatementRun, bool]:
    """Ask for the statements of the community; return the run, and whether it is a new one.

    One that is on its way is not begun again: the area is locked first, so that of two who ask at
    once the second finds the first one's run. Raises PermissionDenied.
    """
    area = Area.objects.select_for_update(no_key=True).get(pk=area.pk)
    if not access.may_log(by, area):
        raise PermissionDenied
    known = StatementRun.objects.filter(
        area=area, year=year, state__in=[State.WAITING, State.MAKING]
    )
    if run := known.first():
        return run, False
    run = StatementRun(area=area, year=year, language=language, requested_by=by, requested_at=at)
    run.save(force_insert=True)
    return run, True


def make(run: StatementRun, *, at: datetime) -> StatementRun:
    """Make the file of the run. Left half-way, it is made again from its beginning.

    A member who neither held nor moved hours in the year has no page.
    """
    if not run.is_under_way:
        return run
    members = _holders(run.area)
    run.state, run.members_done, run.members_total = State.MAKING, 0, members.count()
    run.save(update_fields=["state", "members_done", "members_total"])
    try:
        with translation.override(run.language):
            paper = _paper(run, members, at)
        run.file.save(f"{run.key}.pdf", ContentFile(paper), save=False)
    except (typst.TypstError, OSError):
        logger.exception("yearly statements could not be made")
        run.state = State.FAILED
    else:
        run.state = State.DONE
    run.finished_at = at
    run.save(update_fields=["state", "file", "finished_at"])
    return run


def _holders(area: Area) -> QuerySet[Member]:
    """The members of the community who have an account there."""
    accounts = Account.objects.filter(community=area.pk, kind=AccountKind.MEMBER)
    members = Member.objects.filter(area=area, key__in=accounts.values("holder"))
    return members.select_related("area").order_by("number")


def _paper(run: StatementRun, members: QuerySet[Member], at: datetime) -> bytes:
    title = _("Statements of %(community)s, %(year)s") % {
        "community": run.area,
        "year": run.year,
    }
    return files.pdf(list(_statements(run, members, at)), title=title, at=at)


def _statements(run: StatementRun, members: QuerySet[Member], at: datetime) -> Iterator[Statement]:
    """The statements that are not empty; tells how far it has come as it goes."""
    period = Period(date(run.year, 1, 1), date(run.year, 12, 31))
    for number, member in enumerate(members, 1):
        statement = document.of_period(member, period, at=at)
        if statement.lines or statement.opening:
            yield statement
        if number % TOLD_EVERY == 0:
            StatementRun.objects.filter(pk=run.pk).update(members_done=number)
    StatementRun.objects.filter(pk=run.pk).update(members_done=F("members_total"))
