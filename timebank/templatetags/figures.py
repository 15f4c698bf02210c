"""Hours, signs and shortened names as people read them; available in every template."""

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()


@register.filter
def hours(minutes):
    """Minutes as decimal hours: 90 → 1.5, 56220 → 937."""
    return f"{(minutes or 0) / 60:,.1f}".removesuffix(".0")


@register.filter
def duration(minutes):
    """Minutes as words: 750 → 12 小时 30 分, 12 h 30 min."""
    whole, rest = divmod(abs(minutes or 0), 60)
    if not whole:
        return _("%(minutes)d min") % {"minutes": rest}
    if not rest:
        return ngettext("%(hours)d h", "%(hours)d h", whole) % {"hours": whole}
    return _("%(hours)d h %(minutes)d min") % {"hours": whole, "minutes": rest}


@register.filter
def signed(minutes):
    """A movement with its sign: +1 h, −30 min (with a true minus)."""
    return ("+" if minutes >= 0 else "−") + duration(minutes)


@register.filter
def balance(minutes):
    """What an account holds: a sign only where it is below zero."""
    return signed(minutes) if minutes < 0 else duration(minutes)


@register.filter
def short_name(name):
    """Another person's name as a member may see it: 王秀英 → 王*英, 李国 → 李*."""
    return name[0] + "*" + (name[-1] if len(name) > 2 else "")
