import os

import psycopg
import pytest
from django.db import connection

from timebank import database, health


@pytest.fixture(autouse=True)
def nothing_known_yet(monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)


@pytest.mark.parametrize(("path", "answer"), [("/healthz", b"ok\n"), ("/readyz", b"ready\n")])
def test_whoever_watches_gets_an_answer_without_signing_in(db, client, path, answer):
    response = client.get(path)

    assert (response.status_code, response.content) == (200, answer)
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_the_answer_names_no_version(db, client, path):
    response = client.get(path)

    assert not {"Server", "X-Powered-By", "Via"} & set(response.headers)
    assert not any(character.isdigit() for character in response.content.decode())


@pytest.mark.django_db(transaction=True)
def test_it_is_not_ready_without_its_database(client):
    real, connection.settings_dict["HOST"] = connection.settings_dict["HOST"], "/nowhere"
    connection.close()

    answers = client.get("/readyz").status_code, client.get("/healthz").status_code

    connection.settings_dict["HOST"] = real
    assert answers == (503, 200)


@pytest.mark.django_db(transaction=True)
def test_it_is_not_ready_while_a_migration_is_missing(client):
    where = database.superuser(os.environ["TIMEBANK_SOCKET"], connection.settings_dict["NAME"])
    rename = "UPDATE django_migrations SET name = %s WHERE app = 'members' AND name = %s"
    with psycopg.connect(where, autocommit=True) as there:
        newest = "SELECT max(name) FROM django_migrations WHERE app = 'members'"
        (name,) = there.execute(newest).fetchone()
        there.execute(rename, ["0000_other", name])

        response = client.get("/readyz")

        there.execute(rename, [name, "0000_other"])
    assert (response.status_code, response.content) == (503, b"not ready\n")


def test_probes_are_not_sent_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/healthz").status_code == 200
    assert client.get("/sign-in/").status_code == 301


def test_an_alarm_stands_in_the_second_line_and_pages_are_served_all_the_same(
    db, client, monkeypatch
):
    monkeypatch.setattr(health.seals, "is_late", lambda: True)

    response = client.get("/readyz")

    assert (response.status_code, response.content) == (200, b"ready\nseals are late\n")
