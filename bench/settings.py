"""The project's settings, and the bench's own tables and page beside them."""

from timebank.settings import *  # noqa: F403
from timebank.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "bench"]
ROOT_URLCONF = "bench.urls"
