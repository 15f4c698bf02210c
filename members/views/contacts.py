"""Whom to call about an elder, and who acts in their name: a tab of the file."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from members import access, agents, consents, contacts, files, phones
from members.access import staff_page
from members.models import Agent, ContactPerson, Member, Purpose
from members.refusals import Refusal
from members.rights_forms import AgentForm, ContactForm


@require_safe
@staff_page
def person_contacts(request, key):
    return _show(request, _elder(request, key))


@require_POST
@staff_page
def contact_add(request, key):
    member = _elder(request, key)

    form = ContactForm(request.POST)
    if not form.is_valid():
        return _show(request, member, contact_form=form)

    contacts.add(member, **form.cleaned_data, by=request.user)
    return redirect("person_contacts", key)


@require_POST
@staff_page
def contact_change(request, key):
    people = Member.objects.visible_to(request.user)
    found = get_object_or_404(ContactPerson.objects.filter(member__in=people), key=key)

    if "first" in request.POST:
        contacts.call_first(found, by=request.user)
    elif "remove" in request.POST:
        contacts.remove(found, by=request.user)

    return redirect("person_contacts", found.member.key)


@require_POST
@staff_page
def agent_appoint(request, key):
    member = _elder(request, key)
    if not access.may_log(request.user, member.area):
        raise PermissionDenied

    form = AgentForm(request.POST, areas=access.areas_to_log(request.user))
    if form.is_valid():
        told = {"since": timezone.localdate(), "by": request.user, "at": timezone.now()}
        try:
            agents.appoint(member, **form.cleaned_data, **told)
            return redirect("person_contacts", key)
        except Refusal as refusal:
            form.refuse(refusal)
    return _show(request, member, agent_form=form)


@require_POST
@staff_page
def agent_revoke(request, key):
    people = Member.objects.visible_to(request.user)
    found = get_object_or_404(Agent.objects.filter(member__in=people), key=key)

    agents.revoke(found, by=request.user, at=timezone.now())

    messages.success(request, _("Revoked. It holds from now on."))
    return redirect("person_contacts", found.member.key)


def _elder(request, key):
    member = files.fetch(request, key)
    if not hasattr(member, "elder"):
        raise Http404
    return member


def _show(request, member, *, contact_form=None, agent_form=None):
    """With the family hidden where the elder has withdrawn the consent to call them."""
    now, elder = timezone.now(), member.elder
    is_hidden = Purpose.FAMILY in consents.hidden(member, at=now)
    others = [] if is_hidden else list(member.contacts.order_by("position", "pk"))
    rows = member.agents.select_related("agent", "consent", "revoked_by").order_by("-pk")
    context = {
        "is_hidden": is_hidden,
        "elder": elder,
        "emergency_phone": phones.mask(elder.contact_phone) if elder.contact_phone else "",
        "others": [(one, phones.mask(one.phone)) for one in others],
        "agents": [(one, one.acts_on(timezone.localdate(now))) for one in rows],
        "are_agents_hidden": not consents.allows(member, Purpose.AGENT, at=now),
        "contact_form": contact_form or ContactForm(),
        "agent_form": agent_form or AgentForm(areas=[]),
        "may_log": access.may_log(request.user, member.area),
    }
    return files.show(request, member, "members/person_contacts.html", context)
