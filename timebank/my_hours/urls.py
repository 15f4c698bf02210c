from django.urls import path

from ledger.models import RequestKind
from timebank.my_hours import views

urlpatterns = [
    path("", views.my_hours, name="my_hours"),
    path("donate/", views.ask, {"kind": RequestKind.DONATE}, name="my_hours_donate"),
    path("gift/", views.ask, {"kind": RequestKind.GIFT}, name="my_hours_gift"),
    path("use/", views.ask, {"kind": RequestKind.REDEEM}, name="my_hours_redeem"),
    path("confirm/", views.confirm, name="my_hours_confirm"),
    path("code/", views.code, name="my_hours_code"),
    path("<uuid:key>/", views.detail, name="my_hours_request"),
    path("<uuid:key>/undo/", views.undo, name="my_hours_undo"),
    path("<uuid:key>/withdraw/", views.withdraw, name="my_hours_withdraw"),
]
