"""What pages say of people."""

from django import template
from django.utils.translation import gettext_lazy as _

from members import search

register = template.Library()

LIKENESS = {
    "id_number": _("same ID number"),
    "phone": _("same phone"),
    "birth_date": _("same birth date"),
    "name": _("same name"),
}


@register.filter
def likeness(reason):
    return LIKENESS[reason]


@register.filter
def description(member):
    return search.describe(member)
