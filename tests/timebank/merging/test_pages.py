"""The pages of merges: found from the file, seen side by side, decided by another."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from members.models import Member, Merge
from tests.factories import MemberFactory, StaffFactory, UserFactory, VisitFactory, community

from .conftest import fresh

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_clerk(client, clerk):
    client.force_login(clerk)
    client.cookies["django_language"] = "en"
    return client


def propose(client, kept, gone, **more):
    told = {
        "key": uuid.uuid4(),
        "reason": "同一身份证",
        "address": "gone",
        "volunteer.skills": "kept",
    }
    return client.post(reverse("merge_new", args=[kept.key, gone.key]), told | more)


def test_the_file_offers_people_who_may_be_the_same(as_clerk, kept, gone):
    page = as_clerk.get(reverse("person_same", args=[kept.key])).text

    assert reverse("merge_new", args=[kept.key, gone.key]) in page


def test_another_record_is_found_by_its_number(as_clerk, kept, gone):
    answer = as_clerk.get(reverse("person_same", args=[kept.key]), {"person": gone.number})

    assert answer.url == reverse("merge_new", args=[kept.key, gone.key])


def test_a_record_is_not_compared_with_itself(as_clerk, kept):
    answer = as_clerk.get(reverse("person_same", args=[kept.key]), {"person": kept.number})

    assert "This is the same record." in answer.text


def test_a_merge_is_proposed_with_what_was_chosen(as_clerk, kept, gone):
    answer = propose(as_clerk, kept, gone)

    merge = Merge.objects.get()
    assert answer.url == reverse("merge_detail", args=[merge.key])
    assert (merge.kept, merge.gone, merge.taken) == (kept, gone, ["address"])


def test_what_stands_in_the_way_is_said_before_anything_is_typed(as_clerk, kept, gone):
    VisitFactory(volunteer=kept, elder=gone)

    page = as_clerk.get(reverse("merge_new", args=[kept.key, gone.key])).text

    assert "nobody visits themselves" in page
    assert "nobody visits themselves" in propose(as_clerk, kept, gone).text
    assert not Merge.objects.exists()


def test_a_checker_approves_and_a_third_takes_it_back(client, ask, kept, gone, checker, third):
    merge = ask()
    client.force_login(checker)

    client.post(reverse("merge_approve", args=[merge.key]))
    assert fresh(gone).merged_into == kept
    assert client.get(reverse("person", args=[gone.key])).url.endswith(f"{kept.key}/")
    assert client.get(reverse("statement", args=[gone.number])).url.endswith(f"{kept.number}/")

    client.force_login(third)
    page = client.get(reverse("merge_detail", args=[merge.key]))
    assert reverse("merge_undo", args=[merge.key]) in page.text
    client.post(reverse("merge_undo", args=[merge.key]))
    assert fresh(gone).standing == Member.Standing.HERE


def test_who_decided_a_merge_is_told_that_a_third_takes_it_back(client, ask, gone, checker):
    merge = ask()
    client.force_login(checker)
    client.cookies["django_language"] = "en"
    client.post(reverse("merge_approve", args=[merge.key]))

    page = client.get(reverse("merge_detail", args=[merge.key])).text
    refused = client.post(reverse("merge_undo", args=[merge.key]), follow=True).text

    assert reverse("merge_undo", args=[merge.key]) not in page
    assert "A third colleague takes it back." in page
    assert "A third colleague takes it back." in refused
    assert fresh(gone).standing == Member.Standing.MERGED


def test_a_checker_sends_it_back_with_a_reason(client, ask, checker):
    merge = ask()
    client.force_login(checker)

    client.post(reverse("merge_detail", args=[merge.key]), {"reason": "两个人"})

    merge.refresh_from_db()
    assert (merge.state, merge.return_reason) == (Merge.State.RETURNED, "两个人")


def test_the_author_withdraws(as_clerk, ask):
    merge = ask()

    as_clerk.post(reverse("merge_withdraw", args=[merge.key]))

    merge.refresh_from_db()
    assert merge.state == Merge.State.WITHDRAWN


def test_a_refusal_is_a_sentence_on_the_page(as_clerk, ask):
    merge = ask()

    answer = as_clerk.post(reverse("merge_approve", args=[merge.key]), follow=True)

    assert "No one approves what they entered." in answer.text


@pytest.mark.parametrize("name", ["merge_detail", "merge_approve", "merge_withdraw", "merge_undo"])
def test_strangers_find_no_merge(client, ask, name):
    merge = ask()
    client.force_login(StaffFactory(role="checker", area=community("530111001002")))

    assert client.post(reverse(name, args=[merge.key])).status_code == 404


@pytest.mark.parametrize("name", ["merge_list", "person_same", "merge_new"])
def test_members_see_no_page_of_merges(client, kept, gone, name):
    client.force_login(UserFactory(member=MemberFactory()))
    args = {"merge_list": [], "person_same": [kept.key], "merge_new": [kept.key, gone.key]}[name]

    assert client.get(reverse(name, args=args)).status_code == 403


def test_an_auditor_proposes_nothing(client, kept, gone):
    client.force_login(StaffFactory(role="auditor"))

    assert propose(client, kept, gone).status_code == 403


def test_the_first_page_counts_what_waits(client, ask, checker):
    client.force_login(checker)
    assert reverse("merge_list") not in client.get("/").text

    ask()

    assert reverse("merge_list") in client.get("/").text


def test_the_list_runs_as_many_queries_for_one_as_for_three(
    as_clerk, ask, kept, django_assert_num_queries
):
    ask()
    with CaptureQueriesContext(connection) as one:
        as_clerk.get(reverse("merge_list"))
    ask(kept, MemberFactory(name="王秀英"))
    ask(kept, MemberFactory(name="王秀英"))

    with django_assert_num_queries(len(one)):
        as_clerk.get(reverse("merge_list"))
