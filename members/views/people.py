"""Finding people, and the first tab of a member's file."""

from django.db.models import prefetch_related_objects
from django.shortcuts import render
from django.views.decorators.http import require_safe

from members import access, access_log, files, search
from members.access import staff_page
from members.forms import FindForm
from members.models import Area

FOUND = 20


@require_safe
@staff_page
def people_find(request):
    form = FindForm(request.GET if "q" in request.GET else None)
    text = form.cleaned_data["q"] if form.is_valid() else ""

    areas = Area.objects.visible_to(request.user)
    people = search.find(text, areas=areas, limit=FOUND) if text else []
    prefetch_related_objects(people, "volunteer", "elder")
    context = {
        "form": form,
        "text": text,
        "found": [(member, search.describe(member)) for member in people],
        "is_cut": len(people) == FOUND,
        "may_log": access.may_log(request.user),
    }
    return render(request, "members/people_find.html", context)


@require_safe
@staff_page
def person(request, key):
    member = files.fetch(request, key)

    context = {
        "masked": access_log.masked(member),
        "may_unmask": access.may_unmask(request.user, member.area),
        "may_log": access.may_log(request.user, member.area),
    }
    return files.show(request, member, "members/person_overview.html", context)
