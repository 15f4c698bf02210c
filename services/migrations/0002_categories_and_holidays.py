"""The pilot's eight categories, and China's public holidays with the days worked in their place."""

import datetime

import chinese_calendar
from django.db import migrations

CATEGORIES = [
    # code, 中文, English, usual minutes, at home, urgent, other names
    (
        "daily-care",
        "日常生活照顾",
        "Daily living care",
        60,
        True,
        False,
        "生活照料,日常照料,生活照顾",
    ),
    ("companionship", "情感陪伴", "Companionship", 60, True, False, "陪伴,陪聊,聊天,精神慰藉"),
    ("home-visit", "日常看望", "Routine visit", 60, True, False, "看望,探访,上门探访"),
    ("shopping", "协助陪同购物", "Shopping together", 60, False, False, "陪同购物,代购,购物"),
    (
        "medical-escort",
        "陪同就医",
        "Going to the doctor together",
        120,
        False,
        False,
        "陪诊,就医陪同,陪同看病",
    ),
    ("health-guidance", "健康指导", "Health guidance", 60, True, False, "健康咨询,量血压"),
    ("emergency", "紧急援助", "Urgent help", 60, True, True, "应急救助,紧急救助"),
    ("resource-linking", "资源链接", "Linking to resources", 60, True, False, "资源对接"),
]
YEARS = range(2018, 2031)


def fill(apps, schema_editor):
    Category = apps.get_model("services", "Category")
    database = schema_editor.connection.alias
    Category.objects.using(database).bulk_create(
        Category(
            code=code,
            name_zh=zh,
            name_en=en,
            usual_minutes=minutes,
            at_home=at_home,
            is_urgent=urgent,
            synonyms=synonyms,
            position=position,
        )
        for position, (code, zh, en, minutes, at_home, urgent, synonyms) in enumerate(CATEGORIES, 1)
    )
    apps.get_model("services", "Holiday").objects.using(database).bulk_create(holidays(apps))


def holidays(apps):
    Holiday = apps.get_model("services", "Holiday")
    for year in YEARS:
        day = datetime.date(year, 1, 1)
        while day.year == year:
            try:
                worked = chinese_calendar.is_workday(day)
            except NotImplementedError:  # the library does not know this year yet
                break
            if worked != (day.weekday() < 5):
                name = chinese_calendar.get_holiday_detail(day)[1] or ""
                yield Holiday(day=day, is_workday=worked, name=name)
            day += datetime.timedelta(days=1)


class Migration(migrations.Migration):
    dependencies = [("services", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
