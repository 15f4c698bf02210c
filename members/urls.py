from django.urls import include, path

from members.views import consents, contacts, kin, looks, people, registration, signing_in

urlpatterns = [
    path("sign-in/", signing_in.sign_in, name="sign_in"),
    path("sign-in/code/", signing_in.sign_in_code, name="sign_in_code"),
    path("sign-in/who/", signing_in.sign_in_who, name="sign_in_who"),
    path("", include("members.accounts.urls")),
    path("people/", people.people_find, name="people_find"),
    path(
        "people/new/volunteer/",
        registration.person_register,
        {"side": "volunteer"},
        name="person_new_volunteer",
    ),
    path(
        "people/new/elder/",
        registration.person_register,
        {"side": "elder"},
        name="person_new_elder",
    ),
    path("people/alike/", registration.people_alike, name="people_alike"),
    path("people/<uuid:key>/", people.person, name="person"),
    path("people/<uuid:key>/amend/", registration.person_amend, name="person_amend"),
    path("people/<uuid:key>/history/", people.person_history, name="person_history"),
    path("people/<uuid:key>/card/", people.person_card, name="person_card"),
    path("people/<uuid:key>/kin/", kin.person_kin, name="person_kin"),
    path("people/<uuid:key>/consents/", consents.person_consents, name="person_consents"),
    path("people/<uuid:key>/contacts/", contacts.person_contacts, name="person_contacts"),
    path("people/<uuid:key>/contacts/add/", contacts.contact_add, name="contact_add"),
    path("people/<uuid:key>/agents/add/", contacts.agent_appoint, name="agent_appoint"),
    path("contacts/<uuid:key>/change/", contacts.contact_change, name="contact_change"),
    path("agents/<uuid:key>/revoke/", contacts.agent_revoke, name="agent_revoke"),
    path("kin/<uuid:key>/end/", kin.kin_end, name="kin_end"),
    path("my-time/consents/", consents.my_consents, name="my_consents"),
    path("people/<uuid:key>/unmask/", looks.person_unmask, name="person_unmask"),
    path("people/<uuid:key>/looks/", looks.person_looks, name="person_looks"),
]
