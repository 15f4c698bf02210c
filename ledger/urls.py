from django.urls import path

from ledger import forms
from ledger.views import hours, movements, requests

MOVEMENTS = {
    "donate": forms.DonateForm,
    "gift": forms.GiftForm,
    "redeem": forms.RedeemForm,
    "grant": forms.GrantForm,
    "opening": forms.OpeningForm,
    "move": forms.MoveForm,
    "close": forms.CloseForm,
}

urlpatterns = [
    path("hours/", hours.hours_find, name="hours_find"),
    path("hours/month/", movements.hours_month, name="hours_month"),
    path(
        "hours/journals/<str:code>/<uuid:journal>/",
        movements.hours_journal,
        name="hours_journal",
    ),
    path("hours/requests/", requests.hours_requests, name="hours_requests"),
    path("hours/requests/<uuid:key>/", requests.hours_request, name="hours_request"),
    path("hours/requests/<uuid:key>/approve/", requests.request_approve, name="request_approve"),
    path("hours/requests/<uuid:key>/return/", requests.request_return, name="request_return"),
    path("hours/requests/<uuid:key>/withdraw/", requests.request_withdraw, name="request_withdraw"),
    path("hours/requests/<uuid:key>/undo/", requests.request_undo, name="request_undo"),
    path("hours/requests/<uuid:key>/charge/", requests.request_charge, name="request_charge"),
    path("hours/requests/<uuid:key>/release/", requests.request_release, name="request_release"),
    path("hours/<uuid:key>/", hours.hours_member, name="hours_member"),
    path("hours/<uuid:key>/freeze/", hours.hours_freeze, name="hours_freeze"),
    path("hours/<uuid:key>/thaw/", hours.hours_thaw, name="hours_thaw"),
    *[
        path(f"hours/<uuid:key>/{act}/", movements.movement, {"form_class": form}, f"hours_{act}")
        for act, form in MOVEMENTS.items()
    ],
]
