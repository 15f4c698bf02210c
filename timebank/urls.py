from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from timebank import health, views
from timebank.eligibility import views as eligibility
from timebank.statements import views as statements

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("services.urls")),  # first: what staff use all day is found soonest
    path("language/", login_not_required(set_language), name="set_language"),
    path("text-size/", views.set_text_size, name="text_size"),
    path("my-time/", views.my_time, name="my_time"),
    path("my-time/records/", views.my_time_records, name="my_time_records"),
    path("my-time/lines/<int:community>/<uuid:journal>/", views.my_objection, name="my_objection"),
    path("my-time/statement/", statements.my_statement, name="my_statement"),
    path("statements/", statements.statement_find, name="statement_find"),
    path("statements/yearly/", statements.statement_runs, name="statement_runs"),
    path("statements/yearly/<uuid:key>/", statements.statement_run, name="statement_run"),
    path(
        "statements/yearly/<uuid:key>.pdf",
        statements.statement_run_file,
        name="statement_run_file",
    ),
    path("statements/<str:number>/", statements.statement, name="statement"),
    path("statements/<str:number>/print/", statements.statement_print, name="statement_print"),
    path(
        "statements/<str:number>/prints/<uuid:key>/",
        statements.statement_printed,
        name="statement_printed",
    ),
    path(
        "people/<uuid:key>/eligibility/",
        eligibility.person_eligibility,
        name="person_eligibility",
    ),
    path("eligibility/reviews/", eligibility.eligibility_reviews, name="eligibility_reviews"),
    path("inbox/", include("timebank.inbox.urls")),
    path("", include("timebank.merging.urls")),
    path("", include("timebank.personal.urls")),
    path("my-time/for/<uuid:key>/", include("timebank.acting.urls")),
    path("my-time/hours/", include("timebank.my_hours.urls")),
    path("", include("members.urls")),
    path("", include("ledger.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

handler400 = views.bad_request
handler403 = views.permission_denied
handler404 = views.page_not_found
handler500 = views.server_error
