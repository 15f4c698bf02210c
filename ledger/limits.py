"""What stands above a form that moves hours, before anybody types: figures, and rules in words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ledger import accounts, closures, gifts, grants, holdings, pool, statements
from ledger.holdings import Holdings
from ledger.models import MovementRequest, Policy, RequestKind
from members.models import Member


@dataclass(frozen=True, slots=True)
class Limits:
    """`figures` are labels with minutes, `words` the rules that no figure can say."""

    figures: list[tuple[str, int]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def of(kind: str, member: Member, policy: Policy, *, day: date) -> Limits:
    """What limits a movement of that kind for the member on that day."""
    limits = OF_A_KIND[kind](member, holdings.of(member), policy, day)
    if kind in policy.two_persons:
        limits.words.append(_("A second person approves it before any hours move."))
    return limits


def of_a_month(request: MovementRequest, policy: Policy, *, day: date) -> Limits:
    """Whom the grant of a month would reach on that day, and what that does to the pool."""
    assert request.minutes is not None
    elders = len(grants.outstanding(request.area, request.on, on=day))
    in_pool = statements.balance(request.area_id, accounts.POOL).posted
    total = elders * request.minutes
    who = ngettext("For %(count)d elder in all", "For %(count)d elders in all", elders)
    limits = Limits(
        [
            (who % {"count": elders}, total),
            (_("In the public pool"), in_pool),
            (_("The pool afterwards"), in_pool - total),
        ]
    )
    if RequestKind.GRANT in policy.two_persons:
        limits.words.append(_("A second person approves it before any hours move."))
    return limits


def _of_a_donation(member: Member, has: Holdings, policy: Policy, day: date) -> Limits:
    return Limits(
        [(_("Can be given"), _given_on(has))],
        [
            _("Only hours that %(who)s earned can be given on.") % {"who": member},
            _in_minutes(policy),
        ],
    )


def _of_a_gift(member: Member, has: Holdings, policy: Policy, day: date) -> Limits:
    figures = [(_("Can be given"), _given_on(has))]
    if policy.gift_cap_year is not None:
        account = accounts.number_of(member.area_id, member.key)
        given = gifts.given_in_year(member.area_id, account, day) if account else 0
        figures.append((_("Left of this year's limit"), max(0, policy.gift_cap_year - given)))
    return Limits(
        figures,
        [
            _("Only hours that %(who)s earned can be given on.") % {"who": member},
            _("The relative has to be %(age)d or older.") % {"age": policy.gift_age},
            _in_minutes(policy),
        ],
    )


def _of_a_redemption(member: Member, has: Holdings, policy: Policy, day: date) -> Limits:
    free = 0 if has.frozen else has.free
    figures = [(_("Can be used"), free), (_("Of these for a relative"), _given_on(has))]
    age = member.age_on(day)
    if age is None:
        own = _("The age of %(who)s is not on record.") % {"who": member}
    elif age < policy.redeem_age:
        own = _("%(who)s is %(age)d: own use before %(usual)d needs a reason.") % {
            "who": member,
            "age": age,
            "usual": policy.redeem_age,
        }
    else:
        own = _("%(who)s is %(age)d: own use begins at %(usual)d.") % {
            "who": member,
            "age": age,
            "usual": policy.redeem_age,
        }
    relative = _("A relative has to be %(age)d or older.") % {"age": policy.relative_age}
    kept = ngettext(
        "Approved hours stay set aside until %(days)d day after the day of the service.",
        "Approved hours stay set aside until %(days)d days after the day of the service.",
        policy.hold_days,
    ) % {"days": policy.hold_days}
    return Limits(figures, [own, relative, kept])


def _of_a_grant(member: Member, has: Holdings, policy: Policy, day: date) -> Limits:
    in_pool = statements.balance(member.area_id, accounts.POOL).posted
    figures = [(_("Granted and still valid"), has.granted), (_("In the public pool"), in_pool)]
    room = pool.room(member.area_id)
    if room is not None:
        figures.append((_("The pool may still give"), room))
    return Limits(
        figures,
        [_("Granted hours cannot be given on. What is left goes back to the pool.")],
    )


def _of_an_opening(member: Member, has: Holdings, policy: Policy, day: date) -> Limits:
    figures = [(_("Earned"), has.earned)]
    if policy.balance_cap is not None:
        figures.append((_("Room up to the balance cap"), max(0, policy.balance_cap - has.earned)))
    return Limits(figures)


def _of_a_move(member: Member, has: Holdings, policy: Policy, day: date) -> Limits:
    words = [_("All hours that were earned or given move; granted ones stay with the pool.")]
    if has.held:
        words.append(_("Hours are set aside for a visit. Release them first."))
    return Limits([(_("To move"), has.earned + has.gifted), (_("Set aside"), has.held)], words)


def _of_a_closure(member: Member, has: Holdings, policy: Policy, day: date) -> Limits:
    words = [
        _("What was granted goes back to the pool, the rest to a relative or to the pool."),
        ngettext(
            "The spouse or a direct relative may apply within %(months)d month.",
            "The spouse or a direct relative may apply within %(months)d months.",
            policy.heir_months,
        )
        % {"months": policy.heir_months},
    ]
    figures = [(_("Earned and given"), has.earned + has.gifted)]
    if not has.accounts:
        words.append(_("There is no account yet."))
        return Limits(figures, words)
    words += _of_an_heir(member, policy, day)
    closed = closures.closed_to_pool(member)
    if closed:
        figures.append((_("Went to the public pool when it was closed"), closed.minutes))
    if has.held:
        words.append(_("Hours are set aside for a visit. Release them first."))
    return Limits(figures, words)


def _of_an_heir(member: Member, policy: Policy, day: date) -> list[str]:
    """Until when a relative may apply, or what comes first."""
    until = closures.heirs_until(member, policy)
    if until is None:
        return [_("The account has to be frozen first.")]
    told = {"day": formats.date_format(until, "DATE_FORMAT")}
    if day > until:
        return [_("Relatives could apply until %(day)s.") % told]
    return [_("Relatives can apply until %(day)s.") % told]


def _given_on(has: Holdings) -> int:
    """What can go to somebody else: earned minutes alone, and nothing of a frozen account."""
    return 0 if has.frozen else has.earned


def _in_minutes(policy: Policy) -> str:
    return ngettext(
        "It can be undone for %(minutes)d minute, and is final afterwards.",
        "It can be undone for %(minutes)d minutes, and is final afterwards.",
        policy.undo_minutes,
    ) % {"minutes": policy.undo_minutes}


OF_A_KIND: dict[str, Callable[[Member, Holdings, Policy, date], Limits]] = {
    RequestKind.DONATE: _of_a_donation,
    RequestKind.GIFT: _of_a_gift,
    RequestKind.REDEEM: _of_a_redemption,
    RequestKind.GRANT: _of_a_grant,
    RequestKind.OPENING: _of_an_opening,
    RequestKind.MOVE: _of_a_move,
    RequestKind.CLOSURE: _of_a_closure,
}
