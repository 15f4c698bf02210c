"""The bytes that are sealed: in Python, in SQL, and in files that are kept for ever."""

import datetime
import json
import uuid
from hashlib import sha256
from pathlib import Path

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import canonical

# A column that is added belongs here until the next version seals it: nothing else guards it.
NOT_IN_A_VERSION_YET = set()
GOLDEN = Path(__file__).parent / "golden"
BIG = st.integers(-(2**63), 2**63 - 1)
SMALL = st.integers(-(2**15), 2**15 - 1)
NUMBERED = st.none() | BIG
TRANSFERS = st.tuples(
    *(BIG, BIG, st.uuids(), SMALL, SMALL, BIG, BIG, BIG, BIG, BIG, BIG, BIG),
    st.dates(),
    st.datetimes(
        datetime.datetime(1900, 1, 1),
        datetime.datetime(9999, 12, 30),
        timezones=st.just(datetime.UTC),
    ),
    *(BIG, NUMBERED, NUMBERED, NUMBERED, st.none() | st.dates()),
)
TYPES = ("bigint", "bigint", "uuid", "smallint", "smallint", *["bigint"] * 7, "date", "timestamptz")
ROW = f"""
    SELECT ledger_leaf_v1(jsonb_populate_record(NULL::ledger_transfer, jsonb_build_object(
        {
    ", ".join(
        f"'{field}', %s::{type}"
        for field, type in zip(canonical.FIELDS, (*TYPES, *["bigint"] * 4, "date"), strict=True)
    )
})))
"""


@pytest.fixture
def owner(connect):
    return connect("timebank_owner", autocommit=True)


def from_golden(data):
    moment = datetime.datetime.fromisoformat(data["recorded_at"])
    day = datetime.date.fromisoformat(data["effective_on"])
    typed = {"journal": uuid.UUID(data["journal"]), "effective_on": day, "recorded_at": moment}
    if data["relates_to"]:
        typed["relates_to"] = datetime.date.fromisoformat(data["relates_to"])
    return [(data | typed)[field] for field in canonical.FIELDS]


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("v1-*.json")), ids=lambda file: file.stem)
def test_the_bytes_of_version_1_are_what_they_always_were(db, owner, file):
    golden = json.loads(file.read_text())
    transfer = from_golden(golden["transfer"])

    assert canonical.encode(transfer).hex() == golden["bytes"]
    assert canonical.leaf(transfer).hex() == golden["leaf"]
    assert owner.execute(ROW, transfer).fetchone() == (bytes.fromhex(golden["leaf"]),)


def test_there_is_a_golden_file_for_every_version():
    versions = {file.stem.split("-")[0] for file in GOLDEN.glob("*.json")}

    assert versions == {f"v{version}" for version in range(1, canonical.VERSION + 1)}


def test_golden_files_are_not_made_anew():
    """Whoever has changed one of them has broken every seal that was ever made."""
    together = sha256(b"".join(file.read_bytes() for file in sorted(GOLDEN.glob("v1-*.json"))))

    assert together.hexdigest()[:16] == "2af309223f2e6d28"


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(transfer=TRANSFERS)
def test_sql_and_python_agree_on_every_transfer(owner, transfer):
    assert owner.execute(ROW, transfer).fetchone() == (canonical.leaf(transfer),)


@settings(max_examples=300, deadline=None)
@given(transfer=TRANSFERS, other=TRANSFERS, position=st.integers(0, 18))
def test_no_field_can_be_changed_without_its_bytes(transfer, other, position):
    changed = [*transfer[:position], other[position], *transfer[position + 1 :]]

    assert (canonical.encode(changed) == canonical.encode(transfer)) == (changed == [*transfer])


def test_all_transfers_have_bytes_of_one_length():
    lengths = {len(json.loads(file.read_text())["bytes"]) for file in GOLDEN.glob("v1-*.json")}

    assert lengths == {2 * 144}


def test_every_column_of_a_transfer_is_sealed(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'ledger_transfer'::regclass"
            " AND attnum > 0 AND NOT attisdropped"
        )
        columns = {name for (name,) in cursor.fetchall()}

    assert columns - NOT_IN_A_VERSION_YET == set(canonical.FIELDS)
