"""The administration's pages of people: reading nearly everything, editing little.

`AreaAdmin` is the base for every app's pages: rows of the reader's areas only, changes for
administrators only, nothing for members.
"""

from functools import reduce

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from members import (
    access,
    access_log,
    addresses,
    id_numbers,
    phones,
    search,
    signing_in,
    staffing,
)
from members.models import (
    Area,
    Consent,
    Elder,
    Look,
    Member,
    Purpose,
    SearchTerm,
    StaffRole,
    User,
    Volunteer,
)


class AreaAdmin(admin.ModelAdmin):
    """Rows within the reader's areas; an auditor reads, an area's administrator may change.

    The model's manager has `visible_to(user)`, or `area_path` names the way from a row to its
    area, as in a filter; `member_path` that to the member whom it is part of, who is hidden from
    most while they wait to be erased.
    """

    list_per_page = 50
    show_full_result_count = False
    area_path = ""
    member_path = ""

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        if self.member_path:
            people = Member.objects.visible_to(request.user)
            return rows.filter(**{f"{self.member_path}__in": people})
        if self.area_path:
            areas = Area.objects.visible_to(request.user)
            return rows.filter(**{f"{self.area_path}__in": areas})
        return rows.visible_to(request.user)

    def area_of(self, row):
        """The area whose administrators may change the row; None where it belongs to none."""
        own = f"{self.member_path}__area" if self.member_path else "area"
        way = (self.area_path or own).split("__")
        return reduce(lambda found, name: getattr(found, name, None), way, row)

    def check_areas(self, request, rows):
        """For actions: who reads a row, as an auditor there, need not administer its area."""
        if not all(access.may_change_reference(request.user, self.area_of(row)) for row in rows):
            raise PermissionDenied

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        """Nobody puts a row into an area that they do not administer."""
        if db_field.related_model is Area:
            kwargs["queryset"] = access.administered(request.user).order_by("path")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_module_permission(self, request):
        return access.may_administer(request.user)

    def has_view_permission(self, request, obj=None):
        return access.may_administer(request.user)

    def has_add_permission(self, request):
        return access.may_change_reference(request.user)

    def has_change_permission(self, request, obj=None):
        return access.may_change_reference(request.user, obj and self.area_of(obj))

    def has_delete_permission(self, request, obj=None):
        """Nothing with a history is deleted here."""
        return False


class ReadOnlyAdmin(AreaAdmin):
    """Rows that are shown and never edited by hand; the rule modules write them."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(Area)
class AreasAdmin(AreaAdmin):
    """The tree. An area keeps its code and its place for ever; new ones come under an old one."""

    list_display = ["code", "name_zh", "name_en", "level", "parent"]
    list_display_links = ["code", "name_zh"]
    list_filter = ["level"]
    list_select_related = ["parent"]
    search_fields = ["=code", "name_zh", "name_en"]
    ordering = ["path"]
    fields = ["code", "name_zh", "name_en", "parent"]

    def area_of(self, row):
        return row

    def get_readonly_fields(self, request, obj=None):
        return ["code", "parent"] if obj else []

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.queryset = field.queryset.exclude(level=Area.Level.COMMUNITY)
        field.required = True
        return field

    def save_model(self, request, obj, form, change):
        if not change:
            levels = Area.Level.values
            obj.level = levels[levels.index(obj.parent.level) + 1]
            obj.path = f"{obj.parent.path}{obj.code}/"
        super().save_model(request, obj, form, change)


class SideFilter(admin.SimpleListFilter):
    """Who gives, who is helped, and who does both."""

    title = _("profile")
    parameter_name = "side"
    SIDES = {
        "volunteer": Q(volunteer__isnull=False),
        "elder": Q(elder__isnull=False),
        "both": Q(volunteer__isnull=False, elder__isnull=False),
    }

    def lookups(self, request, model_admin):
        return [("volunteer", _("volunteer")), ("elder", _("elder")), ("both", _("both"))]

    def queryset(self, request, queryset):
        return queryset.filter(self.SIDES.get(self.value(), Q()))


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    """People, found as on every other page; ID numbers and phones stay masked."""

    list_display = [
        *("name", "number", "area", "sex", "birth_date", "masked_id_number", "masked_phones"),
        *("is_volunteer", "is_elder", "registered_on"),
    ]
    list_filter = ["sex", SideFilter]
    list_select_related = ["area", "volunteer", "elder"]
    search_fields = ["name"]
    search_help_text = _("Name, initials, pinyin, end of phone or member number")
    ordering = ["-registered_on", "-pk"]
    fields = [
        *("name", "number", "area", "sex", "birth_date", "masked_id_number", "masked_phones"),
        *("masked_address", "masked_note", "registered_on", "created_at", "created_by"),
        *("changed_at", "changed_by"),
    ]
    actions = ["sign_out_everywhere"]

    def get_queryset(self, request):
        withdrawn = {
            f"has_withdrawn_{purpose}": Exists(
                Consent.objects.withdrawn(purpose).filter(member=OuterRef("pk"))
            )
            for purpose in (Purpose.BASIC, Purpose.SENSITIVE)
        }
        return super().get_queryset(request).prefetch_related("phones").annotate(**withdrawn)

    def get_search_results(self, request, queryset, search_term):
        wanted = search.key(search_term)
        if not wanted:
            return queryset, False
        keys = Q(term__startswith=wanted) | Q(term__startswith=search.GIVEN + wanted)
        found = SearchTerm.objects.filter(keys, area__in=Area.objects.visible_to(request.user))
        return queryset.filter(pk__in=found.values("member")), False

    @admin.display(description=_("ID number"))
    def masked_id_number(self, member):
        if not member.id_number or member.has_withdrawn_sensitive:
            return None
        return id_numbers.mask(member.id_number)

    @admin.display(description=_("phones"))
    def masked_phones(self, member):
        return ", ".join(phones.mask(phone.number) for phone in member.phones.all())

    @admin.display(description=_("address"))
    def masked_address(self, member):
        if not member.address or member.has_withdrawn_basic:
            return None
        return addresses.mask(member.address)

    @admin.display(description=_("note"))
    def masked_note(self, member):
        return access_log.HIDDEN if member.note and not member.has_withdrawn_sensitive else None

    @admin.display(description=_("volunteer"), boolean=True)
    def is_volunteer(self, member):
        return hasattr(member, "volunteer")

    @admin.display(description=_("elder"), boolean=True)
    def is_elder(self, member):
        return hasattr(member, "elder")

    @admin.action(description=_("Sign out on every phone"), permissions=["sign_out"])
    def sign_out_everywhere(self, request, members):
        self.check_areas(request, members)
        for member in members:
            signing_in.sign_out_everywhere(member, by=request.user, at=timezone.now())
        said = ngettext(
            "%(count)d person has to sign in again.",
            "%(count)d people have to sign in again.",
            len(members),
        )
        messages.success(request, said % {"count": len(members)})

    def has_sign_out_permission(self, request):
        return access.may_change_reference(request.user)


@admin.register(Volunteer)
class VolunteerAdmin(ReadOnlyAdmin):
    list_display = ["member", "community", "joined_on", "skills"]
    list_select_related = ["member__area"]
    search_fields = ["member__name", "=member__number"]
    exclude = ["note"]
    ordering = ["-joined_on", "-pk"]
    member_path = "member"

    @admin.display(description=_("community"), ordering="member__area__path")
    def community(self, row):
        return row.member.area


@admin.register(Elder)
class ElderAdmin(ReadOnlyAdmin):
    """Income and capability are sensitive; who needs them says why on the person's file."""

    list_display = ["member", "community", "living", "shown_contact", "masked_contact_phone"]
    list_filter = ["living"]
    list_select_related = ["member__area"]
    search_fields = ["member__name", "=member__number"]
    ordering = ["-pk"]
    fields = [
        *("member", "living"),
        *("shown_contact", "contact_relation", "masked_contact_phone"),
    ]
    member_path = "member"

    @admin.display(description=_("community"), ordering="member__area__path")
    def community(self, row):
        return row.member.area

    @admin.display(description=_("contact's phone"))
    def masked_contact_phone(self, row):
        if not row.contact_phone or self._is_hidden(row, Purpose.FAMILY):
            return None
        return phones.mask(row.contact_phone)

    @admin.display(description=_("emergency contact"))
    def shown_contact(self, row):
        return None if self._is_hidden(row, Purpose.FAMILY) else row.contact_name

    @admin.display(description=_("income"))
    def shown_income(self, row):
        return None if self._is_hidden(row, Purpose.SENSITIVE) else row.get_income_display()

    @admin.display(description=_("capability"))
    def shown_capability(self, row):
        return None if self._is_hidden(row, Purpose.SENSITIVE) else row.get_capability_display()

    def get_queryset(self, request):
        """With the purposes that each elder has withdrawn: one query, however many rows."""
        withdrawn = {
            f"has_withdrawn_{purpose}": Exists(
                Consent.objects.withdrawn(purpose).filter(member=OuterRef("member"))
            )
            for purpose in (Purpose.FAMILY, Purpose.SENSITIVE)
        }
        return super().get_queryset(request).annotate(**withdrawn)

    def _is_hidden(self, row, purpose):
        return getattr(row, f"has_withdrawn_{purpose}")


class StaffingAdmin(AreaAdmin):
    """What a rule of staffing forbids is told on the page, and nothing of it is kept."""

    def changeform_view(self, request, *args, **kwargs):
        return self._or_told(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request, *args, **kwargs):
        return self._or_told(request, super().delete_view, *args, **kwargs)

    def changelist_view(self, request, *args, **kwargs):
        return self._or_told(request, super().changelist_view, *args, **kwargs)

    def _or_told(self, request, view, *args, **kwargs):
        try:
            with transaction.atomic():
                return view(request, *args, **kwargs)
        except staffing.Refusal as refusal:
            messages.error(request, str(refusal))
            return redirect(request.path)


@admin.register(Look)
class LookAdmin(ReadOnlyAdmin):
    """Who saw masked values, whose, and why; the database takes no change."""

    list_display = ["at", "user", "member", "subject", "what_was_seen", "purpose", "words", "page"]
    list_filter = ["purpose", "at", ("area", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["user", "member", "area"]
    search_fields = ["user__username", "^member__name", "=member__number", "words", "subject"]
    date_hierarchy = "at"
    ordering = ["-at", "-pk"]
    fields = [
        *("at", "user", "member", "subject", "area", "what_was_seen", "purpose", "words", "page"),
    ]

    @admin.display(description=_("what was seen"))
    def what_was_seen(self, look):
        return ", ".join(access_log.labels(look.fields))


@admin.register(StaffRole)
class StaffRoleAdmin(StaffingAdmin):
    """Who works where; given and taken by the administrators of the area."""

    list_display = ["user", "role", "area"]
    list_filter = ["role"]
    list_select_related = ["user", "area"]
    search_fields = ["user__username", "user__first_name", "area__name_zh"]
    ordering = ["area__path", "user__username", "role"]
    area_path = "area"

    def get_readonly_fields(self, request, obj=None):
        return ["user"] if obj else []

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(member=None).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request, obj=None):
        return self.has_change_permission(request, obj)

    def save_model(self, request, obj, form, change):
        told = {"role": obj.role, "area": obj.area, "by": request.user}
        if change:
            staffing.change(obj, **told)
        else:
            obj.pk = staffing.give(obj.user, **told).pk

    def delete_model(self, request, obj):
        staffing.take(obj, by=request.user)

    def delete_queryset(self, request, queryset):
        for held in queryset.order_by("pk"):
            staffing.take(held, by=request.user)


# The pages of accounts are registered too; they build on the ones above.
from members.accounts import admin as accounts_admin  # noqa: E402, F401
