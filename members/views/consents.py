"""What a member consents to: a tab of the file, and a page of the member's own."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from members import consents, files
from members.access import staff_page
from members.models import Consent
from members.refusals import Refusal
from members.rights_forms import WordForm

SAY = {Consent.Act.GIVEN: consents.give, Consent.Act.WITHDRAWN: consents.withdraw}


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def person_consents(request, key):
    member = files.fetch(request, key)
    may_record = consents.may_record(member, by=request.user)
    if request.method == "POST" and not may_record:
        raise PermissionDenied

    form = WordForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and _say(request, member, form.cleaned_data):
        return redirect("person_consents", key)

    context = _shown(member) | {"hows": form.fields["how"].choices, "may_record": may_record}
    return files.show(request, member, "members/person_consents.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def my_consents(request):
    member = request.user.member
    if member is None:
        return redirect("home")

    form = WordForm({**request.POST.dict(), "how": "paper"} if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        said = form.cleaned_data | {"how": Consent.How.OWN, "witness": ""}
        if _say(request, member, said):
            return redirect("my_consents")

    return render(request, "members/my_consents.html", _shown(member))


def _say(request, member, said):
    """Whether the word is written down; otherwise a message says why not."""
    say = SAY[said.pop("act")]
    try:
        say(member, said.pop("purpose"), **said, by=request.user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return False
    messages.success(request, _("Noted. It holds from now on."))
    return True


def _shown(member):
    today = timezone.localdate()
    return {
        "standings": consents.standings(member, on=today),
        "words": consents.history(member),
    }
