import hashlib
import json
import os
import subprocess
import sys

import pytest

from bench import figures, plan
from bench.figures import Figure
from bench.server import HERE


@pytest.fixture
def figure():
    return Figure("posting", target=0.5, pairs=[(100, 40), (100, 60), (10, 9)])


def test_a_ratio_is_the_median_of_the_ratios_of_pairs(figure):
    assert figure.ratio == 0.6
    assert figure.is_met


def test_a_rate_below_its_target_is_missed(figure):
    figure.target = 0.61

    assert not figure.is_met
    assert "MISSED" in figures.table([figure])


def test_a_time_above_its_target_is_missed(figure):
    figure.at_most = True

    assert not figure.is_met


def test_a_figure_without_a_target_promises_nothing(figure):
    figure.target = None

    assert figure.is_met
    assert figure.verdict == ""


def test_a_figure_without_a_reference_is_judged_by_itself():
    memory = Figure("memory", unit="MB", target=500, at_most=True, pairs=[(None, 140)])

    assert memory.is_met
    assert memory.ratio == 140


def test_the_limit_and_the_slow_disk_are_what_was_measured_with_before():
    digests = {
        name: hashlib.sha256((HERE / name).read_bytes()).hexdigest()[:16]
        for name in ("limit.sql", "slowsync.c")
    }

    assert digests == {"limit.sql": "b3d3db7a4ab1fb4e", "slowsync.c": "034fce8f0d34488a"}


@pytest.mark.skipif(sys.platform != "linux", reason="the bench reads Linux's figures of itself")
def test_the_short_form_measures_every_subject(tmp_path):
    written = tmp_path / "figures.json"
    environment = {name: value for name, value in os.environ.items() if name != "TIMEBANK_SOCKET"}

    run = subprocess.run(
        [sys.executable, "-W", "error", HERE / "run.py", "--short", "--json", written],
        capture_output=True,
        text=True,
        env=environment,
    )

    if run.returncode == os.EX_TEMPFAIL:
        pytest.skip("another bench is running on this machine")
    assert run.returncode == 0, run.stdout + run.stderr
    measured = json.loads(written.read_text())
    assert len(measured) >= len(plan.SUBJECTS)
    assert all(figure["ratio"] > 0 for figure in measured)
