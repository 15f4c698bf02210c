from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0019_pool_floor_and_holds")]
    operations = [
        migrations.AlterField(
            model_name="movementrequest",
            name="relation",
            field=models.CharField(
                blank=True,
                choices=[
                    ("spouse", "spouse"),
                    ("parent", "parent"),
                    ("grandparent", "grandparent"),
                    ("child", "child"),
                    ("grandchild", "grandchild"),
                ],
                max_length=11,
                verbose_name="relation",
            ),
        )
    ]
