import json

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db.models import Count

from ledger.models import Account, AccountKind, Balance
from members import phones
from members.models import Member, MemberPhone, User
from timebank.management.commands.demo_people import STAFF


class Command(BaseCommand):
    help = "Write who signs in to the demo, with what, to var/demo_sign_ins; bin/demo.py shows it."

    def handle(self, **options):
        passwords = json.loads((settings.VAR_DIR / "demo_passwords").read_text())
        lines = ["Staff, at /staff/sign-in/"]
        for user in User.objects.filter(username__in=STAFF).order_by("pk"):
            role = user.roles.select_related("area").get()
            lines.append(
                f"  {user.username:<6} {passwords[user.username]:<18}"
                f" {role.get_role_display()}, {role.area.name_zh}"
            )
        lines += [
            "  zhao, he and admin approve, and so need a code too; in another terminal:",
            "  .venv/bin/python manage.py demo_code",
        ]
        lines += ["Members, at /sign-in/; the six-digit code appears here", *_phones()]
        place = settings.VAR_DIR / "demo_sign_ins"
        place.touch(mode=0o600)
        place.write_text("\n".join(lines) + "\n")


def _phones():
    """The volunteer with most hours who has a phone of their own; and a phone that is shared."""
    indexes = MemberPhone.objects.values("number_index").annotate(n=Count("pk"))
    shared = indexes.filter(n__gt=1).values("number_index")
    own = MemberPhone.objects.exclude(number_index__in=shared).select_related("member")
    for balance in Balance.objects.filter(posted__gt=0).order_by("-posted", "account_id"):
        account = Account.objects.get(community_id=balance.community_id, id=balance.account_id)
        if account.kind == AccountKind.MEMBER and (found := _mobile(own, key=account.holder)):
            yield f"  {found.number}  {found.member.name}, {balance.posted // 60} h banked"
            break
    for row in MemberPhone.objects.filter(number_index__in=shared).order_by("pk"):
        if phones.is_mobile(row.number):
            names = Member.objects.filter(phones__number_index=row.number).order_by("pk")
            yield f"  {row.number}  shared by {', '.join(names.values_list('name', flat=True))}"
            break


def _mobile(rows, *, key):
    mobiles = rows.filter(member__key=key).order_by("pk")
    return next((row for row in mobiles if phones.is_mobile(row.number)), None)
