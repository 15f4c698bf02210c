"""django-hordak and django-ledger: ledgers for Django, posting as their documentation tells."""

import os
import subprocess

from bench import book, from_django, workers
from bench.figures import Figure, paired

TARGETS = {"django-hordak": 3, "django-ledger": None}
PYTHON = book.ROOT / "var" / "others" / "bin" / "python"
DATABASE = "others"


def measure(server, size):
    """Both at every number of processes; nothing without the environment that has them."""
    if not PYTHON.exists():
        print("NO DJANGO-HORDAK, NO DJANGO-LEDGER: not measured. `make bench` installs them.\n")
        return []
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "bench.theirs.settings",
        "OTHERS_SOCKET": server.socket,
        "OTHERS_DATABASE": DATABASE,
        "PYTHONWARNINGS": "ignore",  # of their own ways
    }
    with server.as_superuser() as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
    prepare = [PYTHON, "-m", "bench.theirs.prepare"]
    subprocess.run(prepare, cwd=book.ROOT, env=environment, check=True)
    return [
        _compared(server, size, how, processes, environment)
        for how in TARGETS
        for processes in size.connections
    ]


def _compared(server, size, how, processes, environment):
    figure = Figure(f"posting from Django : {how}", connections=processes, target=TARGETS[how])
    theirs = workers.started(
        processes, "bench.theirs.worker", {"how": how}, python=PYTHON, environment=environment
    )
    with from_django.ours(server, processes) as ours, theirs as others:

        def rate(those, way):
            return workers.rate(workers.ask(those, {"how": way, "seconds": size.seconds}))

        paired(figure, lambda: rate(others, how), lambda: rate(ours, "ledger"), pairs=size.pairs)
    book.check_nothing_was_refused(server)
    return figure
