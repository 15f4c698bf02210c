"""What happens to staff accounts besides signing in, each step written down."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q
from django.db.models.functions import Greatest

from members import devices, staffing
from members.models import AccountEvent, StaffRole, User

Kind = AccountEvent.Kind


def write_down(user: User, kind: str, *, by: User | None, at: datetime, reason: str = "") -> None:
    AccountEvent.objects.create(user=user, kind=kind, by=by, at=at, reason=reason)


@transaction.atomic
def password_given(user: User, *, by: User, at: datetime) -> None:
    """An administrator made or set this password and so knows it; its owner has to change it."""
    if user.pk == by.pk:
        return
    user.must_change_password = True
    user.save(update_fields=["must_change_password"])
    devices.end_all(user, by=by, at=at)
    write_down(user, Kind.PASSWORD_GIVEN, by=by, at=at)


def password_changed(user: User) -> None:
    """Its owner has chosen it; nobody else knows it."""
    user.must_change_password = False
    user.save(update_fields=["must_change_password"])


@transaction.atomic
def sign_out(user: User, *, by: User, at: datetime) -> int:
    """End all sessions of the account; how many there were."""
    count = devices.end_all(user, by=by, at=at)
    write_down(user, Kind.SIGNED_OUT, by=by, at=at)
    return count


@transaction.atomic
def switch(user: User, *, is_active: bool, by: User, at: datetime) -> None:
    """Disable the account, which signs it out, or enable it again with 90 days to be used."""
    user.is_active = is_active
    user.enabled_at = at if is_active else None
    user.save(update_fields=["is_active", "enabled_at"])
    if not is_active:
        devices.end_all(user, by=by, at=at)
    write_down(user, Kind.ENABLED if is_active else Kind.DISABLED, by=by, at=at)


@transaction.atomic
def disable_unused(*, at: datetime) -> list[User]:
    """Disable staff accounts that nobody has used for long; those that were.

    The last administrator of an area never, nor that of the installation: of several the one seen
    last stays.
    """
    staffing.lock_the_tree()
    # A sign-in sets `last_login`; who stays signed in is seen by the device.
    used = Greatest("last_login", "enabled_at", "date_joined", Max("devices__last_seen"))
    staff = User.objects.filter(member=None, is_active=True).annotate(used=used)
    unused = staff.filter(used__lt=at - timedelta(days=settings.UNUSED_ACCOUNT_DAYS))
    # Locked in the order of their keys, so that nobody enables one meanwhile.
    locked = User.objects.select_for_update(of=("self",)).filter(pk__in=[u.pk for u in unused])
    found = list(locked.filter(is_active=True).order_by("pk"))
    stays = _last_administrator()
    seen = {user.pk: user.used for user in unused}
    disabled = []
    for user in sorted(found, key=lambda user: (seen[user.pk], user.pk)):
        if user.pk == stays or staffing.is_missed(user):
            continue
        disabled.append(user)
        user.is_active = False
        user.save(update_fields=["is_active"])
        devices.end_all(user, by=None, at=at)
        write_down(user, Kind.DISABLED_UNUSED, by=None, at=at)
    return disabled


def _last_administrator() -> int | None:
    """The administrator who was seen last, whom the installation keeps."""
    is_one = Q(is_superuser=True) | Q(roles__role=StaffRole.Role.ADMINISTRATOR)
    used = Greatest("last_login", "enabled_at", "date_joined")
    able = User.objects.filter(is_one, member=None, is_active=True).annotate(used=used)
    found = able.order_by("-used", "-pk").first()
    return found.pk if found else None
