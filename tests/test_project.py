"""Checks of the whole code: what no single test would notice."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent
TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    if name and (ROOT / name).is_file()
]
CODE = [
    path
    for path in TRACKED
    if path.suffix == ".py" and "tests" not in path.parts and "migrations" not in path.parts
]
TEXTS = [
    path
    for path in TRACKED
    if path.suffix not in {".mo", ".xlsx", ".png", ".ico", ".woff2", ".otf"}
]
GRAB_BAGS = {"services", "utils", "helpers", "common", "core", "managers", "selectors"}
GRAB_BAGS |= {"constants", "exceptions", "mixins"}


def found(pattern, paths):
    """Each line that matches, as `path:number: line`."""
    expression = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in paths
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if expression.search(line)
    ]


def test_no_file_is_longer_than_400_lines():
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in CODE}

    assert {path: length for path, length in lengths.items() if length > 400} == {}


def test_no_function_is_longer_than_50_lines():
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= 50
    ]

    assert long == []


def test_no_view_is_longer_than_25_lines():
    views = [path for path in CODE if path.stem == "views" or path.parent.name == "views"]
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in views
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= 25
    ]

    assert long == []


def test_no_template_is_longer_than_110_lines():
    templates = [path for path in TRACKED if path.suffix == ".html" and "tests" not in path.parts]

    assert [path for path in templates if len(path.read_text().splitlines()) > 110] == []


def test_nothing_is_left_to_do():
    assert found(r"\b(TODO|FIXME|XXX)\b", CODE) == []


def test_there_are_no_signal_receivers_and_no_grab_bags():
    assert (
        found(r"@receiver|\.connect\(receiver|\bsignals(\.| import)|post_save|m2m_changed", CODE)
        == []
    )
    assert [path for path in CODE if path.stem in GRAB_BAGS] == []


def test_nothing_overrides_save():
    models = [p for p in CODE if p.stem.endswith("models") or p.parent.name == "models"]

    assert len(models) > 8
    assert found(r"^    def (save|delete)\(self", models) == []


def test_no_file_names_a_machine_or_where_packages_come_from():
    requirements = [path for path in TRACKED if path.parent.name == "requirements"]

    assert found(r"://|--(extra-)?index|find-links|trusted-host", requirements) == []
    assert found(r"https?://[^ ]*(pypi|pythonhosted|npmjs|registry)\.", TEXTS) == []
    assert found(r"(?<![\w.])/(work|home|Users|root)/", TEXTS) == []


@pytest.mark.parametrize("name", ["base", "dev"])
def test_every_locked_version_has_a_hash(name):
    lock = (ROOT / "requirements" / f"{name}.txt").read_text()

    packages = re.findall(r"^[a-z].*==.*$", lock, flags=re.MULTILINE)
    assert len(packages) > 20
    assert [line for line in packages if not line.endswith("\\")] == []


def test_every_dependency_is_locked_and_has_its_reason():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    project = tomllib.loads("\n".join(lines))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    lock = (ROOT / "requirements" / "dev.txt").read_text()

    for requirement in wanted:
        line = next(line for line in lines if f'"{requirement}"' in line)
        name = re.match(r"[\w-]+", requirement).group().lower()
        assert "  # " in line, f"{name} has no reason"
        assert re.search(rf"^{name}(\[.*\])?==", lock, flags=re.MULTILINE), f"{name} is not locked"


@pytest.mark.parametrize(
    "command", ["import_register", "make_data", "report", "verify_ledger", "demo_people"]
)
def test_the_commands_that_scripts_rely_on_exist(command):
    assert command in get_commands()


def test_every_setting_from_the_environment_is_documented():
    documented = (ROOT / "docs" / "running.md").read_text()
    settings = (ROOT / "timebank" / "settings.py").read_text()
    gunicorn = (ROOT / "deploy" / "gunicorn.py").read_text()
    names = re.findall(r'\benv(?:\.\w+)?\(\s*"(\w+)"', settings)
    names += re.findall(r'environ\.get\(\s*"(\w+)"', gunicorn)

    assert len(names) > 10
    assert [n for n in names if f"`{n}`" not in documented and n != "TIMEBANK_SOCKET"] == []


def run_settings(code, tmp_path, **env):
    """What Python prints with nothing but these variables set."""
    script = f"import django; django.setup(); from django.conf import settings; {code}"
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "TIMEBANK_VAR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "timebank.settings",
            **env,
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_settings_are_safe_when_nothing_is_set(tmp_path):
    says = run_settings(
        "print(settings.DEBUG, len(settings.SECRET_KEY) >= 50, '*' in settings.ALLOWED_HOSTS,"
        " settings.SESSION_COOKIE_HTTPONLY, settings.SECURE_CONTENT_TYPE_NOSNIFF,"
        " settings.X_FRAME_OPTIONS, settings.DATABASES['default']['USER'])",
        tmp_path,
    )

    assert says == "False True False True True DENY timebank_web"
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_options_of_the_database_url_are_kept(tmp_path):
    says = run_settings(
        "print(settings.DATABASES['default']['OPTIONS']['sslmode'],"
        " settings.DATABASES['owner']['OPTIONS']['sslmode'])",
        tmp_path,
        DATABASE_URL="postgres://timebank_web@127.0.0.1/timebank?sslmode=require",
    )

    assert says == "require require"


def test_the_policy_for_content_allows_nothing_inline(settings):
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]

    assert policy["default-src"] == ["'none'"]
    assert "unsafe" not in str(policy)
    templates = [path for path in TRACKED if path.suffix == ".html" and "tests" not in path.parts]
    assert found(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", templates) == []
