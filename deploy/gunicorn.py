"""How gunicorn serves, in the demo and in production: gunicorn --config deploy/gunicorn.py"""

import gc
import os
from pathlib import Path

wsgi_app = "timebank.wsgi"
bind = os.environ.get("BIND") or f"127.0.0.1:{os.environ.get('PORT', 8000)}"
workers = int(os.environ.get("WEB_CONCURRENCY", 2))
worker_class = "gthread"
threads = 4
timeout = 60
# Loaded once, before the workers are made: the embedded server then belongs to the master.
preload_app = True
# A worker's sign of life must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
logger_class = "timebank.logs.GunicornLogger"
control_socket_disable = True


def when_ready(server):
    """Say in the log when the database is not what the code believes; workers come after this."""
    from timebank import checks

    checks.log_drift()
    gc.collect()
    gc.freeze()  # what was loaded by now stays: no worker looks through it again, all share it
