import pytest
from django.db import connection

from members.models import Area
from services.models import Category


@pytest.fixture(scope="module")
def areas():
    """How many areas the first test of this module has seen."""
    return {}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [1, 2])
def test_a_committed_change_of_reference_data_does_not_outlive_its_test(run, areas):
    found = Area.objects.count(), Category.objects.count()
    areas.setdefault("first", found)
    assert found == areas["first"]
    assert found > (1, 0)

    Category.objects.all().delete()
    Area.objects.create(
        code="999999999999", name_zh="新", name_en="New", level="district", path="/999999999999/"
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [1, 2])
def test_a_committed_row_does_not_outlive_its_test(run):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        assert cursor.fetchone() == (0,)

        cursor.execute("INSERT INTO django_session VALUES ('k', 'd', now())")
