import datetime

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from members.models import Area, User
from services.models import MonthClosing
from timebank.months import closing


class Command(BaseCommand):
    help = (
        "Closes the month of every community in an area; where the rules ask for two persons, the "
        "first call asks and the second, by another user, closes."
    )

    def add_arguments(self, parser):
        parser.add_argument("--area", required=True, help="the area's code of 12 digits")
        parser.add_argument("--month", required=True, help="2026-10")
        parser.add_argument("--by", required=True, help="the user name of an administrator")
        parser.add_argument("--reason", default="", help="why, where something is still waiting")

    def handle(self, *, area, month, by, reason, **options):
        first, user = _month(month), _user(by)
        places = list(Area.objects.within(_area(area)).communities().order_by("path"))
        refused = 0
        for place in places:
            try:
                done = _close(place, first, user, reason)
            except closing.Refusal as refusal:
                refused += 1
                self.stderr.write(f"{place.code} {place}: {refusal}")
            except PermissionDenied:
                raise CommandError(f"{by} does not administer {place}.") from None
            else:
                self.stdout.write(f"{place.code} {place}: {done.get_state_display()}")
        if refused:
            raise CommandError(f"{refused} of {len(places)} communities were not closed.")


def _close(place, month, user, reason):
    """Approve what somebody else has asked for, or ask."""
    asked = MonthClosing.objects.waiting().filter(area=place, month=month).first()
    if asked and asked.author_id != user.pk:
        return closing.approve(asked, by=user, at=timezone.now())
    return closing.ask(place, month, by=user, at=timezone.now(), reason=reason)


def _month(written):
    try:
        return datetime.datetime.strptime(written, "%Y-%m").date()
    except ValueError:
        raise CommandError(f"--month {written}: write it as 2026-10.") from None


def _area(code):
    try:
        return Area.objects.get(code=code)
    except Area.DoesNotExist:
        raise CommandError(f"There is no area {code}. Give its code of 12 digits.") from None


def _user(name):
    try:
        return User.objects.get(username=name, is_active=True)
    except User.DoesNotExist:
        raise CommandError(f"There is no user {name}.") from None
