from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from timebank import health, views

urlpatterns = [
    path("", views.home, name="home"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("text-size/", views.set_text_size, name="text_size"),
    path("my-time/", views.my_time, name="my_time"),
    path("my-time/records/", views.my_time_records, name="my_time_records"),
    path("inbox/", include("timebank.inbox.urls")),
    path("my-time/hours/", include("timebank.my_hours.urls")),
    path("", include("members.urls")),
    path("", include("services.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

handler400 = views.bad_request
handler403 = views.permission_denied
handler404 = views.page_not_found
handler500 = views.server_error
