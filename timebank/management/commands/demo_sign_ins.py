import json

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db.models import Count

from ledger.models import Account, AccountKind, Balance
from members.models import Member, MemberPhone, User
from timebank.management.commands.demo_people import STAFF

MOBILE = r"^1\d{10}$"


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
    shared = MemberPhone.objects.values("number").annotate(n=Count("pk")).filter(n__gt=1)
    mobiles = MemberPhone.objects.filter(number__regex=MOBILE).select_related("member")
    for balance in Balance.objects.filter(posted__gt=0).order_by("-posted", "account_id"):
        account = Account.objects.get(community_id=balance.community_id, id=balance.account_id)
        own = mobiles.filter(member__key=account.holder).exclude(number__in=shared.values("number"))
        if account.kind == AccountKind.MEMBER and own:
            phone = own[0]
            yield f"  {phone.number}  {phone.member.name}, {balance.posted // 60} h banked"
            break
    for row in shared.filter(number__regex=MOBILE).order_by("number")[:1]:
        names = Member.objects.filter(phones__number=row["number"]).order_by("pk")
        yield f"  {row['number']}  shared by {', '.join(names.values_list('name', flat=True))}"
