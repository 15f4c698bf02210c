"""Hours that an agent asks for in an elder's name."""

import datetime
import threading
import time
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection
from django.utils import timezone

from ledger import approvals, donations, gifts, redemptions, requests
from ledger.models import MovementRequest
from members import agents, consents
from members.models import Agent
from tests.factories import ElderFactory, MemberFactory, StaffFactory, UserFactory

from .people import by, credit, hours

pytestmark = pytest.mark.django_db
A_DAY = datetime.timedelta(days=1)


@pytest.fixture
def elder(db):
    one = ElderFactory().member
    credit(one, 600)
    return one


@pytest.fixture
def daughter(db):
    return UserFactory(member=MemberFactory(birth_date=datetime.date(1970, 5, 1)))


def appoint(elder, user, clerk, *scopes, **changes):
    told = {"since": timezone.localdate(), "until": None, "how": "paper"} | changes
    scopes = scopes or ["ask"]
    return agents.appoint(elder, agent=user.member, scopes=scopes, **told, **by(clerk))


@pytest.fixture
def agency(elder, daughter, clerk):
    return appoint(elder, daughter, clerk)


def ask(elder, user, **changes):
    told = {"minutes": 120, "on": timezone.localdate()} | by(user) | changes
    return redemptions.ask(elder, **told)


def test_an_agent_asks_for_the_elder_and_staff_set_the_hours_aside(
    agency, elder, daughter, approve
):
    request = ask(elder, daughter)

    assert (request.state, request.member, request.author) == ("waiting", elder, daughter)
    assert request.agency == agency
    assert hours(elder) == (600, 0, 0)
    approve(request)
    assert hours(elder) == (480, 0, 0)


def test_what_the_elder_or_staff_ask_for_names_no_agent(agency, elder, clerk):
    own = UserFactory(member=elder)

    assert ask(elder, own).agency is None
    assert ask(elder, clerk).agency is None


@pytest.mark.parametrize("scopes", [["see"], ["confirm"], ["confirm", "see"]])
def test_who_may_not_ask_does_not(elder, daughter, clerk, scopes):
    appoint(elder, daughter, clerk, *scopes)

    with pytest.raises(PermissionDenied):
        ask(elder, daughter)


def test_strangers_and_agents_of_others_ask_for_nobody(agency, elder, daughter):
    for user, whose in ((UserFactory(member=MemberFactory()), elder), (daughter, MemberFactory())):
        with pytest.raises(PermissionDenied):
            ask(whose, user)


def test_an_agent_asks_for_nobody_but_the_elder(agency, elder, daughter):
    relative = MemberFactory(birth_date=datetime.date(1936, 5, 1))

    with pytest.raises(PermissionDenied):
        ask(elder, daughter, beneficiary=relative, relation="spouse", proof="x")


def test_an_agent_gives_nothing_away(agency, elder, daughter):
    with pytest.raises(PermissionDenied):
        donations.give(elder, minutes=60, **by(daughter))
    words = {"relation": "child", "proof": "x"}
    with pytest.raises(PermissionDenied):
        gifts.ask(elder, to=MemberFactory(), minutes=60, **words, **by(daughter))


def test_the_rules_of_the_elder_hold_for_the_agent(agency, elder, daughter):
    elder.birth_date = datetime.date(1990, 5, 1)
    elder.save(update_fields=["birth_date"])

    with pytest.raises(redemptions.NeedsReason):
        ask(elder, daughter)


def test_the_same_form_twice_asks_once(agency, elder, daughter):
    key = uuid.uuid4()

    assert ask(elder, daughter, key=key) == ask(elder, daughter, key=key)
    with pytest.raises(requests.KeyReused):
        ask(elder, daughter, key=key, minutes=60)


@pytest.mark.parametrize("how", ["revoked", "withdrawn", "out of time"])
def test_who_acts_no_longer_asks_for_nothing(elder, daughter, clerk, how):
    agency = appoint(elder, daughter, clerk, until=timezone.localdate())
    end(how, agency, clerk)
    later = timezone.now() + (A_DAY if how == "out of time" else datetime.timedelta())

    with pytest.raises(PermissionDenied):
        ask(elder, daughter, at=later)


@pytest.mark.parametrize("how", ["revoked", "withdrawn", "out of time"])
def test_what_an_agent_asked_is_not_approved_once_they_act_no_longer(
    elder, daughter, clerk, approve, checker, how
):
    agency = appoint(elder, daughter, clerk, until=timezone.localdate())
    request = ask(elder, daughter)
    end(how, agency, clerk)
    later = timezone.now() + (A_DAY if how == "out of time" else datetime.timedelta())

    with pytest.raises(redemptions.AgentNoLonger):
        approve(request, at=later)

    assert hours(elder) == (600, 0, 0)
    approvals.send_back(request, by=checker, at=later, reason="不再代理")


def end(how, agency, clerk):
    if how == "revoked":
        agents.revoke(agency, by=clerk, at=timezone.now())
    if how == "withdrawn":
        consents.withdraw(agency.member, "agent", how="call", by=clerk, at=timezone.now())


def row(elder, user, agency, **changes):
    told = {"kind": "redeem", "area": elder.area, "member": elder, "minutes": 60, "author": user}
    told |= {"on": timezone.localdate(), "asked_at": timezone.now(), "needs_approval": True}
    return MovementRequest(key=uuid.uuid4(), agency=agency, **(told | changes))


@pytest.mark.parametrize(
    "wrong",
    ["none", "of another elder", "of another agent", "to see", "revoked", "withdrawn", "of staff"],
)
def test_the_database_lets_only_agents_ask_who_may(elder, daughter, clerk, wrong):
    agency, user = appoint(elder, daughter, clerk), daughter
    if wrong == "none":
        agency = None
    elif wrong == "of another elder":
        agency = appoint(ElderFactory().member, daughter, clerk)
    elif wrong == "of another agent":
        user = UserFactory(member=MemberFactory())
    elif wrong == "to see":
        agents.revoke(agency, by=clerk, at=timezone.now())
        agency = appoint(elder, daughter, clerk, "see")
    elif wrong == "of staff":
        user = clerk
    end(wrong, agency, clerk)

    with pytest.raises(IntegrityError, match="by an agent who may"):
        row(elder, user, agency).save()


def test_the_database_lets_no_agent_be_named_later(elder, daughter, clerk, agency):
    request = ask(elder, clerk)

    request.agency = agency
    with pytest.raises(IntegrityError, match="by an agent who may"):
        request.save(update_fields=["agency"])


@pytest.mark.parametrize(
    "wrong", [{"kind": "donate"}, {"relation": "spouse", "proof": "x", "other": True}]
)
def test_the_database_lets_agents_use_hours_for_the_elder_alone(elder, daughter, agency, wrong):
    if "other" in wrong:
        wrong = wrong | {"other": MemberFactory()}

    with pytest.raises(IntegrityError, match="of_an_agent_uses_hours_for_the_elder"):
        row(elder, daughter, agency, **wrong).save()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["revoked", "withdrawn"])
def test_asking_waits_for_a_revocation_at_the_same_time(elder, daughter, connect, how):
    clerk = StaffFactory()
    agency = appoint(elder, daughter, clerk)
    ending, watcher, found = connect(), connect("postgres", autocommit=True), []
    if how == "revoked":
        sql = "UPDATE members_agent SET revoked_at = now(), revoked_by_id = %s WHERE id = %s"
        ending.execute(sql, [clerk.pk, agency.pk])
    else:
        ending.execute("SELECT FROM members_member WHERE id = %s FOR UPDATE", [elder.pk])
        ending.execute(
            "INSERT INTO members_consent (member_id, purpose, text_id, act, how, witness, said_on,"
            " recorded_at, recorded_by_id) SELECT member_id, purpose, text_id, 'withdrawn', how,"
            " witness, said_on, recorded_at, recorded_by_id FROM members_consent WHERE id = %s",
            [agency.consent_id],
        )

    def asking():
        try:
            found.append(ask(elder, daughter))
        except Exception as refusal:  # looked at below, in the thread of the test
            found.append(refusal)
        finally:
            connection.close()

    thread = threading.Thread(target=asking)
    thread.start()
    wait_until_somebody_waits(watcher)
    ending.commit()
    thread.join(timeout=20)

    assert isinstance(found[0], PermissionDenied)
    assert not MovementRequest.objects.exists()
    assert Agent.objects.count() == 1


def wait_until_somebody_waits(watcher):
    waiting = (
        "SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(500):
        if watcher.execute(waiting).fetchone() is not None:
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits for a lock")
