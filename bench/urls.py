"""The project's pages and two more, to compare with: the plainest that writes, and that reads."""

from django.urls import include, path

from bench import views

urlpatterns = [
    path("bench/line/", views.line),
    path("bench/member/<int:pk>/", views.member),
    path("", include("timebank.urls")),
]
