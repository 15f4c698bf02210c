from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ledger import journals
from members import access
from members.access import staff_page
from members.refusals import Refusal
from services import objections
from services.forms import AnswerForm, CallForm
from services.models import Objection, Visit


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def objection_new(request, key):
    """One of a visit's two people calls and says that it is not right."""
    people = ("volunteer", "elder", "category", "area")
    visits = Visit.objects.visible_to(request.user).select_related(*people)
    visit = get_object_or_404(visits, key=key)

    if not access.may_log(request.user, visit.area):
        raise PermissionDenied

    form = CallForm(request.POST if request.method == "POST" else None, visit=visit)
    if form.is_bound and form.is_valid() and (said := _write_down(request, visit, form)):
        messages.success(request, _("Written down: %(what)s.") % {"what": said})
        return redirect("visit_detail", key)

    return render(request, "services/objection_new.html", {"visit": visit, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def objection_detail(request, key):
    """What somebody says is not right, with the line beside it; a POST answers it."""
    people = ("member", "area", "entered_by__member", "answered_by")
    line = ("visit__volunteer", "visit__elder", "visit__category", "visit__area")
    found = Objection.objects.visible_to(request.user).select_related(*people, *line)
    said = get_object_or_404(found, key=key)

    form = AnswerForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        return _answer(request, said, form)

    context = {
        "said": said,
        "legs": [] if said.visit else journals.legs(said.area_id, said.journal),
        "form": form,
        "may_answer": objections.may_answer(said, by=request.user),
        "can_be_told": objections.can_be_told(said.member),
    }
    return render(request, "services/objection_detail.html", context)


def _write_down(request, visit, form):
    """The objection, kept; None with the reason on the form."""
    try:
        told = {"by": request.user, "at": timezone.now()} | form.cleaned_data
        return objections.write_down(told.pop("member"), visit, **told)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return None


def _answer(request, said, form):
    try:
        objections.answer(said, by=request.user, at=timezone.now(), **form.cleaned_data)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Answered: %(what)s.") % {"what": said})
        if not objections.can_be_told(said.member):
            messages.info(request, _("No message reaches them. Please tell them the answer."))
    return redirect("objection_detail", said.key)
