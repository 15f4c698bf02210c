from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class TimebankConfig(AppConfig):
    name = "timebank"

    def ready(self):
        from timebank import checks  # noqa: F401  (registers them)


class TimebankAdminConfig(AdminConfig):
    default_site = "timebank.admin.TimebankAdminSite"

    def ready(self):
        """Leave out what says nothing here: roles are StaffRole's, jobs speak no Chinese.

        Secrets of second factors are shown to nobody; `members.second_factor` sets them up.
        """
        super().ready()
        from django.contrib import admin
        from django.contrib.auth.models import Group
        from django.utils.module_loading import autodiscover_modules
        from django_otp.plugins.otp_static.models import StaticDevice
        from django_otp.plugins.otp_totp.models import TOTPDevice
        from procrastinate.contrib.django.models import ProcrastinateJob

        autodiscover_modules("rules_admin", register_to=admin.site)
        admin.site.unregister([Group, ProcrastinateJob, StaticDevice, TOTPDevice])
