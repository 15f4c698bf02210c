from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ledger import statements
from members import access, assessments, eligibility, files
from members.access import staff_page
from members.models import Area, Assessment
from members.refusals import Refusal
from members.rights_forms import AssessmentForm

PAGE = 50
AHEAD = timedelta(days=30)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def person_eligibility(request, key):
    member = files.fetch(request, key)
    if not hasattr(member, "elder"):
        raise Http404
    may_log = access.may_log(request.user, member.area)
    if request.method == "POST" and not may_log:
        raise PermissionDenied

    shown = _shown(member)
    posted = request.POST if request.method == "POST" else None
    form = AssessmentForm(posted, computed=shown["computed"], rules=shown["rules"])
    if form.is_bound and form.is_valid() and _assess(request, member, form, shown["minutes"]):
        return redirect("person_eligibility", key)

    context = shown | {"form": form, "may_log": may_log}
    return files.show(request, member, "timebank/person_eligibility.html", context)


@require_safe
@staff_page
def eligibility_reviews(request):
    areas, today = Area.objects.visible_to(request.user), timezone.localdate()
    is_never = request.GET.get("show") == "never"

    if is_never:
        rows = assessments.never(areas).select_related("member__area")
        rows = rows.order_by("member__area__path", "member__registered_on", "pk")
    else:
        rows = assessments.due(areas, by_day=today + AHEAD).select_related("member__area")
        rows = rows.order_by("review_due_on", "pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    query = "show=never" if is_never else ""
    context = {"page": page, "is_never": is_never, "today": today, "query": query}
    return render(request, "timebank/eligibility_reviews.html", context)


def _assess(request, member, form, minutes):
    told = {"on": timezone.localdate(), "minutes": minutes, **form.cleaned_data}
    try:
        found = assessments.assess(member.elder, by=request.user, at=timezone.now(), **told)
    except Refusal as refusal:
        form.refuse(refusal)
        return False
    if found.state == Assessment.State.WAITING:
        messages.success(request, _("Saved. It waits for a second person."))
    else:
        messages.success(request, _("Saved. It holds until its review."))
    return True


def _shown(member):
    """The rule of today with its reason in words, and the assessments, the newest first."""
    elder, today = member.elder, timezone.localdate()
    minutes = statements.holdings_of(member).total
    records = eligibility.Records([member.pk])
    rules = records.rules_in_force(member.area_id, today)
    is_hidden = records.is_need_hidden(member.pk)
    rule = records.rule_on(elder, today, minutes=minutes)
    people = ("assessed_by", "approved_by")
    return {
        "rule": rule,
        "computed": records.computed_on(elder, today, minutes=minutes),
        "is_paid": eligibility.pool_pays(rule),
        "reasons": eligibility.explain(
            elder, today, rules, is_need_hidden=is_hidden, minutes=minutes
        ),
        "rules": rules,
        "minutes": minutes,
        "today": today,
        "assessments": member.assessments.select_related(*people).order_by("-assessed_on", "-pk"),
    }
