"""The tree of RFC 6962, against the vectors of Certificate Transparency and against itself."""

import itertools
from hashlib import sha256

import pytest

from ledger import merkle

# The test data of the reference implementation of RFC 6962, and the roots of its first n leaves.
DATA = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
DATA = [bytes.fromhex(text) for text in [*DATA, "606162636465666768696a6b6c6d6e6f"]]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS = [
    (0, 8, ["96a296d2", "5f083f0a", "6b47aaf2"]),
    (5, 8, ["bc1a0643", "ca854ea1", "d37ee418"]),
    (2, 3, ["fac54203"]),
    (1, 5, ["6e340b9c", "5f083f0a", "bc1a0643"]),
]
LEAVES = [sha256(bytes([0, n % 256, n // 256])).digest() for n in range(300)]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference(size):
    assert merkle.root([merkle.leaf_hash(data) for data in DATA[:size]]).hex() == ROOTS[size]


@pytest.mark.parametrize(("position", "size", "beginnings"), PATHS)
def test_paths_are_those_of_the_reference(position, size, beginnings):
    path = merkle.path([merkle.leaf_hash(data) for data in DATA[:size]], position)

    assert [step.hex()[:8] for step in path] == beginnings


def by_the_definition(leaves):
    """Section 2.1 of the RFC, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return merkle.node_hash(by_the_definition(leaves[:k]), by_the_definition(leaves[k:]))


@pytest.mark.parametrize("hundred", [0, 1, 2])
def test_every_leaf_is_proved_in_trees_of_every_size(hundred):
    for size in range(max(1, 100 * hundred), 100 * hundred + 101):
        leaves = LEAVES[:size]
        root = by_the_definition(leaves)
        assert merkle.root(leaves) == root
        for position, leaf in enumerate(leaves):
            path = merkle.path(leaves, position)
            assert merkle.root_from_path(leaf, position, size, path) == root


def test_a_proof_is_of_one_leaf_at_one_position():
    for size, position in itertools.product([1, 2, 7, 8, 13], range(13)):
        if position >= size:
            continue
        leaves, root = LEAVES[:size], merkle.root(LEAVES[:size])
        path = merkle.path(leaves, position)
        proved = [
            (leaf, at)
            for leaf, at in itertools.product(leaves, range(size))
            if climbs(leaf, at, size, path) == root
        ]
        assert proved == [(leaves[position], position)]


def climbs(*arguments):
    try:
        return merkle.root_from_path(*arguments)
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("position", "size", "steps"),
    [(0, 8, 2), (0, 8, 4), (8, 8, 3), (-1, 8, 3), (0, 1, 1), (0, 0, 0)],
)
def test_a_path_that_no_tree_has_is_refused(position, size, steps):
    with pytest.raises(ValueError, match="the p"):
        merkle.root_from_path(LEAVES[0], position, size, LEAVES[1 : 1 + steps])


def test_there_is_no_path_to_a_leaf_outside():
    with pytest.raises(IndexError):
        merkle.path(LEAVES[:3], 3)


@pytest.mark.django_db(transaction=True)
def test_sql_finds_the_same_roots(connect):
    owner = connect("timebank_owner", autocommit=True)
    for size in range(301):
        leaves = LEAVES[:size]
        found = owner.execute("SELECT ledger_merkle_root(%s)", [b"".join(leaves)]).fetchone()
        assert found == (merkle.root(leaves),)
