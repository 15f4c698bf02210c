from django.urls import path

from timebank.acting import views

urlpatterns = [
    path("", views.acting_for, name="acting_for"),
    path("ask/", views.acting_ask, name="acting_ask"),
    path("withdraw/<uuid:asked>/", views.acting_withdraw, name="acting_withdraw"),
]
