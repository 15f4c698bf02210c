"""Signed notes: the vectors of C2SP's reference, and what is refused."""

import pytest

from ledger import notes
from ledger.notes import BadKey, BadNote, PrivateKey, PublicKey

# From the documentation of golang.org/x/mod/sumdb/note, whose format C2SP wrote down.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
SIGNED = (
    TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngo"
    "tpRZb6KE6RyyBwJnAM=\n"
)
KEY = PrivateKey("somebody", bytes(32))
OTHER = PrivateKey("neighbor", bytes([7] * 32))


def test_a_note_of_the_reference_is_verified():
    text, (signature,) = notes.verify(SIGNED, [PublicKey.parse(PETER)])

    assert (text, signature.name) == (TEXT, "PeterNeumann")


def test_keys_are_written_as_they_are_read():
    assert str(PublicKey.parse(PETER)) == PETER
    assert PrivateKey.parse(str(KEY)) == KEY


def test_a_private_key_does_not_show_itself():
    assert str(KEY)[-20:] not in repr(KEY)


def test_what_one_signs_another_verifies():
    note = notes.write(TEXT, [KEY.sign(TEXT), OTHER.sign(TEXT)])

    text, signatures = notes.verify(note, [KEY.public, OTHER.public])

    assert text == TEXT
    assert [signature.name for signature in signatures] == ["somebody", "neighbor"]


def test_a_stranger_s_signature_beside_is_left_out():
    note = notes.write(TEXT, [OTHER.sign(TEXT), KEY.sign(TEXT)])

    assert [s.name for s in notes.verify(note, [KEY.public])[1]] == ["somebody"]


def test_a_text_may_have_empty_lines():
    text = "one\n\n— two AAAAAAAA\n\nthree\n"

    assert notes.verify(notes.write(text, [KEY.sign(text)]), [KEY.public])[0] == text


GOOD = notes.write(TEXT, [KEY.sign(TEXT)])


@pytest.mark.parametrize(
    "forged",
    [
        GOOD.replace("cryptography", "cryptographx"),
        notes.write(TEXT, [KEY.sign(TEXT + "\n")]),
        notes.write(TEXT, [KEY.sign(TEXT)._replace(signature=OTHER.sign(TEXT).signature)]),
        notes.write(TEXT, [KEY.sign(TEXT), KEY.sign(TEXT)._replace(signature=bytes(64))]),
        notes.write(TEXT, [KEY.sign(TEXT)._replace(signature=bytes(10))]),
    ],
)
def test_a_forged_note_is_refused(forged):
    with pytest.raises(BadNote, match="is wrong"):
        notes.verify(forged, [KEY.public])


@pytest.mark.parametrize(
    "signature", [OTHER.sign(TEXT), PrivateKey("somebody", bytes([1] * 32)).sign(TEXT)]
)
def test_a_note_that_only_strangers_have_signed_is_refused(signature):
    with pytest.raises(BadNote, match="None of the known keys"):
        notes.verify(notes.write(TEXT, [signature]), [KEY.public])


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "\n",
        TEXT,
        TEXT + "\n",
        GOOD.rstrip("\n"),
        GOOD + "\n",
        GOOD.replace("—", "-"),
        GOOD.replace("— somebody", "— some body"),
        GOOD.replace("— somebody", "— some+body"),
        GOOD.replace("— somebody ", "—  somebody "),
        GOOD[:-3] + "!!\n",
        TEXT + "\n— somebody AAAA\n",
        TEXT + "\n— somebody AAAAA\n",
        TEXT.replace("\n", "\r\n") + "\n" + GOOD.rpartition("\n\n")[2],
        TEXT + "\n" + GOOD.rpartition("\n\n")[2] * 101,
    ],
)
def test_a_malformed_note_is_refused(malformed):
    with pytest.raises(BadNote):
        notes.verify(malformed, [KEY.public])


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "PeterNeumann",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("PeterNeumann", "Peter Neumann"),
        PETER.replace("PeterNeumann", ""),
        PETER[:-4],
        PETER.replace("+AR", "+BR"),
        PETER + "!",
    ],
)
def test_a_malformed_public_key_is_refused(malformed):
    with pytest.raises(BadKey):
        PublicKey.parse(malformed)


@pytest.mark.parametrize("malformed", ["", PETER, str(KEY).replace("somebody", "nobody")])
def test_a_malformed_private_key_is_refused(malformed):
    with pytest.raises(BadKey):
        PrivateKey.parse(malformed)
