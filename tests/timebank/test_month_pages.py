"""The pages and the command that close months: who sees what, and what a press does."""

import datetime

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from ledger.models import Policy
from members.models import Area
from services.models import ClosedMonth, MonthClosing
from tests.factories import MemberFactory, StaffFactory, UserFactory, VisitFactory, community

pytestmark = pytest.mark.django_db

LAST = (timezone.localdate().replace(day=1) - datetime.timedelta(days=1)).replace(day=1)
OTHER = "530111001002"


def address(name="month", code="530111001001", month=None):
    return reverse(f"admin:{name}", args=[code, f"{month or LAST:%Y-%m}"])


def signed_in(client, role="administrator", area=None):
    user = StaffFactory(role=role, area=area)
    client.force_login(user)
    return user


def test_one_asks_and_another_closes(client):
    signed_in(client)
    client.post(address(), follow=True)
    assert MonthClosing.objects.get().state == "waiting"
    second = signed_in(client)

    page = client.post(address("month_decide"), {"approve": "1"}, follow=True)

    assert MonthClosing.objects.get().decided_by == second
    assert str(second) in page.text
    assert ClosedMonth.objects.count() == 1
    assert client.get(address()).context["report"].remarks


def test_one_person_closes_where_the_rules_say_so_and_again_changes_nothing(client):
    Policy.objects.create(effective_from=datetime.date(2020, 1, 1), two_close_months=False)
    signed_in(client)

    for _n in range(2):
        assert client.post(address(), follow=True).status_code == 200

    assert MonthClosing.objects.get().state == "closed"


def test_what_waits_is_on_the_page_and_a_reason_is_asked_for(client):
    VisitFactory(service_date=LAST)
    signed_in(client)

    page = client.post(address(), {"reason": ""})
    assert [one.number for one in page.context["waiting"]] == [1]
    assert "reason" in page.context["form"].errors

    client.post(address(), {"reason": "The sheet is lost."})
    assert MonthClosing.objects.get().left_waiting == {"visits": 1}


def test_the_author_is_offered_to_take_it_back_and_not_to_approve(client):
    signed_in(client)
    page = client.post(address(), follow=True)
    assert (page.context["may_decide"], page.context["may_withdraw"]) == (False, True)

    client.post(address("month_decide"), {"approve": "1"}, follow=True)
    assert MonthClosing.objects.get().state == "waiting"
    client.post(address("month_decide"), {"withdraw": "1"})
    assert MonthClosing.objects.get().state == "withdrawn"


def test_sending_back_needs_a_reason(client):
    signed_in(client)
    client.post(address())
    signed_in(client)

    client.post(address("month_decide"), {"return": "1"})
    assert MonthClosing.objects.get().state == "waiting"
    client.post(address("month_decide"), {"return": "1", "reason": "Not yet."})
    assert MonthClosing.objects.get().return_reason == "Not yet."


@pytest.mark.parametrize("role", ["clerk", "checker", "coordinator"])
@pytest.mark.parametrize("name", ["months", "month"])
def test_the_pages_are_for_administrators_and_auditors(client, role, name):
    signed_in(client, role)

    where = reverse("admin:months") if name == "months" else address()

    assert client.get(where, follow=True).status_code == 403


def test_a_member_sees_none_of_it(client):
    client.force_login(UserFactory(member=MemberFactory()))

    assert client.get(address(), follow=True).status_code == 403


def test_an_auditor_reads_and_closes_nothing(client):
    signed_in(client, "auditor")

    page = client.get(address())

    assert (page.status_code, page.context["may_close"]) == (200, False)
    assert client.post(address()).status_code == 403


@pytest.mark.parametrize("wrong", ["2026-13", "now", "202610"])
def test_a_month_that_is_none_and_an_area_elsewhere_are_not_found(client, wrong):
    signed_in(client)

    where = reverse("admin:month", args=["530111001001", wrong])
    assert client.get(where).status_code == 404
    assert client.get(address(code=OTHER)).status_code == 404
    assert client.post(address("month_decide", code=OTHER)).status_code == 404


def test_the_home_page_says_that_a_month_can_be_closed_until_it_is(client):
    signed_in(client)
    card = client.get(reverse("admin:index")).context["month_card"]
    assert (card["month"], card["url"], card["asked"]) == (LAST, address(), 0)
    client.post(address())
    signed_in(client)
    client.post(address("month_decide"), {"approve": "1"})

    assert client.get(reverse("admin:index")).context["month_card"] is None


def test_the_home_page_of_a_district_counts_its_communities(client):
    signed_in(client, area=Area.objects.get(level="district"))

    card = client.get(reverse("admin:index")).context["month_card"]

    assert card["communities"] == Area.objects.communities().count()
    assert card["url"] == reverse("admin:months")


def test_the_list_takes_as_many_queries_for_one_community_as_for_all(
    client, django_assert_num_queries
):
    signed_in(client)
    client.post(address())
    with django_assert_num_queries(12) as _:
        client.get(reverse("admin:months"))
    signed_in(client, area=Area.objects.get(level="district"))

    with django_assert_num_queries(12):
        client.get(reverse("admin:months"))


def run(**options):
    values = {"area": "530111001001", "month": f"{LAST:%Y-%m}", **options}
    call_command("close_month", **values)


def test_the_command_asks_and_another_user_closes(capsys):
    first, second = (StaffFactory(role="administrator") for _n in range(2))

    run(by=first.username)
    run(by=first.username)
    assert MonthClosing.objects.get().state == "waiting"
    run(by=second.username)
    run(by=second.username)

    assert MonthClosing.objects.get().state == "closed"
    assert "石虎关" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"month": "October"}, "2026-10"),
        ({"area": "1"}, "no area"),
        ({"by": "nobody"}, "no user"),
        ({"month": "2030-01"}, "1 of 1"),
    ],
)
def test_the_command_says_what_is_wrong(options, words):
    by = StaffFactory(role="administrator").username

    with pytest.raises(CommandError, match=words):
        run(**{"by": by, **options})


def test_the_command_refuses_who_does_not_administer():
    with pytest.raises(CommandError, match="administer"):
        run(by=StaffFactory(role="checker").username)


def test_the_report_as_json_names_the_closing(capsys):
    test_the_command_asks_and_another_user_closes(capsys)
    call_command(
        "report",
        "R1",
        "--area",
        community().code,
        "--from",
        f"{LAST}",
        "--to",
        f"{_end()}",
        "--format",
        "json",
    )

    assert f'"through": "{LAST:%Y-%m}"' in capsys.readouterr().out


def _end():
    return timezone.localdate().replace(day=1) - datetime.timedelta(days=1)
