from django.db import migrations

from members.sealing import sealed

COLUMNS = {"visit": ("note", "return_reason"), "certificate": ("withdraw_reason",)}


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("services", "0075_words_to_seal")]
    operations = [sealed("services", COLUMNS)]
