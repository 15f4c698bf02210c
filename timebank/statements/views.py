import uuid
from dataclasses import replace
from datetime import date

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Min
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from ledger.accounts import number_of
from members import access
from members.access import staff_page
from members.models import Area, Member
from services.models import Visit
from services.papers import prints
from services.papers.models import StatementPrint, StatementRun
from timebank import passbook, tasks
from timebank.statements import document, files, yearly
from timebank.statements.forms import FindForm, PrintAgainForm, StatementForm, YearlyForm

PAGE = 100
ALL = "all"  # of every community, in one file
LATEST_PRINTS = 10


@require_safe
def my_statement(request):
    member = request.user.member
    if member is None:
        return redirect("home")

    return _statement(request, member, "timebank/my_statement.html", {})


@require_safe
@staff_page
def statement_find(request):
    areas = Area.objects.visible_to(request.user)
    form = FindForm(request.GET if "person" in request.GET else None, areas=areas)

    if form.is_bound and form.is_valid():
        return redirect("statement", form.cleaned_data["person"].number)

    return render(request, "timebank/statement_find.html", {"form": form})


@require_safe
@staff_page
def statement(request, number):
    member = _member(request, number)

    if member.merged_into:
        return redirect("statement", member.merged_into.number)

    return _statement(request, member, "timebank/statement.html", _printing(request, member))


@require_POST
@staff_page
def statement_print(request, number):
    member = _member(request, number)

    try:
        printed = _print(request, member)
    except prints.NothingNew:
        messages.info(request, _("Every line of this passbook has been printed."))
    except prints.NoSuchLine:
        messages.error(request, _("Only lines that were printed before are printed again."))
    else:
        return redirect("statement_printed", number, printed.key)

    return redirect("statement", number)


@require_safe
@staff_page
def statement_printed(request, number, key):
    member = _member(request, number)
    prints_of_member = StatementPrint.objects.visible_to(request.user).filter(member=member)
    printed = get_object_or_404(
        prints_of_member.select_related("member__area", "printed_by"), key=key
    )

    shown = document.of_print(printed)
    if request.GET.get("format") == "pdf":
        return _pdf([shown])

    context = {"printed": printed, "statement": shown, "member": member}
    return render(request, "timebank/statement_printed.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def statement_runs(request):
    form = _yearly_form(request)

    if request.method == "POST" and form is None:
        raise PermissionDenied
    if request.method == "POST" and form.is_valid():
        return redirect("statement_run", _order(request, form).key)

    runs = _runs(request).order_by("-requested_at", "-pk")
    page = Paginator(runs, PAGE).get_page(request.GET.get("page"))
    return render(request, "timebank/statement_runs.html", {"form": form, "page": page})


@require_safe
@staff_page
def statement_run(request, key):
    run = get_object_or_404(_runs(request), key=key)

    if request.htmx and not run.is_under_way:
        return HttpResponseClientRefresh()

    part = "#progress" if request.htmx else ""
    return render(request, f"timebank/statement_run.html{part}", {"run": run})


@require_safe
@staff_page
def statement_run_file(request, key):
    run = get_object_or_404(_runs(request).filter(state=StatementRun.State.DONE), key=key)

    name = _("Statements of %(community)s, %(year)s") % {"community": run.area, "year": run.year}
    return FileResponse(run.file.open("rb"), as_attachment=True, filename=f"{name}.pdf")


def _statement(request, member, template, more):
    """The statement of the period that the address asks for, as a page or as a file."""
    form = StatementForm.of(request.GET)
    period = form.period()
    places = document.places(member)
    place = _place(request, places)
    form.community = place.code if place else ""
    context = {"member": member, "form": form, "places": places[1:]} | more
    if period is None:
        return render(request, template, context)
    now = timezone.now()
    if request.GET.get("format") in ("pdf", "csv"):
        try:
            return _copy(request, member, period, places, place)
        except document.TooLong:
            form.add_error(None, _("This is too long for one file. Choose a shorter period."))
    after = _after(request, period)
    shown = document.of_period(member, period, at=now, place=place, after=after, limit=PAGE)
    if request.user.member_id:
        shown = replace(shown, lines=passbook.marked(shown.lines, member))
    context |= {"statement": shown, "query": form.query(), "is_first_page": after is None}
    return render(request, template, context)


def _place(request, places):
    """The earlier community that the address names; None for the present one."""
    code = request.GET.get("community")
    return next((place for place in places[1:] if place.code == code), None)


def _copy(request, member, period, places, place):
    """The statement as a file: of one community, or of all, each on a page of its own."""
    now, ending = timezone.now(), request.GET["format"]
    if request.GET.get("community") == ALL and ending == "pdf":
        return _pdf([document.whole(member, period, at=now, place=one) for one in places])
    return _file(document.whole(member, period, at=now, place=place), ending)


def _after(request, period):
    """The line after which the list goes on, as the address carries it: a day and a line."""
    day, _stroke, seq = request.GET.get("after", "").partition("_")
    try:
        day = date.fromisoformat(day)
    except ValueError:
        return None
    is_line = seq.isascii() and seq.isdecimal() and len(seq) < 19
    return (day, int(seq)) if is_line and period.start <= day <= period.end else None


def _file(statement, ending):
    if ending == "pdf":
        return _pdf([statement])
    response = HttpResponse(files.as_csv(statement), content_type="text/csv; charset=utf-8")
    name = files.file_name(statement, "csv")
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


def _pdf(papers):
    first = papers[0]
    paper = files.pdf(papers, title=files.heading(first), at=timezone.now())
    response = HttpResponse(paper, content_type="application/pdf")
    name = files.file_name(first, "pdf")
    response["Content-Disposition"] = content_disposition_header(False, name)
    return response


def _member(request, number):
    people = Member.objects.visible_to(request.user).select_related("area", "merged_into")
    return get_object_or_404(people, number=number)


def _printing(request, member):
    """What the page says of printing the passbook line by line."""
    account = number_of(member.area_id, member.key)
    done = StatementPrint.objects.filter(member=member).select_related("printed_by")
    return {
        "may_print": access.may_log(request.user, member.area),
        "last_printed": prints.last_printed(member, account),
        "new_lines": prints.new_lines(member, account),
        "prints": done.order_by("-printed_at", "-pk")[:LATEST_PRINTS],
        "again": PrintAgainForm(initial={"first": 1}),
        "key": uuid.uuid4(),
    }


def _print(request, member):
    """Print what is new, or again from the line that the form names."""
    form = PrintAgainForm(request.POST)
    form.full_clean()
    told = form.cleaned_data
    act = {"key": told.get("key") or uuid.uuid4(), "by": request.user, "at": timezone.now()}
    if "first" not in request.POST:
        return prints.print_new(member, **act)
    return prints.print_again(member, first=told.get("first", 0), **act)


def _runs(request):
    return StatementRun.objects.visible_to(request.user).select_related("area", "requested_by")


def _yearly_form(request):
    """The form to ask for statements; None for who only reads."""
    pks = [area.pk for area in access.areas_to_log(request.user)]
    areas = Area.objects.communities().filter(pk__in=pks).order_by("path")
    if not areas:
        return None
    first_day = Visit.objects.filter(area__in=pks).aggregate(day=Min("service_date"))["day"]
    first_year = (first_day or timezone.localdate()).year
    posted = request.POST if request.method == "POST" else None
    return YearlyForm(posted, areas=areas, first_year=first_year)


def _order(request, form):
    """The run, with the job that makes it; the one on its way when there is one."""
    with transaction.atomic():
        run, is_new = yearly.order(
            form.cleaned_data["area"],
            year=form.cleaned_data["year"],
            language=get_language(),
            by=request.user,
            at=timezone.now(),
        )
        if is_new:
            tasks.make_statements.defer(run=run.pk)
    if not is_new:
        messages.info(request, _("These statements are being made already; here they are."))
    return run
