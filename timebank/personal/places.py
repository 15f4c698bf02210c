"""Every place that names a member, and what becomes of it: one line for each.

A test looks for columns that lead to a member and stand here not: whoever adds a model says in a
line what the copy of a person's data shows of it, what a merge does with it, and what an erasure.
What names a person through their account (devices, what was typed) goes with the account.
"""

from enum import StrEnum
from typing import NamedTuple


class Merging(StrEnum):
    """What a merge does with rows of the record that vanishes."""

    MOVE = "move"  # they name the kept record from then on
    # They go on naming the vanished one, through which they are found. What of it decides hours
    # has to stand for the kept record too, before the merge: timebank.merging.rights.
    STAY = "stay"
    OWN = "own"  # timebank.merging.moving knows better


class Erasing(StrEnum):
    """What an erasure does with rows of the person."""

    KEEP = "keep"  # `why` says what for
    EMPTY = "empty"  # timebank.personal.erasing takes out what tells of the person
    DELETE = "delete"


class Place(NamedTuple):
    """A column that names a member. `section` is of the data copy; without one `why` says it."""

    model: str
    column: str
    section: str
    merging: Merging
    erasing: Erasing
    why: str = ""


MOVE, STAY, OWN = Merging.MOVE, Merging.STAY, Merging.OWN
KEEP, EMPTY, DELETE = Erasing.KEEP, Erasing.EMPTY, Erasing.DELETE

PLACES = [
    Place("members.Member", "merged_into", "identity", OWN, KEEP, "the number stands on paper"),
    Place("members.MemberPhone", "member", "phones", OWN, DELETE),
    Place("members.Volunteer", "member", "volunteer", OWN, EMPTY),
    Place("members.Elder", "member", "elder", OWN, EMPTY),
    Place("members.User", "member", "sign_in", OWN, EMPTY),
    Place("members.ContactPerson", "member", "contacts", OWN, DELETE),
    Place("members.Kinship", "member", "kin", STAY, EMPTY, "hours were given by it"),
    Place("members.Kinship", "relative", "kin", STAY, EMPTY, "hours were given by it"),
    Place("members.Assessment", "member", "assessments", STAY, EMPTY, "the pool paid by it"),
    Place("members.Consent", "member", "consents", STAY, EMPTY, "shows what was agreed to"),
    Place("members.Agent", "member", "agents", STAY, EMPTY, "shows by whose word it was done"),
    Place("members.Agent", "agent", "agents", STAY, EMPTY, "shows by whose word it was done"),
    Place("members.Look", "member", "looks", STAY, EMPTY, "shows who saw it"),
    Place("members.Notice", "member", "notices", MOVE, DELETE),
    Place("members.Change", "member", "changes", STAY, EMPTY, "shows who changed it"),
    Place("members.SearchTerm", "member", "", OWN, DELETE, "made of name, number and phones"),
    Place("members.DataRequest", "member", "requests", MOVE, KEEP, "shows that it was carried out"),
    Place("members.Merge", "kept", "merges", STAY, KEEP, "the number stands on paper"),
    Place("members.Merge", "gone", "merges", STAY, KEEP, "the number stands on paper"),
    Place("services.Visit", "volunteer", "given", MOVE, EMPTY, "service record, Decree 67"),
    Place("services.Visit", "elder", "received", MOVE, EMPTY, "service record, Decree 67"),
    Place("services.Objection", "member", "objections", MOVE, EMPTY),
    Place("services.RegisterRow", "member", "registers", MOVE, EMPTY),
    Place(
        "services.Certificate", "member", "certificates", STAY, KEEP, "service record, Decree 67"
    ),
    Place(
        "services.StatementPrint", "member", "prints", STAY, KEEP, "tells which lines are printed"
    ),
    Place("ledger.MovementRequest", "member", "movements", MOVE, EMPTY),
    Place("ledger.MovementRequest", "other", "movements", MOVE, EMPTY),
]
