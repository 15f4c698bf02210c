"""How a message leaves the house: on the console, or signed over HTTP to a provider.

The console is the standard output and never the logs, which carry nothing personal.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings

from members import messages, phones

TIMEOUT = 10  # seconds
_TOO_MANY, _CONFLICT = 429, 409


class Letter(NamedTuple):
    """`id` stays the same from try to try, so that a provider can tell that it was sent before."""

    id: str
    to: str
    template: str
    variables: dict[str, str]
    language: str


class Failed(Exception):
    """It did not go out; `error` is one of `Notice.Error`."""

    error = "refused"


class Unreachable(Failed):
    """No answer, or not in time: it may or may not have gone out. Try again with the same id."""

    error = "unreachable"


class Busy(Failed):
    """The provider asks to come again later."""

    error = "busy"


class Refused(Failed):
    """The provider will not send this; trying again by itself is of no use."""


def deliver(letter: Letter) -> None:
    """Send by what is set up. Raises Unreachable, Busy, Refused."""
    way: Callable[[Letter], None] = by_http if settings.MESSAGE_URL else on_console
    way(letter)


def on_console(letter: Letter) -> None:
    """The number is masked, as anybody may look at a console."""
    words = messages.text(letter.template, letter.variables, letter.language)
    print(f"SMS to {phones.mask(letter.to)}: {words}", flush=True)


def by_http(letter: Letter) -> None:
    """POST the letter as JSON with a signature over its time and content."""
    body = json.dumps(letter._asdict(), ensure_ascii=False, sort_keys=True).encode()
    stamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": letter.id,
        "X-Timebank-Timestamp": stamp,
        "X-Timebank-Signature": signature(stamp, body),
    }
    request = Request(settings.MESSAGE_URL, body, headers, method="POST")  # noqa: S310
    try:
        with build_opener(_NoRedirect).open(request, timeout=TIMEOUT):
            return
    except HTTPError as answer:
        answer.close()
        if answer.code == _CONFLICT:  # it has this id: what it answered before was lost
            return
        raise _refusal(answer.code) from None
    except (OSError, HTTPException):  # without its text, in which there may be an address
        raise Unreachable from None


def signature(stamp: str, body: bytes) -> str:
    """`v1=` and the HMAC-SHA256 of time stamp, full stop and body, in hexadecimal digits."""
    key = settings.MESSAGE_SECRET.encode()
    return "v1=" + hmac.new(key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _refusal(status: int) -> Failed:
    is_busy = status == _TOO_MANY or status >= 500
    return Busy() if is_busy else Refused()


class _NoRedirect(HTTPRedirectHandler):
    """What is signed for one address is not carried to another."""

    def redirect_request(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        return None
