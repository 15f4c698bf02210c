"""What waits for a second person: seen, approved one by one or together, sent back."""

import datetime
import json
import re
import uuid

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ledger import (
    approvals,
    closures,
    donations,
    gifts,
    grants,
    openings,
    redemptions,
    reversals,
)
from ledger.models import MovementRequest
from services import visits
from services.models import RegisterBatch, RegisterRow, Visit
from services.visits import checking
from tests.factories import (
    ElderFactory,
    MemberFactory,
    StaffFactory,
    UserFactory,
    VisitFactory,
    VolunteerFactory,
    community,
)
from tests.ledger.people import by, credit, hours
from tests.services.test_visits_log import log

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk():
    return StaffFactory(role="clerk", first_name="店员")


@pytest.fixture
def checker(client):
    checker = StaffFactory(role="checker")
    client.force_login(checker)
    client.cookies["django_language"] = "en"
    return checker


@pytest.fixture
def giver():
    one = MemberFactory(name="高桂峰", birth_date=datetime.date(1960, 5, 1), volunteer={})
    credit(one, 600)
    return one


@pytest.fixture
def receiver():
    return MemberFactory(name="高老太", birth_date=datetime.date(1936, 5, 1))


def visit_of(author, **changes):
    people = VolunteerFactory().member, ElderFactory().member
    told = {"service_date": timezone.localdate(), "at": timezone.now(), "method": "paper"}
    return log(*people, by=author, **told | changes)


def gift_of(author, giver, receiver, minutes=120):
    told = {"to": receiver, "minutes": minutes, "relation": "parent", "proof": "户口本"}
    return gifts.ask(giver, **told, **by(author))


def register_of(author, **of_row):
    key = uuid.uuid4()
    batch = RegisterBatch.objects.create(
        area=community(),
        file_name="台账.xlsx",
        file_hash=key.hex,
        file="registers/none.xlsx",
        state=RegisterBatch.State.PREPARED,
        entered_by=author,
    )
    told = {"outcome": "new", "kind": "volunteer", "written": {}} | of_row
    RegisterRow.objects.create(batch=batch, sheet="志愿者", number=2, **told)
    return batch


def name(one):
    if isinstance(one, RegisterBatch):
        return f"register/{one.key}/{one.revision}"
    return f"{'visit' if isinstance(one, Visit) else 'movement'}/{one.key}"


def approve(client, *ones, **more):
    return client.post(
        reverse("inbox_approve"), {"rows": [name(one) for one in ones]} | more, follow=True
    )


def read(client, **query):
    page = client.get(reverse("inbox"), query).content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", page[page.index("<main") :]).split())


def test_a_visit_waits_with_its_evidence(client, clerk, checker):
    visit = visit_of(clerk, note="<送药>", minutes=90)

    page = client.get(reverse("inbox")).content.decode()
    words = read(client)

    assert f"{visit.volunteer} → {visit.elder}" in words
    assert "1 h 30 min" in words
    assert "recorded from paper only" in words
    assert "&lt;送药&gt;" in page
    assert "entered by 店员" in words


def test_a_gift_waits_with_its_evidence(client, clerk, checker, giver, receiver):
    gift_of(clerk, giver, receiver)

    words = read(client)

    assert "Gift 高桂峰 → 高老太 2 h" in words
    assert "parent" in words
    assert "balance 10 h → 8 h" in words
    assert "Proof: 户口本" in words


def test_a_reversal_waits_with_the_names_of_whose_hours_it_books_back(
    client, clerk, checker, giver
):
    done = donations.give(giver, minutes=60, **by(clerk))
    reversals.ask(giver.area, done.key, reason="看错了人", **by(clerk))

    html = client.get(reverse("inbox")).content.decode()

    words = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    assert "donated 1 h : 高桂峰 → public pool" in words


def test_the_grant_of_a_month_waits_with_how_many_it_reaches(client, clerk, checker):
    ElderFactory(member__birth_date=datetime.date(1935, 5, 1), living="alone")
    grants.ask_month(community(), timezone.localdate(), **by(clerk))

    html = client.get(reverse("inbox")).content.decode()

    assert "1 elder, 4 h in all; the public pool 0 min → −4 h" in html


def test_a_button_says_to_a_screen_reader_whose_row_it_is_of(client, clerk, checker, giver):
    redemptions.ask(giver, minutes=60, on=timezone.localdate(), **by(clerk))

    html = client.get(reverse("inbox")).content.decode()

    assert re.search(r'Approve<span class="hidden-visually">: [^<]*高桂峰', html)


def test_a_member_who_asked_is_named(client, checker, giver, receiver):
    gift_of(UserFactory(member=giver), giver, receiver)

    assert "entered by 高桂峰" in read(client)


def test_a_register_waits_with_its_counts_and_a_link(client, clerk, checker):
    batch = register_of(clerk)

    assert "new 1, changed 0, same 0, cannot be posted 0" in read(client)
    page = client.get(reverse("inbox")).content.decode()
    assert reverse("register_detail", args=[batch.key]) in page


def test_the_oldest_comes_first_with_its_age_whatever_it_is(
    client, clerk, checker, giver, receiver
):
    now = timezone.now()
    old, older = visit_of(clerk), register_of(clerk)
    gift_of(clerk, giver, receiver)
    Visit.objects.filter(pk=old.pk).update(entered_at=now - datetime.timedelta(days=3))
    RegisterBatch.objects.filter(pk=older.pk).update(entered_at=now - datetime.timedelta(days=8))

    items = client.get(reverse("inbox")).context["items"]

    assert [item.kind for item in items] == ["register", "visit", "movement"]
    assert [item.age for item in items] == ["1\xa0week", "3\xa0days", "0\xa0minutes"]


@pytest.mark.parametrize("kind", ["visit", "register", "movement"])
def test_the_list_is_narrowed_to_one_kind(client, clerk, checker, giver, receiver, kind):
    visit_of(clerk), register_of(clerk), gift_of(clerk, giver, receiver)

    items = client.get(reverse("inbox"), {"kind": kind}).context["items"]

    assert [item.kind for item in items] == [kind]


@pytest.mark.parametrize("query", [{"kind": "x"}, {"page": "x"}, {"page": "99"}, {"select": "\0"}])
def test_an_odd_address_shows_everything(client, clerk, checker, query):
    visit_of(clerk)

    assert len(client.get(reverse("inbox"), query).context["items"]) == 1


def test_fifty_stand_on_a_page(client, clerk, checker, monkeypatch):
    monkeypatch.setattr("timebank.inbox.views.PAGE", 2)
    for _number in range(3):
        VisitFactory(entered_by=clerk)

    sizes = [len(client.get(reverse("inbox"), {"page": n}).context["items"]) for n in (1, 2)]

    assert sizes == [2, 1]


def test_each_is_approved_by_itself(client, clerk, checker, giver, receiver):
    visit, gift = visit_of(clerk), gift_of(clerk, giver, receiver)

    approve(client, visit)
    assert MovementRequest.objects.get().state == "waiting"
    answer = approve(client, gift)

    visit.refresh_from_db()
    gift.refresh_from_db()
    assert (visit.state, visit.approved_by) == ("confirmed", checker)
    assert (gift.state, gift.approver) == ("done", checker)
    assert hours(receiver) == (0, 120, 0)
    assert "1 approved." in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_register_is_approved_and_handed_to_the_worker(client, clerk, checker):
    batch = register_of(clerk)

    approve(client, batch)

    batch.refresh_from_db()
    assert (batch.state, batch.approved_by) == ("applying", checker)
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs")
        assert {"batch": batch.pk} in [json.loads(args) for (args,) in cursor.fetchall()]


def test_a_register_that_was_changed_since_is_looked_at_again(client, clerk, checker):
    batch = register_of(clerk)
    RegisterBatch.objects.filter(pk=batch.pk).update(revision=1)

    answer = approve(client, batch)

    assert "Rows were changed after you looked" in answer.content.decode()


def test_all_without_warnings_are_approved_with_one_press(client, clerk, checker, giver, receiver):
    clean = [visit_of(clerk), gift_of(clerk, giver, receiver), visit_of(clerk)]
    late = visit_of(clerk, minutes=300)

    page = client.get(reverse("inbox"), {"select": "all"}).content.decode()
    selected = re.findall(r'name="rows"\s+value="([^"]+)"\s+checked', page)
    answer = client.post(reverse("inbox_approve"), {"rows": selected}, follow=True)

    assert set(selected) == {name(one) for one in clean}
    assert "3 approved." in answer.content.decode()
    assert list(Visit.objects.waiting()) == [late]


def test_what_could_not_be_approved_is_listed_with_its_reason_and_spoils_nothing(
    client, clerk, checker, giver, receiver
):
    visit, gift = visit_of(clerk), gift_of(clerk, giver, receiver)
    gone, odd = visit_of(clerk), visit_of(clerk, minutes=300)
    visits.send_back(gone, by=StaffFactory(role="checker"), at=timezone.now(), reason="x")
    own = visit_of(checker)

    words = re.sub(r"<[^>]+>", "", approve(client, visit, gone, own, odd, gift).content.decode())

    assert "2 approved." in words
    assert "3 were not:" in words
    assert "This visit does not wait for a second person any more." in words
    assert "No one approves what they entered. Ask a colleague." in words
    assert "It wants a look of its own: longer than one person may enter." in words
    assert set(Visit.objects.waiting()) == {own, odd}


def test_two_that_need_the_same_hours_are_not_both_approved(
    client, clerk, checker, giver, receiver
):
    both = [gift_of(clerk, giver, receiver, 400) for _number in range(2)]

    answer = approve(client, *both)

    assert "There are not enough hours" in answer.content.decode()
    assert hours(giver) == (200, 0, 0)


def test_nothing_selected_is_said(client, checker):
    assert "Nothing was selected." in approve(client).content.decode()


def test_a_result_is_shown_once(client, clerk, checker):
    approve(client, visit_of(clerk))

    assert "approved." not in read(client)


def test_what_one_entered_has_no_buttons_and_is_refused(client, checker, giver, receiver):
    own = [visit_of(checker), gift_of(checker, giver, receiver), register_of(checker)]

    page = client.get(reverse("inbox"), {"select": "all"}).content.decode()
    answers = [approve(client, one).content.decode() for one in own]

    assert 'name="rows"' not in page
    assert page.count("a colleague has to approve it") == 3
    assert ["No one approves what they entered" in answer for answer in answers] == [True] * 3
    assert len(client.get(reverse("inbox")).context["items"]) == 3


@pytest.mark.parametrize("kind", ["visit", "movement", "register"])
def test_the_database_refuses_ones_own_when_no_rule_does(
    client, checker, giver, receiver, monkeypatch, kind
):
    monkeypatch.setattr(checking, "_check_second_person", lambda *_: None)
    monkeypatch.setattr(approvals, "_check_second_person", lambda *_: None)
    own = {
        "visit": lambda: visit_of(checker),
        "movement": lambda: gift_of(checker, giver, receiver),
        "register": lambda: register_of(checker),
    }[kind]()
    if kind == "register":
        own.state, own.approved_by = "applying", checker
        with pytest.raises(IntegrityError, match="approver_is_not_the_author"):
            own.save()
        return

    with pytest.raises(IntegrityError, match="approver_is_not_the_author"):
        approve(client, own)


@pytest.mark.parametrize("role", ["clerk", "auditor"])
def test_a_clerk_or_an_auditor_sees_what_waits_and_decides_nothing(
    client, clerk, giver, receiver, role
):
    ones = [visit_of(clerk), gift_of(clerk, giver, receiver), register_of(clerk)]
    client.force_login(StaffFactory(role=role))

    assert 'name="rows"' not in client.get(reverse("inbox")).content.decode()
    assert [approve(client, one).status_code for one in ones] == [403, 403, 403]
    assert approve(client, *ones).context["result"]["approved"] == 0


def test_staff_of_another_community_find_nothing(client, clerk, giver, receiver):
    ones = [visit_of(clerk), gift_of(clerk, giver, receiver), register_of(clerk)]
    client.force_login(StaffFactory(role="administrator", area=community("530111001002")))

    assert client.get(reverse("inbox")).context["items"] == []
    assert [approve(client, one).status_code for one in ones] == [404, 404, 404]
    assert client.get(reverse("inbox_movement", args=[ones[1].key])).status_code == 404


def test_members_and_strangers_have_no_inbox(client, clerk, giver, receiver):
    gift = gift_of(clerk, giver, receiver)
    addresses = [reverse("inbox"), reverse("inbox_movement", args=[gift.key])]
    assert {client.get(address).status_code for address in addresses} == {302}

    client.force_login(UserFactory(member=giver))
    assert {client.get(address).status_code for address in addresses} == {403}
    assert approve(client, gift).status_code == 403


@pytest.mark.parametrize(
    "row",
    ["", "x", "visit", "visit/x", "visit/\0", "movement/" + "9" * 99, f"pool/{uuid.UUID(int=1)}"],
)
def test_an_odd_name_of_a_row_is_not_found(client, checker, row):
    assert client.post(reverse("inbox_approve"), {"rows": row}).status_code == 404


def test_nothing_is_approved_by_a_link(client, checker):
    assert client.get(reverse("inbox_approve")).status_code == 405


def test_a_movement_is_sent_back_with_a_reason(client, clerk, checker, giver, receiver):
    gift = gift_of(clerk, giver, receiver)

    answer = client.post(reverse("inbox_movement", args=[gift.key]), {"reason": "看不清"})

    gift.refresh_from_db()
    assert answer.url == reverse("inbox")
    assert (gift.state, gift.return_reason, gift.approver) == ("returned", "看不清", checker)
    client.force_login(clerk)
    assert "看不清" in read(client)


@pytest.mark.parametrize("reason", ["", " ", "好" * 501, "\0"])
def test_a_movement_is_not_sent_back_without_a_fit_reason(
    client, clerk, checker, giver, receiver, reason
):
    gift = gift_of(clerk, giver, receiver)

    answer = client.post(reverse("inbox_movement", args=[gift.key]), {"reason": reason})

    assert answer.status_code == 200
    assert answer.context["form"].errors


def test_a_movement_that_was_decided_is_not_sent_back(client, clerk, checker, giver, receiver):
    gift = gift_of(clerk, giver, receiver)
    approve(client, gift)

    address = reverse("inbox_movement", args=[gift.key])
    answer = client.post(address, {"reason": "x"}, follow=True)

    assert "does not wait for a second person any more" in answer.content.decode()


def test_warnings_say_what_to_look_at(client, clerk, checker, giver, receiver):
    first = visit_of(clerk)
    VisitFactory(volunteer=first.volunteer, elder=first.elder, entered_by=clerk)
    gift_of(clerk, giver, receiver, 601)
    register_of(clerk, outcome="cannot", reason="missing_name")
    register_of(clerk, outcome="changed", warnings=[{"code": "x"}])

    items = client.get(reverse("inbox")).context["items"]

    assert [item.warnings for item in items] == [
        ["the same two people have another visit on that day"],
        ["the same two people have another visit on that day"],
        ["more than is there"],
        ["1 row cannot be posted"],
        ["1 row to look at", "1 person would change"],
    ]


def test_every_kind_of_movement_shows_its_balance(client, clerk, checker, giver, receiver):
    grounds = {"minutes": 60, "on": timezone.localdate(), "evidence": "存折"}
    redemptions.ask(giver, minutes=90, on=timezone.localdate(), **by(clerk))
    openings.ask(receiver, **grounds, **by(clerk))
    donation = donations.give(giver, minutes=30, **by(clerk))
    reversals.ask(community(), donation.key, reason="错", **by(clerk))
    closures.freeze(giver, by=checker, at=timezone.now())
    closures.ask(giver, reason="搬走", **by(clerk))

    words = read(client)

    assert "balance 9 h 30 min → 8 h" in words
    assert "balance 0 min → 1 h" in words
    assert "donated 30 min" in words
    assert "balance 9 h 30 min → 0 min" in words
    assert "the account is frozen" in words


def test_the_inbox_asks_as_much_for_many_as_for_one(client, clerk, checker, receiver):
    counts = []
    for _round in range(3):
        visit_of(clerk), register_of(clerk)
        one = MemberFactory(birth_date=datetime.date(1960, 5, 1), volunteer={})
        credit(one, 600)
        gift_of(clerk, one, receiver)
        donation = donations.give(one, minutes=30, **by(clerk))
        reversals.ask(community(), donation.key, reason="错", **by(clerk))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("inbox"))
        counts.append(len(queries))

    assert counts[0] == counts[2] <= 21
