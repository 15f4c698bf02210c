"""Guandu District with its eight subdistricts and the communities that begin."""

from django.db import migrations

DISTRICT = ("530111000000", "官渡区", "Guandu District")
SUBDISTRICTS = {
    ("530111001000", "关上街道", "Guanshang Subdistrict"): [
        ("530111001001", "石虎关社区", "Shihuguan Community"),
        ("530111001002", "关上中心区社区", "Guanshang Central Community"),
        ("530111001003", "彩云社区", "Caiyun Community"),
    ],
    ("530111002000", "太和街道", "Taihe Subdistrict"): [
        ("530111002001", "和平路社区", "Hepinglu Community"),
    ],
    ("530111003000", "吴井街道", "Wujing Subdistrict"): [],
    ("530111004000", "金马街道", "Jinma Subdistrict"): [],
    ("530111005000", "小板桥街道", "Xiaobanqiao Subdistrict"): [],
    ("530111006000", "官渡街道", "Guandu Subdistrict"): [],
    ("530111007000", "矣六街道", "Yiliu Subdistrict"): [],
    ("530111008000", "六甲街道", "Liujia Subdistrict"): [],
}


def fill(apps, schema_editor):
    areas = apps.get_model("members", "Area").objects.using(schema_editor.connection.alias)

    def add(place, level, parent=None):
        code, zh, en = place
        path = f"{parent.path if parent else ''}{code}/"
        return areas.create(
            code=code, name_zh=zh, name_en=en, level=level, parent=parent, path=path
        )

    district = add(DISTRICT, "district")
    for place, communities in SUBDISTRICTS.items():
        subdistrict = add(place, "subdistrict", district)
        for community in communities:
            add(community, "community", subdistrict)


class Migration(migrations.Migration):
    dependencies = [("members", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
