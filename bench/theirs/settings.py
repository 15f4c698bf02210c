"""Django with the other ledgers, in a database of their own."""

import os

SECRET_KEY = "bench"
USE_TZ = True
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["OTHERS_SOCKET"],
        "NAME": os.environ["OTHERS_DATABASE"],
        "USER": "postgres",
        "CONN_MAX_AGE": None,
    }
}
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "mptt",
    "hordak",
    "django_ledger",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DEFAULT_CURRENCY = "EUR"
CURRENCIES = ["EUR"]
