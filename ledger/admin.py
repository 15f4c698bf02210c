from django.contrib import admin

from ledger.models import Policy
from members.admin import ReadOnlyAdmin


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin):
    """The versions of the rules. None is edited: a change is a new version from a day on."""

    list_display = [
        "area",
        "effective_from",
        "day_cap",
        "week_cap",
        "balance_cap",
        "author",
        "state",
    ]
    list_select_related = ["area", "author"]
    date_hierarchy = "effective_from"
    ordering = ["-effective_from", "pk"]
