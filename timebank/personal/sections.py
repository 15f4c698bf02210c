"""What is held of a person, section by section: for the copy that they can ask for.

A section is one function in SECTIONS. Values are as they are held; the paper says them in words.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger import accounts
from ledger.models import AccountKind, Entry, MovementRequest, TransferKind
from members.models import DataRequest, Elder, Member, MemberPhone, Merge, User, Volunteer
from services.models import RegisterRow, Visit
from services.papers.models import Certificate, StatementPrint
from timebank import passbook
from timebank.templatetags.figures import short_name

Column = tuple[str, str | Promise]


@dataclass(frozen=True)
class Section:
    """Rows of one kind; `columns` are a key for machines and a heading for people each."""

    title: str | Promise
    columns: Sequence[Column]
    rows: list[list[Any]] = field(default_factory=list)


def of_model(title: str | Promise, model: Any, rows: Iterable[Any], *names: str) -> Section:
    """A section of columns of one model, with the headings that the model gives them."""
    columns = [(name, model._meta.get_field(name).verbose_name) for name in names]
    return Section(title, columns, [[_value(row, name) for name in names] for row in rows])


def identity(records: list[Member]) -> Section:
    names = ("number", "name", "sex", "birth_date", "id_number", "area", "address", "note")
    names += ("registered_on", "standing")
    return of_model(_("Person"), Member, records, *names)


def phones(records: list[Member]) -> Section:
    found = MemberPhone.objects.filter(member__in=records).order_by("pk")
    return of_model(_("phones"), MemberPhone, found, "number")


def volunteer(records: list[Member]) -> Section:
    found = Volunteer.objects.filter(member__in=records).order_by("pk")
    return of_model(_("As a volunteer"), Volunteer, found, "joined_on", "skills", "note")


def elder(records: list[Member]) -> Section:
    found = Elder.objects.filter(member__in=records).order_by("pk")
    names = ("living", "income", "capability", "contact_name", "contact_relation", "contact_phone")
    return of_model(_("As an elder"), Elder, found, *names)


def given(records: list[Member]) -> Section:
    return _visits(_("Visits given"), Visit.objects.filter(volunteer__in=records), "elder")


def received(records: list[Member]) -> Section:
    return _visits(_("Visits received"), Visit.objects.filter(elder__in=records), "volunteer")


def hours(records: list[Member]) -> Section:
    """Every line of all accounts, the oldest first; minutes are signed."""
    columns = [
        ("date", _("Date")),
        ("account", pgettext_lazy("passbook", "Account")),
        ("content", _("Content")),
        ("minutes", _("minutes")),
        ("balance", pgettext_lazy("passbook", "balance")),
    ]
    rows: list[list[Any]] = []
    for one in records:
        for account in accounts.of(one.area_id, one.key):
            entries = Entry.objects.filter(community=one.area_id, account_id=account.id)
            rows += [
                [
                    e.effective_on,
                    AccountKind(account.kind).label,
                    _content(e),
                    e.amount,
                    e.balance_after,
                ]
                for e in entries.order_by("seq")
            ]
    return Section(_("Hours on the accounts"), columns, rows)


def movements(records: list[Member]) -> Section:
    found = MovementRequest.objects.filter(Q(member__in=records) | Q(other__in=records))
    names = ("kind", "state", "minutes", "on", "relation", "proof", "reason")
    title = _("Hours given, used, corrected")
    return of_model(title, MovementRequest, found.order_by("pk"), *names)


def certificates(records: list[Member]) -> Section:
    found = Certificate.objects.filter(member__in=records).select_related("area").order_by("pk")
    names = ("year", "serial", "code", "period_start", "period_end", "content", "withdraw_reason")
    return of_model(_("Certificates"), Certificate, found, *names)


def prints(records: list[Member]) -> Section:
    found = StatementPrint.objects.filter(member__in=records).order_by("pk")
    names = ("printed_at", "first_seq", "last_seq")
    return of_model(_("Printed statements"), StatementPrint, found, *names)


def registers(records: list[Member]) -> Section:
    found = RegisterRow.objects.filter(member__in=records).select_related("batch").order_by("pk")
    columns = [("file", _("file")), ("row", _("Row")), ("written", _("As written"))]
    rows = [[row.batch.file_name, f"{row.sheet} {row.number}", row.written] for row in found]
    return Section(_("Rows of registers that were brought in"), columns, rows)


def sign_in(records: list[Member]) -> Section:
    found = User.objects.filter(member__in=records).order_by("pk")
    return of_model(_("Sign-in"), User, found, "username", "date_joined", "last_login", "is_active")


def requests(records: list[Member]) -> Section:
    found = DataRequest.objects.filter(member__in=records).order_by("pk")
    names = ("kind", "state", "asked_at", "due_on", "hours_words", "identity", "closed_at")
    columns = [
        (name, _HEADINGS.get(name, DataRequest._meta.get_field(name).verbose_name))
        for name in names
    ]
    rows = [[_value(row, name) for name in names] for row in found]
    return Section(_("requests about one's data"), columns, rows)


def merges(records: list[Member]) -> Section:
    found = Merge.objects.filter(Q(kept__in=records) | Q(gone__in=records)).order_by("pk")
    columns = [("gone", _("record that vanishes")), ("kept", _("record that is kept"))]
    columns += [("state", _("state")), ("reason", _("reason"))]
    people = found.select_related("gone", "kept")
    rows = [[m.gone.number, m.kept.number, m.get_state_display(), m.reason] for m in people]
    return Section(_("merges of two records"), columns, rows)


SECTIONS: dict[str, Callable[[list[Member]], Section]] = {
    "identity": identity,
    "phones": phones,
    "volunteer": volunteer,
    "elder": elder,
    "given": given,
    "received": received,
    "hours": hours,
    "movements": movements,
    "certificates": certificates,
    "prints": prints,
    "registers": registers,
    "sign_in": sign_in,
    "requests": requests,
    "merges": merges,
}
_HEADINGS: dict[str, str | Promise] = {"asked_at": _("asked on"), "closed_at": _("closed on")}


def of(member: Member) -> dict[str, Section]:
    """All sections, of the member's record and of those that were merged into it."""
    records = [member, *member.merged.select_related("area").order_by("pk")]
    return {code: section(records) for code, section in SECTIONS.items()}


def _visits(title: str | Promise, visits: Any, other: str) -> Section:
    """The other person's name is shortened: it is theirs."""
    found = visits.select_related("category", other).order_by("service_date", "pk")
    columns = [
        ("date", _("Date")),
        ("category", _("service category")),
        ("with", _("With")),
        ("served_minutes", _("served minutes")),
        ("banked_minutes", _("banked minutes")),
        ("state", _("state")),
        ("note", _("note")),
    ]
    rows = [
        [
            *(visit.service_date, str(visit.category), short_name(getattr(visit, other).name)),
            *(visit.served_minutes, visit.banked_minutes, visit.get_state_display(), visit.note),
        ]
        for visit in found
    ]
    return Section(title, columns, rows)


def _content(entry: Entry) -> str:
    way = "in" if entry.amount > 0 else "out"
    return str(passbook.WORDS.get((entry.kind, way)) or TransferKind(entry.kind).label)


def _value(row: Any, name: str) -> Any:
    in_words = getattr(row, f"get_{name}_display", None)
    value = in_words() if in_words else getattr(row, name)
    is_plain = value is None or isinstance(value, str | int | bool | list | dict | datetime)
    return value if is_plain or hasattr(value, "isoformat") else str(value)
