from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from ledger import checkpoints, seals
from members import access
from timebank import books
from timebank.months import views as months
from timebank.policies import views as policies
from timebank.reports import views as reports


class TimebankAdminSite(admin.AdminSite):
    """The stock admin under our own name: reports and reference data for administrators.

    Roles open it, not Django's own permissions; an auditor reads all of it and changes nothing.
    """

    index_title = _("Administration")
    index_template = "admin/report_home.html"
    enable_nav_sidebar = False

    def has_permission(self, request):
        return access.may_administer(request.user)

    @login_not_required
    def login(self, request, extra_context=None):
        """Staff sign in on one page; who has signed in and may not come here is told so."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        goal = request.GET.get("next") or reverse("admin:index")
        return redirect(f"{reverse('staff_sign_in')}?{urlencode({'next': goal})}")

    def each_context(self, request):
        name = {"programme": settings.PROGRAMME_NAME}
        title = _("%(programme)s administration") % name
        return super().each_context(request) | {"site_header": title, "site_title": title}

    def index(self, request, extra_context=None):
        state = seals.state()
        cards = {
            "report_card": reports.home_card(request.user),
            "month_card": months.home_card(request.user),
            "seals": state,
            "checkpoint_code": state.checkpoint and checkpoints.short_code(state.checkpoint),
        }
        return super().index(request, cards | (extra_context or {}))

    def get_urls(self):
        return [
            path("reports/", self._page(reports.index), name="reports"),
            path("reports/<str:code>/", self._page(reports.report), name="report"),
            path("books/", self._ours(books.page), name="books"),
            path("months/", self._ours(months.index), name="months"),
            path("months/<str:code>/<str:month>/", self._ours(months.month), name="month"),
            path(
                "months/<str:code>/<str:month>/decide/",
                self._ours(months.decide),
                name="month_decide",
            ),
            path("policies/", self._ours(policies.history), name="policies"),
            path("policies/<int:pk>/", self._ours(policies.version), name="policy"),
            path("policies/<int:pk>/new/", self._ours(policies.new), name="policy_new"),
            path("policies/<int:pk>/decide/", self._ours(policies.decide), name="policy_decide"),
            *super().get_urls(),
        ]

    def _ours(self, view):
        """A page of our own for those who administer or audit."""
        return self.admin_view(self._page(view))

    def _page(self, view):
        """A page of our own within the site's frame; it decides itself who may see it."""

        def framed(request, **arguments):
            return view(request, **arguments, site=self.each_context(request))

        framed.login_url = "staff_sign_in"
        return framed
