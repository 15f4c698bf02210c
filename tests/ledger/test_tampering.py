"""The owner of the database against the ledger, with every trigger off.

Whatever is changed, removed, added or put in another order is found by the check that is named
here; only a history that was rewritten as a whole is not, and needs a checkpoint kept elsewhere.
"""

import os

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from ledger import canonical, checkpoints, keys, merkle, seals
from ledger.models import Block, Transfer
from ledger.notes import BadNote, PrivateKey
from ledger.verification import verify
from timebank import database

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sealed(book, earn, seal):
    """Three blocks of two transfers each, a checkpoint over the first two, two open transfers."""
    for block in range(3):
        for account in (book.wang, book.li):
            earn(account, 60)
        seal_together(seal)
        if block == 1:
            checkpoints.make(at=timezone.now())
    for account in (book.wang, book.li):
        earn(account, 60)
    book.ids = list(Transfer.objects.order_by("id").values_list("id", flat=True))
    return book


def seal_together(seal):
    """Both in one block: wait for the horizon to pass them before sealing."""
    with connection.cursor() as cursor:
        for _ in range(3000):
            cursor.execute(
                "SELECT bool_and(xid < pg_snapshot_xmin(pg_current_snapshot()))"
                " FROM ledger_unsealed"
            )
            if cursor.fetchone() == (True,):
                break
    seal()


def faults():
    return {fault.check: fault for fault in verify().faults}


def test_the_book_that_is_tampered_with_is_clean_before(sealed):
    assert verify().faults == []
    assert [block.size for block in Block.objects.order_by("n")] == [2, 2, 2]


# (which of the eight transfers, two in each block and two open) → the check that names it
@pytest.mark.parametrize("which", [0, 2, 5])
@pytest.mark.parametrize(
    "change",
    [
        "amount = 61",
        "effective_on = effective_on - 1",
        "recorded_at = recorded_at - interval '1 microsecond'",
        "actor = 99",
        "approver = 99",
        "policy = 99",
        "kind = 3",
        "leg = 2",
        "journal = gen_random_uuid()",
        "credit = credit + 100",
        "credit_seq = 99",
        "debit_after = debit_after - 1",
    ],
)
def test_a_changed_transfer_in_a_block_is_named_by_its_leaf(sealed, tamper, which, change):
    tamper(f"UPDATE ledger_transfer SET {change} WHERE id = %s", sealed.ids[which])

    assert faults()["leaf"].transfer == sealed.ids[which]


@pytest.mark.parametrize("which", [6, 7])
@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("amount = 61", "running_balance"),
        ("credit_after = 61", "running_balance"),
        ("debit_seq = 99", "sequence"),
        ("credit = 424242", "account"),
        ("leg = 2", "legs"),
    ],
)
def test_a_changed_open_transfer_is_named(sealed, tamper, which, change, check):
    tamper(f"UPDATE ledger_transfer SET {change} WHERE id = %s", sealed.ids[which])

    assert faults()[check].transfer == sealed.ids[which]


@pytest.mark.parametrize("which", [0, 3, 5, 6, 7])
def test_a_removed_transfer_is_named(sealed, tamper, which):
    tamper("DELETE FROM ledger_transfer WHERE id = %s", sealed.ids[which])

    found = faults()
    assert (found["outbox"].transfer, found["outbox"].found) == (sealed.ids[which], "no transfer")
    assert ("leaf" in found) == (which < 6)


@pytest.mark.parametrize("which", [6, 7])
def test_an_open_transfer_removed_with_its_outbox_row_is_missed_by_the_balances(
    sealed, tamper, which
):
    tamper("DELETE FROM ledger_unsealed WHERE transfer_id = %s", sealed.ids[which])
    tamper("DELETE FROM ledger_transfer WHERE id = %s", sealed.ids[which])

    assert "balance" in faults()


ADD = (
    "INSERT INTO ledger_transfer (community_id, journal, leg, kind, debit, debit_seq, debit_after,"
    " credit, credit_seq, credit_after, amount, effective_on, actor) SELECT community_id,"
    " gen_random_uuid(), 1, 1, 2, 1, -60, %s, 1, 60, 60, effective_on, 7"
    " FROM ledger_transfer WHERE id = %s"
)


def test_an_added_transfer_is_named(sealed, tamper):
    tamper("UPDATE ledger_balance SET posted = 60, seq = 1 WHERE account_id = %s", sealed.zhang)
    stripe = Transfer.objects.get(id=sealed.ids[0]).debit
    tamper(
        ADD.replace(" 2, 1, -60,", f" {2 if stripe != 2 else 3}, 1, -60,"),
        sealed.zhang,
        sealed.ids[0],
    )

    found = faults()["outbox"]
    assert (found.transfer > sealed.ids[-1], found.found) == (True, "neither outbox row nor leaf")


SWAP = (
    "UPDATE ledger_transfer t SET amount = o.amount, effective_on = o.effective_on,"
    " recorded_at = o.recorded_at, journal = o.journal, credit = o.credit,"
    " credit_seq = o.credit_seq, credit_after = o.credit_after, debit_seq = o.debit_seq,"
    " debit_after = o.debit_after FROM ledger_transfer o"
    " WHERE t.id = any (%(pair)s) AND o.id = any (%(pair)s) AND t.id <> o.id"
)
KEYS = [
    "ledger_transfer_debit_seq_is_taken_once",
    "ledger_transfer_credit_seq_is_taken_once",
    "ledger_transfer_leg_of_a_journal_is_posted_once",
]


@pytest.fixture
def unguarded(tamper):
    """Unique keys are no obstacle to an owner either: they are taken away and put back."""

    def run(sql, arguments):
        where = database.superuser(os.environ["TIMEBANK_SOCKET"], connection.settings_dict["NAME"])
        with psycopg.connect(where) as superuser:
            superuser.execute("ALTER TABLE ledger_transfer DISABLE TRIGGER ALL")
            keys = superuser.execute(
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE conname = ANY (%s) ORDER BY array_position(%s::name[], conname)",
                [KEYS, KEYS],
            ).fetchall()
            for name, _ in keys:
                superuser.execute(f"ALTER TABLE ledger_transfer DROP CONSTRAINT {name}")
            superuser.execute(sql, arguments)
            for name, definition in keys:
                superuser.execute(f"ALTER TABLE ledger_transfer ADD CONSTRAINT {name} {definition}")
            superuser.execute("ALTER TABLE ledger_transfer ENABLE TRIGGER ALL")
            superuser.execute(
                "ALTER TABLE ledger_transfer ENABLE ALWAYS TRIGGER ledger_transfer_only_grows;"
                "ALTER TABLE ledger_transfer ENABLE ALWAYS TRIGGER ledger_transfer_is_kept"
            )

    return run


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (4, 5)])
def test_transfers_in_blocks_that_changed_places_are_named(sealed, unguarded, pair):
    first, second = (sealed.ids[at] for at in pair)

    unguarded(SWAP, {"pair": [first, second]})

    assert faults()["leaf"].transfer == first


def test_leaves_that_changed_places_are_named(sealed, tamper):
    tamper(
        "UPDATE ledger_block SET leaves = substr(leaves, 33) || substr(leaves, 1, 32) WHERE n = 2"
    )

    found = faults()
    assert (found["leaf"].transfer, found["root"].transfer) == (sealed.ids[2], sealed.ids[2])


REWRITE = {
    "a root": "UPDATE ledger_block SET root = sha256('x'),"
    " hash = ledger_block_hash(community_id, n, prev, total, sha256('x')) WHERE n = 2",
    "a link": "UPDATE ledger_block SET prev = sha256('x'),"
    " hash = ledger_block_hash(community_id, n, sha256('x'), total, root) WHERE n = 2",
    "a count": "UPDATE ledger_block SET total = 9,"
    " hash = ledger_block_hash(community_id, n, prev, 9, root) WHERE n = 2",
    "a block in the middle": "DELETE FROM ledger_block WHERE n = 2",
}


@pytest.mark.parametrize(
    ("change", "check"),
    [
        *(("a root", "root"), ("a link", "chain"), ("a count", "chain")),
        *(("a block in the middle", "chain"), ("a block in the middle", "outbox")),
    ],
)
def test_a_rewritten_block_is_named(sealed, tamper, change, check):
    tamper(REWRITE[change])

    assert faults()[check].transfer in sealed.ids[2:5]


def test_a_transfer_sealed_twice_is_named(sealed, tamper):
    tamper(
        "INSERT INTO ledger_unsealed SELECT community_id, transfer_ids[1] FROM ledger_block"
        " WHERE n = 1"
    )

    assert faults()["outbox"].found == "2 of them"


def test_a_rewritten_head_contradicts_the_checkpoints_that_we_keep(sealed, tamper):
    tamper(REWRITE["a root"])

    assert "checkpoint" in faults()


# What nothing inside the database can tell: the note that was given away can.


def rewrite_all(tamper, number):
    """One row, and its leaf, its root and all of the chain after it, made to fit again."""
    tamper("UPDATE ledger_transfer SET actor = 99 WHERE id = %s", number)
    prev = bytes(32)
    for block in Block.objects.order_by("n"):
        rows = Transfer.objects.filter(id__in=block.transfer_ids).order_by("id")
        leaves = [canonical.leaf(row) for row in rows.values_list(*canonical.FIELDS)]
        root = merkle.root(leaves)
        own = canonical.block_hash(block.community_id, block.n, prev, block.total, root)
        tamper(
            "UPDATE ledger_block SET leaves = %s, root = %s, prev = %s, hash = %s"
            " WHERE community_id = %s AND n = %s",
            *(b"".join(leaves), root, prev, own, block.community_id, block.n),
        )
        prev = own


def forget_checkpoints(tamper):
    tamper("DELETE FROM ledger_checkpoint_signature")
    tamper("DELETE FROM ledger_checkpoint")


def against(note):
    keyring = [keys.ours().public]
    return [fault.check for fault in verify(outside=[note], keys=keyring).faults]


@pytest.mark.parametrize("which", [0, 3])
def test_history_rewritten_as_a_whole_is_found_by_a_checkpoint_kept_elsewhere_alone(
    sealed, tamper, which
):
    note = checkpoints.note(checkpoints.latest())
    assert against(note) == []

    rewrite_all(tamper, sealed.ids[which])
    forget_checkpoints(tamper)

    assert verify().faults == []
    assert against(note) == ["checkpoint"]


def test_not_even_a_checkpoint_made_anew_under_its_number_hides_it(sealed, tamper):
    note = checkpoints.note(checkpoints.latest())
    rewrite_all(tamper, sealed.ids[0])
    forget_checkpoints(tamper)
    checkpoints.make(at=timezone.now())  # by somebody who has the key as well

    assert verify().faults == []
    assert against(note) == ["checkpoint"]


def test_a_tail_that_was_cut_off_is_found_by_a_checkpoint_kept_elsewhere_alone(
    sealed, tamper, seal
):
    seal()
    note = checkpoints.note(checkpoints.make(at=timezone.now()))
    back_to(tamper, sealed.ids[4])
    assert Block.objects.count() == 2

    assert verify().faults == []
    assert against(note) == ["checkpoint"]


def back_to(tamper, first_gone):
    """The book as an old backup had it: without that transfer and all after it."""
    tamper(
        "UPDATE ledger_balance b SET posted = coalesce(e.balance_after, 0),"
        " seq = coalesce(e.seq, 0) FROM ledger_account a LEFT JOIN LATERAL (SELECT * FROM"
        " ledger_entry x WHERE x.account_id = a.id AND x.transfer_id < %s"
        " ORDER BY x.seq DESC LIMIT 1) e ON true"
        " WHERE b.community_id = a.community_id AND b.account_id = a.id",
        first_gone,
    )
    tamper("DELETE FROM ledger_unsealed WHERE transfer_id >= %s", first_gone)
    tamper("DELETE FROM ledger_block WHERE last_transfer >= %s", first_gone)
    tamper("DELETE FROM ledger_transfer WHERE id >= %s", first_gone)
    tamper("DELETE FROM ledger_checkpoint_signature WHERE checkpoint > 1")
    tamper("DELETE FROM ledger_checkpoint WHERE number > 1")


def test_an_old_backup_put_back_and_used_again_is_found(sealed, tamper, seal, earn):
    seal()
    note = checkpoints.note(checkpoints.make(at=timezone.now()))
    back_to(tamper, sealed.ids[4])
    earn(sealed.wang, 60)
    seal()
    checkpoints.make(at=timezone.now())

    assert verify().faults == []
    assert against(note) == ["checkpoint"]


def test_a_note_that_we_have_not_signed_is_no_witness(sealed):
    text = checkpoints.latest().text
    stranger = PrivateKey("test.timebank", bytes(32))
    forged = checkpoints.notes.write(text, [stranger.sign(text)])

    with pytest.raises(BadNote):
        against(forged)
    assert seals.state().checkpoint.text == text
