from django.db import migrations

from members.sealing import sealed

COLUMNS = {
    "assessment": ("reason", "return_reason"),
    "kinship": ("proof_note", "return_reason"),
    "merge": ("reason", "return_reason"),
    "datarequest": ("hours_words",),
}


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("members", "0100_words_to_seal")]
    operations = [sealed("members", COLUMNS)]
