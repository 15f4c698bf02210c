"""Tells the database who changes what, so that the history of people can say it."""

import pghistory

from timebank.logs import request_id

READING = ("GET", "HEAD", "OPTIONS", "TRACE")


class AuthorMiddleware:
    """Every statement of a request that may write carries the user and the request's number."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.method in READING or not request.user.is_authenticated:
            return self.get_response(request)
        with pghistory.context(user=request.user.pk, request=request_id.get()):
            return self.get_response(request)
