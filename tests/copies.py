"""Throw-away copies of a database, by PostgreSQL's own dump."""

import contextlib
import os
import subprocess

import psycopg

from timebank import database


def program(name):
    """The program of the server that the tests run on: another version's would refuse its dump."""
    return str(database._programs() / name)


def dump(name, socket=None):
    """The database as SQL text, without what the tests remember beside it."""
    where = f"--host={socket or os.environ['TIMEBANK_SOCKET']}"
    command = [program("pg_dump"), where, "--username=postgres", "--exclude-schema=migrated", name]
    return subprocess.run(command, check=True, capture_output=True).stdout


def restore(text, name, socket=None):
    """Load a dump into the new database `name`; the roles have to be there."""
    socket = socket or os.environ["TIMEBANK_SOCKET"]
    with psycopg.connect(database.superuser(socket, "postgres"), autocommit=True) as superuser:
        superuser.execute(f'CREATE DATABASE "{name}" OWNER timebank_owner')
    options = ["--quiet", "--set=ON_ERROR_STOP=1", "--no-psqlrc", "--output=/dev/null"]
    command = [program("psql"), f"--host={socket}", "--username=postgres", *options, name]
    subprocess.run(command, input=text, check=True, capture_output=True)


def drop(name, socket=None):
    socket = socket or os.environ["TIMEBANK_SOCKET"]
    with psycopg.connect(database.superuser(socket, "postgres"), autocommit=True) as superuser:
        superuser.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextlib.contextmanager
def copy(of, name):
    """A copy of a database of the same server, while the block runs."""
    drop(name)
    restore(dump(of), name)
    try:
        yield name
    finally:
        drop(name)
