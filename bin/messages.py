#!/usr/bin/env python
"""Collect the texts of code and templates, keep their translations, compile them.

    bin/messages.py                    bring locale/ up to date with the code
    bin/messages.py merge FILE.po …    the same, with new translations from these files
    bin/messages.py check              change nothing; exit 1 when something is missing or stale

Needs no gettext on the machine: Python's own parser reads the code, Django's the templates. A
text that is gone goes from the catalogue too; nothing is guessed from similar texts. The file is
sorted and carries no dates or line numbers, so that it changes only where a text does.
"""

import argparse
import ast
import re
import sys
from pathlib import Path

import polib
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
HEADER = {
    "Project-Id-Version": "timebank",
    "Language": "zh_Hans",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=1; plural=0;",
}
WIDTH = 96
APPS = ("timebank", "services", "ledger", "members")
# Function → what its leading text arguments are.
FUNCTIONS = {
    "_": ("msgid",),
    "gettext": ("msgid",),
    "gettext_lazy": ("msgid",),
    "gettext_noop": ("msgid",),
    "ngettext": ("msgid", "msgid_plural"),
    "ngettext_lazy": ("msgid", "msgid_plural"),
    "pgettext": ("msgctxt", "msgid"),
    "pgettext_lazy": ("msgctxt", "msgid"),
    "npgettext": ("msgctxt", "msgid", "msgid_plural"),
    "npgettext_lazy": ("msgctxt", "msgid", "msgid_plural"),
}
CALL_IN_TEMPLATE = re.compile(r"(?:_|n?p?gettext)\((?=u?[\"'])")
PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]|\{(\w*)\}|%[sd]")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("action", nargs="?", choices=["collect", "merge", "check"])
    parser.add_argument("fragments", nargs="*", type=Path)
    options = parser.parse_args()

    said = []
    fresh = merged(collected(), [known(), *(fragment(path, said) for path in options.fragments)])
    if options.action == "check":
        said += stale(fresh)
    else:
        CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
        fresh.save(str(CATALOGUE))
        fresh.save_as_mofile(str(CATALOGUE.with_suffix(".mo")))
    said += faults(fresh)
    print("\n".join([*said, f"{len(fresh)} texts, {len(said)} to look at"]))
    return 1 if said else 0


def collected():
    """The texts of all apps and templates: (context, text) → plural, None where there is none."""
    texts = {}
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                collect_calls(ast.parse(path.read_text(), path), texts)
    for folder in (ROOT / "templates", *(ROOT / app / "templates" for app in APPS)):
        for path in sorted((*folder.rglob("*.html"), *folder.rglob("*.txt"))):
            collect_template(templatize(path.read_text(), origin=str(path)), texts)
    return texts


def collect_calls(tree, texts):
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        parts = FUNCTIONS.get(getattr(node.func, "id", getattr(node.func, "attr", None)), ())
        values = [a.value for a in node.args if isinstance(a, ast.Constant)]
        values = [value for value in values if isinstance(value, str)]
        if parts and len(values) >= len(parts):
            part = dict(zip(parts, values, strict=False))
            key = part.get("msgctxt"), part["msgid"]
            texts[key] = part.get("msgid_plural") or texts.get(key)


def collect_template(source, texts):
    """Django has turned the template's translation tags into calls amid blanked-out text."""
    for call in CALL_IN_TEMPLATE.finditer(source):
        for end in re.compile(r"\)").finditer(source, call.end()):
            try:
                tree = ast.parse(source[call.start() : end.end()])
            except SyntaxError:  # a bracket within the text
                continue
            collect_calls(tree, texts)
            break


def known():
    return polib.pofile(str(CATALOGUE), wrapwidth=WIDTH) if CATALOGUE.exists() else []


def fragment(path, said):
    """The entries of a file that somebody may still be writing: what can be read is read."""
    entries = polib.POFile()
    if not path.exists():
        said.append(f"{path}: no such file")
        return entries
    for block in re.split(r"\n\s*\n", path.read_text()):
        if "msgid" not in block:
            continue
        try:
            entries.extend(polib.pofile(block.strip() + "\n"))
        except (OSError, ValueError) as problem:
            said.append(f"{path}: cannot read: {' '.join(block.split())[:120]} ({problem})")
    return entries


def merged(texts, catalogues):
    """A catalogue of exactly `texts`, each with the last translation that a catalogue has."""
    given = {}
    for entry in (entry for catalogue in catalogues for entry in catalogue if not entry.obsolete):
        text = entry.msgstr_plural.get(0) if entry.msgid_plural else entry.msgstr
        if text or entry.msgstr:
            given[entry.msgctxt, entry.msgid] = text or entry.msgstr, "fuzzy" in entry.flags
    result = polib.POFile(wrapwidth=WIDTH)
    result.metadata = HEADER
    for (context, text), plural in sorted(texts.items(), key=lambda item: (item[0][1], str(item))):
        translation, is_fuzzy = given.get((context, text), ("", False))
        entry = polib.POEntry(msgctxt=context, msgid=text, flags=["fuzzy"] * is_fuzzy)
        if plural:
            entry.msgid_plural, entry.msgstr_plural = plural, {0: translation}
        else:
            entry.msgstr = translation
        result.append(entry)
    return result


def faults(catalogue):
    said = []
    for entry in catalogue:
        text = entry.msgstr_plural.get(0) if entry.msgid_plural else entry.msgstr
        if not text:
            said.append(f"missing: {entry.msgid!r}")
        elif "fuzzy" in entry.flags:
            said.append(f"fuzzy: {entry.msgid!r}")
        elif placeholders(text) - placeholders(entry.msgid_plural or entry.msgid):
            said.append(f"other placeholders: {entry.msgid!r} → {text!r}")
        elif placeholders(entry.msgid) - placeholders(text):
            said.append(f"lost placeholders: {entry.msgid!r} → {text!r}")
    return said


def placeholders(text):
    return {match.group() for match in PLACEHOLDER.finditer(text.replace("%%", ""))}


def stale(fresh):
    """What `collect` would change."""
    compiled = CATALOGUE.with_suffix(".mo")
    if not CATALOGUE.exists() or str(known()) != str(fresh):
        return ["locale/ is behind the code: run `make messages`"]
    if not compiled.exists() or compiled.read_bytes() != fresh.to_binary():
        return ["the compiled translations are stale: run `make messages`"]
    return []


if __name__ == "__main__":
    sys.exit(main())
