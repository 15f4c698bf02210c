from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django_otp.oath import TOTP

from members.models import Authenticator
from timebank.management.commands.demo_people import STAFF


class Command(BaseCommand):
    help = "Print what the apps of the demo's staff show now: who approves needs it to sign in."

    def add_arguments(self, parser):
        parser.add_argument("account", nargs="?", choices=STAFF, help="one of them; all without")

    def handle(self, *, account, **options):
        names = [account] if account else STAFF
        apps = Authenticator.objects.filter(user__username__in=names).select_related("user")
        if not apps:
            raise CommandError("No account of the demo has a second factor that this could show.")
        for app in apps.order_by("user_id"):
            clock = TOTP(app.bin_key, app.step, app.t0, app.digits, app.drift)
            clock.time = timezone.now().timestamp()
            seconds = app.step - int(clock.time) % app.step
            self.stdout.write(f"{app.user.username:<6} {clock.token():06}  for {seconds} seconds")
