from django.urls import path

from timebank.merging import views

urlpatterns = [
    path("people/<uuid:key>/same/", views.person_same, name="person_same"),
    path("people/<uuid:key>/same/<uuid:other>/", views.merge_new, name="merge_new"),
    path("merges/", views.merge_list, name="merge_list"),
    path("merges/<uuid:key>/", views.merge_detail, name="merge_detail"),
    path("merges/<uuid:key>/approve/", views.merge_approve, name="merge_approve"),
    path("merges/<uuid:key>/withdraw/", views.merge_withdraw, name="merge_withdraw"),
    path("merges/<uuid:key>/undo/", views.merge_undo, name="merge_undo"),
]
