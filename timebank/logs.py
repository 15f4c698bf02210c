"""Logs as JSON lines: each carries the request's id, none carries what a person typed.

A line's text is logged without its values, whoever logs it. What is safe to keep is passed on
purpose: `extra={"fields": {"rows": 20}}`.
"""

import contextvars
import json
import logging
import os
import re
import time
import traceback
import uuid

from gunicorn import glogging

request_id = contextvars.ContextVar("request_id", default="-")
access = logging.getLogger("timebank.access")

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
# Libraries also log texts that were put together before, such as
# "Invalid HTTP request line: 'GET /?q=…": what follows here may be a value.
FIRST_VALUE = re.compile(r"[^A-Za-z ,.()_-]")


class JsonFormatter(logging.Formatter):
    """One JSON object a line. Exceptions are named with their place, without their values."""

    def format(self, record):
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "request": request_id.get(),
            "message": _text(record),
        }
        if record.exc_info and record.exc_info[0]:
            line |= _about(record.exc_info[1])
        return json.dumps(line | getattr(record, "fields", {}), ensure_ascii=False)


class GunicornLogger(glogging.Logger):
    """Gunicorn's own messages in our form; requests are logged by the middleware alone."""

    def setup(self, cfg):
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())


class RequestIdMiddleware:
    """Give each request an id, answer with it, and log method, route, status and time."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        token = request_id.set(uuid.uuid4().hex[:12])
        began = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = request_id.get()
            match = request.resolver_match
            fields = {
                "method": request.method if request.method in METHODS else "other",
                # The route's pattern and never the path, in which there may be a name.
                "route": match.route if match else "",
                "status": response.status_code,
                "ms": round((time.perf_counter() - began) * 1000, 1),
            }
            is_a_file = match is None and response.status_code in (200, 304)
            access.log(
                logging.DEBUG if is_a_file else logging.INFO, "request", extra={"fields": fields}
            )
            return response
        finally:
            request_id.reset(token)


def _text(record):
    if not isinstance(record.msg, str):
        return type(record.msg).__name__
    return record.msg if record.args else FIRST_VALUE.split(record.msg, maxsplit=1)[0].rstrip(" (")


def _about(error):
    """What an exception is and where it came from; of a database error also what was broken."""
    about = {"error": type(error).__name__, "where": _places(error)}
    cause = error.__cause__ or error
    if cause is not error:
        about["cause"] = type(cause).__name__
    if getattr(cause, "sqlstate", None):
        about["sqlstate"] = cause.sqlstate
        about["constraint"] = cause.diag.constraint_name
    return about


def _places(error):
    return [
        f"{os.sep.join(frame.filename.split(os.sep)[-2:])}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-6:]
    ]
