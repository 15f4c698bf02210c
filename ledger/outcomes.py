"""What became of requests since they were decided, as lists and pages say it."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from ledger import holds
from ledger.holds import Standing
from ledger.hours import duration
from ledger.models import HoldResolution, MovementRequest, RequestKind, Transfer
from ledger.requests import State

TONES = {State.WAITING: "warn", State.DONE: "ok", State.RETURNED: "bad"}


class Outcome(NamedTuple):
    """A request, the hours set aside for it, and whether what it booked was reversed since."""

    asked: MovementRequest
    hold: Standing | None
    is_reversed: bool

    @property
    def words(self) -> str:
        """Its state in a few words; of hours to be used, how far that is."""
        if self.is_reversed:
            return _("reversed")
        if self.hold is None:
            return self.asked.get_state_display()
        if self.hold.resolution is None:
            return _("hours set aside")
        if self.hold.resolution == HoldResolution.Kind.CHARGED:
            return _("%(hours)s used") % {"hours": duration(self.hold.charged)}
        return str(self.hold.resolution.label)

    @property
    def tone(self) -> str:
        """Which of the looks of a tag goes with it; none is the quiet one."""
        return "" if self.is_reversed else TONES.get(State(self.asked.state), "")


def of(requests: Sequence[MovementRequest]) -> list[Outcome]:
    """The outcome of each, in the order given."""
    done = [one for one in requests if one.state == State.DONE]
    standings = holds.standings(
        (one.area_id, one.key) for one in done if one.kind == RequestKind.REDEEM
    )
    charged = {name: hold.journal for name, hold in standings.items() if hold.journal}
    journals = {(one.area_id, charged.get((one.area_id, one.key), one.key)) for one in done}
    reversed_ = _reversed(journals)
    names = [(one.area_id, one.key) for one in requests]
    return [
        Outcome(one, standings.get(name), (name[0], charged.get(name, name[1])) in reversed_)
        for one, name in zip(requests, names, strict=True)
    ]


def _reversed(names: Collection[tuple[int, UUID]]) -> set[tuple[int, UUID]]:
    """Those of the journals, by community and key, that were reversed."""
    journals = Transfer.objects.filter(
        community__in={community for community, _journal in names},
        journal__in=[journal for _community, journal in names],
    )
    booked = {
        (community, number): (community, journal)
        for community, number, journal in journals.values_list("community", "id", "journal")
    }
    mirrors = Transfer.objects.filter(
        community__in={community for community, _number in booked},
        reverses__in=[number for _community, number in booked],
    )
    undone = mirrors.values_list("community", "reverses")
    return {booked[name] for name in undone if name in booked}
