from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from members import access, access_log
from members.access import staff_page
from services import tasks
from services.models import RegisterBatch, RegisterRow
from services.registers import batches, refused, results
from services.registers.forms import RowForm, RowsFilterForm, UploadForm
from services.registers.shown import shown
from services.registers.workbook import CannotRead

PAGE = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@staff_page
def register_list(request):
    registers = _visible(request).select_related("area", "entered_by", "approved_by")
    page = Paginator(registers.order_by("-entered_at", "-pk"), PAGE)
    context = {
        "page": page.get_page(request.GET.get("page")),
        "may_upload": access.may_log(request.user),
    }
    return render(request, "services/register_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def register_upload(request):
    if not access.may_log(request.user):
        raise PermissionDenied

    form = UploadForm(request.POST or None, request.FILES or None, user=request.user)

    if request.method == "POST" and form.is_valid() and (batch := _bring_in(request, form)):
        return redirect("register_detail", batch.key)

    return render(request, "services/register_upload.html", {"form": form})


@require_safe
@staff_page
def register_detail(request, key):
    batch = get_object_or_404(_visible(request), key=key)

    if request.htmx and not batch.is_under_way:
        return HttpResponseClientRefresh()
    if batch.is_under_way:
        part = "#progress" if request.htmx else ""
        return render(request, f"services/register_progress.html{part}", {"batch": batch})

    form = RowsFilterForm(request.GET)
    page = Paginator(form.narrow(batch.rows.order_by("pk")), PAGE).get_page(request.GET.get("page"))
    context = {
        "batch": batch,
        "page": page,
        "rows": [shown(row) for row in page],
        "form": form,
        "query": form.query(),
    }
    return render(request, "services/register_detail.html", context | _rights(request, batch))


@require_POST
@staff_page
def register_approve(request, key):
    batch = get_object_or_404(_visible(request), key=key)

    if not batches.may_approve(request.user, batch):
        raise PermissionDenied

    try:
        _approve(request, batch)
    except batches.Refusal as refusal:
        messages.error(request, str(refusal))

    return redirect("register_detail", key)


@require_POST
@staff_page
def register_check(request, key):
    batch = get_object_or_404(_visible(request), key=key)

    if not batches.may_bring_in(request.user, batch.area):
        raise PermissionDenied

    batches.check_again(batch)
    messages.success(request, _("Every row that is not posted was checked again."))
    return redirect("register_detail", key)


@require_POST
@staff_page
def register_discard(request, key):
    batch = get_object_or_404(_visible(request), key=key)

    if not _may_discard(request, batch):
        raise PermissionDenied

    try:
        batches.discard(batch)
    except (batches.HasPosted, batches.NotWaiting):
        messages.error(request, _("This register cannot be discarded any more."))
        return redirect("register_detail", key)

    messages.success(request, _("Discarded: %(register)s.") % {"register": batch})
    return redirect("register_list")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def register_row(request, key, pk):
    batch = get_object_or_404(_visible(request), key=key)
    row = get_object_or_404(batch.rows.filter(outcome=RegisterRow.Outcome.CANNOT), pk=pk)

    if request.user.pk != batch.entered_by_id:
        raise PermissionDenied

    form = RowForm(request.POST if request.method == "POST" else None, row=row)

    if form.is_bound and form.is_valid() and (row := _mend(request, form)):
        return redirect("register_detail", key)

    context = {"batch": batch, "row": shown(form.row), "form": form}
    return render(request, "services/register_row.html", context)


@require_safe
@staff_page
def register_refused(request, key):
    batch = get_object_or_404(_visible(request), key=key)

    if not batches.may_bring_in(request.user, batch.area):
        raise PermissionDenied

    access_log.sent_out(
        f"{batch} · {_('rows that cannot be posted')}",
        ["register_rows"],
        area=batch.area,
        by=request.user,
        at=timezone.now(),
        page="register_refused",
    )
    response = HttpResponse(refused.workbook(batch), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="refused-{batch.key}.xlsx"'
    return response


def _visible(request):
    return RegisterBatch.objects.visible_to(request.user)


def _bring_in(request, form):
    """The batch, with the job that reads it; None with the form's error when it is refused."""
    file = form.cleaned_data["file"]
    try:
        with transaction.atomic():
            batch, is_new = batches.bring_in(
                area=form.cleaned_data["area"],
                name=file.name,
                file=file,
                by=request.user,
                at=timezone.now(),
            )
            if is_new:
                tasks.read_register.defer(batch=batch.pk)
    except CannotRead as error:
        form.add_error("file", str(error))
        return None
    if not is_new:
        messages.info(request, _("This workbook was brought in before; here it is."))
    return batch


def _approve(request, batch):
    """Approve the rows as they were seen, and let the worker post them."""
    seen = request.POST.get("revision", "")
    with transaction.atomic():
        batches.approve(
            batch,
            by=request.user,
            at=timezone.now(),
            revision=int(seen) if seen.isdecimal() else -1,
        )
        tasks.post_register.defer(batch=batch.pk)


def _mend(request, form):
    """The row when it can be posted now; None with the new reason on the form otherwise."""
    try:
        row = batches.mend(form.row, written=form.written(), by=request.user)
    except batches.NotWaiting:
        messages.error(request, _("This row has been posted or changed in the meantime."))
        return form.row
    form.row = row
    if row.outcome == RegisterRow.Outcome.CANNOT:
        for sentence in shown(row).sentences:
            form.add_error(None, sentence)
        return None
    messages.success(request, _("Row %(number)s can be posted now.") % {"number": row.number})
    return row


def _may_discard(request, batch):
    own = request.user.pk == batch.entered_by_id
    return own or access.may_approve(request.user, batch.area)


def _rights(request, batch):
    """What this reader may do with the register as it stands, and its figures."""
    counts = results.counts(batch)
    total = {
        outcome: sum(c.get(outcome, 0) for c in counts.values())
        for outcome in RegisterRow.Outcome.values
    }
    pending = total["new"] + total["changed"]
    is_prepared = batch.state == RegisterBatch.State.PREPARED
    return {
        "counts": results.table(counts),
        "outcomes": RegisterRow.Outcome.choices,
        "pending": pending,
        "pending_words": ngettext("Post %(count)d row", "Post %(count)d rows", pending)
        % {"count": pending},
        "refused_count": total["cannot"],
        "ignored": [sheet["title"] for sheet in batch.sheets if not sheet["rows"]],
        "may_mend": request.user.pk == batch.entered_by_id,
        "may_approve": is_prepared and pending and batches.may_approve(request.user, batch),
        "waits_for_other": is_prepared and pending and request.user.pk == batch.entered_by_id,
        "may_check": batches.may_bring_in(request.user, batch.area),
        "may_discard": not total["posted"] and _may_discard(request, batch),
    }
