"""Texts of Django's own that its Chinese catalogue lacks; ours has them, as they are named here.

Nothing imports this: `bin/messages.py` reads it, and tests/test_translations.py finds what lacks.
"""

from django.utils.translation import gettext_noop, ngettext

TEXTS = (
    gettext_noop("Model name"),
    gettext_noop("Add link"),
    gettext_noop("Change or view list link"),
    gettext_noop("After you’ve created a user, you’ll be able to edit more user options."),
    gettext_noop("Error:"),
    gettext_noop("Forgotten your login credentials?"),
    gettext_noop("In case you’ve forgotten, you are:"),
    gettext_noop("%(model)s instance with %(field)s %(value)r is not a valid choice."),
)


def too_short(number: int) -> str:
    return ngettext(
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
        number,
    )
