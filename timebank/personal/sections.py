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
from members import access_log, history
from members.models import (
    AccountEvent,
    Agent,
    Assessment,
    Consent,
    ContactPerson,
    DataRequest,
    Device,
    Elder,
    Kinship,
    Look,
    Member,
    MemberPhone,
    Merge,
    Notice,
    User,
    Volunteer,
)
from services.models import Objection, RegisterRow, Visit
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
    names = ("joined_on", "skills", "note", "guardian_name", "guardian_relation")
    names += ("guardian_phone", "guardian_consent_on")
    return of_model(_("As a volunteer"), Volunteer, found, *names)


def elder(records: list[Member]) -> Section:
    found = Elder.objects.filter(member__in=records).order_by("pk")
    names = ("living", "income", "capability", "contact_name", "contact_relation", "contact_phone")
    return of_model(_("As an elder"), Elder, found, *names)


def contacts(records: list[Member]) -> Section:
    found = ContactPerson.objects.filter(member__in=records).order_by("member", "position", "pk")
    return of_model(_("Whom to call"), ContactPerson, found, "name", "relation", "phone")


def kin(records: list[Member]) -> Section:
    """From the person's own side: what the other one is to them."""
    found = Kinship.objects.filter(Q(member__in=records) | Q(relative__in=records))
    names = ("state", "proof", "proof_note", "seen_on", "ended_on", "return_reason")
    told = of_model(_("Kin on record"), Kinship, [], *names)
    columns = [("with", _("With")), ("relation", _("relation")), *told.columns]
    rows = []
    for row in found.select_related("member", "relative").order_by("pk"):
        own = row.member if row.member in records else row.relative
        other = short_name(row.other_than(own).name)
        values = [_value(row, name) for name in names]
        rows.append([other, str(row.relation_to(own).label), *values])
    return Section(told.title, columns, rows)


def assessments(records: list[Member]) -> Section:
    found = Assessment.objects.filter(member__in=records).order_by("pk")
    names = ("assessed_on", "review_due_on", "age", "living", "computed", "result", "reason")
    return of_model(_("Assessments"), Assessment, found, *names, "state", "return_reason")


def consents(records: list[Member]) -> Section:
    found = Consent.objects.filter(member__in=records).select_related("text").order_by("pk")
    names = ("purpose", "act", "how", "witness", "said_on", "recorded_at", "text")
    return of_model(_("Consents"), Consent, found, *names)


def agents(records: list[Member]) -> Section:
    """Who acts for the person, and for whom the person acts."""
    found = Agent.objects.filter(Q(member__in=records) | Q(agent__in=records))
    columns = [("for", _("In whose name")), ("agent", _("agent")), ("scopes", _("scope"))]
    columns += [("since", _("from")), ("until", _("until")), ("revoked_at", _("ended"))]
    rows = [
        [
            *(_own_or_short(one, records) for one in (row.member, row.agent)),
            [str(scope) for scope in row.scopes_in_words],
            *(row.since, row.until, row.revoked_at),
        ]
        for row in found.select_related("member", "agent").order_by("pk")
    ]
    return Section(_("Acting for somebody"), columns, rows)


def looks(records: list[Member]) -> Section:
    found = Look.objects.filter(member__in=records).order_by("pk")
    columns = [("at", _("time")), ("fields", _("what was seen"))]
    columns += [("purpose", _("reason")), ("words", _("in words"))]
    rows = [
        [
            row.at,
            [str(label) for label in access_log.labels(row.fields)],
            str(row.get_purpose_display()),
            row.words,
        ]
        for row in found
    ]
    return Section(_("Who looked at masked values, and why"), columns, rows)


def notices(records: list[Member]) -> Section:
    found = Notice.objects.filter(member__in=records).order_by("pk")
    names = ("made_at", "what", "phone_end", "state")
    columns = [(name, _heading(Notice, name)) for name in names]
    return Section(_("Messages"), columns, [[_value(row, name) for name in names] for row in found])


def changes(records: list[Member]) -> Section:
    """What was changed of the person; of what is sensitive only that it was."""
    columns = [("at", _("time")), ("about", _("about")), ("kind", _("what was done"))]
    columns += [("fields", _("fields"))]
    rows = [
        [
            entry.change.at,
            entry.subject,
            str(entry.change.get_kind_display()),
            [
                f"{field.label}: {field.before} → {field.after}" if field.is_shown else field.label
                for field in entry.fields
            ],
        ]
        for record in records
        for entry in history.of(record, most=None)
    ]
    return Section(_("Changes of what is on record"), columns, rows)


def devices(records: list[Member]) -> Section:
    found = Device.objects.filter(user__member__in=records).order_by("pk")
    names = ("label", "address", "since", "last_seen", "ended_at")
    return of_model(_("Devices"), Device, found, *names)


def ended_devices(records: list[Member]) -> Section:
    """Where staff have signed them out, and why."""
    of_records = {"user__member__in": records, "kind": AccountEvent.Kind.DEVICE_ENDED}
    found = AccountEvent.objects.filter(**of_records).select_related("by").order_by("pk")
    columns = [("at", _("when")), ("why", _("why")), ("by", _("by whom"))]
    rows = [[event.at, str(event.why), str(event.by)] for event in found]
    return Section(_("Signed out by staff"), columns, rows)


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


def objections(records: list[Member]) -> Section:
    """What the person said is not right, and the answers; the line by its day where it is known."""
    found = Objection.objects.filter(member__in=records).select_related("visit__category")
    names = ("entered_at", "reason", "words", "state", "outcome", "answer", "answered_at")
    told = of_model(_("Lines said not to be right"), Objection, [], *names)
    columns = [("date", _("Date")), ("content", _("Content")), *told.columns]
    rows = []
    for one in found.order_by("pk"):
        visit = one.visit
        line = [visit.service_date, str(visit.category)] if visit else [None, str(one.journal)]
        rows.append([*line, *(_value(one, name) for name in names)])
    return Section(told.title, columns, rows)


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
    columns = [(name, _heading(DataRequest, name)) for name in names]
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
    "contacts": contacts,
    "kin": kin,
    "assessments": assessments,
    "consents": consents,
    "agents": agents,
    "given": given,
    "received": received,
    "hours": hours,
    "objections": objections,
    "movements": movements,
    "certificates": certificates,
    "prints": prints,
    "registers": registers,
    "sign_in": sign_in,
    "requests": requests,
    "merges": merges,
    "devices": devices,
    "ended_devices": ended_devices,
    "notices": notices,
    "looks": looks,
    "changes": changes,
}
_HEADINGS: dict[str, str | Promise] = {
    "asked_at": _("asked on"),
    "closed_at": _("closed on"),
    "what": _("message"),
}


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


def _heading(model: Any, name: str) -> str | Promise:
    return _HEADINGS.get(name) or model._meta.get_field(name).verbose_name


def _own_or_short(person: Member, records: list[Member]) -> str:
    return person.name if person in records else short_name(person.name)


def _content(entry: Entry) -> str:
    way = "in" if entry.amount > 0 else "out"
    return str(passbook.WORDS.get((entry.kind, way)) or TransferKind(entry.kind).label)


def _value(row: Any, name: str) -> Any:
    in_words = getattr(row, f"get_{name}_display", None)
    value = in_words() if in_words else getattr(row, name)
    is_plain = value is None or isinstance(value, str | int | bool | list | dict | datetime)
    return value if is_plain or hasattr(value, "isoformat") else str(value)
