import datetime

import pytest
from django.urls import reverse
from django.utils.html import escape

from services.papers import certificates, codes, lookups
from services.papers.models import CodeLookup
from tests.services.papers.conftest import NOW
from tests.services.papers.test_certificate_pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def certificate(serve, issue):
    serve(90)
    return issue()


@pytest.fixture
def check(client):
    """What a stranger reads who checks a code."""

    def check(code, language="en"):
        address = reverse("verify", args=[code])
        return client.get(address, headers={"Accept-Language": language})

    return check


def test_a_stranger_reads_what_is_certified_with_a_masked_name(check, certificate):
    page = check(codes.shown(certificate.code))

    text = words(page)
    assert page.status_code == 200
    assert "Genuine." in text
    assert "1 h 30 min" in text
    assert "高*䶮" in text
    assert "530111001001-2026-0001" in text
    html = page.content.decode()
    assert "高桂䶮" not in html
    assert certificate.member.number not in html
    assert "1234" not in html
    assert "no-store" in page["Cache-Control"]


def test_a_correction_is_said_with_both_figures(check, certificate, serve):
    serve(30)

    text = words(check(certificate.code))

    assert "Genuine, but corrected since." in text
    assert "said 1 h 30 min; today they say 2 h." in text


def test_a_withdrawal_is_said_without_its_reason(check, certificate, clerk):
    certificates.withdraw(certificate, reason="发错了人", by=clerk, at=NOW)

    text = words(check(certificate.code))

    assert "was withdrawn on Nov. 20, 2026 and no longer holds" in text
    assert "发错了人" not in text
    assert "Genuine" not in text


@pytest.mark.parametrize(
    "code", ["7HKM-4XQA-9WDE-3RVT-6CPY", "unknown", "1", "<b>", "x" * 500, "٣"]
)
def test_an_unknown_code_is_said_to_be_unknown(check, code):
    page = check(code)

    assert page.status_code == 404
    assert "We have issued no certificate with this code." in words(page)


def test_the_number_alone_leads_nowhere(check, certificate):
    assert check(certificate.number).status_code == 404


@pytest.mark.parametrize("typed", ["{code}", " {code} "])
def test_a_typed_code_leads_to_its_page(client, certificate, typed):
    typed = typed.format(code=codes.shown(certificate.code).lower())

    answer = client.get(reverse("verify_form"), {"code": typed})

    assert answer.url == reverse("verify", args=[codes.shown(certificate.code)])


@pytest.mark.parametrize("typed", ["7HKM-4XQA-9WDE-3RVT", "code {code}", '"><b>'])
def test_what_is_no_code_is_said_to_be_none_and_stays_in_the_box(client, certificate, typed):
    typed = typed.format(code=codes.shown(certificate.code))

    page = client.get(reverse("verify_form"), {"code": typed}, headers={"Accept-Language": "en"})

    assert "This is not a whole code." in words(page)
    assert f'value="{escape(typed)}"' in page.content.decode()


def test_an_unknown_code_stays_in_the_box(check):
    page = check("7HKM-4XQA-9WDE-3RVT-6CPY")

    assert 'value="7HKM-4XQA-9WDE-3RVT-6CPY"' in page.content.decode()


def test_one_address_looks_up_sixty_codes_in_ten_minutes(check, certificate, monkeypatch):
    monkeypatch.setattr(lookups, "PER_ADDRESS", (3, datetime.timedelta(minutes=10)))

    statuses = [check(certificate.code).status_code for _ in range(4)]

    assert statuses == [200, 200, 200, 429]
    assert "Wait" in words(check("x")) or "wait" in words(check("x"))
    assert CodeLookup.objects.count() == 3


def test_the_limits_are_per_address_and_in_all_and_pass_with_time(db, monkeypatch):
    monkeypatch.setattr(lookups, "PER_ADDRESS", (2, datetime.timedelta(minutes=10)))
    monkeypatch.setattr(lookups, "IN_ALL", (3, datetime.timedelta(hours=1)))
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
        lookups.count(address, at=NOW)

    for address in ("192.0.2.1", "192.0.2.3"):
        with pytest.raises(lookups.TooManyLookups):
            lookups.count(address, at=NOW)
    later = NOW + datetime.timedelta(minutes=61)
    lookups.count("192.0.2.1", at=later)

    assert CodeLookup.objects.get().at == later


def test_the_page_asks_the_database_six_times(client, certificate, django_assert_num_queries):
    with django_assert_num_queries(6):
        client.get(reverse("verify", args=[certificate.code]))
