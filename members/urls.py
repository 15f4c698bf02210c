from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from members.forms import StaffSignInForm
from members.views import looks, people, signing_in

urlpatterns = [
    path("sign-in/", signing_in.sign_in, name="sign_in"),
    path("sign-in/code/", signing_in.sign_in_code, name="sign_in_code"),
    path("sign-in/who/", signing_in.sign_in_who, name="sign_in_who"),
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
    path("people/", people.people_find, name="people_find"),
    path("people/<uuid:key>/", people.person, name="person"),
    path("people/<uuid:key>/unmask/", looks.person_unmask, name="person_unmask"),
    path("people/<uuid:key>/looks/", looks.person_looks, name="person_looks"),
]
