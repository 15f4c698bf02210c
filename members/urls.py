from django.urls import include, path

from members import views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/code/", views.sign_in_code, name="sign_in_code"),
    path("sign-in/who/", views.sign_in_who, name="sign_in_who"),
    path("", include("members.accounts.urls")),
]
