"""What was typed when a session ended: kept for its account, and offered at the next sign-in.

It lies on the server, sealed, for a day, and never in the browser: desktops are shared.
"""

import json
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils.http import url_has_allowed_host_and_scheme

from members.encryption import Unreadable
from members.models import Draft, User

KEPT = timedelta(days=1)
MOST = 200_000  # characters of one form
_NEVER = {"csrfmiddlewaretoken", "code", "draft"}

Fields = list[tuple[str, str]]


class Kept(NamedTuple):
    key: str
    path: str
    fields: Fields
    was_sent: bool
    kept_at: datetime


def keep(user: User, *, path: str, fields: Fields, was_sent: bool, at: datetime) -> bool:
    """Keep what was typed, in place of what was kept before; whether it was kept.

    Passwords, codes and what is too long are not.
    """
    plain = [(name, value) for name, value in fields if _may_be_kept(name)]
    written = json.dumps(plain, ensure_ascii=False)
    is_ours = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    if not plain or not is_ours or len(path) > 500 or len(written) > MOST:
        return False
    values = {"path": path, "fields": plain, "was_sent": was_sent, "kept_at": at}
    Draft.objects.update_or_create(user=user, defaults=values)
    return True


def of(user: User, *, at: datetime) -> Kept | None:
    """What is kept for the account, for a day."""
    draft = Draft.objects.filter(user=user, kept_at__gt=at - KEPT).first()
    if draft is None:
        return None
    try:
        typed: Any = draft.fields
        fields = [(name, value) for name, value in typed]
    except Unreadable:  # the application has other keys now
        return None
    return Kept(draft.key.hex, draft.path, fields, draft.was_sent, draft.kept_at)


def exists(user: User, *, at: datetime) -> bool:
    return Draft.objects.filter(user=user, kept_at__gt=at - KEPT).exists()


def forget(user: User) -> None:
    Draft.objects.filter(user=user).delete()


def forget_old(*, at: datetime) -> None:
    Draft.objects.filter(kept_at__lt=at - KEPT).delete()


def _may_be_kept(name: str) -> bool:
    return name not in _NEVER and "password" not in name
