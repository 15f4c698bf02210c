"""A real browser for tests marked `browser`; without one they say so loudly, and fail in CI."""

import os

import pytest

from tests.browser import tools

# Playwright's synchronous interface runs an event loop in this thread; Django would refuse its
# database beside one, although nothing here is asynchronous.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

QUIET = (
    "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking "
    "disable-component-update disable-sync"
)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if item.get_closest_marker("browser") and (lacking := tools.missing()):
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("; ".join(lacking))


def pytest_terminal_summary(terminalreporter):
    skipped = [r for r in terminalreporter.stats.get("skipped", []) if "browser" in r.keywords]
    if skipped and (lacking := tools.missing()):
        terminalreporter.section("BROWSER TESTS DID NOT RUN", red=True, bold=True)
        for report in skipped:
            terminalreporter.line(f"not run: {report.nodeid}")
        for sentence in lacking:
            terminalreporter.line(sentence, bold=True)


@pytest.fixture(scope="session")
def browser_type_launch_args():
    return {"executable_path": tools.chromium(), "args": [f"--{word}" for word in QUIET.split()]}


@pytest.fixture(scope="session")
def browser_context_args():
    return {"reduced_motion": "reduce", "locale": "zh-CN"}
