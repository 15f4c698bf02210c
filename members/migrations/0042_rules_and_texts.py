"""The rules of eligibility and the texts of consents that every installation begins with."""

from pathlib import Path

from django.db import migrations

BEGINNING = "2000-01-01"
TEXTS = {
    "basic": (
        "我同意社区时间银行登记我的姓名、性别、出生日期、住址和电话，用于安排和记录服务。"
        "我可以随时撤回。",
        "I agree that the time bank keeps my name, sex, birth date, address and phones, to arrange "
        "services and record them. I can withdraw this at any time.",
    ),
    "sensitive": (
        "我另外同意登记我的身份证号、健康和失能状况、低保情况，只用于判断谁为我的服务付出时间，"
        "以及让来访的人做好准备。我可以随时撤回，撤回后立即不再显示。",
        "I also agree that my ID number, my health and disability and my low income are kept, only "
        "to decide who pays for the help I get and to prepare those who visit me. I can withdraw "
        "this at any time; it is then no longer shown, at once.",
    ),
    "family": (
        "我同意工作人员在需要时联系我的家人。我可以随时撤回。",
        "I agree that the staff call my family when needed. I can withdraw this at any time.",
    ),
    "agent": (
        "我同意由我指定的人代我确认服务、代我求助或查看我的时间账户，范围以登记为准。"
        "我可以随时撤回。",
        "I agree that the person I name confirms visits, asks for help or sees my time account in "
        "my name, as far as it is written down. I can withdraw this at any time.",
    ),
    "public_notice": (
        "我同意在社区公示中以隐去部分姓名的方式公布我的服务次数和时长。我可以随时撤回。",
        "I agree that my visits and hours are shown in the community's public notice, with my name "
        "masked. I can withdraw this at any time.",
    ),
    "statistics": (
        "我同意在不出现我姓名的统计中使用我的记录。我可以随时撤回。",
        "I agree that my records are used in statistics that do not name me. I can withdraw this "
        "at any time.",
    ),
}


def fill(apps, schema_editor):
    using = schema_editor.connection.alias
    rules = apps.get_model("members", "EligibilityRules").objects.using(using)
    rules.create(effective_from=BEGINNING)
    texts = apps.get_model("members", "ConsentText").objects.using(using)
    for purpose, (zh, en) in TEXTS.items():
        texts.create(purpose=purpose, version=1, effective_from=BEGINNING, text_zh=zh, text_en=en)


class Migration(migrations.Migration):
    dependencies = [("members", "0041_rights_are_kept")]
    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(),
            "DROP FUNCTION members_beside_visit; DROP FUNCTION members_rules_in_force;"
            "DROP TYPE members_beside",
        ),
    ]
