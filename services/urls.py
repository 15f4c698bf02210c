from django.urls import path
from django.views.generic import RedirectView

from services.views import certificates, objections, registers, visits

urlpatterns = [
    path("visits/log/", visits.visit_log, name="visit_log"),
    path("people/search/", visits.person_search, name="person_search"),
    path("people/<uuid:key>/visits/", visits.person_visits, name="person_visits"),
    path("visits/", visits.visit_list, name="visit_list"),
    path("visits/waiting/", RedirectView.as_view(pattern_name="inbox"), name="visits_waiting"),
    path("visits/<uuid:key>/", visits.visit_detail, name="visit_detail"),
    path("visits/<uuid:key>/undo/", visits.visit_undo, name="visit_undo"),
    path("visits/<uuid:key>/approve/", visits.visit_approve, name="visit_approve"),
    path("visits/<uuid:key>/return/", visits.visit_return, name="visit_return"),
    path("visits/<uuid:key>/objection/", objections.objection_new, name="objection_new"),
    path("objections/<uuid:key>/", objections.objection_detail, name="objection_detail"),
    path("registers/", registers.register_list, name="register_list"),
    path("registers/new/", registers.register_upload, name="register_upload"),
    path("registers/<uuid:key>/", registers.register_detail, name="register_detail"),
    path("registers/<uuid:key>/approve/", registers.register_approve, name="register_approve"),
    path("registers/<uuid:key>/check/", registers.register_check, name="register_check"),
    path("registers/<uuid:key>/discard/", registers.register_discard, name="register_discard"),
    path("registers/<uuid:key>/refused.xlsx", registers.register_refused, name="register_refused"),
    path("certificates/", certificates.certificate_list, name="certificate_list"),
    path("certificates/new/", certificates.certificate_issue, name="certificate_issue"),
    path("certificates/<uuid:key>/", certificates.certificate_detail, name="certificate_detail"),
    path("certificates/<uuid:key>.pdf", certificates.certificate_pdf, name="certificate_pdf"),
    path(
        "certificates/<uuid:key>/withdraw/",
        certificates.certificate_withdraw,
        name="certificate_withdraw",
    ),
    path("my-certificates/", certificates.my_certificates, name="my_certificates"),
    path("verify/", certificates.verify, name="verify_form"),
    path("verify/<str:code>/", certificates.verify, name="verify"),
    path("registers/<uuid:key>/rows/<int:pk>/", registers.register_row, name="register_row"),
]
