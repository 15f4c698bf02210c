"""Registering a person from the paper form, with a look for who is on record already."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from members import access, ages, files, joining, registration
from members.access import staff_page
from members.models import Area, Member
from members.person_forms import REGISTRATION, amendment


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def person_register(request, side):
    if not access.may_log(request.user):
        raise PermissionDenied

    household = _named(request, "household")
    form = REGISTRATION[side](request.POST or None, user=request.user, household=household)

    if form.is_bound and form.is_valid() and (member := _register(request, form)):
        return redirect(reverse(f"person_new_{side}", query={"saved": member.key}))

    context = {"form": form, "side": side, "alike": form.alike, "household": household}
    return render(request, "members/person_new.html", context | _saved(request))


@require_POST
@staff_page
def people_alike(request):
    """The live look for the person, as far as the form is filled in."""
    side = request.POST.get("side")
    if side not in REGISTRATION:
        raise Http404
    if not access.may_log(request.user):
        raise PermissionDenied

    form = REGISTRATION[side](request.POST, user=request.user)
    form.is_valid()

    told = {name: form.cleaned_data.get(name) for name in ("id_number", "birth_date")}
    areas = Area.objects.visible_to(request.user)
    who = {"name": form.cleaned_data.get("name") or "", "phones": form.cleaned_data.get("phones")}
    found = joining.alike(areas=areas, **told, **who)
    if joining.is_known_elsewhere(told["id_number"], areas=areas):
        form.add_error("id_number", _known_elsewhere())
    context = {
        "form": form,
        "side": side,
        "alike": [one for one in found if one.member.key not in form.heeded()],
        "told": joining.told_by(told["id_number"]),
        "age": Member(birth_date=told["birth_date"]).age_on(timezone.localdate()),
    }
    return render(request, "members/alike.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def person_amend(request, key):
    member = files.fetch(request, key)

    if not access.may_log(request.user, member.area):
        raise PermissionDenied

    told = request.POST if request.method == "POST" else request.GET
    if "seen" in told:
        form = amendment(member, told, add=told.get("add"))
    else:  # a first look, maybe with what was typed for somebody who turned out to be known
        form = amendment(member, add=told.get("add"), typed=told)

    if form.is_bound and form.is_valid() and _amend(request, member, form):
        return redirect("person", key)

    context = {"form": form, "add": form.add}
    return files.show(request, member, "members/person_amend.html", context)


def _amend(request, member, form):
    """Whether the form was saved; otherwise it says what to look at."""
    told = {"by": request.user, "at": timezone.now(), **form.told()}
    try:
        seen = form.cleaned_data["seen"]
        changed = registration.amend(member, seen=seen, **told)
    except registration.ChangedMeanwhile as stale:
        form.rebase(registration.loaded(member), stale.fields)
    except joining.IdNumberTaken:
        form.add_error("id_number", _id_number_taken(request, form))
    except ages.NeedsGuardian as refusal:
        form.add_error("guardian_name", str(refusal))
    except ages.TooYoung as refusal:
        form.add_error("birth_date", str(refusal))
    else:
        said = _("Saved: %(name)s.") if changed else _("Nothing was changed: %(name)s.")
        messages.success(request, said % {"name": form.cleaned_data["name"]})
        return True
    return False


def _id_number_taken(request, form):
    """Whose it is, where the reader may know that."""
    areas = Area.objects.visible_to(request.user)
    number = form.cleaned_data["id_number"]
    for other in joining.alike(areas=areas, name="", id_number=number):
        return _("This ID number is on record for %(name)s, member number %(number)s.") % {
            "name": other.member.name,
            "number": other.member.number,
        }
    return _known_elsewhere()


def _register(request, form):
    """The member, registered; None when there is something to look at first."""
    try:
        return registration.register(**form.told(), by=request.user, at=timezone.now())
    except registration.LooksKnown as known:
        form.alike = known.people
    except registration.KnownElsewhere:
        form.add_error("id_number", _known_elsewhere())
    except registration.KeyUsed:
        form.renew()
        form.add_error(None, _("This form has registered somebody else already. Save it again."))
    except ages.NeedsGuardian as refusal:
        form.add_error("guardian_name", str(refusal))
    except ages.TooYoung as refusal:
        form.add_error("birth_date", str(refusal))
    return None


def _known_elsewhere():
    return _(
        "This ID number is on record in another community. Please call %(phone)s before you go on."
    ) % {"phone": settings.STAFF_PHONE}


def _saved(request):
    """What the line above the empty form says of the person who was just registered."""
    saved = _named(request, "saved")
    if saved is None:
        return {}
    today = timezone.localdate()
    is_accompanied = hasattr(saved, "volunteer") and ages.is_accompanied(saved, on=today)
    return {"saved": saved, "is_accompanied": is_accompanied}


def _named(request, name):
    """The member whose key the address carries, if one is within reach."""
    try:
        key = uuid.UUID(request.GET.get(name, ""))
    except ValueError:
        return None
    people = Member.objects.visible_to(request.user).select_related("area", "volunteer", "elder")
    return people.prefetch_related("phones").filter(key=key).first()
