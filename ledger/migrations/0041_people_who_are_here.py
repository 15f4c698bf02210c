from django.db import migrations

ONLY_WHO_IS_HERE = """
CREATE TRIGGER ledger_movementrequest_names_people_who_are_here
    BEFORE INSERT OR UPDATE OF member_id, other_id ON ledger_movementrequest
    FOR EACH ROW EXECUTE FUNCTION members_refuse_who_is_not_here('member_id', 'other_id');
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0040_joins"), ("members", "0071_who_is_here")]
    operations = [migrations.RunSQL(ONLY_WHO_IS_HERE)]
