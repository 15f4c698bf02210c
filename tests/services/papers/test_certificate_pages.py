import datetime
import re
import uuid
from urllib.parse import unquote

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from services.papers import certificate_paper, certificates
from services.papers.models import Certificate
from tests.factories import StaffFactory, UserFactory, VolunteerFactory, community
from tests.services.papers import reading
from tests.services.papers.conftest import END, NOW, START

STAFF = ["clerk", "checker", "coordinator", "administrator", "auditor"]


def words(response):
    main = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def asked(holder, **more):
    return {
        "person": holder.number,
        "person_key": holder.key,
        "person_for": holder.number,
        "start": f"{START}",
        "end": f"{END}",
    } | more


def test_a_clerk_looks_at_the_figures_and_issues_them(client, clerk, holder, serve):
    serve(90)
    client.force_login(clerk)

    page = client.get(
        reverse("certificate_issue"), asked(holder), headers={"Accept-Language": "en"}
    )
    preview = page.context["preview"]
    told = {"key": page.context["key"], "seen": preview["figures"].digest}
    answer = client.post(reverse("certificate_issue"), asked(holder, **told))

    assert "高桂䶮" in words(page)
    assert "Companionship 1 1 h 30 min" in words(page)
    certificate = Certificate.objects.get()
    assert answer.url == reverse("certificate_detail", args=[certificate.key])
    assert certificate.issued_by == clerk
    assert client.post(reverse("certificate_issue"), asked(holder, **told)).url == answer.url
    assert Certificate.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"seen": "others"}, "The figures have changed."),
        ({"end": "2099-01-01"}, "This day lies far ahead."),
        ({"start": "2026-11-01", "end": "2026-10-31"}, "lies before the first"),
        ({"start": "x"}, "First day"),
        ({"person": "nobody", "person_key": "x"}, "Nobody is found"),
        ({"key": ""}, "The figures have changed."),
    ],
)
def test_what_cannot_be_issued_says_why(client, clerk, holder, serve, more, says):
    serve(90)
    client.force_login(clerk)
    form = asked(holder, key=uuid.uuid4(), seen="") | more

    page = client.post(reverse("certificate_issue"), form, headers={"Accept-Language": "en"})

    assert says in words(page)
    assert not Certificate.objects.exists()


def test_nothing_of_days_to_come_is_shown_to_be_issued(client, clerk, holder, serve):
    serve(90)
    client.force_login(clerk)
    tomorrow = f"{timezone.localdate() + datetime.timedelta(days=1)}"

    asked_for = asked(holder) | {"end": tomorrow}
    page = client.get(reverse("certificate_issue"), asked_for, headers={"Accept-Language": "en"})

    assert "This day has not come yet." in words(page)
    assert page.context["preview"] is None


def test_a_period_without_visits_shows_nothing_to_issue(client, clerk, holder):
    client.force_login(clerk)

    page = client.get(
        reverse("certificate_issue"), asked(holder), headers={"Accept-Language": "en"}
    )

    assert "There is no confirmed visit in this period." in words(page)
    assert 'method="post" action="/certificates' not in page.content.decode()


def test_who_is_elsewhere_is_not_found(client, clerk, serve):
    stranger = VolunteerFactory(member__area=community("530111001002")).member
    client.force_login(clerk)

    page = client.get(reverse("certificate_issue"), asked(stranger))

    assert page.context["preview"] is None
    assert "person" in page.context["form"].errors


@pytest.mark.parametrize("role", STAFF)
def test_who_may_open_which_page(client, role, serve, issue):
    serve(60)
    certificate = issue()
    client.force_login(StaffFactory(role=role))

    def status(name, *args):
        return client.get(reverse(name, args=args)).status_code

    assert status("certificate_list") == 200
    assert status("certificate_detail", certificate.key) == 200
    assert status("certificate_pdf", certificate.key) == 200
    assert status("certificate_issue") == (403 if role == "auditor" else 200)
    assert status("my_certificates") == 302


def test_nobody_reads_another_area_s_or_another_member_s(client, serve, issue, holder):
    serve(60)
    key = issue().key
    outside = StaffFactory(role="administrator", area=community("530111001002"))
    stranger = UserFactory(member=VolunteerFactory().member)

    for user in (outside, stranger):
        client.force_login(user)
        assert client.get(reverse("certificate_detail", args=[key])).status_code == 404
        assert client.get(reverse("certificate_pdf", args=[key])).status_code == 404
        answer = client.post(reverse("certificate_withdraw", args=[key]), {"reason": "x"})
        assert answer.status_code in (403, 404)
    client.logout()
    for name in ("certificate_detail", "certificate_pdf"):
        assert reverse("sign_in") in client.get(reverse(name, args=[key])).url


def test_a_member_sees_and_prints_their_own_and_cannot_withdraw(client, serve, issue, holder):
    serve(60)
    certificate = issue()
    client.force_login(UserFactory(member=holder))

    page = client.get(reverse("my_certificates"), headers={"Accept-Language": "en"})
    detail = client.get(reverse("certificate_detail", args=[certificate.key]))
    paper = client.get(reverse("certificate_pdf", args=[certificate.key]))
    refused = client.post(reverse("certificate_withdraw", args=[certificate.key]), {"reason": "x"})

    assert "1 h" in words(page)
    assert detail.context["may_withdraw"] is False
    assert paper["Content-Type"] == "application/pdf"
    assert refused.status_code == 403
    assert client.get(reverse("certificate_list")).status_code == 403


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_asks_the_same_for_one_and_for_three(
    client, clerk, serve, issue, django_assert_num_queries, number
):
    serve(60)
    for _ in range(number):
        issue()
    client.force_login(clerk)

    with django_assert_num_queries(11):
        page = client.get(reverse("certificate_list"))

    assert len(page.context["rows"]) == number


def test_the_paper_says_what_was_certified_and_where_to_check_it(client, clerk, serve, issue):
    serve(90)
    certificate = issue()
    client.force_login(clerk)

    answer = client.get(
        reverse("certificate_pdf", args=[certificate.key]), headers={"Accept-Language": "en"}
    )

    text = reading.words(answer.content)
    assert "530111001001-2026-0001" in text
    assert "5301**********1234" in text
    assert "高桂䶮" in text
    assert "Companionship 1 1 h 30 min" in text
    assert re.search(r"Shihuguan\s*Community", text)
    assert re.search(r"\w{4}(-\w{4}){4}", text)[0].replace("-", "") == certificate.code
    assert "http://testserver/verify/" in text
    name = unquote(answer["Content-Disposition"])
    assert "530111001001-2026-0001 高桂䶮.pdf" in name


def test_a_withdrawn_one_says_so_on_paper(client, clerk, serve, issue):
    serve(90)
    certificate = issue()
    client.force_login(clerk)
    client.post(reverse("certificate_withdraw", args=[certificate.key]), {"reason": "发错了人"})

    page = client.get(
        reverse("certificate_detail", args=[certificate.key]), headers={"Accept-Language": "en"}
    )
    paper = client.get(
        reverse("certificate_pdf", args=[certificate.key]), headers={"Accept-Language": "en"}
    )

    assert "发错了人" in words(page)
    assert page.context["may_withdraw"] is False
    assert "WITHDRAWN" in reading.words(paper.content)


def test_a_corrected_one_says_so_on_paper(client, clerk, serve, issue):
    serve(90)
    certificate = issue()
    serve(30)
    client.force_login(clerk)

    paper = client.get(
        reverse("certificate_pdf", args=[certificate.key]), headers={"Accept-Language": "en"}
    )

    assert "CORRECTED SINCE: the records of this period now say 2 h." in reading.words(
        paper.content
    )


def test_a_reason_is_asked_for_and_a_second_withdrawal_refused(client, clerk, serve, issue):
    serve(90)
    certificate = issue()
    address = reverse("certificate_withdraw", args=[certificate.key])
    client.force_login(clerk)

    empty = client.post(address, {"reason": " "})
    client.post(address, {"reason": "one"})
    again = client.post(address, {"reason": "two"}, follow=True, headers={"Accept-Language": "en"})

    assert empty.status_code == 200
    assert empty.context["form"].errors
    assert "was withdrawn before" in words(again)
    certificate.refresh_from_db()
    assert certificate.withdraw_reason == "one"
    assert certificates.standings([certificate])[0].state == "withdrawn"


def test_the_code_of_a_seal_is_printed_when_there_is_one(serve, issue):
    serve(90)
    certificate = issue()
    (standing,) = certificates.standings([certificate])

    with translation.override("en"):
        paper = certificate_paper.pdf(
            certificate, standing, address="https://example.org/", at=NOW, seal="7K3Q-9FJD"
        )

    assert "Seal of the ledger 7K3Q-9FJD" in reading.words(paper)
