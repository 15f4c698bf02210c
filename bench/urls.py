"""The project's pages and one more: the plainest page that writes, to compare with."""

from django.urls import include, path

from bench import views

urlpatterns = [path("bench/line/", views.line), path("", include("timebank.urls"))]
