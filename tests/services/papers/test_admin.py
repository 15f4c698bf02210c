import uuid

import pytest
from django.urls import reverse

from services.papers import prints
from services.papers.models import StatementPrint, StatementRun
from tests.factories import StaffFactory, community
from tests.services.papers.conftest import NOW
from tests.timebank.test_my_time import bank

MODELS = ["certificate", "statementprint", "statementrun"]


@pytest.fixture
def on_record(serve, issue, holder, clerk):
    """A row of each kind of paper, by kind."""
    serve(60)
    bank(holder, 60)
    printed = prints.print_new(holder, key=uuid.uuid4(), by=clerk, at=NOW)
    run = StatementRun.objects.create(area=holder.area, year=2026, requested_by=clerk)
    return dict(zip(MODELS, (issue(), printed, run), strict=True))


@pytest.mark.parametrize("model", MODELS)
def test_an_auditor_reads_papers_and_changes_none(client, on_record, model):
    client.force_login(StaffFactory(role="auditor"))
    row = on_record[model]

    listed = client.get(reverse(f"admin:services_{model}_changelist"), {"q": ""})
    shown = client.get(reverse(f"admin:services_{model}_change", args=[row.pk]))
    saved = client.post(reverse(f"admin:services_{model}_change", args=[row.pk]), {})
    deleted = client.post(reverse(f"admin:services_{model}_delete", args=[row.pk]), {"post": "yes"})

    assert listed.context["cl"].result_count == 1
    assert (shown.status_code, saved.status_code, deleted.status_code) == (200, 403, 403)


@pytest.mark.parametrize("model", MODELS)
def test_papers_of_another_area_are_not_listed(client, on_record, model):
    client.force_login(StaffFactory(role="administrator", area=community("530111001002")))

    listed = client.get(reverse(f"admin:services_{model}_changelist"))

    assert listed.context["cl"].result_count == 0


def test_the_list_of_prints_asks_the_same_for_one_and_for_three(
    client, on_record, holder, clerk, django_assert_max_num_queries
):
    client.force_login(StaffFactory(role="administrator"))
    counts = []
    for _ in range(2):
        with django_assert_max_num_queries(20) as asked:
            client.get(reverse("admin:services_statementprint_changelist"))
        counts.append(len(asked))
        for _ in range(2):
            prints.print_again(holder, first=1, key=uuid.uuid4(), by=clerk, at=NOW)

    assert counts[0] == counts[1]
    assert StatementPrint.objects.count() == 5
