import datetime
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError

from members import agents, consents, refusals
from members.models import Agent, Consent, Member
from tests.factories import ElderFactory, MemberFactory, StaffFactory, UserFactory, community

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2026, 11, 23, 2, tzinfo=datetime.UTC)
TODAY = NOW.date()


@pytest.fixture
def clerk():
    return StaffFactory(role="clerk")


@pytest.fixture
def elder():
    return ElderFactory().member


@pytest.fixture
def daughter():
    return UserFactory(member=MemberFactory())


def appoint(elder, agent, by, **changes):
    told = {"scopes": ["confirm", "see"], "since": TODAY, "until": None, "how": "paper"}
    told |= {"key": uuid.uuid4(), "at": NOW} | changes
    return agents.appoint(elder, agent=agent.member, by=by, **told)


def may(user, elder, day=TODAY):
    at = NOW.replace(year=day.year, month=day.month, day=day.day)
    return {scope for scope in Agent.Scope if agents.may(user, elder, scope, at=at)}


def test_an_agent_may_what_the_scope_says_and_nothing_else(elder, daughter, clerk):
    found = appoint(elder, daughter, clerk)

    assert may(daughter, elder) == {"confirm", "see"}
    assert (found.consent.purpose, found.consent.how) == ("agent", "paper")
    assert [one.member for one in agents.elders_of(daughter, at=NOW)] == [elder]


def test_an_agent_of_one_elder_may_nothing_for_another(elder, daughter, clerk):
    appoint(elder, daughter, clerk)

    assert may(daughter, ElderFactory().member) == set()
    assert may(UserFactory(member=elder), daughter.member) == set()


def test_it_holds_from_its_first_day_to_its_last(elder, daughter, clerk):
    first, last = TODAY + datetime.timedelta(2), TODAY + datetime.timedelta(4)
    appoint(elder, daughter, clerk, since=first, until=last)

    days = [TODAY + datetime.timedelta(n) for n in range(1, 6)]
    assert [bool(may(daughter, elder, day)) for day in days] == [False, True, True, True, False]
    assert agents.elders_of(daughter, at=NOW) == []


@pytest.mark.parametrize("who", ["clerk", "elder"])
def test_staff_and_the_elder_revoke_it_at_once(elder, daughter, clerk, who):
    found = appoint(elder, daughter, clerk)
    by = clerk if who == "clerk" else UserFactory(member=elder)

    agents.revoke(found, by=by, at=NOW)
    again = agents.revoke(found, by=clerk, at=NOW + datetime.timedelta(1))

    assert may(daughter, elder) == set()
    assert (again.revoked_by, again.revoked_at) == (by, NOW)


def test_neither_the_agent_nor_a_stranger_revokes_it(elder, daughter, clerk):
    found = appoint(elder, daughter, clerk)

    for user in (daughter, StaffFactory(area=community("530111001002"))):
        with pytest.raises(PermissionDenied):
            agents.revoke(found, by=user, at=NOW)


def test_a_withdrawn_consent_stops_the_agent(elder, daughter, clerk):
    appoint(elder, daughter, clerk)

    consents.withdraw(elder, "agent", how="call", by=clerk, at=NOW)

    assert may(daughter, elder) == set()
    assert agents.elders_of(daughter, at=NOW) == []


def test_a_disabled_account_acts_for_nobody(elder, daughter, clerk):
    appoint(elder, daughter, clerk)
    daughter.is_active = False

    assert may(daughter, elder) == set()


@pytest.mark.parametrize("standing", ["restricted", "erased"])
@pytest.mark.parametrize("who", ["elder", "daughter"])
def test_who_is_on_record_no_more_has_no_agent_and_is_none(elder, daughter, clerk, who, standing):
    found = appoint(elder, daughter, clerk)

    gone = elder if who == "elder" else daughter.member
    Member.objects.filter(pk=gone.pk).update(standing=standing)

    assert may(daughter, elder) == set()
    assert agents.elders_of(daughter, at=NOW) == []
    assert agents.standing([found.pk], at=NOW) == set()


def test_that_by_which_somebody_acts_is_found_while_it_holds(elder, daughter, clerk):
    found = appoint(elder, daughter, clerk)
    other = appoint(ElderFactory().member, daughter, clerk)
    agents.revoke(other, by=clerk, at=NOW)

    assert agents.agency(daughter, elder, "see", at=NOW) == found
    assert agents.agency(daughter, elder, "ask", at=NOW) is None
    assert agents.standing([found.pk, other.pk], at=NOW) == {found.pk}
    assert agents.standing([found.pk], at=NOW - datetime.timedelta(1)) == set()


def test_for_whom_somebody_acts_is_asked_once_for_all(daughter, clerk, django_assert_num_queries):
    for _elder in range(3):
        appoint(ElderFactory().member, daughter, clerk)

    with django_assert_num_queries(1):
        assert len(agents.elders_of(daughter, at=NOW)) == 3


def test_staff_are_no_agents(elder, daughter, clerk):
    appoint(elder, daughter, clerk)

    assert may(clerk, elder) == set()
    assert agents.elders_of(clerk, at=NOW) == []


def test_one_agent_is_appointed_once_until_revoked(elder, daughter, clerk):
    found = appoint(elder, daughter, clerk)
    with pytest.raises(refusals.AgentAlready):
        appoint(elder, daughter, clerk)

    agents.revoke(found, by=clerk, at=NOW)
    appoint(elder, daughter, clerk, scopes=["ask"])

    assert may(daughter, elder) == {"ask"}


def test_the_same_form_twice_appoints_once(elder, daughter, clerk):
    key = uuid.uuid4()

    assert appoint(elder, daughter, clerk, key=key) == appoint(elder, daughter, clerk, key=key)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"scopes": []}, refusals.NoScope),
        ({"until": TODAY - datetime.timedelta(1)}, refusals.EndsBeforeItBegins),
        ({"how": "spoken"}, refusals.NeedsWitness),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_written(elder, daughter, clerk, changes, refusal):
    with pytest.raises(refusal):
        appoint(elder, daughter, clerk, **changes)

    assert not Agent.objects.exists()
    assert not Consent.objects.exists()


def test_nobody_acts_for_themselves_or_for_one_who_is_no_elder(elder, daughter, clerk):
    own = UserFactory(member=elder)

    with pytest.raises(refusals.SamePerson):
        appoint(elder, own, clerk)
    with pytest.raises(refusals.NotAnElder):
        appoint(daughter.member, own, clerk)


def test_staff_of_another_community_appoint_nobody(elder, daughter):
    with pytest.raises(PermissionDenied):
        appoint(elder, daughter, StaffFactory(area=community("530111001002")))


def a_consent(member, by, act="given", purpose="agent"):
    say = consents.give if act == "given" else consents.withdraw
    return say(member, purpose, how="paper", by=by, at=NOW)


BAD_ROWS = {
    "is_another_person": {"agent": "elder"},
    "may_do_something": {"scopes": []},
    "may_do_something ": {"scopes": ["spend"]},
    "ends_after_it_begins": {"until": TODAY - datetime.timedelta(1)},
    "revoked_says_by_whom": {"revoked_at": NOW},
}


@pytest.mark.parametrize(("constraint", "row"), BAD_ROWS.items(), ids=list(BAD_ROWS))
def test_the_database_refuses_what_no_agent_can_be(elder, daughter, clerk, constraint, row):
    good = {"member": elder, "agent": daughter.member, "scopes": ["see"], "since": TODAY}
    good |= {"consent": a_consent(elder, clerk), "appointed_by": clerk, "appointed_at": NOW}
    row = {name: elder if value == "elder" else value for name, value in row.items()}

    with pytest.raises(IntegrityError, match=f"members_agent_{constraint.strip()}"):
        Agent.objects.create(**(good | row))


@pytest.mark.parametrize("whose", ["another", "withdrawn", "purpose"])
def test_an_agent_acts_by_the_elders_own_yes(elder, daughter, clerk, whose):
    consent = {
        "another": lambda: a_consent(daughter.member, clerk),
        "withdrawn": lambda: a_consent(elder, clerk, act="withdrawn"),
        "purpose": lambda: a_consent(elder, clerk, purpose="basic"),
    }[whose]()
    row = {"member": elder, "agent": daughter.member, "scopes": ["see"], "since": TODAY}

    with pytest.raises(IntegrityError, match="needs the consent of the elder"):
        Agent.objects.create(consent=consent, appointed_by=clerk, appointed_at=NOW, **row)
