#!/usr/bin/env python
"""Run the demo: web server and worker, until Ctrl-C or until one of them ends.

Their database is the embedded one, which stops with the last of them. Whoever kills this process
ends both all the same: the kernel tells them that their parent is gone (on Linux).
"""

import contextlib
import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("TIMEBANK_VAR", ROOT / "var"))
PORT = int(os.environ.get("PORT", 8000))
ADDRESS = f"http://127.0.0.1:{PORT}/"
WEB = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.py"]
WORKER = [sys.executable, "manage.py", "procrastinate", "worker"]
PR_SET_PDEATHSIG = 1
PATIENCE = 60


class Ended(Exception):
    """Ctrl-C, or a signal that asks us to stop."""


def main():
    if is_taken():
        return (
            f"Port {PORT} is in use. Stop what runs there, or choose another: PORT=8001 make demo"
        )
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, on_signal)
    end_with_parent()
    running = []
    try:
        running += [web := start(WEB), worker := start(WORKER)]
        wait_until_ready(web)
        print((VAR / "demo_sign_ins").read_text())
        print(f"Time Bank is at {ADDRESS}   (Ctrl-C stops it)\n", flush=True)
        while web.poll() is None and worker.poll() is None:
            time.sleep(0.2)
    except Ended:
        return 0
    finally:
        stop(running)
    ended = "web server" if web.poll() is not None else "worker"
    return f"The {ended} has ended; so all was stopped. Start again with: make demo"


def on_signal(number, frame):
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # a second Ctrl-C must not cut the stopping short
    raise Ended


def is_taken():
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", PORT)) == 0


def start(command):
    """In a session of its own: of Ctrl-C only we hear, and then stop both in order."""
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"PORT": str(PORT)},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=end_with_parent,
    )


def end_with_parent():
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_until_ready(web):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and web.poll() is None:
        asked = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
        with contextlib.suppress(OSError), contextlib.closing(asked):
            asked.request("GET", "/readyz")
            if asked.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.1)


def stop(processes):
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
