import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from members import staffing
from members.models import Area, StaffRole, User
from tests.factories import StaffFactory, UserFactory, community

SUBDISTRICT, ELSEWHERE = "530111001000", "530111002001"
GUARD = "members_area_keeps_an_administrator"


def administrator(code=SUBDISTRICT, **fields):
    return StaffFactory(role="administrator", area=Area.objects.get(code=code), **fields)


def role_of(user):
    return StaffRole.objects.get(user=user)


@pytest.mark.django_db
def test_a_role_is_given_within_ones_area():
    somebody = UserFactory()

    staffing.give(somebody, role="clerk", area=community(), by=administrator())

    assert somebody.has_role("clerk", area=community())


@pytest.mark.django_db
def test_no_role_is_given_outside_ones_area():
    somebody, place = UserFactory(), community(ELSEWHERE)

    with pytest.raises(staffing.OutOfReach):
        staffing.give(somebody, role="clerk", area=place, by=administrator())

    assert not somebody.roles.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["clerk", "checker", "coordinator", "auditor"])
def test_who_does_not_administer_gives_nothing(role):
    with pytest.raises(staffing.OutOfReach):
        staffing.give(UserFactory(), role="clerk", area=community(), by=StaffFactory(role=role))


@pytest.mark.django_db
def test_nobody_gives_changes_or_takes_a_role_of_their_own():
    boss = administrator()
    administrator()

    with pytest.raises(staffing.OwnRole):
        staffing.give(boss, role="auditor", area=community(), by=boss)
    with pytest.raises(staffing.OwnRole):
        staffing.change(role_of(boss), role="auditor", area=community(), by=boss)
    with pytest.raises(staffing.OwnRole):
        staffing.take(role_of(boss), by=boss)
    with pytest.raises(staffing.OwnAccount):
        staffing.let_go(boss, by=boss)

    assert role_of(boss).role == "administrator"


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["take", "change", "let_go"])
def test_the_last_administrator_of_an_area_stays(act):
    last, root = administrator(), UserFactory(is_superuser=True)

    with pytest.raises(staffing.LastAdministrator):
        _do(act, last, by=root)

    assert role_of(last).role == "administrator"
    assert User.objects.get(pk=last.pk).is_active


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["take", "change", "let_go"])
def test_an_administrator_goes_while_another_stands_beside_or_above(act):
    above, beside, one = administrator("530111000000"), administrator(), administrator()

    _do(act, one, by=beside)
    _do(act, beside, by=above)

    for gone in (one, beside):
        gone = User.objects.get(pk=gone.pk)
        assert not (gone.is_active and gone.has_role("administrator"))


@pytest.mark.django_db
def test_one_who_signs_in_no_more_is_no_administrator():
    last, root = administrator(), UserFactory(is_superuser=True)
    administrator(is_active=False)

    with pytest.raises(staffing.LastAdministrator):
        staffing.take(role_of(last), by=root)


@pytest.mark.django_db
def test_what_is_taken_is_gone_with_the_next_request(client):
    boss, clerk = administrator(), StaffFactory(role="clerk")
    client.force_login(clerk)
    assert client.get(reverse("visit_log")).status_code == 200

    staffing.take(role_of(clerk), by=boss)

    assert client.get(reverse("visit_log")).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_each_others_role_one_stays():
    one, two = administrator(), administrator()
    began, outcomes = threading.Barrier(2, timeout=20), []

    def take(whom, by):
        by.reach()  # as a request knows the roles from its beginning
        began.wait()
        try:
            staffing.take(role_of(whom), by=by)
            outcomes.append("taken")
        except staffing.LastAdministrator:
            outcomes.append("last")
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["last", "taken"]
    assert StaffRole.objects.filter(role="administrator").count() == 1


def _past_the_rules(act, user):
    """What no page does: written to the database with no question asked."""
    roles, account = StaffRole.objects.filter(user=user), User.objects.filter(pk=user.pk)
    if act == "take":
        roles.delete()
    elif act == "change":
        roles.update(role="clerk")
    elif act == "move":
        roles.update(area=community(ELSEWHERE))
    else:
        account.update(is_active=False)


def _looked_at(act, user):
    """The same, with the database looking at once, as it does at the end of a transaction."""
    with transaction.atomic():
        _past_the_rules(act, user)
        connection.check_constraints()


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["take", "change", "move", "let_go"])
def test_the_database_keeps_the_last_administrator(act):
    last = administrator()
    StaffFactory(role="clerk"), administrator(is_active=False), administrator(ELSEWHERE)

    with pytest.raises(IntegrityError, match=GUARD):
        _looked_at(act, last)

    assert role_of(last).role == "administrator"


@pytest.mark.django_db
def test_the_database_looks_when_all_is_written():
    last = administrator()

    StaffRole.objects.filter(user=last).delete()
    User.objects.filter(pk=last.pk).update(is_active=False)
    with pytest.raises(IntegrityError, match=GUARD), transaction.atomic():
        connection.check_constraints()
    administrator("530111000000")

    connection.check_constraints()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("acts", [("take", "let_go"), ("let_go", "let_go"), ("change", "take")])
def test_of_two_who_leave_at_once_past_the_rules_one_stays(acts):
    """The first was looked at and has not committed, so that the second does not see it gone."""
    people, outcomes = [administrator(), administrator()], []

    def leave():
        try:
            _looked_at(acts[1], people[1])
            outcomes.append("left")
        except IntegrityError as error:
            outcomes.append(str(error))
        finally:
            connection.close()

    second = threading.Thread(target=leave)
    with transaction.atomic():
        _looked_at(acts[0], people[0])
        second.start()
        second.join(1)
    second.join(20)

    (outcome,) = outcomes
    assert GUARD in outcome
    able = StaffRole.objects.filter(role="administrator", user__is_active=True)
    assert able.count() == 1


def _do(act, user, *, by):
    if act == "take":
        staffing.take(role_of(user), by=by)
    elif act == "change":
        staffing.change(role_of(user), role="clerk", area=community(), by=by)
    else:
        staffing.let_go(user, by=by)


@pytest.mark.django_db
def test_the_administration_says_why_a_role_stays(client):
    boss = administrator()
    client.force_login(boss)
    client.cookies["django_language"] = "en"
    own = role_of(boss)
    acts = [
        (reverse("admin:members_staffrole_delete", args=[own.pk]), {"post": "yes"}),
        (
            reverse("admin:members_staffrole_change", args=[own.pk]),
            {"role": "auditor", "area": own.area_id},
        ),
        (
            reverse("admin:members_staffrole_add"),
            {"user": boss.pk, "role": "auditor", "area": own.area_id},
        ),
        (
            reverse("admin:members_staffrole_changelist"),
            {"action": "delete_selected", "_selected_action": [own.pk], "post": "yes"},
        ),
    ]

    for address, form in acts:
        page = client.post(address, form, follow=True).content.decode()
        assert "Nobody changes their own roles." in page

    assert [(role.role, role.area) for role in boss.roles.all()] == [("administrator", own.area)]


@pytest.mark.django_db
def test_the_administration_gives_changes_and_takes_roles_and_closes_accounts(client):
    client.force_login(administrator())
    user, area = UserFactory(), community()

    client.post(
        reverse("admin:members_staffrole_add"),
        {"user": user.pk, "role": "clerk", "area": area.pk},
    )
    held = role_of(user)
    change = reverse("admin:members_staffrole_change", args=[held.pk])
    client.post(change, {"role": "checker", "area": area.pk})
    assert role_of(user).role == "checker"
    client.post(reverse("admin:members_staffrole_delete", args=[held.pk]), {"post": "yes"})
    assert not user.roles.exists()
    client.post(reverse("admin:members_user_change", args=[user.pk]), {"username": user.username})
    assert not User.objects.get(pk=user.pk).is_active


@pytest.mark.django_db
def test_the_account_of_an_area_s_last_administrator_is_not_closed(client):
    last = administrator()
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    client.cookies["django_language"] = "en"

    page = client.post(
        reverse("admin:members_user_change", args=[last.pk]),
        {"username": last.username},
        follow=True,
    )

    assert "The area would have no administrator." in page.content.decode()
    assert User.objects.get(pk=last.pk).is_active
