"""What the words of R1 count; printed below every copy."""

from django.utils.translation import gettext as _


def definitions() -> list[str]:
    return [*_of_people_and_visits(), *_of_hours()]


def _of_people_and_visits() -> list[str]:
    return [
        _(
            "Persons: each counts once in a row and once in the total, however many visits. "
            "Person-times are visits times recipients; a visit has one recipient."
        ),
        _(
            "Registered: by the last day of the period; from the first visit, where the "
            "register was kept later. Active: at least one confirmed visit in the period."
        ),
        _(
            "80+ and living alone or empty-nest: aged 80 or older on the day of a service in "
            "the period, living alone, empty-nest or with the spouse only. Whoever lives so and "
            "has no birth date on record is counted; how many there are stands beside the figure."
        ),
        _(
            "Rule B: aged 60 to 79 on the day of a service, on minimum living allowance or "
            "destitute support, disabled or semi-disabled, and living as above."
        ),
        _(
            "Visits: confirmed and not undone, by the day of the service. What waits for a "
            "second person is not counted yet."
        ),
        _(
            "A closed month never changes. A visit recorded or undone after its month was closed "
            "counts in the month of that day, and names the month it is about."
        ),
        _(
            "Served: time at the elder's service. Bankable: what the rules allow to bank. "
            "Banked: what was added to the volunteers' time accounts."
        ),
    ]


def _of_hours() -> list[str]:
    return [
        _(
            "Given to the pool: donated, or above the balance cap. Covered by the pool: charged "
            "to the public pool for elders without hours of their own."
        ),
        _(
            "On time accounts, public pool: balances at the end of the period, by the day of the "
            "service. Outstanding: both together, hours issued and not yet taken back."
        ),
        _(
            "Redeemed: used by elders or their relatives. Donated: given to the pool from a time "
            "account. Granted: from the pool to elders, until a day. Given: to a relative. "
            "Brought over: from paper. Moved: to or from another community. Closed: of accounts "
            "that ended. All less what was reversed."
        ),
        _(
            "Ledger difference: banked by the visits, less banked in the ledger for the same "
            "days. Balance difference: closing balance, less the opening one and all that moved. "
            "Both have to be 0."
        ),
    ]
