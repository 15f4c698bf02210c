"""What the database refuses: to the application by rights, to the owner by triggers, to both by
constraints, each matched by its name."""

import datetime
import uuid

import psycopg
import pytest
from django.utils import timezone
from psycopg import errors

from ledger import checkpoints, verification
from ledger.models import Transfer

from .conftest import DAY

pytestmark = pytest.mark.django_db(transaction=True)

KEPT = [
    "ledger_account",
    "ledger_balance",
    "ledger_transfer",
    "ledger_refusal",
    "ledger_unsealed",
    "ledger_limit_change",
    "ledger_period",
    "ledger_hold",
    "ledger_hold_resolution",
    "ledger_block",
    "ledger_checkpoint",
    "ledger_checkpoint_signature",
    "ledger_verification",
]
DERIVED = ["ledger_rolled", "ledger_day", "ledger_month", "ledger_mark"]
DERIVED += ["ledger_listed", "ledger_by_day"]
STATEMENTS = {
    "insert": "INSERT INTO {0} OVERRIDING SYSTEM VALUE SELECT * FROM {0}",
    "update": "UPDATE {0} SET {1} = {1}",
    "delete": "DELETE FROM {0}",
    "truncate": "TRUNCATE {0} CASCADE",
}
FUNCTIONS = {
    "ledger_pool_lock",
    "ledger_pool_room",
    "ledger_policy_id_in_force",
    "ledger_post",
    "ledger_post_journal",
    "ledger_post_batch",
    "ledger_reverse",
    "ledger_move",
    "ledger_close_accounts",
    "ledger_reserve",
    "ledger_release",
    "ledger_expire_holds",
    "ledger_open_gifted",
    "ledger_open_grants",
    "ledger_close_period",
    "ledger_last_closed_day",
    "ledger_open_accounts",
    "ledger_set_limits",
    "ledger_roll_up",
    "ledger_list_by_day",
    "ledger_lines_of_days",
    "ledger_as_recorded",
    "ledger_as_effective",
    "ledger_family",
    "ledger_policy_in_force",
    "ledger_seal",
    "ledger_keep_checkpoint",
    "ledger_keep_signature",
    "ledger_keep_verification",
}


@pytest.fixture
def filled(book, earn, connect, seal):
    """At least one row in every table that is kept."""
    earn(book.wang)
    with pytest.raises(Exception, match="ceiling"):
        earn(book.wang, 10**9)
    web = connect()
    hold, later = uuid.uuid4(), datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
    web.execute(
        "SELECT ledger_reserve(%s, %s, %s, %s, %s, 7)", [book.id, hold, [book.wang], [30], later]
    )
    web.execute("SELECT ledger_release(%s, %s, %s, 7)", [book.id, hold, uuid.uuid4()])
    web.execute("SELECT ledger_close_period(%s, '2020-01-31', 7)", [book.id])
    web.commit()
    seal()
    checkpoints.make(at=timezone.now())
    verification.keep(verification.verify())
    earn(book.wang)
    return book


def forbidden(statement, table, connection):
    """The statement on the table, for an update of whichever of its columns comes first."""
    (column,) = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND attidentity = '' ORDER BY attnum LIMIT 1",
        [table],
    ).fetchone()
    return STATEMENTS[statement].format(table, column)


@pytest.mark.parametrize("table", KEPT + DERIVED)
@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_web_role_cannot_write_to_a_table_of_the_ledger(filled, connect, table, statement):
    web = connect()

    with pytest.raises(errors.InsufficientPrivilege, match=f"for table {table}"):
        web.execute(forbidden(statement, table, web))


@pytest.mark.parametrize("table", [*KEPT, *DERIVED, "ledger_entry"])
def test_the_web_role_reads_the_ledger(filled, connect, table):
    connect().execute(f"SELECT * FROM {table}")


OWNERS = [
    (table, statement)
    for table in KEPT
    for statement in ("update", "delete", "truncate")
    if (table, statement) != ("ledger_balance", "update")  # verify_ledger finds it
]


@pytest.mark.parametrize(("table", "statement"), OWNERS)
def test_the_owner_cannot_change_what_is_written(filled, connect, table, statement):
    owner = connect("timebank_owner")

    with pytest.raises(errors.RestrictViolation, match="the ledger only grows"):
        owner.execute(forbidden(statement, table, owner))


@pytest.mark.parametrize(("table", "statement"), OWNERS)
def test_not_even_a_superuser_in_replica_mode(filled, connect, table, statement):
    superuser = connect("postgres", options="-c session_replication_role=replica")

    with pytest.raises(errors.RestrictViolation, match="the ledger only grows"):
        superuser.execute(forbidden(statement, table, superuser))


def test_an_ordinary_trigger_would_not_hold_in_replica_mode(filled, connect):
    superuser = connect("postgres")
    superuser.execute("ALTER TABLE ledger_transfer ENABLE TRIGGER ledger_transfer_only_grows")
    superuser.execute("SET session_replication_role = replica")

    assert superuser.execute("DELETE FROM ledger_transfer").rowcount == 2


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE ledger_transfer DISABLE TRIGGER ALL",
        "DROP TABLE ledger_transfer CASCADE",
        "ALTER FUNCTION ledger_post OWNER TO timebank_web",
        "CREATE OR REPLACE VIEW ledger_entry AS SELECT 1",
        "SET session_replication_role = replica",
        "SET ROLE timebank_owner",
    ],
)
def test_the_web_role_cannot_lift_the_guards(filled, connect, statement):
    with pytest.raises(errors.InsufficientPrivilege):
        connect().execute(statement)


def test_the_web_role_may_call_the_verbs_and_nothing_they_are_made_of(filled, connect):
    rows = connect().execute(
        "SELECT proname, has_function_privilege(oid, 'EXECUTE') FROM pg_proc"
        " WHERE proname LIKE 'ledger\\_%'"
    )

    assert {name for name, may in rows if may} == FUNCTIONS


def test_every_function_that_writes_runs_as_its_owner_with_a_pinned_path(filled, connect):
    rows = connect().execute(
        "SELECT proname FROM pg_proc WHERE proname LIKE 'ledger\\_%' AND prosecdef"
        " AND NOT 'search_path=pg_catalog, public, pg_temp' = ANY (proconfig)"
    )

    assert rows.fetchall() == []


def test_a_function_is_not_led_astray_by_a_table_of_the_callers(filled, connect):
    web = connect(autocommit=True)
    web.execute("CREATE TEMP TABLE ledger_balance (LIKE public.ledger_balance)")
    web.execute("SET search_path = pg_temp, public")

    row = web.execute(
        "SELECT * FROM ledger_post(%s, %s, 1::smallint, 1, %s, 30, %s, 7)",
        [filled.id, uuid.uuid4(), filled.wang, DAY],
    ).fetchone()

    assert row[2] is None
    assert Transfer.objects.filter(community=filled.id).count() == 3


TRANSFER = {
    "community_id": 0,
    "journal": "'11111111-1111-4111-8111-111111111111'",
    "leg": 1,
    "kind": 1,
    "debit": 1,
    "debit_seq": 1000,
    "debit_after": 0,
    "credit": 17,
    "credit_seq": 1000,
    "credit_after": 0,
    "amount": 60,
    "effective_on": "'2026-11-02'",
    "actor": 7,
}


def insert(owner, book, **values):
    row = TRANSFER | {"community_id": book.id} | values
    owner.execute(
        f"INSERT INTO ledger_transfer ({', '.join(row)}) VALUES"
        f" ({', '.join(str(v) for v in row.values())})"
    )


@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("ledger_transfer_moves_between_two_accounts", {"credit": 1}),
        ("ledger_transfer_amount_is_positive", {"amount": 0}),
        ("ledger_transfer_amount_is_positive", {"amount": -60}),
        ("ledger_transfer_approver_is_not_the_author", {"approver": 7}),
        ("ledger_transfer_only_a_reversal_reverses", {"kind": 5}),
        ("ledger_transfer_only_a_reversal_reverses", {"reverses": 1}),
        (
            "ledger_transfer_reverses_a_transfer",
            {"kind": 5, "reverses": 999999999, "leg": 2, "debit": 2, "credit": 18},
        ),
        ("ledger_transfer_relates_to_an_earlier_day", {"relates_to": "'2026-11-02'"}),
        ("ledger_transfer_given_hours_are_not_given_on", {"kind": 7, "debit": 10**12 + 1}),
        ("ledger_transfer_given_hours_are_not_given_on", {"kind": 3, "debit": 10**12 + 1}),
        (
            "ledger_transfer_given_hours_are_not_given_on",
            {"kind": 6, "debit": 10**12 + 1, "credit": 1001},
        ),
        ("ledger_transfer_leg_of_a_journal_is_posted_once", {"debit": 2, "credit": 18}),
        ("ledger_transfer_debit_seq_is_taken_once", {"leg": 2, "credit": 18}),
        ("ledger_transfer_credit_seq_is_taken_once", {"leg": 2, "debit": 2}),
    ],
)
def test_a_transfer_keeps_its_constraints_whoever_writes_it(book, connect, constraint, values):
    owner = connect("timebank_owner")
    insert(owner, book)

    with pytest.raises(psycopg.IntegrityError) as refused:
        insert(owner, book, **values)

    assert refused.value.diag.constraint_name == constraint


def test_a_transfer_is_reversed_once_whoever_writes_it(book, earn, connect):
    owner = connect("timebank_owner")
    original = earn(book.wang).transfer_ids[0]
    insert(owner, book, kind=5, reverses=original)

    with pytest.raises(errors.UniqueViolation, match="ledger_transfer_is_reversed_once"):
        insert(owner, book, kind=5, reverses=original, leg=2, debit=2, credit=18)


def test_a_transfer_id_is_given_once(book, earn, connect):
    taken = earn(book.wang).transfer_ids[0]
    owner = connect("timebank_owner")

    with pytest.raises(errors.UniqueViolation, match="ledger_transfer_has_one_id"):
        owner.execute(
            "INSERT INTO ledger_transfer OVERRIDING SYSTEM VALUE SELECT community_id, id,"
            " gen_random_uuid(), leg, kind, 2, 900, 0, 18, 900, 0, amount, effective_on,"
            " recorded_at, actor FROM ledger_transfer WHERE id = %s",
            [taken],
        )


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("ledger_balance_available_is_not_below_floor", "posted = -1"),
        ("ledger_balance_available_is_not_below_floor", "held = 61"),
        ("ledger_balance_posted_is_not_above_ceiling", "ceiling = 59"),
        ("ledger_balance_held_is_not_negative", "held = -1"),
        ("ledger_balance_is_of_an_account", "account_id = 999999"),
        ("ledger_balance_is_one_for_an_account", "account_id = 1"),
    ],
)
def test_a_balance_keeps_its_limits_whoever_writes_it(book, earn, connect, constraint, change):
    earn(book.wang, 60)

    with pytest.raises(psycopg.IntegrityError) as refused:
        connect("timebank_owner").execute(
            f"UPDATE ledger_balance SET {change} WHERE account_id = {book.wang}"
        )

    assert refused.value.diag.constraint_name == constraint


@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("ledger_account_has_one_number", "(%s, 1, 2, NULL)"),
        ("ledger_account_is_in_a_book_of_an_area", "(999999 + %s, 1, 2, NULL)"),
        ("ledger_account_number_tells_its_kind", "(%s, 40, 2, NULL)"),
        ("ledger_account_number_tells_its_kind", "(%s, 999999, 6, '{holder}')"),
        ("ledger_account_number_tells_its_kind", "(%s, 2000000000000, 1, '{holder}')"),
        ("ledger_account_number_tells_its_kind", "(%s, 34, 7, NULL)"),
        ("ledger_account_of_a_member_has_a_holder", "(%s, 999999, 1, NULL)"),
        ("ledger_account_of_a_member_has_a_holder", "(%s, 2000000000000, 6, NULL)"),
        ("ledger_account_of_a_member_is_one", "(%s, 999999, 1, '{holder}')"),
    ],
)
def test_an_account_keeps_its_constraints(book, connect, constraint, values):
    owner = connect("timebank_owner")
    (holder,) = owner.execute(
        "SELECT holder FROM ledger_account WHERE id = %s", [book.wang]
    ).fetchone()

    with pytest.raises(psycopg.IntegrityError) as refused:
        owner.execute(
            "INSERT INTO ledger_account (community_id, id, kind, holder) VALUES "
            + values.format(holder=holder),
            [book.id],
        )

    assert refused.value.diag.constraint_name == constraint


HOLD = (
    "INSERT INTO ledger_hold (community_id, key, leg, account_id, amount, expires_at, actor)"
    " SELECT community_id, {} FROM ledger_hold"
)
RESOLUTION = (
    "INSERT INTO ledger_hold_resolution (community_id, hold_id, kind, amount, journal, actor)"
    " SELECT community_id, {}, 7 FROM ledger_hold_resolution"
)
OPENED = (
    "INSERT INTO ledger_account (community_id, id, kind, holder, peer, grant_key, purpose)"
    " SELECT community_id, {} FROM ledger_account WHERE kind = 1 LIMIT 1"
)


@pytest.mark.parametrize(
    ("constraint", "statement"),
    [
        (
            "ledger_refusal_is_one_for_a_journal",
            "INSERT INTO ledger_refusal SELECT * FROM ledger_refusal",
        ),
        (
            "ledger_refusal_code_is_known",
            "INSERT INTO ledger_refusal SELECT community_id, gen_random_uuid(), 'whim', content,"
            " actor FROM ledger_refusal",
        ),
        (
            "ledger_unsealed_is_one_for_a_transfer",
            "INSERT INTO ledger_unsealed SELECT * FROM ledger_unsealed",
        ),
        (
            "ledger_period_is_closed_once",
            "INSERT INTO ledger_period SELECT * FROM ledger_period",
        ),
        (
            "ledger_period_is_of_an_area",
            "INSERT INTO ledger_period VALUES (999999, '2020-02-29', 7)",
        ),
        (
            "ledger_period_ends_with_a_month",
            "INSERT INTO ledger_period SELECT community_id, '2020-03-30', 7 FROM ledger_period",
        ),
        (
            "ledger_period_is_over",
            "INSERT INTO ledger_period SELECT community_id, '2090-03-31', 7 FROM ledger_period",
        ),
        ("ledger_hold_leg_of_a_key_is_set_once", HOLD.format("key, 1, 1, 60, expires_at, 7")),
        (
            "ledger_hold_of_a_key_is_one_for_an_account",
            HOLD.format("key, 2, account_id, 60, expires_at, 7"),
        ),
        ("ledger_hold_is_of_an_account", HOLD.format("key, 2, 999999, 60, expires_at, 7")),
        ("ledger_hold_amount_is_positive", HOLD.format("key, 2, 1, 0, expires_at, 7")),
        (
            "ledger_hold_approver_is_not_the_author",
            HOLD.replace("actor)", "actor, approver)").format("key, 2, 1, 60, expires_at, 7, 7"),
        ),
        ("ledger_hold_resolution_is_one_for_a_hold", RESOLUTION.format("hold_id, 2, 0, journal")),
        ("ledger_hold_resolution_is_of_a_hold", RESOLUTION.format("999999, 2, 0, journal")),
        ("ledger_hold_resolution_kind_is_known", RESOLUTION.format("hold_id, 4, 0, journal")),
        (
            "ledger_hold_resolution_only_a_charge_has_an_amount",
            RESOLUTION.format("hold_id, 2, 30, journal"),
        ),
        (
            "ledger_hold_resolution_only_an_expiry_has_no_key",
            RESOLUTION.format("hold_id, 3, 0, journal"),
        ),
        (
            "ledger_account_of_a_grant_says_what_for_and_until_when",
            OPENED.format("2000000000000, 4, holder, NULL::bigint, NULL::uuid, 'monthly'"),
        ),
        (
            "ledger_account_for_clearing_has_another_community",
            OPENED.format("999999, 5, NULL::uuid, community_id, NULL::uuid, NULL::text"),
        ),
        (
            "ledger_account_peer_is_an_area",
            OPENED.format("999999, 5, NULL::uuid, 999999, NULL::uuid, NULL::text"),
        ),
        (
            "ledger_limit_change_is_of_an_account",
            "INSERT INTO ledger_limit_change (community_id, account_id, frozen)"
            " VALUES (1, 999999, false)",
        ),
        ("ledger_block_has_one_number", "INSERT INTO ledger_block SELECT * FROM ledger_block"),
        (
            "ledger_block_has_a_leaf_for_each_transfer",
            "INSERT INTO ledger_block SELECT community_id, n + 1, algorithm, version, size + 1,"
            " total, first_transfer, last_transfer, transfer_ids, leaves, root, prev,"
            " ledger_block_hash(community_id, n + 1, prev, total, root) FROM ledger_block",
        ),
        (
            "ledger_block_hash_covers_the_block",
            "INSERT INTO ledger_block SELECT community_id, n + 1, algorithm, version, size, total,"
            " first_transfer, last_transfer, transfer_ids, leaves, root, prev, hash"
            " FROM ledger_block",
        ),
        (
            "ledger_checkpoint_has_one_number",
            "INSERT INTO ledger_checkpoint SELECT * FROM ledger_checkpoint",
        ),
        (
            "ledger_checkpoint_has_a_block_for_each_community",
            "INSERT INTO ledger_checkpoint SELECT 2, text, communities, blocks || blocks"
            " FROM ledger_checkpoint",
        ),
        (
            "ledger_checkpoint_signature_is_one_for_a_key",
            "INSERT INTO ledger_checkpoint_signature SELECT * FROM ledger_checkpoint_signature",
        ),
        (
            "ledger_checkpoint_signature_is_of_a_checkpoint",
            "INSERT INTO ledger_checkpoint_signature SELECT 2, name, key_id, signature"
            " FROM ledger_checkpoint_signature",
        ),
        (
            "ledger_checkpoint_signature_is_ed25519",
            "INSERT INTO ledger_checkpoint_signature SELECT 1, name, key_id || key_id, signature"
            " FROM ledger_checkpoint_signature",
        ),
        (
            "ledger_verification_counts",
            "INSERT INTO ledger_verification (transfers, faults) VALUES (-1, 0)",
        ),
        (
            "ledger_verification_has_one_id",
            "INSERT INTO ledger_verification OVERRIDING SYSTEM VALUE"
            " SELECT * FROM ledger_verification",
        ),
    ],
)
def test_what_stands_beside_the_transfers_keeps_its_constraints(
    filled, connect, constraint, statement
):
    with pytest.raises(psycopg.IntegrityError) as refused:
        connect("timebank_owner").execute(statement)

    assert refused.value.diag.constraint_name == constraint
