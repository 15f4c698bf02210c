import datetime
import json

import pytest
from django.contrib.sessions.models import Session
from django.db.models.expressions import RawSQL
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members import devices, drafts, encryption, staff_accounts, tasks
from members.models import AccountEvent, Device, Draft, User
from tests.factories import MemberFactory, StaffFactory, UserFactory, community
from tests.members.staff import PASSWORD, app_code, sign_in, staff, who, with_app

pytestmark = [pytest.mark.django_db, pytest.mark.real_sign_in]
AT = timezone.now()
NEW = "quite another long password"


def pass_minutes(client, minutes, key="seen"):
    session = client.session
    session[key] -= minutes * 60
    session.save()


@pytest.fixture
def clerk(client):
    user = staff()
    sign_in(client)
    return user


def typed(client):
    """Send a visit's form from a session that may have ended."""
    return client.post(reverse("visit_log"), {"volunteer": "王秀英", "minutes": "60"})


def test_after_fifteen_minutes_without_use_a_page_leads_to_the_sign_in_and_back(client, clerk):
    pass_minutes(client, 15)

    answer = client.get("/visits/log/")

    assert answer.url == f"{reverse('staff_sign_in')}?next=%2Fvisits%2Flog%2F"
    assert who(client) is None
    assert Device.objects.get().ended_at


def test_after_fourteen_minutes_it_does_not(client, clerk):
    pass_minutes(client, 14)

    assert client.get(reverse("visit_log")).status_code == 200
    pass_minutes(client, 14)
    assert client.get(reverse("visit_log")).status_code == 200


def test_members_have_no_such_clock(client):
    client.force_login(UserFactory(member=MemberFactory()))
    session = client.session
    session["seen"] = session["since"] = 0
    session.save()

    assert client.get(reverse("my_time")).status_code == 200


def test_what_was_sent_too_late_is_kept_and_offered_to_the_same_account(client, clerk):
    pass_minutes(client, 15)
    assert typed(client).url.startswith(reverse("staff_sign_in"))
    assert who(client) is None

    answer = sign_in(client)

    assert answer.url == reverse("account_draft")
    page = client.get(answer.url).content.decode()
    assert 'action="/visits/log/"' in page
    assert 'name="volunteer" value="王秀英"' in page
    assert page.count("csrfmiddlewaretoken") >= 2


def test_it_is_thrown_away_when_it_is_sent_again(client, clerk):
    pass_minutes(client, 15)
    typed(client)
    sign_in(client)

    client.post(reverse("visit_log"), {"volunteer": "王秀英", "draft": "x"})

    assert not Draft.objects.exists()


def test_or_when_its_owner_says_so(client, clerk):
    pass_minutes(client, 15)
    typed(client)
    sign_in(client)

    client.post(reverse("account_draft"))

    assert not Draft.objects.exists()
    assert sign_in(Client()).url == reverse("home")


def test_another_account_does_not_see_it(client, clerk):
    staff("zhao")
    pass_minutes(client, 15)
    typed(client)

    answer = sign_in(client, "zhao")

    assert answer.url == reverse("home")
    assert "王秀英" not in client.get(reverse("account_draft")).content.decode()
    assert client.get(reverse("account_draft_fields")).json()["fields"] == []


def test_it_lies_sealed_in_the_database(client, clerk):
    pass_minutes(client, 15)
    typed(client)

    held = bytes(Draft.objects.values_list(RawSQL("fields", []), flat=True).get())
    assert encryption.is_current(held)
    assert "王秀英".encode() not in held
    assert ["volunteer", "王秀英"] in Draft.objects.get().fields


def test_with_other_keys_nothing_is_offered(settings, clerk):
    drafts.keep(clerk, path="/x/", fields=[("a", "b")], was_sent=True, at=AT)

    settings.ENCRYPTION_KEYS = encryption.new_key()

    assert drafts.of(clerk, at=AT) is None


def test_passwords_and_codes_are_never_kept(clerk):
    fields = [("old_password", "a"), ("code", "123456"), ("csrfmiddlewaretoken", "x")]
    told = {"path": "/x/", "was_sent": True, "at": AT}

    assert not drafts.keep(clerk, fields=fields, **told)
    assert drafts.keep(clerk, fields=[*fields, ("note", "b")], **told)
    assert drafts.of(clerk, at=AT).fields == [("note", "b")]


@pytest.mark.parametrize("path", ["//evil.example/", "https://evil.example", "x", "/" + "x" * 600])
def test_only_a_path_of_ours_is_kept(clerk, path):
    assert not drafts.keep(clerk, path=path, fields=[("a", "b")], was_sent=True, at=AT)


def test_it_is_kept_for_a_day(clerk):
    drafts.keep(clerk, path="/x/", fields=[("a", "b")], was_sent=True, at=AT)

    later = AT + datetime.timedelta(days=1)
    assert drafts.of(clerk, at=later - datetime.timedelta(seconds=1))
    assert drafts.of(clerk, at=later) is None
    drafts.forget_old(at=later + datetime.timedelta(seconds=1))
    assert not Draft.objects.exists()


def test_without_the_token_of_our_page_nothing_is_kept(clerk):
    client = Client(enforce_csrf_checks=True)
    client.force_login(clerk)
    session = client.session
    session["seen"] = session["since"] = 0
    session.save()

    assert typed(client).status_code == 403
    assert not Draft.objects.exists()


def test_from_a_half_open_session_nothing_is_kept(client):
    user = staff("zhao", role="checker")
    with_app(user)
    sign_in(client, "zhao")
    pass_minutes(client, 15)

    typed(client)

    assert not Draft.objects.exists()


def test_the_clock_of_the_page_hands_over_what_is_being_typed(client, clerk):
    fields = json.dumps([["volunteer", "王秀英"]])

    answer = client.post(reverse("account_leave"), {"path": "/visits/log/", "fields": fields})

    assert answer.url.startswith(reverse("staff_sign_in"))
    assert who(client) is None
    sign_in(client)
    page = client.get(reverse("account_draft")).content.decode()
    assert 'href="/visits/log/#draft"' in page
    kept = client.get(reverse("account_draft_fields")).json()
    assert kept == {"path": "/visits/log/", "fields": [["volunteer", "王秀英"]]}


@pytest.mark.parametrize("written", ["", "x", "[1]", '[["a"]]', '[["a", 1]]', "{}", "null"])
def test_what_is_no_typing_is_not_kept(client, clerk, written):
    client.post(reverse("account_leave"), {"path": "/visits/log/", "fields": written})

    assert who(client) is None
    assert not Draft.objects.exists()


def test_saying_that_one_is_there_prolongs_the_session(client, clerk):
    pass_minutes(client, 14)
    assert client.post(reverse("account_stay")).status_code == 204
    pass_minutes(client, 14)

    assert client.get(reverse("home")).status_code == 200


def test_every_page_of_staff_carries_the_warning_hidden(client, clerk):
    page = client.get(reverse("home")).content.decode()

    assert 'data-idle="870"' in page
    assert 'role="alert"' in page


def test_a_part_of_a_page_leads_the_whole_page_to_the_sign_in(client, clerk):
    pass_minutes(client, 15)

    answer = client.get("/visits/log/", headers={"HX-Request": "true"})

    assert answer["HX-Redirect"].startswith(reverse("staff_sign_in"))


def test_a_first_password_is_changed_before_anything_else(client):
    user = staff()
    User.objects.update(must_change_password=True)
    sign_in(client)
    assert client.get(reverse("home")).url.startswith(reverse("account_password"))

    typed = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    answer = client.post(f"{reverse('account_password')}?next=/visits/log/", typed)

    assert answer.url == "/visits/log/"
    assert client.get(reverse("home")).status_code == 200
    user.refresh_from_db()
    assert not user.must_change_password
    assert Device.objects.get().session == client.session.session_key


@pytest.mark.parametrize("bad", ["password123", "linlinlinlin1", "short", "1234567890123"])
def test_bad_passwords_are_refused_at_the_change(client, bad):
    staff("linlinlinlin")
    sign_in(client, "linlinlinlin")
    typed = {"old_password": PASSWORD, "new_password1": bad, "new_password2": bad}

    answer = client.post(reverse("account_password"), typed)

    assert answer.context["form"].errors["new_password2"]


def test_a_changed_password_signs_out_everywhere_else(client, clerk):
    other = Client()
    sign_in(other)
    typed = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}

    client.post(reverse("account_password"), typed)

    assert client.get(reverse("home")).status_code == 200
    assert other.get(reverse("home")).status_code == 302
    assert Device.objects.signed_in().count() == 1


@pytest.fixture
def chief():
    """An administrator, wholly signed in."""
    user = staff("chief", role="administrator")
    with_app(user)
    client = Client()
    client.user = user
    sign_in(client, "chief")
    client.post(reverse("second_step"), {"code": app_code(user)})
    return client


def test_an_account_that_an_administrator_makes_begins_with_a_change(chief):
    typed = {"username": "new", "first_name": "新", "password1": NEW, "password2": NEW}
    chief.post(reverse("admin:members_user_add"), typed | {"usable_password": "true"})

    user = User.objects.get(username="new")
    assert user.must_change_password
    assert AccountEvent.objects.get(user=user).kind == "password_given"


def test_a_password_that_an_administrator_sets_anew_too_and_ends_the_sessions(client, clerk, chief):
    place = reverse("admin:auth_user_password_change", args=[clerk.pk])
    chief.post(place, {"password1": NEW, "password2": NEW, "usable_password": "true"})

    assert client.get(reverse("home")).status_code == 302
    clerk.refresh_from_db()
    assert clerk.must_change_password
    assert chief.get(reverse("home")).status_code == 200
    assert Device.objects.get(user=chief.user).session == chief.session.session_key


def test_an_administrator_ends_an_account_s_sessions(client, clerk, chief):
    chief.post(
        reverse("admin:members_user_changelist"),
        {"action": "sign_out", "_selected_action": [clerk.pk]},
    )

    assert client.get(reverse("home")).status_code == 302
    assert AccountEvent.objects.get(user=clerk).kind == "signed_out"


def test_disabling_signs_out_and_enabling_is_written_down(client, clerk, chief):
    place = reverse("admin:members_user_change", args=[clerk.pk])
    chief.post(place, {"username": "lin", "first_name": ""})
    assert client.get(reverse("home")).status_code == 302
    chief.post(place, {"username": "lin", "first_name": "", "is_active": "on"})

    kinds = AccountEvent.objects.filter(user=clerk).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["disabled", "enabled"]
    clerk.refresh_from_db()
    assert clerk.enabled_at


def test_the_list_says_where_one_is_signed_in(client, clerk):
    other = Client(headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/130 Safari/537"})
    sign_in(other)

    page = client.get(reverse("account")).content.decode()

    assert "Chrome · Windows" in page
    assert page.count("/end/") == 1


def test_one_other_device_is_signed_out_at_once(client, clerk):
    other = Client()
    sign_in(other)
    device = Device.objects.get(session=other.session.session_key)

    client.post(reverse("account_device_end", args=[device.key]))

    assert other.get(reverse("home")).status_code == 302
    assert client.get(reverse("home")).status_code == 200
    device.refresh_from_db()
    assert (device.session, device.ended_by) == (None, clerk)


def test_all_others_are(client, clerk):
    others = [Client(), Client()]
    for other in others:
        sign_in(other)

    client.post(reverse("account_devices_end"))

    assert [other.get(reverse("home")).status_code for other in others] == [302, 302]
    assert client.get(reverse("home")).status_code == 200


def test_nobody_ends_a_device_of_somebody_else(client, clerk):
    staff("zhao")
    other = Client()
    sign_in(other, "zhao")
    device = Device.objects.get(user__username="zhao")

    assert client.post(reverse("account_device_end", args=[device.key])).status_code == 404
    assert other.get(reverse("home")).status_code == 200


def test_a_member_s_phone_is_ended_by_the_member_and_by_an_administrator(chief):
    user = UserFactory(member=MemberFactory())
    phones = [Client(), Client(), Client()]
    for phone in phones:
        phone.force_login(user)
        session = phone.session
        session["seen"] = 0
        session.save()
        Device.objects.create(user=user, session=phone.session.session_key, label="x")
    lost, stolen = (Device.objects.get(session=p.session.session_key) for p in phones[1:])

    phones[0].post(reverse("my_device_end", args=[lost.key]))
    chief.post(
        reverse("admin:members_device_changelist"),
        {"action": "end", "_selected_action": [stolen.pk]},
    )

    assert [p.get(reverse("my_time")).status_code for p in phones] == [200, 302, 302]
    assert lost.label in phones[0].get(reverse("my_devices")).content.decode()


def test_signing_out_ends_the_device(client, clerk):
    client.post(reverse("sign_out"))

    device = Device.objects.get()
    assert (device.session, device.ended_by) == (None, clerk)
    assert who(client) is None


def test_what_ended_long_ago_is_forgotten(clerk):
    Session.objects.all().delete()
    devices.forget_old(at=AT)
    assert Device.objects.count() == 1

    devices.forget_old(at=AT + datetime.timedelta(days=181))
    assert not Device.objects.exists()


def unused(username, role="clerk", days=91, **fields):
    user = StaffFactory(username=username, role=role, **fields)
    long_ago = AT - datetime.timedelta(days=days)
    User.objects.filter(pk=user.pk).update(date_joined=long_ago, last_login=long_ago)
    return user


def test_accounts_that_nobody_used_for_ninety_days_are_disabled_and_written_down():
    old = unused("old")
    unused("recent", days=89)
    StaffFactory(username="fresh")
    seen = unused("seen")
    Device.objects.create(user=seen, session="s")
    member = UserFactory(username="m", member=MemberFactory())
    User.objects.filter(pk=member.pk).update(date_joined=AT - datetime.timedelta(days=999))

    tasks.disable_unused(0)

    assert set(User.objects.filter(is_active=False)) == {old}
    assert AccountEvent.objects.get().kind == "disabled_unused"


def test_the_last_administrator_stays_and_of_several_the_one_seen_last():
    older = unused("older", role="administrator", days=200)
    newer = unused("newer", role="administrator", days=100)

    staff_accounts.disable_unused(at=AT)
    staff_accounts.disable_unused(at=AT)

    active = dict(User.objects.values_list("username", "is_active"))
    assert active == {older.username: False, newer.username: True}


def test_each_area_keeps_the_administrator_who_was_seen_last():
    away = community("530111002001")
    older = unused("older", role="administrator", days=300, area=away)
    newer = unused("newer", role="administrator", days=200, area=away)
    unused("here", role="administrator", days=100)

    assert staff_accounts.disable_unused(at=AT) == [older]

    assert User.objects.get(pk=newer.pk).is_active


def test_who_was_enabled_again_has_another_ninety_days():
    user = unused("old")
    User.objects.filter(pk=user.pk).update(enabled_at=AT - datetime.timedelta(days=89))

    assert staff_accounts.disable_unused(at=AT) == []


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130 Mobile MicroMessenger/8", "WeChat · Android"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130 Safari/537 Edg/130", "Edge · Windows"),
        ("<script>", ""),
        ("", ""),
    ],
)
def test_a_device_is_called_by_words_that_people_know(agent, label):
    assert devices.label_of(agent) == label
