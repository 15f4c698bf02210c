"""Checkpoints: what they say, who signs them, and what is refused."""

import datetime
import stat
import uuid
from io import StringIO

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from ledger import accounts, checkpoints, keys, merkle, notes, transfers
from ledger.models import Block, Checkpoint, TransferKind
from ledger.notes import BadNote, PrivateKey
from members.models import Area

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime.datetime(2026, 11, 25, 0, 10, tzinfo=datetime.UTC)
NEIGHBOR = PrivateKey("neighbor.example", bytes([9] * 32))
STRANGER = PrivateKey("stranger.example", bytes([8] * 32))


@pytest.fixture
def made(book, earn, seal):
    """A checkpoint over two blocks of one community."""
    for _ in range(2):
        earn(book.wang)
        seal()
    return checkpoints.make(at=AT)


@pytest.fixture
def witnessed(settings):
    settings.CHECKPOINT_WITNESSES = [str(NEIGHBOR.public)]


def signed_by(key, text):
    return notes.write(text, [key.sign(text)])


def test_a_checkpoint_is_a_text_of_c2sp_over_the_heads(made):
    origin, size, _, extension, end = made.text.split("\n")
    (head,) = Block.objects.filter(n=2).values_list("hash", flat=True)

    assert (origin, size, extension, end) == (
        "test.timebank",
        "1",
        "checkpoint 1 2026-11-25T00:10:00Z",
        "",
    )
    assert checkpoints.Text.parse(made.text).root == merkle.leaf_hash(head)
    assert (made.communities, made.blocks) == ([head_community()], [2])


def head_community():
    return Block.objects.values_list("community", flat=True).distinct().get()


def test_all_communities_are_in_one_tree(book, earn, made, seal):
    other = Area.objects.get(code="530111001002")
    (account,) = accounts.open_for(other, [uuid.uuid4()]).values()
    leg = transfers.Leg(TransferKind.EARN, accounts.ISSUANCE, account, 5)
    transfers.post(other.pk, uuid.uuid4(), leg, effective_on=AT.date(), by=7)
    seal()

    second = checkpoints.make(at=AT)

    assert second.number == 2
    assert dict(zip(second.communities, second.blocks, strict=True)) == {book.id: 2, other.pk: 1}
    leaves = [merkle.leaf_hash(head) for _, _, head in checkpoints.heads(second)]
    assert checkpoints.Text.parse(second.text).root == merkle.root(leaves)


def test_our_signature_is_under_the_note(made):
    text, signatures = notes.verify(checkpoints.note(made), [keys.ours().public])

    assert text == made.text
    assert len(signatures) == 1


def test_without_a_block_there_is_nothing_to_sign(book):
    with pytest.raises(checkpoints.NothingSealed):
        checkpoints.make(at=AT)


def test_a_neighbors_signature_is_kept_once(made, witnessed):
    note = notes.write(made.text, [keys.ours().sign(made.text), NEIGHBOR.sign(made.text)])

    assert checkpoints.accept(note) == ["neighbor.example"]
    assert checkpoints.accept(note) == ["neighbor.example"]

    _, signatures = notes.verify(checkpoints.note(made), [NEIGHBOR.public])
    assert len(signatures) == 1
    assert made.signatures.count() == 2


def test_a_strangers_signature_is_refused(made, witnessed):
    with pytest.raises(BadNote, match="None of the known"):
        checkpoints.accept(signed_by(STRANGER, made.text))

    assert made.signatures.count() == 1


def test_a_forged_signature_of_a_neighbor_is_refused(made, witnessed):
    forged = NEIGHBOR.sign(made.text)._replace(signature=STRANGER.sign(made.text).signature)

    with pytest.raises(BadNote, match="is wrong"):
        checkpoints.accept(notes.write(made.text, [forged]))

    assert made.signatures.count() == 1


@pytest.mark.parametrize(("this", "that"), [("checkpoint 1 ", "checkpoint 2 "), (":10:", ":11:")])
def test_a_neighbors_signature_under_another_text_is_refused(made, witnessed, this, that):
    with pytest.raises(checkpoints.NotOurs):
        checkpoints.accept(signed_by(NEIGHBOR, made.text.replace(this, that)))


ROOT = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
GOOD = f"timebank\n1\n{ROOT}\ncheckpoint 1 2026-11-25T00:10:00Z\n"


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        GOOD[:-1],
        GOOD + "more\n",
        GOOD.replace("timebank", ""),
        GOOD.replace("timebank", "time bank"),
        GOOD.replace("\n1\n", "\n01\n"),
        GOOD.replace("\n1\n", "\n0\n"),
        GOOD.replace("\n1\n", "\n-1\n"),
        GOOD.replace(ROOT, ROOT[:-4]),
        GOOD.replace(ROOT, ROOT[:-2] + "B="),
        GOOD.replace("checkpoint 1 ", "checkpoint 01 "),
        GOOD.replace("checkpoint 1 ", ""),
        GOOD.replace("Z", ""),
    ],
)
def test_a_malformed_checkpoint_is_refused(malformed):
    assert str(checkpoints.Text.parse(GOOD)) == GOOD
    with pytest.raises(BadNote):
        checkpoints.Text.parse(malformed)


def test_we_sign_a_neighbors_checkpoint_below_theirs(db):
    text = GOOD.replace("timebank", NEIGHBOR.name)

    note = checkpoints.countersign(signed_by(NEIGHBOR, text), NEIGHBOR.public)

    _, signatures = notes.verify(note, [NEIGHBOR.public, keys.ours().public])
    assert [signature.name for signature in signatures] == ["neighbor.example", "test.timebank"]
    assert checkpoints.countersign(note, NEIGHBOR.public) == note


@pytest.mark.parametrize(
    "note", [signed_by(STRANGER, GOOD), signed_by(NEIGHBOR, GOOD), signed_by(NEIGHBOR, "hello\n")]
)
def test_we_sign_nothing_else(db, note):
    with pytest.raises(BadNote):
        checkpoints.countersign(note, NEIGHBOR.public)


def test_a_checkpoint_over_other_blocks_is_refused_by_the_database(made, connect):
    wrong = [2, made.text, made.communities, [1]]

    with pytest.raises(psycopg.errors.InvalidParameterValue, match="not of these blocks"):
        connect().execute("SELECT ledger_keep_checkpoint(%s, %s, %s, %s)", wrong)


def test_the_short_code_is_short_and_of_one_text(made):
    code = checkpoints.short_code(made)
    made.text = made.text.replace("00:10", "00:11")

    number, *groups = code.split("-")
    assert (number, [len(group) for group in groups]) == ("1", [4, 4, 4, 4])
    assert checkpoints.short_code(made) != code


def test_a_paper_bears_the_code_of_the_latest_checkpoint_of_its_time(made):
    made = checkpoints.latest()

    assert checkpoints.code_at(made.made_at) == checkpoints.short_code(made)
    assert checkpoints.code_at(made.made_at - datetime.timedelta(seconds=1)) == ""


def test_the_first_checkpoint_over_a_block_is_found(made, earn, book, seal):
    earn(book.wang)
    seal()
    chain = Block.objects.order_by("n")

    assert [checkpoints.covering(block) for block in chain] == [made, made, None]


def test_without_a_key_in_the_settings_one_is_made_for_us_alone(settings, tmp_path):
    settings.CHECKPOINT_KEY, settings.VAR_DIR = "", tmp_path
    settings.CHECKPOINT_NAME = "here.example"

    first, second = keys.ours(), keys.ours()

    file = tmp_path / "checkpoint_key"
    assert first == second
    assert first.name == "here.example"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_malformed_keys_in_the_settings_are_named(settings):
    settings.CHECKPOINT_KEY = "secret"
    settings.CHECKPOINT_WITNESSES = ["nobody"]

    with pytest.raises(ImproperlyConfigured, match="CHECKPOINT_KEY"):
        keys.ours()
    with pytest.raises(ImproperlyConfigured, match="CHECKPOINT_WITNESSES"):
        keys.witnesses()


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_the_command_makes_a_checkpoint_and_writes_its_note(made, tmp_path):
    printed = run("checkpoint", str(tmp_path / "note"))

    newest = checkpoints.latest()
    assert newest.number == 2
    assert checkpoints.short_code(newest) in printed
    assert (tmp_path / "note").read_text() == checkpoints.note(newest)
    assert run("checkpoint", "--latest") == checkpoints.note(newest)
    assert run("checkpoint", "--key").strip() == str(keys.ours().public)
    assert Checkpoint.objects.count() == 2


def test_the_command_says_that_there_is_nothing_yet(book):
    with pytest.raises(CommandError, match="Nothing has been posted"):
        run("checkpoint")
    with pytest.raises(CommandError, match="no checkpoint yet"):
        run("checkpoint", "--latest")


def test_the_command_keeps_a_neighbors_signature(made, witnessed, tmp_path):
    file = tmp_path / "note"
    file.write_text(signed_by(NEIGHBOR, made.text))

    assert "neighbor.example" in run("cosign", str(file))

    file.write_text(signed_by(NEIGHBOR, made.text.replace("checkpoint 1", "checkpoint 5")))
    with pytest.raises(CommandError, match="no such checkpoint 5"):
        run("cosign", str(file))
    file.write_text(signed_by(STRANGER, made.text))
    with pytest.raises(CommandError, match="None of the known"):
        run("cosign", str(file))


def test_the_command_signs_a_neighbors_checkpoint(db, tmp_path):
    file = tmp_path / "note"
    file.write_text(signed_by(NEIGHBOR, GOOD.replace("timebank", NEIGHBOR.name)))

    run("cosign", str(file), "--of", str(NEIGHBOR.public))

    assert len(notes.verify(file.read_text(), [keys.ours().public])[1]) == 1
