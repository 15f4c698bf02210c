"""Who may act in an elder's name: confirm a visit, ask for help, see the account.

An agent is a registered person who signs in by phone like any member. They act by the elder's own
consent, within a scope, from a day until a day; the elder or the staff revoke it at any time.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from members import access, consents, refusals
from members.models import Agent, Member, Purpose, User

Scope = Agent.Scope


@transaction.atomic
def appoint(
    elder: Member,
    *,
    agent: Member,
    scopes: Sequence[str],
    since: date,
    until: date | None,
    how: str,
    witness: str = "",
    by: User,
    at: datetime,
    key: UUID,
) -> Agent:
    """Let `agent` act for the elder; the elder's consent is written down with it.

    `how` the elder said it, with a `witness` where it was spoken. The same key gives the row that
    is there. Raises PermissionDenied, NotAnElder, SamePerson, NoScope, EndsBeforeItBegins,
    NeedsWitness, AgentAlready.
    """
    if not access.may_log(by, elder.area):
        raise PermissionDenied
    known = Agent.objects.filter(key=key, appointed_by=by, member=elder).first()
    if known:
        return known
    _check(elder, agent, scopes, since, until)
    consent = consents.give(elder, Purpose.AGENT, how=how, witness=witness, by=by, at=at)
    with refusals.of_constraints():
        return Agent.objects.create(
            key=key,
            member=elder,
            agent=agent,
            scopes=[scope for scope in Scope.values if scope in scopes],
            consent=consent,
            since=since,
            until=until,
            appointed_by=by,
            appointed_at=at,
        )


@transaction.atomic
def revoke(agent: Agent, *, by: User, at: datetime) -> Agent:
    """End it at once: by staff, or by the elder. Harmless when it has ended."""
    found = Agent.objects.select_for_update(of=("self",)).select_related("member__area")
    agent = found.get(pk=agent.pk)
    if by.member_id != agent.member_id and not access.may_log(by, agent.member.area):
        raise PermissionDenied
    if agent.revoked_at is None:
        agent.revoked_by, agent.revoked_at = by, at
        agent.save(update_fields=["revoked_by", "revoked_at"])
    return agent


def may(user: User, elder: Member, scope: str, *, at: datetime) -> bool:
    """Whether the user acts for the elder in this now: appointed, in time, and still consented."""
    return agency(user, elder, scope, at=at) is not None


def agency(user: User, elder: Member, scope: str, *, at: datetime) -> Agent | None:
    """That by which the user acts for the elder in this now; None where they may not."""
    if user.member_id is None or not user.is_active:
        return None
    acting = _acting(at).filter(agent=user.member_id, member=elder, scopes__contains=[scope])
    return acting.order_by("pk").first()


def elders_of(user: User, *, at: datetime) -> list[Agent]:
    """For whom the user acts now, with what they may do."""
    if user.member_id is None or not user.is_active:
        return []
    acting = _acting(at).filter(agent=user.member_id).select_related("member__area")
    return list(acting.order_by("member__name", "pk"))


def of_elders(elders: Collection[int], scope: str, *, at: datetime) -> dict[int, list[Member]]:
    """Who acts in this now for each of these elders, named by their keys in the database."""
    found: dict[int, list[Member]] = defaultdict(list)
    acting = _acting(at).filter(member__in=elders, scopes__contains=[scope])
    for one in acting.select_related("agent").order_by("pk"):
        found[one.member_id].append(one.agent)
    return found


def standing(agencies: Collection[int], *, at: datetime) -> set[int]:
    """Which of these, named by their keys in the database, hold now."""
    return set(_acting(at).filter(pk__in=agencies).values_list("pk", flat=True))


def _acting(at: datetime) -> QuerySet[Agent]:
    """Not revoked, in time, the elder's last word a yes, and both of them on record."""
    day = timezone.localdate(at)
    lasts = Q(until=None) | Q(until__gte=day)
    here = {"member__standing": Member.Standing.HERE, "agent__standing": Member.Standing.HERE}
    found = Agent.objects.filter(lasts, revoked_at=None, since__lte=day, **here)
    word = consents.last_word(Purpose.AGENT, of="member", at=at)
    return found.alias(word=word).filter(word=consents.Act.GIVEN)


def _check(
    elder: Member, agent: Member, scopes: Sequence[str], since: date, until: date | None
) -> None:
    if not hasattr(elder, "elder"):
        raise refusals.NotAnElder
    if elder == agent:
        raise refusals.SamePerson
    if not scopes:
        raise refusals.NoScope
    if until is not None and until < since:
        raise refusals.EndsBeforeItBegins
