"""What an original tells beside its picture."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("photos", "0003_claims_on_custom_sizes")]

    operations = [
        migrations.AddField(
            model_name="photo",
            name="metadata",
            field=models.JSONField(editable=False, null=True),
        ),
    ]
