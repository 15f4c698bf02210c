"""bin/verify.py, run as a stranger would: with Python alone, on files that we gave away."""

import importlib.util
import json
import subprocess
import sys
import uuid
from hashlib import sha512
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from ledger import accounts, checkpoints, keys, notes, proofs, transfers
from ledger.models import Block, Transfer, TransferKind

from .conftest import CLERK, DAY
from .test_concurrency import post

SCRIPT = settings.BASE_DIR / "bin" / "verify.py"
_spec = importlib.util.spec_from_file_location("verify_script", SCRIPT)
script = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(script)

committed = pytest.mark.django_db(transaction=True)
STRANGER = notes.PrivateKey("test.timebank", bytes([8] * 32))


def verify(*arguments, key=None):
    """Status and words; -I and -S keep everything but Python's own library away."""
    key = str(key or keys.ours().public)
    command = [sys.executable, "-I", "-S", SCRIPT, *arguments, "--key", key]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.stderr == ""
    return run.returncode, run.stdout


# Ed25519: the vectors of RFC 8032, 7.1

VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        b"",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        b"\x72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0"
        "f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        b"\xaf\x82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f76098"
        "4dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        sha512(b"abc").digest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c664"
        "31e0303dca179c138ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_signatures_of_the_rfc_are_verified(public, message, signature):
    public, signature = bytes.fromhex(public), bytes.fromhex(signature)

    assert script.has_signed(public, message, signature)
    assert not script.has_signed(public, message + b"x", signature)


def test_only_one_writing_of_a_signature_is_accepted():
    """s and s + the order of the group satisfy the same equation."""
    public, message, signature = VECTORS[1]
    signature = bytes.fromhex(signature)
    s = int.from_bytes(signature[32:], "little") + script.ORDER

    assert not script.has_signed(
        bytes.fromhex(public), message, signature[:32] + s.to_bytes(32, "little")
    )


@pytest.mark.parametrize("point", [2, script.P, script.P + 1, 2**255 + 1])
def test_bytes_that_are_no_point_are_no_key(point):
    assert script.point_of(point.to_bytes(32, "little")) is None


@hypothesis(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 511))
def test_it_agrees_with_another_implementation(seed, message, bit):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), bytearray(key.sign(message))
    assert script.has_signed(public, message, bytes(signature))

    signature[bit // 8] ^= 1 << bit % 8

    assert not script.has_signed(public, message, bytes(signature))


# The book


@pytest.fixture
def given_away(book, earn, seal, tmp_path):
    """Three blocks of which a checkpoint knows two, an unsealed transfer, all in files."""
    for _ in range(3):
        earn(book.wang)
    seal()
    legs = [
        transfers.Leg(TransferKind.EARN, accounts.ISSUANCE, book.li, 30),
        transfers.Leg(TransferKind.POOL_COVER, accounts.POOL, accounts.ISSUANCE, 30),
    ]
    key = uuid.uuid4()
    transfers.post_journal(book.id, key, legs, effective_on=DAY, by=CLERK)
    seal()
    checkpoints.make(at=timezone.now())
    transfers.reverse(book.id, key, key=uuid.uuid4(), effective_on=DAY, by=CLERK, approver=8)
    seal()
    earn(book.zhang)
    call_command("export_book", str(tmp_path / "book"))
    call_command("checkpoint", str(tmp_path / "note"), "--latest")
    return tmp_path


@pytest.fixture
def edited(given_away):
    """Change the lines of the book, given as data, then verify it."""

    def edit(change):
        lines = [json.loads(line) for line in (given_away / "book").read_text().splitlines()]
        lines = change(lines) or lines
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        (given_away / "edited").write_text(text)
        return verify(given_away / "edited")

    return edit


def rows(lines):
    return [at for at, line in enumerate(lines) if isinstance(line, list)]


@committed
def test_an_honest_book_fits(given_away):
    assert verify(given_away / "book", "--checkpoint", given_away / "note") == (
        0,
        "8 transfers fit. 1 checkpoints fit, 1 of them kept elsewhere, are signed.\n",
    )


@committed
@pytest.mark.parametrize("which", [0, 4, 6, 7])
@pytest.mark.parametrize(
    ("field", "value"), [(10, 61), (6, 5), (9, 5), (4, 424242), (8, 9), (5, 9)]
)
def test_a_changed_movement_is_named(edited, which, field, value):
    def change(lines):
        lines[rows(lines)[which]][field] = value

    status, words = edited(change)

    assert status == 1
    assert "530111001001 transfer" in words or "530111001001 block" in words


@committed
@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((0, 999), (1, uuid.UUID(int=1).hex), (2, 3), (3, 4), (11, "2026-11-01")),
        *((12, "2026-11-02T00:00:00+00:00"), (13, 9), (14, 9), (15, 9), (16, 9)),
    ],
)
def test_a_changed_date_author_or_name_in_a_block_is_found_by_its_root(edited, field, value):
    def change(lines):
        lines[rows(lines)[1]][field] = value

    status, words = edited(change)

    assert status == 1
    assert "530111001001 block" in words
    assert "(root)" in words


@committed
@pytest.mark.parametrize("which", [0, 4, 5])
def test_a_removed_transfer_is_found(edited, which):
    assert edited(lambda lines: lines.pop(rows(lines)[which]) and None)[0] == 1


@committed
def test_a_transfer_that_comes_twice_is_found(edited):
    status, words = edited(lambda lines: lines.insert(-1, lines[rows(lines)[-1]]))

    assert (status, "comes twice" in words) == (1, True)


@committed
def test_transfers_that_changed_places_are_found(edited):
    def swap(lines):
        first, second = rows(lines)[:2]
        lines[first], lines[second] = lines[second], lines[first]

    assert edited(swap)[0] == 1


@committed
@pytest.mark.parametrize("key", ["block", "algorithm", "version", "size", "total", "prev", "root"])
def test_a_changed_block_is_found(edited, key):
    def change(lines):
        header = next(line for line in lines if "block" in line)
        header[key] = "11" * 32 if isinstance(header[key], str) else header[key] + 1

    assert edited(change)[0] == 1


@committed
def test_a_book_that_breaks_off_is_found(edited):
    status, words = edited(lambda lines: lines[:-1])

    assert (status, "breaks off" in words) == (1, True)


def until_block(lines, n):
    """The book as it was before its nth block."""
    at = next(at for at, line in enumerate(lines) if "block" in line and line["block"] == n)
    return [*lines[:at], {"end": True}]


@committed
def test_a_tail_after_the_last_checkpoint_can_be_cut_off_unseen(edited):
    """Why a checkpoint is made every day, and given away."""
    newest = Block.objects.order_by("-n").first().n

    assert edited(lambda lines: until_block(lines, newest))[0] == 0


@committed
def test_a_tail_before_the_last_checkpoint_cannot(edited):
    status, words = edited(lambda lines: until_block(lines, checkpoints.latest().blocks[0]))

    assert (status, "of checkpoint 1, is missing" in words) == (1, True)


@committed
def test_a_checkpoint_that_comes_too_late_to_be_compared_is_refused(edited):
    def move(lines):
        checkpoint = next(at for at, line in enumerate(lines) if "checkpoint" in line)
        lines.insert(-1, lines.pop(checkpoint))

    status, words = edited(move)

    assert (status, "of checkpoint 1, is missing" in words) == (1, True)


@committed
def test_a_book_that_comes_twice_is_refused(edited):
    status, words = edited(lambda lines: [*lines[:-1], {"community": 0, "code": "x"}, *lines])

    assert (status, "comes twice" in words) == (1, True)


@committed
def test_without_its_checkpoints_only_the_one_kept_elsewhere_tells(edited, given_away):
    def strip(lines):
        kept = [line for line in lines if "checkpoint" not in line]
        return until_block(kept, checkpoints.latest().blocks[0])

    assert edited(strip)[0] == 0
    status, words = verify(given_away / "edited", "--checkpoint", given_away / "note")
    assert (status, "has no checkpoint 1" in words) == (1, True)


@committed
def test_a_checkpoint_that_another_key_signed_is_refused(edited, given_away):
    def forge(lines):
        made = next(line for line in lines if "checkpoint" in line)
        text = notes.read(made["note"])[0]
        made["note"] = notes.write(text, [STRANGER.sign(text)])

    status, words = edited(forge)

    assert (status, "not signed by the given key" in words) == (1, True)
    assert verify(given_away / "book", key=STRANGER.public)[0] == 1


@committed
def test_entries_that_were_sealed_before_their_forerunners_fit(book, earn, seal, connect, tmp_path):
    """A transaction that wrote early and posted late is sealed before what it waited for."""
    early, web = connect(), connect()
    early.execute("SELECT pg_current_xact_id()")
    holder = connect()
    post(web, book, 1, book.wang)
    holder.execute("SELECT pg_current_xact_id()")
    web.commit()
    post(early, book, 1, book.wang)
    early.commit()
    earn(book.li)
    holder.commit()
    seal()
    call_command("export_book", str(tmp_path / "book"))
    lines = [json.loads(line) for line in (tmp_path / "book").read_text().splitlines()]

    assert Transfer.objects.count() == len(rows(lines)) == 3
    assert verify(tmp_path / "book")[0] == 0


@committed
def test_the_book_of_an_area_says_whose_is_missing(given_away):
    call_command("export_book", str(given_away / "part"), area="530111002000")

    status, words = verify(given_away / "part")

    assert (status, "1 communities of theirs are not in this file" in words) == (0, True)
    with pytest.raises(CommandError, match="no area 42"):
        call_command("export_book", str(given_away / "part"), area="42")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format":"timebank-book 1"}\n[1]\n', "\n", "5"])
def test_a_malformed_file_is_refused(db, tmp_path, text):
    (tmp_path / "file").write_text(text)

    status, words = verify(tmp_path / "file")

    assert (status, words.startswith("WRONG")) == (1, True)


# Proofs of one transfer


@pytest.fixture
def proof(given_away):
    """Of the second transfer, as a file; the function writes and verifies a changed one."""
    number = Transfer.objects.order_by("id")[1].id
    call_command("prove", str(number), str(given_away / "proof"))

    def check(**changes):
        data = json.loads((given_away / "proof").read_text()) | changes
        (given_away / "changed").write_text(json.dumps(data))
        return verify(given_away / "changed")

    return check


@committed
def test_a_proof_is_verified_and_says_what_is_proved(proof):
    status, words = proof()

    assert status == 0
    assert "60 minutes from account" in words
    assert "is in checkpoint 1" in words


@committed
@pytest.mark.parametrize("field", range(18))
def test_a_proof_of_a_changed_transfer_is_refused(proof, given_away, field):
    transfer = json.loads((given_away / "proof").read_text())["transfer"]
    others = {1: uuid.UUID(int=5).hex, 11: "2026-11-03", 12: "2026-11-03T00:00:00+00:00"}
    transfer[field] = others[field] if field in others else (transfer[field] or 0) + 1

    assert proof(transfer=transfer)[0] == 1


@committed
@pytest.mark.parametrize(
    "changes",
    [
        {"community": 1},
        {"position": 0},
        {"position": -1},
        {"size": 2},
        {"path": []},
        {"later": []},
        {"heads": 2},
        {"head_path": ["00" * 32]},
        {"version": 2},
        {"format": "another"},
        {"note": ""},
    ],
)
def test_a_forged_proof_is_refused(proof, changes):
    assert proof(**changes)[0] == 1


@committed
def test_a_proof_needs_a_checkpoint_that_is_later(given_away, book):
    last = Transfer.objects.order_by("id").last()
    sealed_after = Block.objects.order_by("n").last().transfer_ids[0]

    for number in (last.id, sealed_after):
        with pytest.raises(proofs.NotYet):
            proofs.of_transfer(book.id, number)
        with pytest.raises(CommandError, match="No checkpoint has been made since"):
            call_command("prove", str(number))
    with pytest.raises(CommandError, match="no transfer 999"):
        call_command("prove", "999999999")


@committed
def test_every_transfer_of_a_block_is_proved(book, earn, seal, tmp_path):
    accounts_in = [transfers.Leg(TransferKind.EARN, accounts.ISSUANCE, book.wang, 1)] * 13
    ids = transfers.post_journal(
        book.id, uuid.uuid4(), accounts_in, effective_on=DAY, by=CLERK
    ).transfer_ids
    seal()
    checkpoints.make(at=timezone.now())
    public = [script.public_key(str(keys.ours().public))]

    for number in ids:
        proof = json.loads(proofs.as_file(proofs.of_transfer(book.id, number)))
        assert f"Transfer {number} " in script.check_proof(proof, public)


def test_the_script_imports_nothing_but_python():
    imported = {
        line.split()[1]
        for line in Path(SCRIPT).read_text().splitlines()
        if line.startswith(("import ", "from "))
    }

    assert imported <= sys.stdlib_module_names
