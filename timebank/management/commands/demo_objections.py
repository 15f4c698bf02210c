from uuid import NAMESPACE_URL, uuid5

from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from members.models import Area, Member, User
from services import objections
from services.models import Objection, Visit

# reason, what they said on the phone, and what was found where it is answered already
SAID = [
    (Objection.Reason.TIME, "那天我从九点做到十一点，比记的时间长。", None),
    (
        Objection.Reason.NOT_THERE,
        "这一天我好像没有去过。",
        (Objection.Outcome.RIGHT, "纸质记录上有您和老人的签名，可以来社区查看。"),
    ),
]


class Command(BaseCommand):
    help = "Let two members of the demo say that a visit is not right; one of them has an answer."

    @transaction.atomic
    def handle(self, **options):
        """Of the two who banked most, about the last visit of each. Again, it changes nothing."""
        area = Area.objects.get(code="530111001001")
        clerk, checker = (User.objects.get(username=name) for name in ("lin", "zhao"))
        given = Member.objects.filter(area=area).annotate(
            banked=Sum("visits_given__banked_minutes")
        )
        for member, (reason, words, found) in zip(
            given.filter(banked__gt=0).order_by("-banked", "pk"), SAID, strict=False
        ):
            visit = _last(member)
            said = objections.write_down(
                member,
                visit,
                reason=reason,
                words=words,
                by=clerk,
                at=timezone.now(),
                key=uuid5(NAMESPACE_URL, f"demo {reason}"),
            )
            if found and said.state == Objection.State.WAITING:
                outcome, answer = found
                told = {"by": checker, "at": timezone.now()}
                objections.answer(said, outcome=outcome, words=answer, **told)


def _last(member):
    visits = member.visits_given.filter(state=Visit.State.CONFIRMED, banked_minutes__gt=0)
    return visits.select_related("area").order_by("-service_date", "-pk")[0]
