"""Running a state machine of hypothesis within one transaction of a test."""

from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test


def run_from_nothing(monkeypatch, machine, *, examples, steps):
    """Run the machine; each run in a savepoint of the test's transaction, rolled back after it."""
    init, teardown = machine.__init__, machine.teardown

    def begin(self):
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        init(self)

    def end(self):
        try:
            teardown(self)
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    monkeypatch.setattr(machine, "__init__", begin)
    monkeypatch.setattr(machine, "teardown", end)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
