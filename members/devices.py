"""The browsers in which people are signed in: remembered, seen again, and ended at once."""

import re
from datetime import datetime, timedelta

from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

from members import networks
from members.models import Device, User

AT_HOME_FOR = timedelta(days=30)
KNOWN_FOR = timedelta(days=180)
KEPT = timedelta(days=180)  # after it has ended
# Written down again when it was seen so long ago: seconds.
SEEN_AGAIN = {"staff": 30, "member": 60 * 60}

_BROWSERS = (
    ("MicroMessenger", "WeChat"),
    (r"Edg[A-Z]?/", "Edge"),
    ("OPR/", "Opera"),
    ("HuaweiBrowser", "Huawei Browser"),
    ("MiuiBrowser", "Mi Browser"),
    ("Firefox|FxiOS", "Firefox"),
    ("Chrome|CriOS|Chromium", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("HarmonyOS|OpenHarmony", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X|Macintosh", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def remember(request: HttpRequest, user: User, *, at: datetime) -> Device:
    """Write down that the user has just signed in with this browser."""
    session = request.session
    if session.session_key is None:
        session.create()
    session["seen"] = session["since"] = int(at.timestamp())
    return Device.objects.create(
        user=user,
        label=label_of(request.headers.get("User-Agent", "")),
        address=networks.place_of(request),
        session=session.session_key,
        since=at,
        last_seen=at,
    )


def see(session: SessionBase, *, at: datetime, is_staff: bool, now_please: bool = False) -> None:
    """Note that the browser was used, unless that was noted a moment ago."""
    passed = int(at.timestamp()) - session.get("seen", 0)
    if now_please or passed >= SEEN_AGAIN["staff" if is_staff else "member"]:
        session["seen"] = int(at.timestamp())
        session.setdefault("since", session["seen"])
        Device.objects.filter(session=session.session_key, last_seen__lt=at).update(last_seen=at)


def moved(before: str | None, session: SessionBase) -> None:
    """The session has got another name since the device was remembered."""
    Device.objects.filter(session=before).update(session=session.session_key)


@transaction.atomic
def end(device: Device, *, by: User | None, at: datetime) -> None:
    """Sign the device out with immediate effect; harmless when that was done before."""
    device = Device.objects.select_for_update(of=("self",)).get(pk=device.pk)
    if device.ended_at:
        return
    Session.objects.filter(session_key=device.session).delete()
    device.session, device.ended_at, device.ended_by = None, at, by
    device.save(update_fields=["session", "ended_at", "ended_by"])


def end_all(user: User, *, by: User | None, at: datetime, but: str | None = None) -> int:
    """Sign the user out everywhere, `but` in the session of this name; how many there were."""
    devices = Device.objects.filter(user=user).signed_in().exclude(session=but).order_by("pk")
    for device in devices:
        end(device, by=by, at=at)
    return len(devices)


def end_session(session: str | None, *, by: User | None, at: datetime) -> None:
    """The same for the one that has this session, where it is remembered."""
    for device in Device.objects.filter(session=session):
        end(device, by=by, at=at)


def is_at_home(account: str, *, address: str | None, at: datetime) -> bool:
    """Whether the account was in use at this address within the last 30 days."""
    used = Device.objects.filter(user__username__iexact=account, address=address)
    return used.filter(last_seen__gt=at - AT_HOME_FOR).exists()


def is_known_phone(phone: str, *, address: str | None, at: datetime) -> bool:
    """Whether a member with this phone has signed in from this address before."""
    used = Device.objects.filter(address=address, last_seen__gt=at - KNOWN_FOR)
    return used.filter(user__member__phones__number_index=phone).exists()


def label_of(user_agent: str) -> str:
    """Browser and system in words that people know, like `Chrome · Windows`; empty if neither."""
    found = (
        next((name for pattern, name in names if re.search(pattern, user_agent)), "")
        for names in (_BROWSERS, _SYSTEMS)
    )
    return " · ".join(filter(None, found))


def forget_old(*, at: datetime) -> None:
    """Whose session has run out has ended; what ended long ago is forgotten."""
    lasting = Session.objects.filter(expire_date__gt=at).values("session_key")
    over = Device.objects.signed_in().exclude(session__in=lasting)
    over.update(session=None, ended_at=at)
    Session.objects.filter(expire_date__lt=at).delete()
    Device.objects.filter(ended_at__lt=at - KEPT).delete()
