"""A Python process of its own: what it printed, how long it took, how much memory it needed."""

import os
import subprocess
import sys
import time

from bench.server import HERE


def run(*arguments):
    """What it printed, its seconds, and its peak memory in MB."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=HERE.parent, stdout=subprocess.PIPE, text=True
    )
    try:
        with process.stdout:
            output = process.stdout.read()
    except BaseException:  # whoever stops the bench stops this too
        process.kill()
        raise
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{arguments[0]} ended with {process.returncode}\n{output}")
    return output, time.perf_counter() - began, usage.ru_maxrss / 1024
