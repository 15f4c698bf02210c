from django.db import migrations

from members.sealing import sealed

COLUMNS = {"movementrequest": ("proof", "reason", "return_reason")}


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("ledger", "0055_words_to_seal")]
    operations = [sealed("ledger", COLUMNS)]
