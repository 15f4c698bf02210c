"""Who comes into the administration, and what the site itself shows."""

import datetime

import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets, label_for_field
from django.urls import reverse
from django.utils import translation

from ledger import seals
from ledger.models import Block, Checkpoint, Verification
from members.models import Area
from tests.factories import MemberFactory, StaffFactory, UserFactory, community

pytestmark = pytest.mark.django_db

DISTRICT = "530111000000"


def sign_in(client, role, area=None):
    user = StaffFactory(role=role, area=area)
    client.force_login(user)
    return user


@pytest.mark.parametrize("role", ["administrator", "auditor"])
def test_administrators_and_auditors_come_in_by_their_role_alone(client, role):
    user = sign_in(client, role)

    response = client.get(reverse("admin:index"))

    assert response.status_code == 200
    assert not user.is_staff


@pytest.mark.parametrize("role", ["clerk", "checker", "coordinator"])
def test_others_of_the_staff_are_told_that_they_may_not(client, role):
    sign_in(client, role)

    response = client.get(reverse("admin:index"), follow=True)

    assert response.status_code == 403


def test_a_member_is_told_that_they_may_not(client):
    client.force_login(UserFactory(member=MemberFactory()))

    assert client.get(reverse("admin:index"), follow=True).status_code == 403


def test_a_stranger_signs_in_on_the_page_of_the_staff_and_comes_back(client):
    response = client.get(reverse("admin:index"), follow=True)

    page, status = response.redirect_chain[-1]
    assert status == 302
    assert page == f"{reverse('staff_sign_in')}?next=%2Fadmin%2F"


def test_the_header_bears_the_name_of_the_programme(client, settings):
    settings.PROGRAMME_NAME = "时间仓"
    sign_in(client, "administrator")

    assert "时间仓" in client.get(reverse("admin:index")).text


def test_an_auditor_is_offered_nothing_to_add_or_change(client):
    sign_in(client, "auditor", Area.objects.get(code=DISTRICT))

    models = [
        model
        for app in client.get(reverse("admin:index")).context["app_list"]
        for model in app["models"]
    ]

    assert models
    assert not any(model["perms"]["add"] or model["perms"]["change"] for model in models)


def test_the_home_page_shows_last_month_of_the_readers_area(client):
    sign_in(client, "administrator", community())

    card = client.get(reverse("admin:index")).context["report_card"]

    assert card["area"] == community()
    assert card["url"] == f"{reverse('admin:report', args=['R1'])}?area=530111001001"
    assert (card["visits"], card["served"]) == (0, 0)


def seal_card(client, monkeypatch, **state):
    nothing = seals.State(None, None, None, None, False)
    monkeypatch.setattr(seals, "state", lambda: nothing._replace(**state))
    client.force_login(StaffFactory(role="auditor"))
    client.cookies["django_language"] = "en"
    page = client.get(reverse("admin:index")).text
    return page[page.index("seal-card-title") :].partition("</section>")[0]


def test_the_home_page_tells_that_nothing_is_sealed_yet(client, monkeypatch):
    card = seal_card(client, monkeypatch)

    for what in ("Last block", "Last checkpoint", "Last verification"):
        assert f"{what}: none yet." in card


def test_the_home_page_shows_the_last_seal_checkpoint_and_verification(client, monkeypatch):
    at = datetime.datetime(2026, 11, 25, 4, tzinfo=datetime.UTC)
    card = seal_card(
        client,
        monkeypatch,
        block=Block(size=3, sealed_at=at),
        checkpoint=Checkpoint(number=17, text="text", made_at=at),
        verification=Verification(finished_at=at, transfers=12, faults=0),
        oldest_unsealed=at,
    )

    assert "3 bookings" in card
    assert ", 17-" in card
    assert "all 12 bookings fit" in card
    assert "Waiting for its seal since" in card
    assert 'role="alert"' not in card


def test_the_home_page_gives_the_alarm_when_sealing_stands_still(client, monkeypatch):
    at = datetime.datetime(2026, 11, 25, 4, tzinfo=datetime.UTC)
    verification = Verification(finished_at=at, transfers=12, faults=2)
    card = seal_card(
        client, monkeypatch, oldest_unsealed=at, is_late=True, verification=verification
    )

    assert 'role="alert"' in card
    assert "Is the worker running?" in card
    assert "2 checks failed" in card


def test_the_state_of_the_seals_is_read_from_the_ledger(db, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        assert seals.state() == (None, None, None, None, False)


def labels(model, page, request):
    """What the pages of this model call themselves, their columns, their fields and filters."""
    typed = page.get_form(request)().fields if page.has_add_permission(request) else {}
    shown = {
        *page.get_list_display(request),
        *flatten_fieldsets(page.get_fieldsets(request)),
        *page.get_readonly_fields(request),
    }
    yield model._meta.verbose_name
    yield model._meta.verbose_name_plural
    yield from (typed[name].label for name in shown & typed.keys())
    yield from (label_for_field(name, model, page) for name in shown - typed.keys())
    yield from (one.title for one in page.get_changelist_instance(request).filter_specs)


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label_lower)
def test_nothing_has_a_label_that_only_the_code_gave_it(model, rf):
    """A field without a name of its own would be called by the code's, in English for everybody."""
    request = rf.get("/")
    request.user = StaffFactory(is_superuser=True)

    with translation.override("zh-hans"):
        found = {str(label) for label in labels(model, admin.site._registry[model], request)}

    assert [label for label in found if label.isascii()] == []
