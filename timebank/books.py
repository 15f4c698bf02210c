"""The ledger's entries for administrators and auditors: to be searched and read, never changed.

A page of its own, since the admin takes no model with a key of two columns.
"""

import uuid
from typing import NamedTuple

from django import forms
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from ledger.models import Account, AccountKind, Transfer
from members.models import Area, Member, User

PAGE = 50


class BookForm(forms.Form):
    area = forms.ModelChoiceField(
        Area.objects.none(), to_field_name="code", label=_("Community"), empty_label=None
    )
    q = forms.CharField(
        label=_("Member or journal"),
        help_text=_("Name or number of a member, or the key of a journal"),
        max_length=60,
        required=False,
    )
    before = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )

    def __init__(self, *args, areas, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = areas


class Line(NamedTuple):
    """A transfer with the names of those it is about."""

    transfer: Transfer
    source: str
    target: str
    author: str
    approver: str


@require_safe
def page(request, site):
    areas = Area.objects.visible_to(request.user).communities().order_by("path")
    area = areas[0]
    if "area" in request.GET:
        area = get_object_or_404(areas, code=request.GET["area"])

    form = BookForm({**request.GET.dict(), "area": area.code}, areas=areas)
    shown = site | {"title": _("Ledger entries"), "form": form, "area": area}
    if not form.is_valid():
        return render(request, "admin/books.html", shown)

    found = _found(area, form.cleaned_data["q"])
    if form.cleaned_data["before"]:
        found = found.filter(id__lt=form.cleaned_data["before"])
    rows = list(found.order_by("-id")[: PAGE + 1])
    shown |= {"lines": _lines(area, rows[:PAGE]), "q": form.cleaned_data["q"]}
    shown |= {"older": rows[PAGE - 1].id if len(rows) > PAGE else None}
    return render(request, "admin/books.html", shown)


def _found(area: Area, text: str) -> QuerySet[Transfer]:
    """The transfers of the community's book, or those of one journal or one person."""
    transfers = Transfer.objects.filter(community=area)
    if not text:
        return transfers
    try:
        return transfers.filter(journal=uuid.UUID(text))
    except ValueError:
        holders = Member.objects.filter(Q(name=text) | Q(number=text), area=area)
    accounts = Account.objects.filter(community=area, holder__in=holders.values("key"))
    numbers = list(accounts.values_list("id", flat=True))
    return transfers.filter(Q(debit__in=numbers) | Q(credit__in=numbers))


def _lines(area: Area, transfers: list[Transfer]) -> list[Line]:
    numbers = {number for transfer in transfers for number in (transfer.debit, transfer.credit)}
    names = _names(area, numbers)
    people = {person for row in transfers for person in (row.actor, row.approver) if person}
    users = User.objects.select_related("member").in_bulk(people)
    return [
        Line(
            transfer,
            names[transfer.debit],
            names[transfer.credit],
            _called(users.get(transfer.actor)) or str(transfer.actor),
            _called(users.get(transfer.approver)),
        )
        for transfer in transfers
    ]


def _called(user: User | None) -> str:
    """Staff by their name, a member who did it themselves with the member number."""
    if user and user.member:
        return f"{user.member} {user.member.number}"
    return str(user or "")


def _names(area: Area, numbers: set[int]) -> dict[int, str]:
    """What an account is called: its holder with the member number, or its kind."""
    accounts = list(Account.objects.filter(community=area, id__in=numbers))
    holders = Member.objects.in_bulk([a.holder for a in accounts if a.holder], field_name="key")
    return {
        account.id: f"{holders[account.holder]} {holders[account.holder].number}"
        if account.holder
        else str(AccountKind(account.kind).label)
        for account in accounts
    }
