"""The form of each kind of movement: what it does, what it says before and after, who may not."""

import pytest
from django.utils import timezone

from ledger import closures
from ledger.models import MovementRequest, Policy, PolicyQuerySet
from tests.factories import MemberFactory, community

from .pages import ELSEWHERE, address, enter, errors, filled, picked
from .people import credit, hours, pool

pytestmark = pytest.mark.django_db
ACTS = ["donate", "gift", "redeem", "grant", "opening", "move", "close"]
KIN = {"relation": "parent", "proof": "household register, page 3"}
FIELDS = {
    "donate": {"minutes": "60"},
    "gift": {"minutes": "1.5", **KIN},
    "redeem": {"minutes": "1小时30分", "on": "2026-12-24"},
    "grant": {"minutes": "60", "expires_on": "2026-12-31", "reason": "ill"},
    "opening": {"minutes": "352小时", "on": "昨天", "evidence": "passbook 17"},
    "move": {"destination": ELSEWHERE, "reason": "moved"},
    "close": {"reason": "left"},
}


@pytest.fixture
def client(client, member):
    client.about = member
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def fields(relative):
    def of(act, **changes):
        told = filled(**FIELDS[act]) | changes
        return picked("other", relative) | told if act == "gift" else told

    return of


def freeze(member, checker):
    closures.freeze(member, by=checker, at=timezone.now())


@pytest.mark.parametrize("act", ACTS)
def test_a_form_asks_for_what_it_says_and_a_second_sending_is_harmless(
    client, member, checker, fields, act
):
    if act == "close":
        freeze(member, checker)
    clerk = enter(client, "clerk")
    sent = fields(act)

    assert client.get(address(f"hours_{act}", member)).status_code == 200
    first, second = [client.post(address(f"hours_{act}", member), sent) for _ in range(2)]

    asked = MovementRequest.objects.get()
    assert first.url == second.url == address("hours_request", asked)
    assert (str(asked.key), asked.author, asked.member) == (sent["key"], clerk, member)
    assert asked.state == ("done" if act == "donate" else "waiting")


def test_what_was_typed_is_what_is_asked(client, member, relative, fields):
    enter(client, "clerk")
    for act in ("gift", "redeem", "opening", "move"):
        client.post(address(f"hours_{act}", member), fields(act))

    gift, redeem, opening, move = MovementRequest.objects.order_by("pk")
    assert (gift.other, gift.minutes, gift.relation) == (relative, 90, "parent")
    assert (gift.proof, redeem.minutes, str(redeem.on)) == (KIN["proof"], 90, "2026-12-24")
    assert (redeem.other, opening.minutes, opening.proof) == (None, 21120, "passbook 17")
    assert move.destination == community(ELSEWHERE)


def test_a_donation_is_booked_at_once(client, member, fields):
    enter(client, "clerk")

    answer = client.post(address("hours_donate", member), fields("donate"), follow=True)

    assert [str(message) for message in answer.context["messages"]] == ["The hours are booked."]
    assert (hours(member), pool(member.area)) == ((540, 0, 0), 60)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("role", "status"), [("auditor", 403), ("member", 403), ("outside", 404), (None, 302)]
)
def test_who_may_not_sees_no_form_and_moves_nothing(client, member, fields, act, role, status):
    if role:
        enter(client, role)

    for answer in (
        client.get(address(f"hours_{act}", member)),
        client.post(address(f"hours_{act}", member), fields(act)),
    ):
        assert answer.status_code == status
    assert not MovementRequest.objects.exists()


@pytest.mark.parametrize("role", ["clerk", "checker", "coordinator", "administrator"])
def test_whoever_writes_here_may_ask(client, member, fields, role):
    enter(client, role)

    client.post(address("hours_opening", member), fields("opening"))

    assert MovementRequest.objects.get().state == "waiting"


NONSENSE = ["", " ", "abc", "\0", "-5", "0", "9" * 61, "9" * 600, "2026-02-30", "9999-12-31"]
ANYTHING = {"reason", "evidence", "proof", "other"}
DAYS_THAT_ARE = {"0", "-5"}  # today, five days ago


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_in_any_field_is_answered_with_a_sentence(client, member, fields, act, nonsense):
    enter(client, "clerk")
    sent = fields(act)

    for name in {*sent, "other"} - {"other_key", "other_for"}:
        answer = client.post(address(f"hours_{act}", member), sent | {name: nonsense})

        assert answer.status_code in (200, 302), name
        if answer.status_code == 200:
            assert answer.context["form"].errors, name
            assert "notice-error" in answer.content.decode(), name
        elif nonsense.strip():
            is_day = name in ("on", "expires_on") and nonsense in DAYS_THAT_ARE
            assert is_day or name in ANYTHING, name
        MovementRequest.objects.all().delete()
        sent |= filled()


@pytest.mark.parametrize(
    ("act", "sent", "field"),
    [
        ("donate", {"minutes": "601"}, "minutes"),
        ("gift", {"relation": ""}, "relation"),
        ("gift", {"proof": ""}, "proof"),
        ("grant", {"expires_on": "2026-01-01"}, "expires_on"),
        ("redeem", {"relation": "spouse"}, "other"),
        ("opening", {"on": "2027-01-01"}, "on"),
        ("move", {"destination": "530111001001"}, "destination"),
        ("move", {"destination": "530111001000"}, "destination"),
        ("close", {}, "__all__"),
    ],
)
def test_what_a_rule_forbids_stands_at_its_field(client, member, fields, act, sent, field):
    enter(client, "clerk")

    answer = client.post(address(f"hours_{act}", member), fields(act, **sent))

    assert errors(answer, field)
    assert not MovementRequest.objects.exists()
    assert hours(member) == (600, 0, 0)


def test_nobody_gives_to_themselves(client, member, fields):
    enter(client, "clerk")

    answer = client.post(address("hours_gift", member), fields("gift") | picked("other", member))

    assert errors(answer, "other") == ["These are the hours of this very person."]


def test_a_relative_who_is_too_young_or_elsewhere_is_refused_at_their_field(client, member, fields):
    enter(client, "administrator")
    young = MemberFactory(birth_date="2000-01-01")

    answer = client.post(address("hours_gift", member), fields("gift") | picked("other", young))

    assert errors(answer, "other") == ["The relative is too young for this."]


def test_a_person_outside_the_area_is_not_found_by_their_key(client, member, fields):
    stranger = MemberFactory(name="远方客", area=community(ELSEWHERE))
    enter(client, "clerk")

    answer = client.post(address("hours_gift", member), fields("gift") | picked("other", stranger))

    assert errors(answer, "other")[0].startswith("Nobody is found")


def test_namesakes_are_offered_to_choose_from(client, member, fields):
    for _ in range(2):
        MemberFactory(name="欧阳明", birth_date="1940-01-01")
    enter(client, "clerk")
    sent = fields("gift") | {"other": "欧阳明", "other_key": "", "other_for": ""}

    answer = client.post(address("hours_gift", member), sent)

    assert answer.content.decode().count('name="other_key"') == 2


def test_own_use_before_sixty_needs_a_reason(client, fields):
    young = MemberFactory(birth_date="1990-01-01")
    credit(young, 600)
    enter(client, "clerk")

    answer = client.post(address("hours_redeem", young), fields("redeem"))
    client.post(address("hours_redeem", young), fields("redeem", reason="broken leg"))

    assert errors(answer, "reason")
    assert MovementRequest.objects.get().reason == "broken leg"


@pytest.mark.parametrize(
    ("act", "offered"),
    [
        ("gift", {"spouse", "parent", "grandparent", "child"}),
        ("redeem", {"spouse", "parent", "grandparent"}),
        ("close", {"spouse", "parent", "grandparent", "child", "grandchild"}),
    ],
)
def test_only_relatives_for_whom_the_rules_let_hours_move_are_offered(client, member, act, offered):
    enter(client, "clerk")

    form = client.get(address(f"hours_{act}", member)).context["form"]

    assert {value for value, _label in form.fields["relation"].choices} - {""} == offered


def test_only_a_relative_takes_an_account_over(client, member, checker, relative, fields):
    freeze(member, checker)
    enter(client, "clerk")
    sent = fields("close") | picked("other", relative) | KIN

    refused = client.post(address("hours_close", member), sent | {"relation": "neighbor"})
    client.post(address("hours_close", member), sent | {"relation": "grandchild"})

    assert errors(refused, "relation")
    assert MovementRequest.objects.get().relation == "grandchild"
    assert MovementRequest.objects.get().other == relative


def test_the_same_key_for_something_else_is_refused_in_words(client, member, fields):
    enter(client, "clerk")
    sent = fields("donate")
    client.post(address("hours_donate", member), sent)

    answer = client.post(address("hours_donate", member), sent | {"minutes": "61"})

    assert errors(answer, "__all__")
    assert hours(member) == (540, 0, 0)


def test_the_limits_stand_there_before_anything_is_typed(client, member, relative, approve, fields):
    enter(client, "clerk")
    client.post(address("hours_gift", member), fields("gift"))
    approve(MovementRequest.objects.get())

    def figures(act):
        return dict(client.get(address(f"hours_{act}", member)).context["limits"].figures)

    assert figures("gift") == {"Can be given": 510, "Left of this year's limit": 12000 - 90}
    assert figures("donate") == {"Can be given": 510}
    assert figures("redeem")["Can be used"] == 510
    assert figures("opening")["Room up to the balance cap"] == 90000 - 510
    words = client.get(address("hours_gift", member)).content.decode()
    assert "The relative has to be 60 or older." in words
    assert "undone for 10 minutes" in words
    assert "A second person approves it" in words


def no_rules(*args):
    raise Policy.DoesNotExist


@pytest.mark.parametrize("act", ACTS)
def test_a_form_opens_for_who_has_nothing_and_where_no_rules_are_in_force(client, act, monkeypatch):
    nobody = MemberFactory(birth_date=None)
    enter(client, "clerk")

    assert client.get(address(f"hours_{act}", nobody)).status_code == 200
    monkeypatch.setattr(PolicyQuerySet, "in_force", no_rules)

    page = client.get(address(f"hours_{act}", nobody)).content.decode()
    assert "No rules were in force" in page
