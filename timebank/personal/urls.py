from django.urls import path

from timebank.personal import views

urlpatterns = [
    path("people/<uuid:key>/data/", views.person_data, name="person_data"),
    path("data-requests/", views.data_request_list, name="data_request_list"),
    path("data-requests/<uuid:key>/", views.data_request, name="data_request"),
    path(
        "data-requests/<uuid:key>/withdraw/",
        views.data_request_withdraw,
        name="data_request_withdraw",
    ),
    path(
        "data-requests/<uuid:key>.<str:ending>", views.data_request_file, name="data_request_file"
    ),
    path("my-time/data/", views.my_data, name="my_data"),
    path("my-time/data/<uuid:key>/withdraw/", views.my_data_withdraw, name="my_data_withdraw"),
]
