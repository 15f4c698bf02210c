"""A request's own page: what it shows, who decides, what comes after; and the list of them."""

import datetime
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ledger import donations, gifts, grants, holdings, moves, openings, redemptions, reversals
from ledger.models import MovementRequest
from tests.factories import ElderFactory, StaffFactory, UserFactory, community

from .pages import ELSEWHERE, address, enter, filled
from .people import by, hours

pytestmark = pytest.mark.django_db
ACTS = ["approve", "return", "withdraw", "undo", "charge", "release"]


@pytest.fixture
def client(client, member):
    client.about = member
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def opening(member, clerk, today):
    return openings.ask(member, minutes=90, on=today, evidence="passbook 17", **by(clerk))


@pytest.fixture
def redemption(member, clerk, approve, today):
    return approve(redemptions.ask(member, minutes=120, on=today, **by(clerk)))


def page(client, asked):
    return client.get(address("hours_request", asked))


def press(client, act, asked, **sent):
    return client.post(address(f"request_{act}", asked), sent, follow=True)


def said(answer):
    return [(m.level_tag, str(m)) for m in answer.context["messages"]]


def buttons(client, asked):
    html = page(client, asked).content.decode()
    return {act for act in ACTS if address(f"request_{act}", asked) in html}


def test_it_shows_what_who_why_and_on_what_evidence(client, member, clerk, opening):
    enter(client, "checker")

    html = page(client, opening).content.decode()

    for word in (member.name, member.number, "1 h 30 min", "passbook 17", str(clerk), "ago"):
        assert word in html
    assert "Room up to the balance cap" in html


@pytest.mark.parametrize("role", ["checker", "coordinator", "administrator"])
def test_a_second_person_approves_and_the_hours_are_there(client, member, opening, role):
    approver = enter(client, role)

    assert buttons(client, opening) == {"approve", "return"}
    answer = press(client, "approve", opening)

    opening.refresh_from_db()
    assert said(answer) == [("success", "Approved.")]
    assert (opening.state, opening.approver, hours(member)) == ("done", approver, (690, 0, 0))
    assert "What was booked" in answer.content.decode()


def test_what_one_entered_oneself_has_no_button_and_is_refused_all_the_same(
    client, member, checker, today
):
    asked = openings.ask(member, minutes=90, on=today, evidence="x", **by(checker))
    client.force_login(checker)

    assert buttons(client, asked) == {"withdraw"}
    for act in ("approve", "return"):
        answer = press(client, act, asked, reason="x")
        assert said(answer) == [("error", "No one approves what they entered. Ask a colleague.")]
    with (
        transaction.atomic(),
        pytest.raises(IntegrityError, match="ledger_movementrequest_approver_is_not_the_author"),
    ):
        MovementRequest.objects.filter(pk=asked.pk).update(
            state="done", approver=checker, decided_at=timezone.now()
        )

    assert hours(member) == (600, 0, 0)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("role", "status"), [("auditor", 403), ("member", 403), ("outside", 404), (None, 302)]
)
def test_who_may_not_decides_nothing(client, member, redemption, opening, act, role, status):
    if role:
        enter(client, role)
    asked = redemption if act in ("charge", "release") else opening
    before = asked.state

    answer = client.post(address(f"request_{act}", asked), filled(reason="x", minutes="60", on="0"))

    asked.refresh_from_db()
    assert (answer.status_code, asked.state) == (status, before)
    assert hours(member) == (480, 0, 0)


@pytest.mark.parametrize("act", ["approve", "return", "withdraw"])
def test_a_clerk_decides_nothing_of_a_colleagues(client, opening, act):
    enter(client, "clerk")

    assert buttons(client, opening) == set()
    assert press(client, act, opening, reason="x").status_code == 403


@pytest.mark.parametrize("act", ACTS)
def test_nothing_is_decided_by_a_link(client, opening, act):
    enter(client, "checker")

    assert client.get(address(f"request_{act}", opening)).status_code == 405


@pytest.mark.parametrize(("role", "status"), [("auditor", 200), ("member", 403), ("outside", 404)])
def test_who_sees_a_request(client, opening, role, status):
    enter(client, role)

    assert page(client, opening).status_code == status


def test_it_is_sent_back_with_a_reason(client, opening):
    enter(client, "checker")

    answer = press(client, "return", opening, reason="no such page")

    opening.refresh_from_db()
    assert (opening.state, opening.return_reason) == ("returned", "no such page")
    assert "no such page" in answer.content.decode()


@pytest.mark.parametrize("reason", ["", " ", "\0", "好" * 501])
def test_it_is_not_sent_back_without_a_fit_reason(client, opening, reason):
    enter(client, "checker")

    answer = press(client, "return", opening, reason=reason)

    assert answer.context["return_form"].errors
    assert "notice-error" in answer.content.decode()
    opening.refresh_from_db()
    assert opening.state == "waiting"


def test_its_author_withdraws_it(client, clerk, opening):
    client.force_login(clerk)

    assert buttons(client, opening) == {"withdraw"}
    press(client, "withdraw", opening)

    opening.refresh_from_db()
    assert opening.state == "withdrawn"
    assert buttons(client, opening) == set()


@pytest.mark.parametrize("act", ["approve", "return"])
def test_a_second_press_is_answered_in_words(client, opening, act):
    enter(client, "checker")
    press(client, act, opening, reason="x")

    answer = press(client, act, opening, reason="x")

    assert said(answer) == [("error", "This does not wait for a second person any more.")]


def test_what_the_rules_refuse_on_approving_is_said_and_it_goes_on_waiting(
    client, member, relative, clerk
):
    kin = {"to": relative, "relation": "parent", "proof": "x"}
    asked = gifts.ask(member, minutes=700, **kin, **by(clerk))
    enter(client, "checker")

    answer = press(client, "approve", asked)

    assert said(answer) == [("error", "There are not enough hours on the account.")]
    asked.refresh_from_db()
    assert asked.state == "waiting"


def test_a_donation_is_undone_within_ten_minutes_and_the_page_counts_them(client, member, clerk):
    asked = donations.give(
        member, minutes=60, **by(clerk, timezone.now() - datetime.timedelta(minutes=3, seconds=5))
    )
    client.force_login(clerk)

    assert "7 minutes left to undo it" in page(client, asked).content.decode()
    first, second = press(client, "undo", asked), press(client, "undo", asked)

    assert said(first) == [("success", "Undone. The hours are back.")]
    assert said(second) == [("error", "This cannot be undone.")]
    assert hours(member) == (600, 0, 0)


@pytest.mark.django_db(transaction=True)  # as a request is: in no transaction but its own
def test_the_button_to_undo_brings_the_lock_that_it_needs(client, member, clerk):
    asked = donations.give(member, minutes=60, **by(clerk))
    client.force_login(clerk)

    answer = press(client, "undo", asked)

    assert said(answer) == [("success", "Undone. The hours are back.")]


def test_after_ten_minutes_a_reversal_is_offered_instead(client, member, clerk):
    late = timezone.now() - datetime.timedelta(minutes=11)
    asked = donations.give(member, minutes=60, **by(clerk, late))
    client.force_login(clerk)

    html = page(client, asked).content.decode()
    answer = press(client, "undo", asked)

    assert address("request_undo", asked) not in html
    assert f"/hours/journals/{asked.area.code}/{asked.key}/" in html
    assert said(answer)[0][0] == "error"
    assert hours(member) == (540, 0, 0)


def test_another_persons_donation_is_not_undone(client, member, clerk):
    asked = donations.give(member, minutes=60, **by(clerk))
    enter(client, "checker")

    assert buttons(client, asked) == set()
    assert press(client, "undo", asked).status_code == 403


def test_an_approved_redemption_is_charged_once_and_the_rest_is_free(client, member, redemption):
    enter(client, "clerk")
    sent = filled(minutes="1.5", on="today")

    assert buttons(client, redemption) == {"charge", "release"}
    first, second = (
        press(client, "charge", redemption, **sent),
        press(client, "charge", redemption, **sent),
    )

    assert said(first) == said(second) == [("success", "Charged. The rest is free again.")]
    assert (hours(member), holdings.of(member).held) == ((510, 0, 0), 0)
    assert buttons(client, redemption) == set()
    assert "charged: 1 h 30 min" in page(client, redemption).content.decode()


def test_an_approved_redemption_is_released_once(client, member, redemption):
    enter(client, "clerk")

    first, second = press(client, "release", redemption), press(client, "release", redemption)

    assert said(first) == said(second) == [("success", "Released. The hours are free again.")]
    assert hours(member) == (600, 0, 0)
    answer = press(client, "charge", redemption, **filled(minutes="60", on="today"))
    assert errors_of_charge(answer) == ["These hours were charged or released before."]


@pytest.mark.parametrize(
    ("minutes", "on"),
    [("121", "today"), ("0", "today"), ("x", "today"), ("60", ""), ("60", "2027-12-01"), ("", "x")],
)
def test_a_charge_that_does_not_fit_is_said(client, member, redemption, minutes, on):
    enter(client, "clerk")

    answer = press(client, "charge", redemption, **filled(minutes=minutes, on=on))

    assert answer.status_code == 200
    assert answer.context["charge_form"].errors
    assert "notice-error" in answer.content.decode()
    assert hours(member) == (480, 0, 0)


def errors_of_charge(answer):
    return [str(error) for error in answer.context["charge_form"].non_field_errors()]


def test_what_is_not_an_approved_redemption_is_not_charged(client, opening):
    enter(client, "clerk")

    answer = press(client, "charge", opening, **filled(minutes="60", on="today"))

    assert errors_of_charge(answer) == ["Nothing is set aside for this request."]
    assert said(press(client, "release", opening))[0][0] == "error"


def test_what_narrows_a_list_is_not_called_optional(client, opening):
    enter(client, "clerk")

    html = client.get("/hours/requests/").content.decode()

    assert "State" in html
    assert "(optional)" not in html


def test_every_kind_has_a_page(client, member, relative, clerk, checker, approve, today):
    kin = {"relation": "parent", "proof": "x"}
    ElderFactory()
    gift = donations.give(member, minutes=10, **by(clerk))
    every = [
        gift,
        gifts.ask(member, to=relative, minutes=10, **kin, **by(clerk)),
        redemptions.ask(member, minutes=10, on=today, beneficiary=relative, **kin, **by(clerk)),
        grants.ask(member, minutes=10, expires_on=today, reason="ill", **by(clerk)),
        grants.ask_month(member.area, today, **by(clerk)),
        openings.ask(member, minutes=10, on=today, evidence="x", **by(clerk)),
        reversals.ask(member.area, gift.key, reason="wrong", **by(clerk)),
        moves.ask(member, to=community(ELSEWHERE), **by(clerk)),
    ]
    enter(client, "checker")

    for asked in every:
        assert page(client, asked).status_code == 200, asked.kind
        if asked.kind != "donate":
            assert said(press(client, "approve", asked))[0][0] == (
                "error" if asked.kind == "move" else "success"
            ), asked.kind
        assert page(client, asked).status_code == 200, asked.kind


def test_a_member_who_moved_is_shown_without_a_link_to_whom_one_may_not_see(
    client, member, clerk, approve
):
    asked = approve(moves.ask(member, to=community(ELSEWHERE), **by(clerk)))
    enter(client, "clerk")

    html = page(client, asked).content.decode()

    assert member.name in html
    assert address("hours_member", member) not in html


def test_an_unknown_request_is_not_there(client):
    enter(client, "administrator")

    for act in ACTS:
        assert client.post(f"/hours/requests/{uuid.uuid4()}/{act}/").status_code == 404


def test_the_list_shows_what_is_asked_for(client, member, clerk, opening):
    done = donations.give(member, minutes=60, **by(clerk))
    enter(client, "auditor")

    def listed(**query):
        return list(client.get("/hours/requests/", query).context["page"])

    assert listed() == [done, opening]
    assert listed(state="waiting") == [opening]
    assert listed(kind="donate") == [done]
    assert listed(state="waiting", kind="donate") == []
    enter(client, "outside")
    assert listed() == []


@pytest.mark.parametrize("nonsense", ["x", "\0", "9" * 400])
@pytest.mark.parametrize("name", ["state", "kind", "page"])
def test_a_list_that_cannot_be_read_is_answered(client, opening, name, nonsense):
    enter(client, "checker")

    answer = client.get("/hours/requests/", {name: nonsense})

    assert answer.status_code == 200
    assert list(answer.context["page"]) == [opening]


def test_the_list_is_paged_and_keeps_what_was_chosen(client, member, clerk, today):
    for _ in range(51):
        openings.ask(member, minutes=5, on=today, evidence="x", **by(clerk))
    enter(client, "checker")

    first = client.get("/hours/requests/", {"state": "waiting"})

    assert "state=waiting&amp;page=2" in first.content.decode()
    assert len(client.get("/hours/requests/", {"page": 2}).context["page"]) == 1


def test_the_list_runs_as_many_queries_for_three_requests_as_for_one(
    client, member, relative, clerk, today
):
    kin = {"to": relative, "relation": "parent", "proof": "x"}
    gifts.ask(member, minutes=5, **kin, **by(clerk))
    enter(client, "checker")
    with CaptureQueriesContext(connection) as few:
        client.get("/hours/requests/")
    gifts.ask(member, minutes=5, **kin, **by(clerk))
    openings.ask(member, minutes=5, on=today, evidence="x", **by(StaffFactory(role="clerk")))

    with CaptureQueriesContext(connection) as more:
        client.get("/hours/requests/")

    assert len(more) == len(few)


def test_what_a_member_asked_for_is_not_undone_by_staff(client, member):
    own = UserFactory(member=member)
    asked = donations.give(member, minutes=60, **by(own))
    enter(client, "administrator")

    assert buttons(client, asked) == set()
    assert press(client, "undo", asked).status_code == 403


def test_the_grant_of_a_month_says_for_how_many_it_is_and_then_how_many_have_it(
    client, clerk, checker, today
):
    for year in (1935, 1936):
        ElderFactory(member__birth_date=datetime.date(year, 5, 1), living="alone")
    asked = grants.ask_month(community(), today, **by(clerk))
    client.force_login(checker)

    before = page(client, asked)
    after = press(client, "approve", asked).content.decode()

    assert before.context["limits"].figures[0] == ("For 2 elders in all", 480)
    assert [minutes for _label, minutes in before.context["limits"].figures] == [480, 0, -480]
    assert "2 elders have the grant of this month." in after
