from django.contrib import admin
from django.db.models import Q

from ledger.models import Policy
from members.admin import ReadOnlyAdmin
from members.models import Area


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin):
    """The versions of the rules. None is edited: a change is a new version from a day on."""

    list_display = ["area", "effective_from", "day_cap", "week_cap", "balance_cap", "author"]
    list_select_related = ["area", "author"]
    date_hierarchy = "effective_from"
    ordering = ["-effective_from", "pk"]

    def get_queryset(self, request):
        """Those of the reader's areas, those that they inherit, and those that hold everywhere."""
        above = {code for path in request.user.reach() for code in path.strip("/").split("/")}
        within = Area.objects.visible_to(request.user)
        return admin.ModelAdmin.get_queryset(self, request).filter(
            Q(area__isnull=True) | Q(area__code__in=above) | Q(area__in=within)
        )
