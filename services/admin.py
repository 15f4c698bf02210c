from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from members import access
from members.admin import AreaAdmin, ReadOnlyAdmin
from services.models import Category, Holiday, RegisterBatch, Visit
from services.papers.models import Certificate, StatementPrint, StatementRun


class ReferenceAdmin(AreaAdmin):
    """Rows that hold in every area: who comes here reads them, who administers all edits them."""

    def get_queryset(self, request):
        return admin.ModelAdmin.get_queryset(self, request)

    def has_add_permission(self, request):
        return access.may_change_common(request.user)

    def has_change_permission(self, request, obj=None):
        return access.may_change_common(request.user)


@admin.register(Category)
class CategoryAdmin(ReferenceAdmin):
    list_display = ["name_zh", "name_en", "code", "usual_minutes", "is_bankable", "position"]
    ordering = ["position", "pk"]

    def get_readonly_fields(self, request, obj=None):
        """Visits name a category by its code, so that it stays what it was."""
        return ["code"] if obj else []


@admin.register(Holiday)
class HolidayAdmin(ReferenceAdmin):
    list_display = ["day", "name", "is_workday"]
    list_filter = ["is_workday"]
    date_hierarchy = "day"
    ordering = ["-day"]

    def get_readonly_fields(self, request, obj=None):
        return ["day"] if obj else []

    def has_delete_permission(self, request, obj=None):
        """A day that turned out to be an ordinary one is taken out; nothing refers to it."""
        return access.may_change_common(request.user)


@admin.register(Visit)
class VisitAdmin(ReadOnlyAdmin):
    """Every visit as it is recorded; changes go through the pages, which move the hours too."""

    list_display = [
        "service_date",
        "volunteer",
        "elder",
        "category",
        "served_minutes",
        "banked_minutes",
        "state",
        "area",
    ]
    list_filter = [
        "state",
        "source",
        "method",
        "category",
        ("area", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["volunteer", "elder", "category", "area"]
    search_fields = [
        "^volunteer__name",
        "^elder__name",
        "=volunteer__number",
        "=elder__number",
    ]
    search_help_text = _("Name or member number of the volunteer or the elder")
    date_hierarchy = "service_date"
    ordering = ["-service_date", "-pk"]


@admin.register(RegisterBatch)
class RegisterBatchAdmin(ReadOnlyAdmin):
    list_display = ["file_name", "area", "state", "rows_total", "entered_by", "approved_by"]
    list_filter = ["state", ("area", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["area", "entered_by", "approved_by"]
    search_fields = ["file_name"]
    date_hierarchy = "entered_at"
    ordering = ["-entered_at", "-pk"]


@admin.register(Certificate)
class CertificateAdmin(ReadOnlyAdmin):
    """Every certificate as it was issued; it is withdrawn on its own page."""

    list_display = [
        "area",
        "year",
        "serial",
        "member",
        "period_start",
        "period_end",
        "issued_by",
        "issued_at",
    ]
    list_filter = ["year", ("area", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["area", "member", "issued_by"]
    search_fields = ["^member__name", "=member__number", "=code"]
    search_help_text = _("Name or member number of the holder, or the code")
    date_hierarchy = "issued_at"
    ordering = ["-issued_at", "-pk"]


@admin.register(StatementPrint)
class StatementPrintAdmin(ReadOnlyAdmin):
    """Who printed which lines of whose passbook, and when."""

    list_display = ["member", "first_seq", "last_seq", "is_again", "printed_by", "printed_at"]
    list_filter = [("area", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["member", "printed_by"]
    search_fields = ["^member__name", "=member__number"]
    date_hierarchy = "printed_at"
    ordering = ["-printed_at", "-pk"]


@admin.register(StatementRun)
class StatementRunAdmin(ReadOnlyAdmin):
    list_display = ["area", "year", "state", "members_total", "requested_by", "requested_at"]
    list_filter = ["state", ("area", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["area", "requested_by"]
    exclude = ["file"]
    date_hierarchy = "requested_at"
    ordering = ["-requested_at", "-pk"]
