import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0042_labels"),
        ("members", "0090_looks_of_agents"),
    ]

    operations = [
        migrations.AddField(
            model_name="movementrequest",
            name="agency",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="members.agent",
                verbose_name="asked by an agent",
            ),
        ),
        migrations.AddConstraint(
            model_name="movementrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("agency__isnull", True),
                    models.Q(("kind", "redeem"), ("other__isnull", True)),
                    _connector="OR",
                ),
                name="ledger_movementrequest_of_an_agent_uses_hours_for_the_elder",
            ),
        ),
    ]
