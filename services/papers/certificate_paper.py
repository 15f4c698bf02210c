"""A certificate as people read it: on the screen and as PDF, in the reader's language."""

import io
from datetime import date, datetime
from typing import Any

import segno
from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from ledger.hours import duration
from members.models import Member
from services.papers import codes, typeset
from services.papers.certificates import Standing, State
from services.papers.models import Certificate


def shown(certificate: Certificate) -> dict[str, Any]:
    """What was certified, frozen when it was issued, in words of the reader's language."""
    facts = certificate.facts
    tongue = "en" if (get_language() or "").startswith("en") else "zh"
    holder, rows = facts["holder"], facts["categories"]
    start, end = (date.fromisoformat(facts["period"][side]) for side in ("start", "end"))
    return {
        "number": facts["number"],
        "name": holder["name"],
        "sex": str(Member.Sex(holder["sex"]).label) if holder["sex"] else "",
        "id_number": holder["id_number"],
        "member_number": holder["member_number"],
        "unit": facts["unit"][tongue],
        "start": start,
        "end": end,
        "visits": facts["visits"],
        "minutes": facts["minutes"],
        "rows": [
            {"name": row[tongue], "visits": row["visits"], "minutes": row["minutes"]}
            for row in sorted(rows, key=lambda row: (-row["minutes"], row["code"]))
        ],
        "code": codes.shown(certificate.code),
    }


def pdf(
    certificate: Certificate, standing: Standing, *, address: str, at: datetime, seal: str = ""
) -> bytes:
    """The certificate to print; `address` is the page that checks it.

    `seal` is the short code of the ledger's latest checkpoint, when there is one to print.

    One that was corrected since or withdrawn says so on its face.
    """
    told = shown(certificate)
    issued = timezone.localdate(certificate.issued_at)
    data = {
        "programme": settings.PROGRAMME_NAME,
        "number-label": _("No."),
        "number": told["number"],
        "banner": _banner(certificate, standing),
        "facts": _facts(told),
        "sentence": _sentence(told),
        "headings": [_("Service"), pgettext("count", "Visits"), _("Time served")],
        "rows": [
            [row["name"], f"{row['visits']}", duration(row["minutes"])] for row in told["rows"]
        ],
        "total": [_("Total"), f"{told['visits']}", duration(told["minutes"])],
        "qr": _qr(address),
        "qr-words": _("QR code of the page that checks this certificate"),
        "address": address,
        "short-address": address.removesuffix(f"{told['code']}/"),
        "check-words": _("Check it: scan the code, or type it on the page below."),
        "code": told["code"],
        "unit-label": _("Recording unit"),
        "unit": told["unit"],
        "seal": _("(seal)"),
        "issued": formats.date_format(issued, "DATE_FORMAT"),
        "ledger-seal": _("Seal of the ledger %(code)s") % {"code": seal} if seal else "",
        "made": _("The page that checks it tells whether it still holds."),
    }
    return typeset.pdf("certificate", data, title=_("Certificate of volunteer service"), at=at)


def file_name(certificate: Certificate) -> str:
    told = certificate.facts
    title = _("Certificate of volunteer service")
    return f"{title} {told['number']} {told['holder']['name']}.pdf"


def _facts(told: dict[str, Any]) -> list[list[str]]:
    pairs = [
        [_("Name"), told["name"]],
        [_("ID number"), told["id_number"]],
        [_("Sex"), told["sex"]],
        [_("Member number"), told["member_number"]],
    ]
    return [pair for pair in pairs if pair[1]]


def _sentence(told: dict[str, Any]) -> str:
    start, end = (formats.date_format(told[side], "DATE_FORMAT") for side in ("start", "end"))
    return ngettext(
        "This certifies that %(name)s, from %(start)s to %(end)s, gave volunteer service "
        "recorded by %(unit)s: %(visits)d visit, %(time)s in all.",
        "This certifies that %(name)s, from %(start)s to %(end)s, gave volunteer service "
        "recorded by %(unit)s: %(visits)d visits, %(time)s in all.",
        told["visits"],
    ) % {
        "name": told["name"],
        "start": start,
        "end": end,
        "unit": told["unit"],
        "visits": told["visits"],
        "time": duration(told["minutes"]),
    }


def _banner(certificate: Certificate, standing: Standing) -> str:
    if standing.state == State.WITHDRAWN:
        day = formats.date_format(timezone.localdate(certificate.withdrawn_at), "DATE_FORMAT")
        return _("WITHDRAWN on %(day)s: this certificate no longer holds.") % {"day": day}
    if standing.state == State.CORRECTED:
        time = duration(standing.now.minutes)
        return _("CORRECTED SINCE: the records of this period now say %(time)s.") % {"time": time}
    return ""


def _qr(address: str) -> str:
    picture = io.BytesIO()
    segno.make(address, error="m").save(picture, kind="svg", border=0)
    return picture.getvalue().decode()
