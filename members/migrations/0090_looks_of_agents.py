from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0081_labels")]

    operations = [
        migrations.AlterField(
            model_name="look",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("call", "to call or to visit the person"),
                    ("papers", "to fill in papers for the person"),
                    ("check", "to check or to correct what is on record"),
                    ("emergency", "an emergency"),
                    ("export", "sent out as a file"),
                    ("agent", "acting in the person's name"),
                    ("other", "something else"),
                ],
                max_length=9,
                verbose_name="reason",
            ),
        ),
    ]
