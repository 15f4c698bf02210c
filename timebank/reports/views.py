"""The pages of the reports, within the admin site and open to everybody who reads reports."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from members import access
from services.models import Visit
from timebank.reports import REPORTS, files
from timebank.reports.forms import ReportForm
from timebank.reports.periods import Period, Preset
from timebank.reports.reach import readable_areas

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
def index(request, site):
    """`site` is what every page of the admin shows around its content."""
    if not access.may_read_reports(request.user):
        raise PermissionDenied

    reports = [{"code": code, "title": report.TITLE} for code, report in REPORTS.items()]
    page = site | {"title": _("Reports"), "reports": reports}
    return render(request, "admin/reports.html", page)


@require_safe
def report(request, code, site):
    if code not in REPORTS:
        raise Http404
    if not access.may_read_reports(request.user):
        raise PermissionDenied
    areas = readable_areas(request.user)
    area = _area(request, areas)

    form = ReportForm(_asked(request, area), areas=areas)
    page = site | {"title": REPORTS[code].TITLE, "code": code, "form": form, "area": area}
    page |= {"presets": _presets(request)}
    if not form.is_valid():
        return render(request, "admin/report.html", page)

    document = REPORTS[code].as_document(
        REPORTS[code].figures(form.cleaned_data["area"], form.cleaned_data["period"])
    )
    if request.GET.get("format") in FILES:
        return _file(request, document)

    page |= {"report": document, "head": files.head(document), "watermark": watermark(request)}
    return render(request, "admin/report.html", page | {"query": _query(form)})


def _area(request, areas):
    """The area asked for, or the highest that the reader may read."""
    if "area" in request.GET:
        return get_object_or_404(areas, code=request.GET["area"])
    return areas[0]


def _asked(request, area):
    """What the form is to show: the days asked for, else those of a preset, else last month's."""
    days = {name: request.GET[name] for name in ("start", "end") if name in request.GET}
    if not days:
        period = _preset(request.GET.get("preset", Preset.LAST_MONTH), area)
        days = {"start": f"{period.start}", "end": f"{period.end}"}
    return {"area": area.code, **days}


def _preset(name, area):
    if name not in Preset:
        raise Http404
    first_day = None
    if name == Preset.ALL:
        visits = Visit.objects.standing().filter(area__path__startswith=area.path)
        first_day = visits.aggregate(day=Min("service_date"))["day"]
    return Period.preset(Preset(name), today=timezone.localdate(), first_day=first_day)


def _presets(request):
    """Links to the usual periods; the one that is shown is marked."""
    chosen = None if "start" in request.GET else request.GET.get("preset", Preset.LAST_MONTH)
    return [
        {"label": preset.label, "value": preset.value, "is_chosen": preset == chosen}
        for preset in Preset
    ]


def _query(form):
    """What leads to the very same report."""
    period = form.cleaned_data["period"]
    code = form.cleaned_data["area"].code
    return f"area={code}&start={period.start}&end={period.end}"


def watermark(request):
    return _("%(programme)s · made for %(who)s on %(when)s") % {
        "programme": settings.PROGRAMME_NAME,
        "who": request.user,
        "when": formats.date_format(timezone.localtime(), "SHORT_DATETIME_FORMAT"),
    }


FILES = {
    "xlsx": (files.as_workbook, XLSX),
    "csv": (files.as_csv, "text/csv; charset=utf-8"),
}


def _file(request, document):
    ending = request.GET["format"]
    make, content_type = FILES[ending]
    response = HttpResponse(make(document, watermark(request)), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{document.file_name}.{ending}"'
    return response


def home_card(user):
    """Last month's R1 in three figures, for the admin's home; none for who reads no reports."""
    area = readable_areas(user).first()
    if area is None:
        return None
    month = Period.preset(Preset.LAST_MONTH, today=timezone.localdate(), first_day=None)
    visits = Visit.objects.filter(area__path__startswith=area.path)
    sums = _sums(visits.counted_in(month.start, month.end))
    undone = _sums(visits.filter(taken_back_on__range=(month.start, month.end)))
    sums = {name: sums[name] - undone[name] for name in sums}
    return {
        "url": f"{reverse('admin:report', args=['R1'])}?area={area.code}",
        "area": area,
        "month": month.start,
        **sums,
    }


def _sums(visits):
    return visits.aggregate(
        visits=Count("pk"),
        served=Sum("served_minutes", default=0),
        banked=Sum("banked_minutes", default=0),
    )
