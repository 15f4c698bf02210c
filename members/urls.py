from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from members import views
from members.forms import StaffSignInForm

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/code/", views.sign_in_code, name="sign_in_code"),
    path("sign-in/who/", views.sign_in_who, name="sign_in_who"),
    path(
        "staff/sign-in/",
        LoginView.as_view(
            template_name="members/staff_sign_in.html",
            authentication_form=StaffSignInForm,
            redirect_authenticated_user=True,
        ),
        name="staff_sign_in",
    ),
    path("sign-out/", LogoutView.as_view(), name="sign_out"),
]
