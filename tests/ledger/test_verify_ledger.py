"""Whatever is changed behind the application's back, verify_ledger names the row."""

import json
import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from ledger import accounts, checkpoints, transfers
from ledger.accounts import ISSUANCE, POOL
from ledger.models import Balance, Transfer, TransferKind, Verification
from ledger.notes import PrivateKey
from ledger.transfers import Leg
from ledger.verification import CHECKS, verify
from members.models import Area

from .conftest import CLERK, DAY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def busy(book, earn):
    """Seven transfers: five earned by Wang, then a journal of two; the third is in the middle."""
    for _ in range(5):
        earn(book.wang, 60)
    legs = [
        Leg(TransferKind.EARN, ISSUANCE, book.li, 30),
        Leg(TransferKind.POOL_COVER, POOL, ISSUANCE, 30),
    ]
    book.key = uuid.uuid4()
    transfers.post_journal(book.id, book.key, legs, effective_on=DAY, by=CLERK)
    book.ids = list(Transfer.objects.order_by("id").values_list("id", flat=True))
    return book


def roll_up():
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_roll_up(1)")


def found(check):
    """The fault that this check names, in a ledger that is not clean."""
    faults = {fault.check: fault for fault in verify().faults}
    assert check in faults, faults
    return faults[check]


def test_an_untouched_ledger_is_clean_and_counted(busy):
    transfers.reverse(busy.id, busy.key, key=uuid.uuid4(), effective_on=DAY, by=CLERK)
    roll_up()

    assert verify() == (
        {"books": 1, "accounts": 35, "transfers": 9, "journals": 7, "reversed": 2},
        [],
    )


def test_an_empty_ledger_is_clean():
    assert verify().faults == []


def test_a_changed_amount_is_named(busy, tamper):
    tamper("UPDATE ledger_transfer SET amount = 61 WHERE id = %s", busy.ids[2])

    fault = found("running_balance")
    assert (fault.transfer, fault.community) == (busy.ids[2], "530111001001")
    assert "after" in fault.expected
    assert verify().first_bad == fault


def test_an_amount_changed_with_the_balances_after_it_is_named(busy, tamper):
    tamper(
        "UPDATE ledger_transfer SET amount = 61, credit_after = credit_after + 1,"
        " debit_after = debit_after - 1 WHERE id = %s",
        busy.ids[2],
    )

    assert found("running_balance").transfer == busy.ids[3]


def test_a_changed_account_is_named(busy, tamper):
    tamper("UPDATE ledger_transfer SET credit = %s WHERE id = %s", busy.zhang, busy.ids[2])

    assert found("sequence").transfer == busy.ids[2]


def test_an_account_that_does_not_exist_is_named(busy, tamper):
    tamper("UPDATE ledger_transfer SET credit = 424242 WHERE id = %s", busy.ids[2])

    fault = found("account")
    assert (fault.transfer, fault.expected) == (busy.ids[2], "account 424242")


def test_a_changed_sequence_number_is_named(busy, tamper):
    tamper("UPDATE ledger_transfer SET credit_seq = 99 WHERE id = %s", busy.ids[4])

    fault = found("sequence")
    assert (fault.transfer, fault.found) == (busy.ids[4], "seq 99")


@pytest.mark.parametrize("side", ["debit_after", "credit_after"])
def test_a_changed_running_balance_is_named(busy, tamper, side):
    tamper(f"UPDATE ledger_transfer SET {side} = {side} + 1 WHERE id = %s", busy.ids[2])

    assert found("running_balance").transfer == busy.ids[2]


@pytest.mark.parametrize("column", ["posted", "seq"])
def test_a_changed_balance_row_is_named(busy, tamper, column):
    tamper(f"UPDATE ledger_balance SET {column} = {column} + 1 WHERE account_id = %s", busy.wang)

    fault = found("balance")
    assert (fault.transfer, f"account {busy.wang} " in fault.expected) == (busy.ids[4], True)


def test_a_balance_row_of_an_account_without_entries_is_named(busy, tamper):
    tamper("UPDATE ledger_balance SET posted = 60 WHERE account_id = %s", busy.zhang)

    assert f"account {busy.zhang} " in found("balance").expected


@pytest.mark.parametrize("change", ["floor = -600", "ceiling = NULL", "frozen = true"])
def test_a_limit_changed_without_a_record_is_named(busy, tamper, change):
    tamper(f"UPDATE ledger_balance SET {change} WHERE account_id = %s", busy.wang)

    assert f"account {busy.wang} " in found("limits").expected


def test_a_limit_changed_through_the_function_is_clean(busy):
    accounts.set_limits(busy.id, busy.wang, floor=0, ceiling=None, frozen=True, by=CLERK)

    assert verify().faults == []


def test_books_that_do_not_sum_to_zero_are_named(busy, tamper):
    tamper("UPDATE ledger_balance SET posted = posted + 1 WHERE account_id = %s", busy.wang)

    assert found("zero_sum").found == "sum 1"


@pytest.mark.parametrize("which", [0, 2, 6])
def test_a_removed_transfer_is_named(busy, tamper, which):
    tamper("DELETE FROM ledger_transfer WHERE id = %s", busy.ids[which])

    fault = found("outbox")
    assert (fault.transfer, fault.found) == (busy.ids[which], "no transfer")


def test_a_transfer_removed_with_its_outbox_row_leaves_a_gap(busy, tamper):
    tamper("DELETE FROM ledger_unsealed WHERE transfer_id = %s", busy.ids[2])
    tamper("DELETE FROM ledger_transfer WHERE id = %s", busy.ids[2])

    assert found("sequence").transfer == busy.ids[3]


def test_a_removed_leg_is_named(busy, tamper):
    tamper("DELETE FROM ledger_transfer WHERE id = %s", busy.ids[5])

    fault = found("legs")
    assert (fault.journal, fault.found) == (str(busy.key), "legs 2")


def test_an_added_transfer_is_named_even_with_all_balances_made_to_fit(busy, tamper):
    tamper(
        "WITH d AS (UPDATE ledger_balance SET posted = posted - 60, seq = seq + 1"
        "     WHERE account_id = 3 RETURNING *),"
        " c AS (UPDATE ledger_balance SET posted = posted + 60, seq = seq + 1"
        "     WHERE account_id = %s RETURNING *)"
        " INSERT INTO ledger_transfer (community_id, journal, leg, kind, debit, debit_seq,"
        "     debit_after, credit, credit_seq, credit_after, amount, effective_on, actor)"
        " SELECT d.community_id, gen_random_uuid(), 1, 1, 3, d.seq, d.posted, c.account_id,"
        "     c.seq, c.posted, 60, '2026-11-02', 7 FROM d, c",
        busy.zhang,
    )

    fault = found("outbox")
    assert (fault.transfer > busy.ids[-1], fault.found) == (True, "neither outbox row nor leaf")


def test_a_reversal_that_does_not_mirror_its_original_is_named(busy, tamper):
    posted = transfers.reverse(busy.id, busy.key, key=uuid.uuid4(), effective_on=DAY, by=CLERK)
    tamper(
        "UPDATE ledger_transfer SET reverses = %s WHERE id = %s",
        busy.ids[0],
        posted.transfer_ids[0],
    )

    assert found("reversal").transfer == posted.transfer_ids[0]


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("UPDATE ledger_day SET net = net + 1 WHERE account_id = %s", "rolled_days"),
        ("DELETE FROM ledger_day WHERE account_id = %s", "rolled_days"),
        ("UPDATE ledger_month SET closing = closing + 1 WHERE account_id = %s", "rolled_months"),
        ("DELETE FROM ledger_rolled WHERE account_id = %s", "rolled_months"),
        ("UPDATE ledger_mark SET balances[7] = 0 WHERE account_id = %s", "marks"),
        ("UPDATE ledger_mark SET moments[7] = now() WHERE account_id = %s", "marks"),
        ("UPDATE ledger_mark SET recorded_at = now() WHERE account_id = %s", "marks"),
        ("DELETE FROM ledger_mark WHERE account_id = %s", "marks"),
    ],
)
def test_a_changed_roll_up_is_named(busy, earn, tamper, change, check):
    for _ in range(60):
        earn(busy.wang, 1)
    roll_up()
    assert verify().faults == []

    tamper(change, busy.wang)

    assert f"account {busy.wang} " in found(check).expected


def run(**options):
    out = StringIO()
    try:
        call_command("verify_ledger", stdout=out, **options)
    except SystemExit as stop:
        return stop.code, out.getvalue()
    return 0, out.getvalue()


def test_the_command_exits_with_0_when_all_is_well(busy):
    status, text = run()

    assert status == 0
    assert text == ("Checked 1 books, 35 accounts, 7 transfers, 6 journals, 0 reversed.\nClean.\n")


def test_the_command_exits_with_1_and_names_the_first_bad_row(busy, tamper):
    tamper("UPDATE ledger_transfer SET amount = 61 WHERE id = %s", busy.ids[2])

    status, text = run()

    assert status == 1
    assert f"First bad row: transfer {busy.ids[2]} (running_balance)." in text


def test_the_command_answers_in_json(busy, tamper):
    tamper("UPDATE ledger_transfer SET amount = 61 WHERE id = %s", busy.ids[2])

    status, text = run(format="json")

    data = json.loads(text)
    assert (status, data["clean"], data["checked"]["transfers"]) == (1, False, 7)
    assert data["first_bad"]["transfer"] == busy.ids[2]


def test_the_command_looks_at_one_area_and_all_below_it(busy, tamper):
    tamper("UPDATE ledger_transfer SET amount = 61 WHERE id = %s", busy.ids[2])

    assert run(area="530111000000")[0] == 1
    assert run(area="530111001001")[0] == 1
    assert run(area="530111002000")[0] == 0


def test_the_command_says_when_there_is_no_such_area():
    with pytest.raises(CommandError, match="no area 42"):
        call_command("verify_ledger", area="42")


def test_the_count_of_books_is_of_the_area(busy):
    other = Area.objects.get(code="530111002001")
    accounts.open_book(other)

    assert verify().checked["books"] == 2
    assert verify(other).checked["accounts"] == Balance.objects.filter(community=other).count()


@pytest.fixture
def note(busy, seal, tmp_path):
    seal()
    checkpoints.make(at=timezone.now())
    file = tmp_path / "note"
    file.write_text(checkpoints.note(checkpoints.latest()))
    return file


def test_the_command_compares_with_a_checkpoint_kept_elsewhere(note, tamper):
    assert run(checkpoint=[note]) == (0, run()[1])

    tamper("DELETE FROM ledger_checkpoint_signature")
    tamper("DELETE FROM ledger_checkpoint")
    status, text = run(checkpoint=[note])

    assert (status, "found there is none" in text) == (1, True)


def test_the_command_refuses_a_checkpoint_of_somebody_else(note):
    stranger = str(PrivateKey("stranger", bytes(32)).public)

    with pytest.raises(CommandError, match="None of the known keys"):
        call_command("verify_ledger", checkpoint=[note], key=stranger)


def test_a_verification_of_the_whole_ledger_is_kept(busy):
    run()
    run(area="530111001001")

    assert [(v.transfers, v.faults) for v in Verification.objects.all()] == [(7, 0)]


def test_progress_is_told_block_by_block(note):
    told = []

    verify(on_progress=lambda *news: told.append(news))

    assert {check for check, _, _ in told} == {*CHECKS, "blocks"}
    assert told[-1] == ("blocks", 7, 7)


def test_the_command_shows_progress_on_a_terminal_only(busy, monkeypatch):
    err = StringIO()
    call_command("verify_ledger", stdout=StringIO(), stderr=err)
    assert err.getvalue() == ""

    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    call_command("verify_ledger", stdout=StringIO(), stderr=err)
    assert "running_balance" in err.getvalue()
