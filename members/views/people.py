"""Finding people, and the first tab of a member's file."""

import segno
from django.db.models import prefetch_related_objects
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from members import access, access_log, ages, consents, files, history, search
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

    if member.merged_into:
        return redirect("person", member.merged_into.key)

    now = timezone.now()
    context = {
        "is_accompanied": ages.is_accompanied(member, on=timezone.localdate(now)),
        "lacks_consent": hasattr(member, "volunteer") and not ages.has_consent(member.volunteer),
        "masked": access_log.masked(member, at=now),
        "may_unmask": access.may_unmask(request.user, member.area),
        "hidden": consents.hidden(member, at=now),
        "may_log": access.may_log(request.user, member.area),
    }
    return files.show(request, member, "members/person_overview.html", context)


@require_safe
@staff_page
def person_history(request, key):
    member = files.fetch(request, key)

    context = {"entries": history.of(member)}
    return files.show(request, member, "members/person_history.html", context)


@require_safe
@staff_page
def person_card(request, key):
    member = files.fetch(request, key)

    here = request.build_absolute_uri(reverse("person", args=[member.key]))
    code = segno.make(here, error="m").svg_data_uri(scale=4, border=2)
    return render(request, "members/person_card.html", {"member": member, "code": code})
