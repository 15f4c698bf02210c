"""What of the vanishing record decides hours, and is not on record for the kept one.

Kin, assessments, consents and agents name for good whom they are about: nobody re-points what two
persons signed. So each of them has to be entered for the kept record before the two become one.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import Q
from django.utils import formats
from django.utils.translation import gettext as _

from members import eligibility, kinship
from members.models import Agent, Assessment, Consent, Kinship, Member, Purpose

HERE = Member.Standing.HERE


def missing(kept: Member, gone: Member, *, on: date) -> Iterator[str]:
    """What staff have to enter or to decide first, each in a sentence."""
    yield from _waiting(gone)
    yield from _kin(kept, gone, on)
    yield from _former_kin(kept, gone)
    yield from _assessment(kept, gone, on)
    yield from _consents(kept, gone)
    yield from _agents(kept, gone, on)


def _waiting(gone: Member) -> Iterator[str]:
    if Kinship.objects.of(gone).waiting().exists():
        yield _("A kinship of the record that vanishes waits for a second person. Decide it first.")
    if Assessment.objects.filter(member=gone).waiting().exists():
        yield _(
            "An assessment of the record that vanishes waits for a second person. Decide it first."
        )


def _kin(kept: Member, gone: Member, on: date) -> Iterator[str]:
    """A relative who is not here any more has no new visits and no hours: nothing follows."""
    for kin in kinship.kin_of(gone, on=on):
        told = {"name": kin.relative.name, "relation": kin.relation.label}
        if kin.relative == kept:
            yield _("The two records are on record as kin of each other. End that first.")
        elif kin.relative.standing == HERE:
            known = kinship.between(kept, kin.relative, on=on)
            if known is None or known.relation != kin.relation:
                sentence = _(
                    "%(name)s (%(relation)s) is kin of the record that vanishes. Enter it for the "
                    "record that is kept too, and have it confirmed."
                )
                yield sentence % told


def _former_kin(kept: Member, gone: Member) -> Iterator[str]:
    """A visit of a day before the end may be entered yet, and is one to the own family."""
    for kin in kinship.ended_kin_of(gone):
        ended = kin.kinship.ended_on
        assert ended is not None  # by the query
        if kin.relative == kept or kin.relative.standing != HERE:
            continue
        if kinship.between(kept, kin.relative, on=ended - timedelta(1)) is None:
            told = {"name": kin.relative.name, "relation": kin.relation.label}
            told["day"] = formats.date_format(ended, "DATE_FORMAT")
            sentence = _(
                "%(name)s (%(relation)s) was kin of the record that vanishes, until %(day)s. Enter"
                " it for the record that is kept too, have it confirmed, and end it on that day."
            )
            yield sentence % told


def _assessment(kept: Member, gone: Member, on: date) -> Iterator[str]:
    records = eligibility.Records([kept.pk, gone.pk])
    decided = records.decided_on(gone.pk, on)
    if decided and decided != records.decided_on(kept.pk, on):
        yield _(
            "Two persons decided of the record that vanishes: %(rule)s. Assess the record that is"
            " kept in the same way, or keep the other record instead."
        ) % {"rule": eligibility.Rule(decided).label}


def _consents(kept: Member, gone: Member) -> Iterator[str]:
    """A no that is the last word of both records together must not be followed by an older yes."""
    own = {one.purpose: one for one in Consent.objects.latest_of(kept)}
    for word in Consent.objects.latest_of(gone):
        later = own.get(word.purpose)
        is_known = later is not None and (not later.is_given or later.pk > word.pk)
        if not word.is_given and not is_known:
            yield _(
                "The consent to this was withdrawn: %(purpose)s. Write that down for the record"
                " that is kept too."
            ) % {"purpose": Purpose(word.purpose).label}


def _agents(kept: Member, gone: Member, on: date) -> Iterator[str]:
    lasting = Agent.objects.filter(Q(until=None) | Q(until__gte=on), revoked_at=None)
    people = lasting.select_related("member", "agent").order_by("pk")
    for one in people.filter(Q(member=gone) | Q(agent=gone)):
        elder = kept if one.member == gone else one.member
        agent = kept if one.agent == gone else one.agent
        if not lasting.filter(member=elder, agent=agent, scopes__contains=one.scopes).exists():
            yield _(
                "%(agent)s acts for %(elder)s on the record that vanishes. Appoint them for the"
                " record that is kept too, or end it."
            ) % {"agent": one.agent.name, "elder": one.member.name}
