import os

from timebank import database

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timebank.settings")
database.ensure_running()

from django.core.wsgi import get_wsgi_application  # noqa: E402  (settings need the server's socket)

application = get_wsgi_application()
