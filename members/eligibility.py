"""Why an elder is served, and for whom the public pool pays (DOMAIN, section 1: rules A to D).

The ages, and which rules hold, are a version of `EligibilityRules`; what two persons decided of an
elder is an `Assessment`. Both are passed in or gathered by `Records`: `rule_on` reads no database.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from members.models import Area, Assessment, Consent, Elder, EligibilityRules, Purpose, Rule

__all__ = ["Records", "Rule", "explain", "is_age_known", "needs_support", "pool_pays", "rule_on"]

PAID_BY_THE_POOL = (Rule.A, Rule.B, Rule.D)
# Those whom the pool grants hours each month.
PRIORITY = (Rule.A, Rule.B)


def rule_on(
    elder: Elder,
    day: date,
    rules: EligibilityRules,
    *,
    decided: str | None = None,
    is_need_hidden: bool = False,
    minutes: int | None = None,
) -> Rule:
    """The rule that holds for the elder on the day of the service.

    What two persons `decided` comes first. `is_need_hidden`: the elder has withdrawn the consent
    to use health and income, so that rule B cannot be seen. `minutes` are the elder's own hours,
    where they are known (rule C).

    Where the birth date is not on record, rule A is taken to hold if the household fits: nobody
    is refused for a gap in the register. `is_age_known` lets a page flag those.
    """
    if decided:
        return Rule(decided)
    age = elder.member.age_on(day)
    if elder.living in Elder.WITHOUT_CHILDREN:
        if rules.age_a is not None and (age is None or age >= rules.age_a):
            return Rule.A
        is_old = rules.age_b is not None and age is not None and age >= rules.age_b
        if is_old and not is_need_hidden and needs_support(elder):
            return Rule.B
    if minutes and rules.age_c is not None and (age is None or age >= rules.age_c):
        return Rule.C
    return Rule.NONE


def pool_pays(rule: Rule) -> bool:
    """Whether the public pool pays what the elder's own hours do not."""
    return rule in PAID_BY_THE_POOL


def is_age_known(elder: Elder) -> bool:
    return elder.member.birth_date is not None


def needs_support(elder: Elder) -> bool:
    """Minimum living allowance, destitute support, disabled or semi-disabled."""
    return elder.income in (Elder.Income.MINIMUM_ALLOWANCE, Elder.Income.DESTITUTE) or (
        elder.capability in (Elder.Capability.SEMI_DISABLED, Elder.Capability.DISABLED)
    )


def explain(
    elder: Elder,
    day: date,
    rules: EligibilityRules,
    *,
    is_need_hidden: bool = False,
    minutes: int | None = None,
) -> list[str]:
    """Why `rule_on` computes what it does, in sentences. None says which need it is."""
    return [
        _age_in_words(elder, day, rules),
        _household_in_words(elder),
        _need_in_words(elder, is_need_hidden),
        *_hours_in_words(minutes),
    ]


@dataclass(frozen=True)
class _Decided:
    since: date
    until: date
    rule: str | None


class Records:
    """What is on record of many elders that decides which rule holds: four queries in all.

    The single elder of a visit is read by the SQL function `members_beside_visit` instead, which
    tells the same.
    """

    def __init__(self, members: Collection[int]) -> None:
        self._versions = list(
            EligibilityRules.objects.approved()
            .select_related("area")
            .order_by("-effective_from", "-pk")
        )
        self._areas = dict(Area.objects.values_list("pk", "path"))
        self._decided = self._read_decided(members)
        withdrawn = Consent.objects.filter(member__in=members).withdrawn(Purpose.SENSITIVE)
        self._hidden = set(withdrawn.values_list("member", flat=True))

    def rules_in_force(self, area_id: int, day: date) -> EligibilityRules:
        """As `EligibilityRules.objects.in_force`, without a query."""
        path = self._areas[area_id]
        holding = [
            one
            for one in self._versions
            if one.effective_from <= day and (one.area is None or path.startswith(one.area.path))
        ]
        # The versions come in the order of their days; of one area the first is the latest.
        return max(holding, key=lambda one: len(one.area.path) if one.area else 0)

    def rule_on(self, elder: Elder, day: date, *, minutes: int | None = None) -> Rule:
        """The rule that holds for one of the members; see the function of that name."""
        return rule_on(
            elder,
            day,
            self.rules_in_force(elder.member.area_id, day),
            decided=self.decided_on(elder.member_id, day),
            is_need_hidden=self.is_need_hidden(elder.member_id),
            minutes=minutes,
        )

    def computed_on(self, elder: Elder, day: date, *, minutes: int | None = None) -> Rule:
        """The same without what two persons decided."""
        rules = self.rules_in_force(elder.member.area_id, day)
        hidden = self.is_need_hidden(elder.member_id)
        return rule_on(elder, day, rules, is_need_hidden=hidden, minutes=minutes)

    def is_need_hidden(self, member: int) -> bool:
        return member in self._hidden

    def decided_on(self, member: int, day: date) -> str | None:
        """What two persons decided of the member, where that is in force on the day."""
        for one in self._decided[member]:
            if one.since <= day:
                return one.rule if day <= one.until else None
        return None

    def _read_decided(self, members: Collection[int]) -> dict[int, list[_Decided]]:
        """The settled assessments of each, the latest first."""
        settled = Assessment.objects.settled().filter(member__in=members)
        found: dict[int, list[_Decided]] = defaultdict(list)
        for one in settled.order_by("-assessed_on", "-pk"):
            rule = one.result if one.is_against_the_rules else None
            found[one.member_id].append(_Decided(one.assessed_on, one.review_due_on, rule))
        return found


def _age_in_words(elder: Elder, day: date, rules: EligibilityRules) -> str:
    age = elder.member.age_on(day)
    if age is None:
        return _("The birth date is not on record; the age is taken to be enough for rule A.")
    said = ngettext("%(age)d year old on that day.", "%(age)d years old on that day.", age)
    ages = [
        words % {"age": limit}
        for words, limit in (
            (_("rule A from %(age)d"), rules.age_a),
            (_("rule B from %(age)d"), rules.age_b),
            (_("rule C from %(age)d"), rules.age_c),
        )
        if limit is not None
    ]
    limits = _(" (%(limits)s)") % {"limits": _(", ").join(ages)} if ages else ""
    return said % {"age": age} + limits


def _household_in_words(elder: Elder) -> str:
    if not elder.living:
        return _("With whom the elder lives is not on record.")
    household = {"household": elder.get_living_display()}
    if elder.living in Elder.WITHOUT_CHILDREN:
        return _("Household: %(household)s, which rules A and B ask for.") % household
    return _("Household: %(household)s; rules A and B ask for alone or with the spouse only.") % (
        household
    )


def _need_in_words(elder: Elder, is_hidden: bool) -> str:
    if is_hidden:
        return _("Health and income are not used: the consent was withdrawn.")
    if needs_support(elder):
        return _("In need by income or capability, which rule B asks for.")
    return _("No need by income or capability is on record, which rule B asks for.")


def _hours_in_words(minutes: int | None) -> list[str]:
    if minutes is None:
        return []
    return [_("Hours of their own: yes.") if minutes else _("Hours of their own: none.")]
