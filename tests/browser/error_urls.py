"""Addresses that end in each kind of error, for the tests of the error pages."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.urls import path

from timebank.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def _raising(error):
    @login_not_required
    def view(request):
        raise error

    return view


urlpatterns = [
    path("400/", _raising(SuspiciousOperation())),
    path("403/", _raising(PermissionDenied())),
    path("500/", _raising(ValueError())),
    *urlpatterns,
]
