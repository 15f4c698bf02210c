from django.urls import path

from members.accounts.views import devices, drafts, notices, second_factor, staff

urlpatterns = [
    path("staff/sign-in/", staff.StaffSignIn.as_view(), name="staff_sign_in"),
    path("staff/second-step/", second_factor.second_step, name="second_step"),
    path("sign-out/", staff.SignOut.as_view(), name="sign_out"),
    path("account/", staff.account, name="account"),
    path("account/password/", staff.ChangePassword.as_view(), name="account_password"),
    path("account/second-factor/", second_factor.second_factor, name="second_factor"),
    path("account/recovery-codes/", second_factor.recovery_codes, name="recovery_codes"),
    path("account/devices/<uuid:key>/end/", devices.end, name="account_device_end"),
    path("account/devices/end-others/", devices.end_others, name="account_devices_end"),
    path("account/stay/", drafts.stay, name="account_stay"),
    path("account/leave/", drafts.leave, name="account_leave"),
    path("account/draft/", drafts.draft, name="account_draft"),
    path("account/draft/fields/", drafts.fields, name="account_draft_fields"),
    path("my-time/devices/", devices.my_devices, name="my_devices"),
    path("my-time/devices/<uuid:key>/end/", devices.end, name="my_device_end"),
    path("people/<uuid:key>/devices/", devices.person_devices, name="person_devices"),
    path("messages/", notices.notice_list, name="notice_list"),
    path("messages/<uuid:key>/again/", notices.again, name="notice_again"),
    path("messages/<uuid:key>/set-aside/", notices.set_aside, name="notice_set_aside"),
]
