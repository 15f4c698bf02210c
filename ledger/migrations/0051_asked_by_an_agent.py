from pathlib import Path

from django.db import migrations

UNDO = """
DROP TRIGGER ledger_movementrequest_of_an_agent_who_may ON ledger_movementrequest;
DROP FUNCTION ledger_request_is_asked_by_who_may();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0050_agency_of_a_request")]
    operations = [migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(), UNDO)]
