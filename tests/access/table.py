"""The table of routes and roles in docs/access.md: read, and written in its own form."""

from fnmatch import fnmatchcase
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "access.md"


def columns():
    """The heads of the columns after the first, as the page names them."""
    heads = [_cells(line) for line in _lines() if line.startswith("| asked |")]
    assert heads, "docs/access.md has no table"
    assert all(head == heads[0] for head in heads), "the tables of docs/access.md differ"
    return heads[0][1:]


def rows():
    """The answers of each row by what is asked: {"GET visit_detail": ["sign-in", "404", …]}."""
    found = {}
    for line in _lines():
        if line.startswith(("| `GET ", "| `POST ")):
            asked, *answers = _cells(line)
            assert asked not in found, f"{asked} stands in docs/access.md twice"
            assert len(answers) == len(columns()), f"{asked}: a cell is missing or too many"
            found[asked.strip("`")] = answers
    return found


def row_of(asked, known):
    """The row that speaks of `asked`: its own, else the longest with a * that fits; else None."""
    if asked in known:
        return asked
    fitting = [row for row in known if "*" in row and fnmatchcase(asked, row.replace("?", "[?]"))]
    return max(fitting, key=len, default=None)


def written(asked, answers):
    """A row in the form of the table, to be checked by a person and pasted."""
    return f"| {' | '.join([f'`{asked}`', *answers])} |"


def _lines():
    return PAGE.read_text().splitlines()


def _cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
