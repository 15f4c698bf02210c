"""Hours, signs and shortened names as people read them; available in every template."""

from django import template

from ledger.hours import duration

register = template.Library()
register.filter(duration)


@register.filter
def hours(minutes):
    """Minutes as decimal hours: 90 → 1.5, 56220 → 937."""
    return f"{(minutes or 0) / 60:,.1f}".removesuffix(".0")


@register.filter
def signed(minutes):
    """A movement with its sign: +1 h, −30 min (with a true minus)."""
    return ("+" if minutes >= 0 else "−") + duration(minutes)


@register.filter
def balance(minutes):
    """What an account holds: 12 h 30 min, and with a true minus when it is below zero."""
    return ("−" if minutes < 0 else "") + duration(minutes)


@register.filter
def short_name(name):
    """Another person's name as a member may see it: 王秀英 → 王*英, 李国 → 李*."""
    return name[0] + "*" + (name[-1] if len(name) > 2 else "")
