"""How much time is left for a request, in words: nobody has to count days."""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from members.models import DataRequest
from services import workdays


def clock(request: DataRequest) -> str:
    """Empty for what is closed."""
    if request.state != DataRequest.State.OPEN:
        return ""
    today = timezone.localdate()
    if today > request.due_on:
        late = workdays.passed(request.due_on, today)
        return ngettext(
            "overdue by %(days)d working day", "overdue by %(days)d working days", late
        ) % {"days": late}
    left = workdays.passed(today, request.due_on)
    if not left:
        return _("due today")
    return ngettext("%(days)d working day left", "%(days)d working days left", left) % {
        "days": left
    }
