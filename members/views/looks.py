"""Seeing what is masked, for a reason; and who has done so."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from members import access, access_log, files
from members.access import staff_page
from members.forms import LookForm

PAGE = 50


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def person_unmask(request, key):
    member = files.fetch(request, key)

    if not access.may_unmask(request.user, member.area):
        raise PermissionDenied

    seen = access_log.masked(member, at=timezone.now())
    masked = [field for field in seen if not field.is_withdrawn]
    wanted = {"fields_seen": request.GET.getlist("field")}
    form = LookForm(
        request.POST if request.method == "POST" else None, masked=masked, initial=wanted
    )
    context = {"member": member, "form": form, "masked": masked}
    if form.is_bound and form.is_valid():
        context["seen"] = _look(request, member, form.cleaned_data)

    response = render(request, "members/unmask.html", context)
    response["Cache-Control"] = "no-store, private"
    return response


@require_safe
@staff_page
def person_looks(request, key):
    member = files.fetch(request, key)

    looks = member.looks.select_related("user__member").order_by("-at", "-pk")
    page = Paginator(looks, PAGE).get_page(request.GET.get("page"))
    rows = [(look, access_log.labels(look.fields)) for look in page]
    context = {
        "page": page,
        "rows": rows,
        "may_unmask": access.may_unmask(request.user, member.area),
    }
    return files.show(request, member, "members/looks.html", context)


def _look(request, member, asked):
    return access_log.look(
        member,
        asked["fields_seen"],
        by=request.user,
        at=timezone.now(),
        reason=asked["purpose"],
        words=asked["words"],
        page=request.resolver_match.view_name,
    )
