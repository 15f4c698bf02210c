#!/usr/bin/env python3
"""Check a book of hours, or the proof of one transfer, without trusting whoever made it.

    verify.py book.jsonl --key KEY [--checkpoint NOTE ...]
    verify.py proof.json --key KEY

A book is what `manage.py export_book` writes, a proof what `manage.py prove` writes, a note a
checkpoint that was kept elsewhere; KEY is the public key of whoever signs the checkpoints, to be
had from them in person. Needs Python 3.11 and nothing else. Ends with 0 when everything fits, with
1 and the first row that does not otherwise.
"""

import argparse
import base64
import json
import re
import struct
import sys
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256, sha512
from pathlib import Path

# A transfer, version 1: 0x00, the version, community, id, journal, leg, kind, debit with its number
# and balance after, credit likewise, amount, day, moment, author, which of the rest are there,
# approver, policy, what it reverses, its true day. Days and microseconds count from 2000-01-01 UTC.
TRANSFER = struct.Struct(">BBqq16shhqqqqqqqiqqhqqqi")
VERSION, SHA_256 = 1, 1
CHECKPOINT = re.compile(r"[^\s+]+\n[1-9]\d*\n([\w+/]{43}=)\ncheckpoint ([1-9]\d*) \S+\n", re.A)
FIRST_DAY = date(2000, 1, 1).toordinal()
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NOTHING_BEFORE = bytes(32)


class Wrong(Exception):
    """What does not fit, and where."""


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("file")
    parser.add_argument("--key", action="append", default=[], help="who signs the checkpoints")
    parser.add_argument("--checkpoint", action="append", default=[], help="a note kept elsewhere")
    options = parser.parse_args()
    try:
        keys = [public_key(key) for key in options.key]
        notes = [(name, Path(name).read_text(encoding="utf-8")) for name in options.checkpoint]
        with open(options.file, encoding="utf-8") as file:
            is_book = file.readline().startswith('{"format":"timebank-book 1"')
            file.seek(0)
            print(check_book(file, keys, notes) if is_book else check_proof(json.load(file), keys))
    except Wrong as wrong:
        print(f"WRONG: {wrong}")
        return 1
    except (ValueError, TypeError, KeyError, IndexError, struct.error) as error:
        print(f"WRONG: the file is malformed: {error!r}")
        return 1
    return 0


# The book


def check_book(file, keys, notes):
    """Read the book line by line; what is kept is a balance for each account."""
    checkpoints = Checkpoints(keys, notes)
    book, counted, ended = None, 0, False
    for number, line in enumerate(file, 1):
        data = json.loads(line)
        try:
            if type(data) is list:
                if book is None:
                    raise Wrong("a transfer without a book")
                book.transfer(data)
                counted += 1
            elif "checkpoint" in data:
                checkpoints.add(data)
            elif "community" in data:
                if book is None or book.community != data["community"]:
                    book = checkpoints.next_book(book, data)
                book.begin(data)
                checkpoints.pass_block(book)
            elif data.get("end"):
                ended = True
        except Wrong as wrong:
            raise Wrong(f"line {number}: {wrong}") from None
    if not ended:
        raise Wrong(f"the book breaks off after line {number}")
    checkpoints.next_book(book, None)
    return f"{counted} transfers fit. {checkpoints.finish()}"


class Book:
    """One community's chain of blocks, and the last entry of each of its accounts."""

    def __init__(self, community, code):
        self.community, self.code = community, code
        self.n, self.total, self.hash = 0, 0, NOTHING_BEFORE
        self.header, self.leaves, self.is_open = None, [], False
        self.accounts = {}  # account → (number of its last entry, balance after it)
        self.waiting = defaultdict(dict)  # account → entries whose forerunner is still to come
        self.days = {}

    def begin(self, data):
        """The end of one block and the beginning of the next, or of what is not sealed yet."""
        self.end_block()
        if "block" in data:
            if self.is_open:
                raise Wrong(f"{self.code}: a block after what is not sealed")
            if (data["algorithm"], data["version"]) != (SHA_256, VERSION):
                raise Wrong(f"{self.code} block {data['block']}: an unknown way to hash")
            self.header = data
        else:
            self.is_open = True

    def transfer(self, row):
        if len(row) != 18:
            raise Wrong(f"{self.code} transfer {row[0]} is sealed, but missing")
        if not self.is_open:
            self.leaves.append(sha256(encode(self.community, row, self.days)).digest())
        number, _, _, _, debit, d_seq, d_after, credit, c_seq, c_after, amount, *_ = row
        if amount <= 0 or debit == credit:
            raise Wrong(f"{self.code} transfer {number} moves nothing")
        self.entry(number, debit, d_seq, -amount, d_after)
        self.entry(number, credit, c_seq, amount, c_after)

    def entry(self, number, account, seq, change, after):
        last, balance = self.accounts.get(account, (0, 0))
        if seq != last + 1:
            if seq <= last or seq in self.waiting[account]:
                raise Wrong(f"{self.code} transfer {number}: entry {seq} of {account} comes twice")
            self.waiting[account][seq] = number, change, after
            return
        while True:
            if balance + change != after:
                has = f"account {account} has {balance + change} after it, not {after}"
                raise Wrong(f"{self.code} transfer {number}: {has}")
            self.accounts[account] = seq, after
            if account not in self.waiting or seq + 1 not in self.waiting[account]:
                return
            balance, seq = after, seq + 1
            number, change, after = self.waiting[account].pop(seq)

    def end_block(self):
        header, self.header = self.header, None
        if header is None:
            return
        where = f"{self.code} block {header['block']}"
        if header["size"] != len(self.leaves):
            raise Wrong(f"{where} has {len(self.leaves)} transfers instead of {header['size']}")
        root = tree_root(self.leaves)
        if root.hex() != header["root"]:
            raise Wrong(f"{where}: its transfers are not those that were sealed (root)")
        self.n, self.total, before = self.n + 1, self.total + len(self.leaves), self.hash
        self.hash = block_hash(self.community, self.n, before, self.total, root)
        said = (header["block"], header["total"], header["prev"], header["hash"])
        if said != (self.n, self.total, before.hex(), self.hash.hex()):
            raise Wrong(f"{where} does not follow the block before it (chain)")
        self.leaves = []

    def finish(self):
        self.end_block()
        for account, entries in self.waiting.items():
            if entries:
                number = entries[min(entries)][0]
                raise Wrong(f"{self.code} transfer {number}: an entry of {account} is missing")


def encode(community, row, days):
    """The bytes of a transfer; `days` remembers days that were met before."""
    (number, journal, leg, kind, *moved, day, moment, actor), true_day = row[:14], row[17]
    for one in {day, true_day or day} - days.keys():
        days[one] = date.fromisoformat(one).toordinal() - FIRST_DAY
    present = sum(1 << bit for bit, one in enumerate(row[14:]) if one is not None)
    return TRANSFER.pack(
        *(0, VERSION, community, number, bytes.fromhex(journal), leg, kind),
        *(*moved, days[day], (datetime.fromisoformat(moment) - BEGINNING) // MICROSECOND),
        *(actor, present, *(one or 0 for one in row[14:17]), days[true_day] if true_day else 0),
    )


def block_hash(community, n, before, total, root):
    packed = struct.pack(">qq", community, n) + before + struct.pack(">q", total)
    return sha256(b"\2" + packed + root).digest()


def tree_root(level):
    """RFC 6962: neighbors are joined, the last of an odd level is carried up."""
    level = level or [sha256(b"").digest()]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        joined = [sha256(b"\1" + left + right).digest() for left, right in pairs]
        level = joined + level[2 * len(joined) :]
    return level[0]


def climb(leaf, position, size, path):
    """The root above a leaf, in a tree of that size, along the hashes beside the way."""
    steps, last = list(path), size - 1
    if not 0 <= position < size:
        raise Wrong("the position is not in the tree")
    while last:
        if position % 2 or position < last:
            if not steps:
                raise Wrong("the path is too short")
            beside = bytes.fromhex(steps.pop(0))
            pair = beside + leaf if position % 2 else leaf + beside
            leaf = sha256(b"\1" + pair).digest()
        position, last = position // 2, last // 2
    if steps:
        raise Wrong("the path is too long")
    return leaf


# Checkpoints


class Checkpoints:
    """The checkpoints of the book, and those that were kept elsewhere, against its blocks."""

    def __init__(self, keys, notes):
        self.keys = keys
        self.outside = {}  # number → text and where it was kept
        for name, note in notes:
            text = signed_text(note, keys)
            self.outside[checkpoint(text)[1]] = text, name
        self.expected = {}  # (community, block) → its hash, and the checkpoint that says so
        self.count, self.met, self.entered = 0, set(), set()

    def next_book(self, book, data):
        """The end of one community's book and the beginning of the next."""
        if book is not None:
            book.finish()
            self.pass_block(book)
        if data is None:
            return None
        if data["community"] in self.entered:
            raise Wrong(f"the book of {data['code']} comes twice")
        self.entered.add(data["community"])
        return Book(data["community"], data["code"])

    def add(self, data):
        number, heads = data["checkpoint"], data["heads"]
        text = signed_text(data["note"], self.keys)
        root, said = checkpoint(text)
        if number in self.outside:
            kept, name = self.outside[number]
            if kept != text:
                raise Wrong(f"checkpoint {number} is not the one in {name}")
            self.met.add(number)
        leaves = [sha256(b"\0" + bytes.fromhex(head or "")).digest() for _, _, head in heads]
        if said != number or tree_root(leaves) != root:
            raise Wrong(f"checkpoint {number} is not over the blocks of this book")
        for community, n, head in heads:
            if self.expected.setdefault((community, n), (head, number))[0] != head:
                raise Wrong(f"checkpoint {number}: another hash of block {n}")
        self.count += 1

    def pass_block(self, book):
        """Compare a block that was just read, and forget what was said of it."""
        head, number = self.expected.pop((book.community, book.n), (None, None))
        if number is not None and head != book.hash.hex():
            raise Wrong(f"{book.code} block {book.n} is not the one of checkpoint {number}")

    def finish(self):
        for number, (_, name) in self.outside.items():
            if number not in self.met:
                raise Wrong(f"the book has no checkpoint {number}, which is in {name}")
        for (community, n), (_, number) in self.expected.items():
            if community in self.entered:
                raise Wrong(f"block {n} of {community}, of checkpoint {number}, is missing")
        signed = "are signed" if self.keys else "WHO SIGNED THEM WAS NOT CHECKED: give a --key"
        kept = f", {len(self.met)} of them kept elsewhere" if self.met else ""
        absent = len({community for community, _ in self.expected})
        elsewhere = f" {absent} communities of theirs are not in this file." if absent else ""
        return f"{self.count} checkpoints fit{kept}, {signed}.{elsewhere}"


def checkpoint(text):
    """Root and number that a checkpoint's text tells."""
    if not (found := CHECKPOINT.fullmatch(text)):
        raise Wrong("a checkpoint is malformed")
    return base64.b64decode(found[1]), int(found[2])


def check_proof(proof, keys):
    """Climb from the transfer to the checkpoint."""
    if proof["format"] != "timebank-proof 1" or proof["version"] != VERSION:
        raise Wrong("this is no proof that can be read here")
    community, block = proof["community"], proof["block"]
    leaf = sha256(encode(community, proof["transfer"], {})).digest()
    root = climb(leaf, proof["position"], proof["size"], proof["path"])
    n, before = block["n"], bytes.fromhex(block["prev"])
    head = block_hash(community, n, before, block["total"], root)
    for total, later in proof["later"]:
        n += 1
        head = block_hash(community, n, head, total, bytes.fromhex(later))
    top = sha256(b"\0" + head).digest()
    top = climb(top, proof["head_position"], proof["heads"], proof["head_path"])
    if not keys:
        raise Wrong("without a --key nothing is proved")
    said, number = checkpoint(signed_text(proof["note"], keys))
    if top != said:
        raise Wrong(f"the transfer is not in checkpoint {number}")
    number_of, _, _, _, source, _, _, target, _, _, minutes, day, *_ = proof["transfer"]
    what = f"{minutes} minutes from account {source} to account {target} on {day}"
    return f"Transfer {number_of} of community {community} is in checkpoint {number}: {what}."


# Signed notes and Ed25519 (RFC 8032)


def public_key(text):
    """Name, id and point of a key that is written as name+id+base64."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    key = base64.b64decode(encoded, validate=True)
    expected = sha256(name.encode() + b"\n" + key).hexdigest()[:8]
    if len(key) != 33 or key[0] != 1 or expected != key_id:
        raise Wrong("the public key is malformed")
    return name, bytes.fromhex(key_id), key[1:]


def signed_text(note, keys):
    """The text of a note that one of the keys has signed, none of them wrongly; or no keys."""
    text, gap, lines = note.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise Wrong("a note is malformed")
    text, is_signed = text + "\n", False
    for line in lines.splitlines():
        dash, name, encoded = line.split(" ")
        signature = base64.b64decode(encoded, validate=True)
        for key_name, key_id, point in keys:
            if (dash, name, signature[:4]) == ("—", key_name, key_id):
                if not has_signed(point, text.encode(), signature[4:]):
                    raise Wrong(f"the signature of {name} is wrong")
                is_signed = True
    if keys and not is_signed:
        raise Wrong("a checkpoint is not signed by the given key")
    return text


P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def has_signed(public, message, signature):
    """Whether s·B = R + h·A, with everything in its one allowed writing."""
    a, r = point_of(public), point_of(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or r is None or s >= ORDER:
        return False
    h = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = times(s, BASE), add(r, times(h, a))
    return all((left[at] * right[2] - right[at] * left[2]) % P == 0 for at in (0, 1))


def point_of(encoded):
    """The point (x, y, 1, xy) that 32 bytes stand for; None when they stand for none."""
    y = int.from_bytes(encoded, "little")
    is_odd, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and is_odd):
        return None
    if x % 2 != is_odd:
        x = P - x
    return x, y, 1, x * y % P


def add(one, other):
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar, point):
    found = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            found = add(found, point)
        point, scalar = add(point, point), scalar >> 1
    return found


BASE = point_of((4 * pow(5, -1, P) % P).to_bytes(32, "little"))

if __name__ == "__main__":
    sys.exit(main())
