"""The tab of a file on which staff sign a member out whose phone is lost."""

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from members import devices, signing_in
from members.models import AccountEvent, Device
from tests.factories import MemberFactory, StaffFactory, UserFactory, community

pytestmark = pytest.mark.django_db
AT = timezone.now()


@pytest.fixture
def owner():
    """A member who is signed in on two phones."""
    user = UserFactory(member=MemberFactory())
    for label in ("WeChat · Android", "Safari · iPhone"):
        Device.objects.create(user=user, label=label, session=label, since=AT, last_seen=AT)
    return user


@pytest.fixture
def clerk(client):
    user = StaffFactory(role="clerk")
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def tab(user):
    return reverse("person_devices", args=[user.member.key])


def signed_in(user):
    return list(user.devices.signed_in().order_by("pk").values_list("label", flat=True))


def test_a_clerk_signs_a_lost_phone_out_and_it_is_written_down(client, clerk, owner):
    lost = owner.devices.get(label="Safari · iPhone")

    answer = client.post(tab(owner), {"device": lost.key, "why": "lost"})

    assertRedirects(answer, tab(owner))
    assert signed_in(owner) == ["WeChat · Android"]
    lost.refresh_from_db()
    assert (lost.session, lost.ended_by) == (None, clerk)
    event = AccountEvent.objects.get()
    told = (event.user, event.kind, event.reason, event.by)
    assert told == (owner, "device_ended", "lost", clerk)
    assertContains(client.get(tab(owner)), "the phone is lost")


def test_all_devices_at_once_are_one_event(client, clerk, owner):
    client.post(tab(owner), {"device": "", "why": "others"})

    assert signed_in(owner) == []
    assert AccountEvent.objects.get().reason == "others"


def test_the_next_request_of_that_phone_is_a_strangers(client, clerk, owner):
    phone = type(client)()
    phone.force_login(owner)
    session = phone.session.session_key
    Device.objects.create(user=owner, session=session, since=AT, last_seen=AT)
    assert phone.get(reverse("my_time")).status_code == 200

    client.post(tab(owner), {"device": owner.devices.get(session=session).key, "why": "lost"})

    assert phone.get(reverse("my_time")).url.startswith(reverse("sign_in"))


@pytest.mark.parametrize("why", ["", "because"])
def test_not_without_one_of_the_reasons(client, clerk, owner, why):
    answer = client.post(tab(owner), {"device": "", "why": why})

    assert answer.context["form"].errors["why"]
    assert len(signed_in(owner)) == 2


def test_a_device_of_somebody_else_is_not_ended_here(client, clerk, owner):
    other = UserFactory(member=MemberFactory())
    theirs = Device.objects.create(user=other, session="x", since=AT, last_seen=AT)

    client.post(tab(owner), {"device": theirs.key, "why": "lost"})

    assert len(signed_in(other)) == 1
    assert len(signed_in(owner)) == 2
    assert not AccountEvent.objects.exists()


def test_what_has_ended_is_not_ended_again(clerk, owner):
    told = {"why": "lost", "by": clerk, "at": AT}
    one = owner.devices.first()
    devices.end(one, by=owner, at=AT)

    assert signing_in.end_devices(owner.member, device=one, **told) == 0
    assert signing_in.end_devices(owner.member, **told) == 1
    assert signing_in.end_devices(owner.member, **told) == 0

    assert AccountEvent.objects.count() == 1


def test_an_auditor_sees_the_devices_and_ends_none(client, owner):
    client.force_login(StaffFactory(role="auditor"))

    page = client.get(tab(owner))

    assertContains(page, "WeChat · Android")
    assertNotContains(page, 'name="why"')
    assert client.post(tab(owner), {"why": "lost"}).status_code == 403
    assert len(signed_in(owner)) == 2


def test_staff_of_another_community_and_the_member_do_not(client, owner):
    stranger = StaffFactory(role="clerk", area=community("530111001002"))
    client.force_login(stranger)
    assert client.post(tab(owner), {"why": "lost"}).status_code == 404

    for who in (stranger, owner, StaffFactory(role="auditor")):
        with pytest.raises(PermissionDenied):
            signing_in.end_devices(owner.member, why="lost", by=who, at=AT)
    assert len(signed_in(owner)) == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_clerks_at_once_one_has_done_it(owner):
    """The second looks while the first has not committed."""
    told, ended = {"why": "lost", "at": AT}, []
    clerks = [StaffFactory(role="clerk") for _ in range(2)]

    def end():
        ended.append(signing_in.end_devices(owner.member, by=clerks[1], **told))
        connection.close()

    second = threading.Thread(target=end)
    with transaction.atomic():
        ended.append(signing_in.end_devices(owner.member, by=clerks[0], **told))
        second.start()
        second.join(1)
    second.join(20)

    assert ended == [2, 0]
    assert AccountEvent.objects.count() == 1


@pytest.mark.parametrize("fault", [{"reason": ""}, {"reason": "x"}, {"by": None}, {"by": "owner"}])
def test_the_database_keeps_who_ended_it_and_why(owner, clerk, fault):
    by = owner if fault.get("by") == "owner" else fault.get("by", clerk)
    row = {"user": owner, "kind": "device_ended", "reason": fault.get("reason", "lost"), "by": by}

    with pytest.raises(IntegrityError, match="members_accountevent_device_is_ended_for_a_reason"):
        AccountEvent.objects.create(**row)
