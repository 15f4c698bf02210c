"""Minutes in words, for pages and papers alike."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def duration(minutes: int | None) -> str:
    """Minutes as words: 750 → 12 小时 30 分, 12 h 30 min."""
    whole, rest = divmod(abs(minutes or 0), 60)
    if not whole:
        return _("%(minutes)d min") % {"minutes": rest}
    if not rest:
        return ngettext("%(hours)d h", "%(hours)d h", whole) % {"hours": whole}
    return _("%(hours)d h %(minutes)d min") % {"hours": whole, "minutes": rest}
