"""Two questions for whoever watches over the server; the answers say nothing else."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ledger import seals

_migrated = False


@login_not_required
@never_cache
@require_safe
def healthz(request):
    """Whether this process answers; when it doesn't, start it again."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request):
    """Whether pages can be served: the database answers, and no migration is missing.

    A second line is an alarm: the ledger is not being sealed. Pages are served all the same, so the
    status stays 200, or a worker that stands still would close the house.
    """
    try:
        ready = _is_migrated()
        late = ready and seals.is_late()
    except DatabaseError:
        ready = late = False
    return HttpResponse(
        ("ready\n" if ready else "not ready\n") + ("seals are late\n" if late else ""),
        content_type="text/plain",
        status=200 if ready else 503,
    )


def _is_migrated():
    """Ask the database each time, but for its migrations only until they are complete."""
    global _migrated
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated
