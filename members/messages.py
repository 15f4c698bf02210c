"""The words of messages to phones, by the name of their template.

A provider is sent the name and the variables, and keeps words of its own; these are the ones of
the console. None has a link in it: who gets links by SMS learns to press them.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

WORDS: dict[str, str | Promise] = {
    "sign_in_code": _(
        "%(code)s is your code for %(programme)s. It works for 15 minutes. "
        "Please tell it to nobody."
    ),
    "confirm_code": _(
        "%(code)s is your code for %(programme)s, to confirm what you have just asked for. "
        "It works for 15 minutes. Please tell it to nobody."
    ),
    "new_device": _(
        "Somebody has signed in to %(programme)s with your number on another device. "
        "If that was not you, please call us: %(staff_phone)s."
    ),
    "objection_answered": _(
        "You told %(programme)s that a line of your passbook is not right. There is an answer: "
        "look at My time, or call us: %(staff_phone)s."
    ),
}
TITLES: dict[str, str | Promise] = {
    "sign_in_code": _("code to sign in"),
    "confirm_code": _("code to confirm"),
    "new_device": _("word of a new device"),
    "objection_answered": _("word of an answer"),
}


def text(template: str, variables: dict[str, str], language: str) -> str:
    with override(language):
        return str(WORDS[template]) % variables
