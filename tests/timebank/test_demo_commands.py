"""The demo's own commands in one process; tests/test_demo.py starts all of it, behind soak."""

import re
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from members.models import User
from services.models import Objection, Visit
from tests.factories import MemberFactory, VisitFactory
from tests.members.staff import sign_in
from timebank.management.commands.demo_people import STAFF

pytestmark = [pytest.mark.django_db, pytest.mark.real_sign_in]


@pytest.fixture
def passwords(settings, tmp_path):
    """What the commands write down of each account, when they have run twice."""
    settings.VAR_DIR = tmp_path
    MemberFactory(name="程家祥", phone="13808712345")
    for _ in range(2):
        call_command("demo_people")
    call_command("demo_sign_ins")
    told = (tmp_path / "demo_sign_ins").read_text()
    return dict(re.findall(r"^  (\w+) +(\S+-\d{3}) ", told, re.M))


def test_everybody_of_the_demo_is_told_with_a_password(passwords):
    assert passwords.keys() == STAFF.keys()
    assert User.objects.filter(username__in=STAFF).count() == len(STAFF)


def test_a_clerk_comes_in_by_password(client, passwords):
    sign_in(client, "lin", passwords["lin"])

    assert client.get(reverse("home")).status_code == 200


def test_a_checker_comes_in_by_password_and_the_code_that_the_command_prints(
    client, passwords, capsys
):
    sign_in(client, "zhao", passwords["zhao"])
    assert client.get(reverse("home")).status_code == 302

    call_command("demo_code", "zhao")
    code = re.search(r"zhao +(\d{6}) ", capsys.readouterr().out)[1]
    client.post(reverse("second_step"), {"code": code})

    assert client.get(reverse("home")).status_code == 200


def test_there_is_no_code_for_who_needs_none(passwords):
    with pytest.raises(CommandError, match="second factor"):
        call_command("demo_code", "lin")


def test_two_members_of_the_demo_say_that_something_is_not_right(passwords):
    for minutes in (60, 90):
        VisitFactory(
            state=Visit.State.CONFIRMED,
            confirmed_at=timezone.now(),
            served_minutes=minutes,
            bankable_minutes=minutes,
            banked_minutes=minutes,
            journal=uuid.uuid4(),
            entered_by=User.objects.get(username="lin"),
        )

    for _ in range(2):
        call_command("demo_objections")

    assert sorted(Objection.objects.values_list("state", flat=True)) == ["answered", "waiting"]
