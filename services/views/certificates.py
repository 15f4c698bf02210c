import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger import checkpoints
from members import access, signing_in
from members.access import staff_page
from services.papers import certificate_paper, certificates, codes, lookups
from services.papers.forms import CertificateForm, WithdrawForm
from services.papers.models import Certificate

PAGE = 50
TOO_MANY_REQUESTS = 429


@require_safe
@staff_page
def certificate_list(request):
    issued = _visible(request).order_by("-issued_at", "-pk")
    page = Paginator(issued, PAGE).get_page(request.GET.get("page"))
    rows = list(zip(page, certificates.standings(page.object_list), strict=True))
    context = {"page": page, "rows": rows, "may_issue": access.may_log(request.user)}
    return render(request, "services/certificate_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def certificate_issue(request):
    if not access.may_log(request.user):
        raise PermissionDenied

    asked = request.GET if "start" in request.GET else None
    asked = request.POST if request.method == "POST" else asked
    form = CertificateForm(asked, user=request.user)

    if form.is_bound and form.is_valid() and request.method == "POST":
        certificate = _issue(request, form)
        if certificate:
            return redirect("certificate_detail", certificate.key)

    context = {"form": form, "preview": form.preview(), "key": uuid.uuid4()}
    return render(request, "services/certificate_issue.html", context)


@require_safe
def certificate_detail(request, key):
    certificate = get_object_or_404(_visible(request), key=key)

    return _detail(request, certificate, WithdrawForm())


@require_safe
def certificate_pdf(request, key):
    certificate = get_object_or_404(_visible(request), key=key)

    (standing,) = certificates.standings([certificate])
    page = reverse("verify", args=[codes.shown(certificate.code)])
    address = request.build_absolute_uri(page)
    now = timezone.now()
    seal = checkpoints.code_at(now)
    paper = certificate_paper.pdf(certificate, standing, address=address, at=now, seal=seal)
    response = HttpResponse(paper, content_type="application/pdf")
    name = certificate_paper.file_name(certificate)
    response["Content-Disposition"] = content_disposition_header(False, name)
    return response


@require_POST
@staff_page
def certificate_withdraw(request, key):
    certificate = get_object_or_404(_visible(request), key=key)

    form = WithdrawForm(request.POST)
    if not form.is_valid():
        return _detail(request, certificate, form)

    try:
        reason = form.cleaned_data["reason"]
        certificates.withdraw(certificate, reason=reason, by=request.user, at=timezone.now())
    except certificates.AlreadyWithdrawn:
        messages.error(request, _("This certificate was withdrawn before."))
    else:
        messages.success(request, _("Withdrawn: %(number)s.") % {"number": certificate})

    return redirect("certificate_detail", key)


@require_safe
def my_certificates(request):
    if request.user.member_id is None:
        return redirect("home")

    issued = list(_visible(request).order_by("-issued_at", "-pk"))
    rows = list(zip(issued, certificates.standings(issued), strict=True))
    return render(request, "services/my_certificates.html", {"rows": rows})


@login_not_required
@never_cache
@require_safe
def verify(request, code=""):
    if "code" in request.GET and (read := codes.read(request.GET["code"])):
        return redirect("verify", codes.shown(read))
    if not code:
        typed = request.GET.get("code", "")
        return render(request, "services/verify.html", {"typed": typed, "is_wrong": bool(typed)})

    try:
        lookups.count(signing_in.address_of(request), at=timezone.now())
    except lookups.TooManyLookups:
        return render(request, "services/verify_wait.html", status=TOO_MANY_REQUESTS)

    certificate = certificates.by_code(code)
    if certificate is None:
        return render(request, "services/verify_unknown.html", {"typed": code}, status=404)

    (standing,) = certificates.standings([certificate])
    context = {
        "certificate": certificate,
        "told": certificate_paper.shown(certificate),
        "standing": standing,
    }
    return render(request, "services/verify_found.html", context)


def _visible(request):
    people = ("area", "member", "issued_by", "withdrawn_by")
    return Certificate.objects.visible_to(request.user).select_related(*people)


def _detail(request, certificate, form):
    (standing,) = certificates.standings([certificate])
    is_open = certificate.withdrawn_at is None
    context = {
        "certificate": certificate,
        "told": certificate_paper.shown(certificate),
        "standing": standing,
        "form": form,
        "is_own": request.user.member_id is not None,
        "may_withdraw": is_open and certificates.may_withdraw(certificate, by=request.user),
    }
    return render(request, "services/certificate_detail.html", context)


def _issue(request, form):
    """The certificate; None with the form's error when there is something to look at first."""
    try:
        return certificates.issue(**form.certificate(), by=request.user, at=timezone.now())
    except certificates.NothingServed:
        form.add_error(None, _("There is no confirmed visit in this period."))
    except certificates.PeriodNotOver:
        form.add_error("end", _("The last day lies in the future."))
    except certificates.SeenOtherwise:
        form.add_error(None, _("The figures have changed. Please look at them again."))
    except certificates.KeyReused:
        form.add_error(None, _("This page was sent before with other data. Please begin again."))
    return None
