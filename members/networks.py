"""Where a request comes from, and what counts as one place."""

from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str | None:
    """Where the request comes from; behind our proxy, what the proxy has seen."""
    if settings.BEHIND_TLS:
        written = request.headers.get("X-Forwarded-For", "").split(",")[-1]
    else:
        written = request.META.get("REMOTE_ADDR", "")
    try:
        return str(ip_address(written.strip()))
    except ValueError:  # a socket of this machine has no address
        return None


def place(address: str | None) -> str | None:
    """What limits count as one: an address, or the /64 of an IPv6 address, all of which one has."""
    if address is None or ip_address(address).version == 4:
        return address
    return str(ip_network((address.split("%")[0], 64), strict=False).network_address)


def place_of(request: HttpRequest) -> str | None:
    return place(address_of(request))
