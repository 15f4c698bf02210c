"""Rules that every template keeps, read from the files themselves."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "templates"
TEMPLATES = sorted(ROOT.rglob("*.html"))
FORBIDDEN = {
    "an inline style": r"<style\b|\sstyle=",
    "an inline script": r"<script\b(?![^>]*\ssrc=)",
    "an inline handler": r"<[^>]*\son[a-z]+\s*=",
    "an address that runs a script": r"javascript:",
    "text that is not escaped": r"\|safe\b(?!eseq)|{%\s*autoescape off",
    "htmx's own scripting": r"\shx-on|\shx-vals=['\"]js:",
}
# Help texts are ours and may carry markup.
MAY_BE_SAFE = {"components/field_words.html"}
CONTROL = re.compile(r"<(?:input|select|textarea)\b[^>]*>")
# Django's own parts of a widget need the widget's whole context.
INCLUDE = re.compile(r'{%\s*include\s+"(?!django/)[^"]+"(.*?)%}')

every_template = pytest.mark.parametrize(
    "template", TEMPLATES, ids=[str(t.relative_to(ROOT)) for t in TEMPLATES]
)


@every_template
def test_a_template_holds_nothing_that_the_policy_forbids(template):
    text = template.read_text()
    name = str(template.relative_to(ROOT))

    found = {fault for fault, pattern in FORBIDDEN.items() if re.search(pattern, text)}

    if name in MAY_BE_SAFE:
        found -= {"text that is not escaped"}
    assert not found


@every_template
def test_a_template_is_short(template):
    limit = 100 if template == ROOT / "base.html" else 110

    assert len(template.read_text().splitlines()) <= limit


@every_template
def test_a_component_is_given_what_it_needs_and_nothing_else(template):
    included = INCLUDE.findall(template.read_text())

    assert all(arguments.split()[-1:] == ["only"] for arguments in included)


@every_template
def test_every_control_that_is_written_by_hand_has_a_label(template):
    text = template.read_text()

    for match in CONTROL.finditer(text):
        control, before = match[0], text[: match.start()]
        wrapped = before.count("<label") > before.count("</label")
        own_id = re.search(r'\sid="([^"]+)"', control)
        labelled = own_id and f'for="{own_id[1]}"' in text
        hidden = re.search(r'type="(hidden|submit)"', control)
        assert wrapped or labelled or hidden or "aria-label" in control, control
