"""No view fetches rows of people past `visible_to`, but for those that say why."""

import ast

from django.apps import apps

from tests.test_project import CODE, ROOT

SCOPED = {m.__name__ for m in apps.get_models() if hasattr(m._default_manager.all(), "visible_to")}
# Where a view reads without it, and what stands for it there.
KNOWN = {
    "members/views/signing_in.py sign_in_who": "people whose code was passed just now",
    "members/views/kin.py _rows": "of a member within reach; who is not is shown without a name",
    "timebank/merging/views.py person_same": "the community of a member within reach",
    "timebank/reports/views.py _preset": "within an area that the reader may read",
    "timebank/reports/views.py home_card": "within an area that the reader may read",
    "timebank/statements/views.py _printing": "of a member within reach",
    "timebank/statements/views.py _yearly_form": "within the areas of which the user enters visits",
    "timebank/months/views.py home_card": "none, for who has not signed in",
    "timebank/policies/views.py history": "of an area within reach",
    "ledger/views/movements.py _asked_before": "of a community within reach",
}


def past_the_scope(path):
    """Functions of the view module with `Model.objects.…` that goes on without visible_to."""
    for function in ast.parse(path.read_text()).body:
        if not isinstance(function, ast.FunctionDef):
            continue
        scoped = {
            id(node.value)
            for node in ast.walk(function)
            if isinstance(node, ast.Attribute) and node.attr == "visible_to"
        }
        for node in ast.walk(function):
            is_manager = isinstance(node, ast.Attribute) and node.attr == "objects"
            if is_manager and ast.unparse(node.value) in SCOPED and id(node) not in scoped:
                yield f"{path.relative_to(ROOT)} {function.name}"
                break


def test_views_fetch_within_reach():
    views = [path for path in CODE if path.stem == "views" or path.parent.name == "views"]
    views = [path for path in views if path.parts[len(ROOT.parts)] != "bench"]

    found = {place for path in views for place in past_the_scope(path)}

    assert found - set(KNOWN) == set()
    assert set(KNOWN) - found == set()
