"""A member's kin: a tab of the file."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from members import access, files, kinship
from members.access import staff_page
from members.models import Kinship, Member
from members.refusals import Refusal
from members.rights_forms import EndForm, KinForm


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def person_kin(request, key):
    member = files.fetch(request, key)
    may_log = access.may_log(request.user, member.area)
    if request.method == "POST" and not may_log:
        raise PermissionDenied

    areas = access.areas_to_log(request.user)
    form = KinForm(request.POST if request.method == "POST" else None, areas=areas)
    if form.is_bound and form.is_valid() and _enter(request, member, form):
        return redirect("person_kin", key)

    context = {"kin": _rows(request, member), "form": form, "may_log": may_log}
    return files.show(request, member, "members/person_kin.html", context)


@require_POST
@staff_page
def kin_end(request, key):
    found = get_object_or_404(Kinship.objects.visible_to(request.user), key=key)

    form = EndForm(request.POST)
    try:
        if not form.is_valid():
            messages.error(request, " ".join(form.errors["ended_on"]))
        else:
            day = form.cleaned_data["ended_on"]
            kinship.end(found, on=day, by=request.user, at=timezone.now())
            messages.success(request, _("From that day on they do not count as kin."))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("person_kin", found.member.key)


def _enter(request, member, form):
    try:
        kinship.enter(member, **form.cleaned_data, by=request.user, at=timezone.now())
    except Refusal as refusal:
        form.refuse(refusal)
        return False
    messages.success(request, _("Saved. It counts once a second person has confirmed it."))
    return True


def _name(other, near):
    """Whole within reach; elsewhere, or where they asked to be erased, only the family name."""
    return str(other) if other.pk in near else f"{other.name[:1]}**"


def _rows(request, member):
    """Each kinship with the other one, what they are to the member, and whether within reach."""
    people = ("member__area", "relative__area", "entered_by", "confirmed_by")
    rows = Kinship.objects.of(member).select_related(*people).order_by("-entered_at", "-pk")
    near = set(
        Member.objects.visible_to(request.user)
        .filter(pk__in=[one.other_than(member).pk for one in rows])
        .values_list("pk", flat=True)
    )
    return [
        {
            "row": one,
            "other": one.other_than(member),
            "name": _name(one.other_than(member), near),
            "relation": one.relation_to(member).label,
            "is_near": one.other_than(member).pk in near,
            "may_end": one.state == Kinship.State.CONFIRMED
            and one.ended_on is None
            and access.may_approve(request.user, one.area),
        }
        for one in rows
    ]
