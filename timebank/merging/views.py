from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.requests import Refusal
from members import access, files, search
from members.access import staff_page
from members.models import Area, Member, Merge
from services.forms import ReturnForm
from services.papers.forms import PersonForm
from timebank.merging import merges, sides
from timebank.merging.forms import MergeForm

PAGE = 50


@require_safe
@staff_page
def person_same(request, key):
    """A tab of the file: people who may be the same person, and what was merged."""
    member = _kept(files.fetch(request, key))

    form = PersonForm(
        request.GET if "person" in request.GET else None,
        areas=Area.objects.filter(pk=member.area_id),
    )
    if form.is_bound and form.is_valid():
        other = form.cleaned_data["person"]
        if other.pk != member.pk:
            return redirect("merge_new", member.key, other.key)
        form.add_error("person", str(merges.SameRecord.sentence))

    context = {
        "form": form,
        "alike": [(one, search.describe(one)) for one in sides.alike(member)],
        "earlier": member.merged.order_by("pk"),
        "merges": _merges(request).filter(kept=member).order_by("-asked_at", "-pk"),
        "may_log": access.may_log(request.user, member.area),
    }
    return files.show(request, member, "merging/person_same.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def merge_new(request, key, other):
    kept, gone = files.fetch(request, key), files.fetch(request, other)

    if not access.may_log(request.user, kept.area):
        raise PermissionDenied

    form = MergeForm(request.POST or None, differences=sides.differences(kept, gone))
    if form.is_valid():
        told = {"taken": form.taken(), "reason": form.cleaned_data["reason"]}
        told |= {"key": form.cleaned_data["key"], "by": request.user, "at": timezone.now()}
        try:
            return redirect("merge_detail", merges.ask(kept, gone, **told).key)
        except Refusal as refusal:
            form.add_error(None, str(refusal))

    return render(request, "merging/merge_new.html", _both(kept, gone) | {"form": form})


@require_safe
@staff_page
def merge_list(request):
    page = Paginator(_merges(request).order_by("-asked_at", "-pk"), PAGE)
    return render(
        request, "merging/merge_list.html", {"page": page.get_page(request.GET.get("page"))}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def merge_detail(request, key):
    """A merge with both sides; a POST sends it back."""
    merge = get_object_or_404(_merges(request), key=key)

    form = ReturnForm(request.POST or None)
    if form.is_valid():
        told = {"by": request.user, "at": timezone.now(), "reason": form.cleaned_data["reason"]}
        return _act(request, merge, merges.send_back, _("Sent back."), **told)

    context = _both(merge.kept, merge.gone) | {"merge": merge, "form": form}
    context["taken"] = [
        one.label for one in sides.differences(merge.kept, merge.gone) if one.code in merge.taken
    ]
    context["may"] = {
        "approve": merges.may_approve(merge, by=request.user),
        "withdraw": merge.state == Merge.State.WAITING and merge.author_id == request.user.pk,
        "undo": merges.may_undo(merge, by=request.user),
        "see_a_third": merges.needs_a_third(merge, by=request.user),
    }
    return render(request, "merging/merge_detail.html", context)


@require_POST
@staff_page
def merge_approve(request, key):
    merge = get_object_or_404(_merges(request), key=key)
    told = {"by": request.user, "at": timezone.now()}
    return _act(request, merge, merges.approve, _("The two records are one now."), **told)


@require_POST
@staff_page
def merge_withdraw(request, key):
    merge = get_object_or_404(_merges(request), key=key)
    told = {"by": request.user, "at": timezone.now()}
    return _act(request, merge, merges.withdraw, _("Withdrawn."), **told)


@require_POST
@staff_page
def merge_undo(request, key):
    merge = get_object_or_404(_merges(request), key=key)
    told = {"by": request.user, "at": timezone.now()}
    return _act(request, merge, merges.undo, _("There are two records again."), **told)


def _act(request, merge, verb, sentence, **told):
    try:
        verb(merge, **told)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, sentence)
    return redirect("merge_detail", merge.key)


def _both(kept, gone):
    is_open = {kept.standing, gone.standing} == {Member.Standing.HERE}
    return {
        "kept": sides.of(kept),
        "gone": sides.of(gone),
        "obstacles": list(sides.obstacles(kept, gone)) if is_open else [],
    }


def _merges(request):
    people = ("kept__area", "gone__area", "area", "author", "approver", "undone_by")
    return Merge.objects.visible_to(request.user).select_related(*people)


def _kept(member):
    return member.merged_into or member
