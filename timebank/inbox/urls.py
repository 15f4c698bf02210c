from django.urls import path

from timebank.inbox import views

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("approve/", views.approve, name="inbox_approve"),
    path("movements/<uuid:key>/", views.movement, name="inbox_movement"),
    path("assessments/<uuid:key>/", views.person, {"kind": "assessment"}, name="inbox_assessment"),
    path("kinships/<uuid:key>/", views.person, {"kind": "kinship"}, name="inbox_kinship"),
]
