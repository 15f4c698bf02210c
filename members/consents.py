"""What members consent to, purpose by purpose, and what is hidden once they say no.

Each word is a row of its own; the last one counts. Nothing is written down for a member of whom
nobody has asked yet: what the registers hold of them is shown to staff until they say no, but what
goes to the public waits for a yes. A visit is never held up by a consent.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from members import access, refusals
from members.models import Consent, ConsentText, Member, Purpose, User
from members.models.consents import NOT_ASKED

Act, How = Consent.Act, Consent.How
# What leaves the house needs a yes; the rest is allowed as long as nobody has said no.
NEEDS_A_YES = (Purpose.PUBLIC_NOTICE, Purpose.AGENT)


@dataclass(frozen=True)
class Standing:
    """Where a member stands on one purpose: the text in force, and their last word if any."""

    purpose: Purpose
    text: ConsentText
    last: Consent | None

    @property
    def is_given(self) -> bool:
        return self.last is not None and self.last.is_given

    @property
    def is_withdrawn(self) -> bool:
        return self.last is not None and not self.last.is_given

    @property
    def is_to_an_older_text(self) -> bool:
        """Whether the yes was said to another text than the one in force."""
        return self.last is not None and self.is_given and self.last.text_id != self.text.pk


def allows(member: Member, purpose: str, *, at: datetime) -> bool:
    """Whether the member's data may be used for the purpose, by what was recorded up to `at`.

    Read anew each time, so that what is withdrawn is hidden in the very next request.
    """
    words = Consent.objects.filter(member=member, purpose=purpose, recorded_at__lte=at)
    act = words.order_by("-pk").values_list("act", flat=True).first()
    return act == Act.GIVEN or (act is None and purpose not in NEEDS_A_YES)


def hidden(member: Member, *, at: datetime) -> set[str]:
    """The purposes for which the member's data may not be used now: one query for a whole page."""
    words = Consent.objects.filter(member=member, recorded_at__lte=at)
    last = dict(words.order_by("purpose", "pk").values_list("purpose", "act"))
    return {
        purpose
        for purpose in Purpose.values
        if last.get(purpose) == Act.WITHDRAWN or (purpose in NEEDS_A_YES and purpose not in last)
    }


def last_word(purpose: str, *, of: str, at: datetime) -> Subquery:
    """The last act of whom each row of a query names in its column `of`; nothing of the silent."""
    words = Consent.objects.filter(member=OuterRef(of), purpose=purpose, recorded_at__lte=at)
    return Subquery(words.order_by("-pk").values("act")[:1])


def standings(member: Member, *, on: date) -> list[Standing]:
    """Where the member stands on each purpose for which people are asked, in their order.

    An earlier yes to another one is among them, so that it can be withdrawn.
    """
    last = {one.purpose: one for one in Consent.objects.latest_of(member)}
    texts = _texts(on)
    found = [Standing(purpose, texts[purpose], last.get(purpose)) for purpose in Purpose]
    return [one for one in found if one.is_given or one.purpose not in NOT_ASKED]


def history(member: Member) -> list[Consent]:
    """Every word of the member, the newest first."""
    words = member.consents.select_related("text", "recorded_by__member")
    return list(words.order_by("-pk"))


@transaction.atomic
def give(
    member: Member,
    purpose: str,
    *,
    how: str,
    witness: str = "",
    said_on: date | None = None,
    by: User,
    at: datetime,
) -> Consent:
    """Write down a yes, to the text that is in force on the day.

    A yes that stands already, to the same text, is returned again. Raises PermissionDenied,
    NotAsked, NeedsWitness, InTheFuture.
    """
    if purpose in NOT_ASKED:
        raise refusals.NotAsked
    return _say(member, purpose, Act.GIVEN, how, witness, said_on, by, at)


@transaction.atomic
def withdraw(
    member: Member,
    purpose: str,
    *,
    how: str,
    witness: str = "",
    said_on: date | None = None,
    by: User,
    at: datetime,
) -> Consent:
    """Write down a no: one press, by staff for whoever says so, or by the member. As `give`."""
    return _say(member, purpose, Act.WITHDRAWN, how, witness, said_on, by, at)


def may_record(member: Member, *, by: User) -> bool:
    """Whether the user writes down what the member says: staff, or the member."""
    return by.member_id == member.pk or access.may_log(by, member.area)


def _say(
    member: Member,
    purpose: str,
    act: str,
    how: str,
    witness: str,
    said_on: date | None,
    by: User,
    at: datetime,
) -> Consent:
    """The member is locked, so that two words at once are two in a known order."""
    if not may_record(member, by=by) or (how == How.OWN) != (by.member_id == member.pk):
        raise PermissionDenied
    today = timezone.localdate(at)
    said_on = said_on or today
    if said_on > today:
        raise refusals.InTheFuture
    if (how == How.SPOKEN) != bool(witness):
        raise refusals.NeedsWitness
    Member.objects.select_for_update(of=("self",)).only("pk").get(pk=member.pk)
    text = _texts(said_on)[Purpose(purpose)]
    last = member.consents.filter(purpose=purpose).order_by("-pk").first()
    if last and last.act == act and (act == Act.WITHDRAWN or last.text_id == text.pk):
        return last
    return Consent.objects.create(
        member=member,
        purpose=purpose,
        text=text,
        act=act,
        how=how,
        witness=witness,
        said_on=said_on,
        recorded_at=at,
        recorded_by=by,
    )


def _texts(day: date) -> dict[Purpose, ConsentText]:
    """The text of each purpose that is in force on the day."""
    texts = ConsentText.objects.filter(effective_from__lte=day).order_by("purpose", "version")
    return {Purpose(text.purpose): text for text in texts}
