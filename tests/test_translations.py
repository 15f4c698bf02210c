import subprocess
import sys
from pathlib import Path

import django
import polib
import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import translation

BIN = Path(__file__).resolve().parent.parent / "bin"
CATALOGUE = BIN.parent / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


@pytest.fixture
def messages(monkeypatch):
    monkeypatch.syspath_prepend(BIN)
    import messages

    return messages


def test_every_text_is_translated_and_compiled():
    run = subprocess.run(
        [sys.executable, BIN / "messages.py", "check"], capture_output=True, text=True, check=False
    )

    assert run.stdout.endswith(" texts, 0 to look at\n"), run.stdout + run.stderr
    assert run.returncode == 0


def test_what_django_says_is_in_chinese_too():
    ours = {(one.msgctxt, one.msgid) for one in polib.pofile(str(CATALOGUE))}
    django_s = Path(django.__file__).parent
    missing = {}
    for part in ("conf", "contrib/admin", "contrib/auth", "contrib/humanize", "contrib/postgres"):
        folder = django_s / part / "locale"
        texts, translated = [
            {(one.msgctxt, one.msgid) for one in found}
            for found in (
                polib.pofile(str(folder / "en/LC_MESSAGES/django.po")),
                polib.pofile(str(folder / "zh_Hans/LC_MESSAGES/django.po")).translated_entries(),
            )
        ]
        assert texts, part
        missing |= dict.fromkeys(texts - translated - ours, part)

    assert missing == {}


@pytest.mark.parametrize(
    ("language", "words"), [("zh-hans", "至少要有 10 个字符"), ("en", "at least 10")]
)
def test_a_short_password_is_told_in_the_language_of_the_page(language, words):
    with translation.override(language), pytest.raises(ValidationError, match=words):
        validate_password("x7!")


def test_missing_fuzzy_and_broken_translations_are_found(messages, tmp_path):
    texts = {(None, "name"): None, (None, "%(hours)d h"): "%(hours)d h", (None, "unknown"): None}
    written = '#, fuzzy\nmsgid "name"\nmsgstr "名"\n\nmsgid "%(hours)d h"\nmsgstr "小时"\n'
    (tmp_path / "some.po").write_text(written)

    catalogue = messages.merged(texts, [messages.fragment(tmp_path / "some.po", [])])

    assert messages.faults(catalogue) == [
        "lost placeholders: '%(hours)d h' → '小时'",
        "fuzzy: 'name'",
        "missing: 'unknown'",
    ]


def test_what_can_be_read_of_an_unfinished_file_is_read(messages, tmp_path):
    (tmp_path / "some.po").write_text('msgid "male"\nmsgstr "男"\n\nmsgid "fem\nmsgs')
    said = []

    entries = messages.fragment(tmp_path / "some.po", said)

    assert [(entry.msgid, entry.msgstr) for entry in entries] == [("male", "男")]
    assert "cannot read" in said[0]


def test_texts_of_templates_are_collected_with_context_and_plural(messages):
    from django.utils.translation.template import templatize

    page = (
        '{% trans "Log (all) visits" %}{% trans "May" context "month" %}'
        "{% blocktrans count n=n trimmed %}one {{ n }}{% plural %}{{ n }} 100%{% endblocktrans %}"
    )
    texts = {}

    messages.collect_template(templatize(page), texts)

    assert texts == {
        (None, "Log (all) visits"): None,
        ("month", "May"): None,
        (None, "one %(n)s"): "%(n)s 100%%",
    }
