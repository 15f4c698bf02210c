import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError

from members import consents, refusals
from members.eligibility import Records, Rule
from members.models import Consent, ConsentText, Purpose
from members.models.consents import NOT_ASKED
from tests.factories import ElderFactory, MemberFactory, StaffFactory, UserFactory, community

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2026, 11, 23, 2, tzinfo=datetime.UTC)
TODAY = NOW.date()
LATER = NOW + datetime.timedelta(minutes=1)


@pytest.fixture
def clerk():
    return StaffFactory(role="clerk")


@pytest.fixture
def member():
    return MemberFactory()


def give(member, purpose, by, **changes):
    return consents.give(member, purpose, **({"how": "paper", "by": by, "at": NOW} | changes))


def withdraw(member, purpose, by, **changes):
    return consents.withdraw(member, purpose, **({"how": "call", "by": by, "at": NOW} | changes))


def allowed(member, at=LATER):
    return {purpose for purpose in Purpose if consents.allows(member, purpose, at=at)}


def test_of_whom_nobody_has_asked_only_what_leaves_the_house_is_hidden(member):
    assert set(Purpose) - allowed(member) == {Purpose.PUBLIC_NOTICE, Purpose.AGENT}
    assert consents.hidden(member, at=NOW) == {"public_notice", "agent"}


@pytest.mark.parametrize("purpose", [one for one in Purpose if one not in NOT_ASKED])
def test_a_yes_allows_and_a_no_hides_that_purpose_alone(member, clerk, purpose):
    before = allowed(member) - {purpose}

    give(member, purpose, clerk)
    assert allowed(member) == before | {purpose}

    withdraw(member, purpose, clerk)
    assert allowed(member) == before
    assert purpose in consents.hidden(member, at=LATER)


@pytest.mark.parametrize("purpose", NOT_ASKED)
def test_for_what_is_not_done_nobody_is_asked(member, clerk, purpose):
    with pytest.raises(refusals.NotAsked):
        give(member, purpose, clerk)

    shown = [one.purpose for one in consents.standings(member, on=TODAY)]
    assert shown == [one for one in Purpose if one not in NOT_ASKED]


@pytest.mark.parametrize("purpose", NOT_ASKED)
def test_an_earlier_yes_to_it_is_shown_until_it_is_withdrawn(member, clerk, purpose):
    said = {"act": "given", "how": "paper", "said_on": TODAY, "recorded_at": NOW}
    text = ConsentText.objects.get(purpose=purpose)
    Consent.objects.create(member=member, purpose=purpose, text=text, recorded_by=clerk, **said)
    assert purpose in [one.purpose for one in consents.standings(member, on=TODAY)]

    withdraw(member, purpose, clerk)

    assert purpose not in [one.purpose for one in consents.standings(member, on=TODAY)]
    assert len(consents.history(member)) == 2


def test_a_no_can_be_turned_into_a_yes_and_all_words_are_kept(member, clerk):
    give(member, "sensitive", clerk)
    withdraw(member, "sensitive", clerk)
    give(member, "sensitive", clerk)

    assert consents.allows(member, "sensitive", at=LATER)
    assert [one.act for one in consents.history(member)] == ["given", "withdrawn", "given"]


def test_what_counts_is_what_was_recorded_by_then(member, clerk):
    give(member, "sensitive", clerk)
    withdraw(member, "sensitive", clerk, at=NOW + datetime.timedelta(hours=1))

    assert consents.allows(member, "sensitive", at=LATER)
    assert not consents.allows(member, "sensitive", at=NOW + datetime.timedelta(hours=1))
    assert "sensitive" not in consents.hidden(member, at=LATER)


@pytest.mark.parametrize("say", [give, withdraw])
def test_the_same_word_twice_is_one_row(member, clerk, say):
    first, second = say(member, "family", clerk), say(member, "family", clerk)

    assert first == second
    assert Consent.objects.count() == 1


def test_a_new_text_asks_for_a_new_yes(member, clerk):
    give(member, "family", clerk)
    ConsentText.objects.create(
        purpose="family", version=2, effective_from=TODAY, text_zh="新", text_en="new"
    )

    [standing] = [s for s in consents.standings(member, on=TODAY) if s.purpose == "family"]
    assert standing.is_given
    assert standing.is_to_an_older_text

    give(member, "family", clerk)

    versions = member.consents.order_by("pk").values_list("text__version", flat=True)
    assert list(versions) == [1, 2]


def test_a_text_holds_from_its_day_on(member, clerk):
    tomorrow = TODAY + datetime.timedelta(1)
    ConsentText.objects.create(
        purpose="basic", version=2, effective_from=tomorrow, text_zh="新", text_en="new"
    )

    assert give(member, "basic", clerk).text.version == 1
    assert consents.standings(member, on=tomorrow)[0].is_to_an_older_text


def test_what_is_spoken_has_a_witness_and_nothing_else_has(member, clerk):
    with pytest.raises(refusals.NeedsWitness):
        give(member, "basic", clerk, how="spoken")
    with pytest.raises(refusals.NeedsWitness):
        give(member, "basic", clerk, how="paper", witness="王")

    assert give(member, "basic", clerk, how="spoken", witness="王秀英").witness == "王秀英"


def test_nothing_was_said_tomorrow(member, clerk):
    with pytest.raises(refusals.InTheFuture):
        give(member, "basic", clerk, said_on=TODAY + datetime.timedelta(1))


def test_a_member_says_it_by_themselves(member):
    own = UserFactory(member=member)

    give(member, "family", own, how="own")
    withdraw(member, "family", own, how="own")

    assert not consents.allows(member, "family", at=LATER)


@pytest.mark.parametrize("how", ["paper", "call"])
def test_a_member_does_not_say_that_staff_have_heard_it(member, how):
    with pytest.raises(PermissionDenied):
        give(member, "family", UserFactory(member=member), how=how)


def test_staff_do_not_say_that_the_member_has_signed_in(member, clerk):
    with pytest.raises(PermissionDenied):
        give(member, "family", clerk, how="own")


def test_nobody_else_speaks_for_the_member(member):
    strangers = [
        StaffFactory(role="clerk", area=community("530111001002")),
        StaffFactory(role="auditor"),
        UserFactory(member=MemberFactory()),
    ]

    for stranger in strangers:
        with pytest.raises(PermissionDenied):
            withdraw(member, "basic", stranger)


def test_health_and_income_are_not_used_once_the_consent_is_withdrawn(clerk):
    elder = ElderFactory(member__birth_date=datetime.date(1960, 1, 1), income="destitute")
    assert Records([elder.member_id]).rule_on(elder, TODAY) == Rule.B

    withdraw(elder.member, "sensitive", clerk)

    assert Records([elder.member_id]).rule_on(elder, TODAY) == Rule.NONE
    give(elder.member, "sensitive", clerk)
    assert Records([elder.member_id]).rule_on(elder, TODAY) == Rule.B


def test_those_who_have_withdrawn_are_found_by_their_last_word(clerk):
    gone, back, other = (MemberFactory() for _ in range(3))
    for one in (gone, back):
        withdraw(one, "sensitive", clerk)
    give(back, "sensitive", clerk)
    withdraw(other, "family", clerk)

    found = Consent.objects.withdrawn(Purpose.SENSITIVE)

    assert [row["member"] for row in found] == [gone.pk]


BAD_ROWS = {
    "spoken_has_a_witness": {"how": "spoken"},
    "is_said_before_it_is_recorded": {"said_on": TODAY + datetime.timedelta(1)},
}


@pytest.mark.parametrize(("constraint", "row"), BAD_ROWS.items(), ids=list(BAD_ROWS))
def test_the_database_refuses_what_nobody_can_have_said(member, clerk, constraint, row):
    good = {
        "member": member,
        "purpose": "basic",
        "text": ConsentText.objects.get(purpose="basic"),
        "act": "given",
        "how": "paper",
        "said_on": TODAY,
        "recorded_at": NOW,
        "recorded_by": clerk,
    }

    with pytest.raises(IntegrityError, match=f"members_consent_{constraint}"):
        Consent.objects.create(**(good | row))


def test_a_version_of_a_text_is_written_once():
    with pytest.raises(IntegrityError, match="members_consenttext_has_one_version"):
        ConsentText.objects.create(
            purpose="basic", version=1, effective_from=TODAY, text_zh="x", text_en="x"
        )
