"""Registering and amending one person: who may be known, which age, twice, two at once."""

import datetime
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from members import ages, joining, registration, stamps
from members.id_numbers import check_digit
from members.models import Area, Member, Volunteer
from tests.factories import MemberFactory, StaffFactory, VolunteerFactory, community
from tests.services.test_visits_races import at_once, second_while_first_is_open

ID_NUMBER = "11010519491231002X"
ELSEWHERE = "530111001002"
GUARDIAN = {
    "guardian_name": "王大山",
    "guardian_relation": "父亲",
    "guardian_phone": "13900001111",
    "guardian_consent_on": datetime.date(2026, 9, 1),
}


def register(by=None, **told):
    given = {"key": uuid.uuid4(), "area": community(), "name": "王秀英", "volunteer": {}}
    by = by or StaffFactory(role="clerk")
    return registration.register(**given | told, by=by, at=timezone.now())


def alike(**about):
    return joining.alike(areas=Area.objects.all(), **{"name": "王秀英"} | about)


def years_ago(years, days=0):
    """The birth date of somebody who has, or will have, that birthday so many days from today."""
    today = timezone.localdate() + datetime.timedelta(days=days)
    return today.replace(year=today.year - years)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("known", "about", "reasons"),
    [
        ({"id_number": ID_NUMBER, "name": "李建国"}, {"id_number": ID_NUMBER}, ("id_number",)),
        ({"phone": "13812345678"}, {"phones": ["13812345678"]}, ("phone",)),
        ({"phone": "13812345678", "name": "王秀瑛"}, {"phones": ["13812345678"]}, ("phone",)),
        ({}, {"birth_date": datetime.date(1960, 5, 1)}, ("birth_date",)),
        ({"name": "王秀瑛"}, {"birth_date": datetime.date(1960, 5, 1)}, ("birth_date",)),
        ({"birth_date": None}, {}, ("name",)),
        (
            {"phone": "13812345678"},
            {"phones": ["13812345678"], "birth_date": datetime.date(1960, 5, 1)},
            ("phone", "birth_date"),
        ),
    ],
)
def test_who_may_be_the_person_is_found_with_the_reason(known, about, reasons):
    member = MemberFactory(**{"name": "王秀英"} | known)

    assert alike(**about) == [(member, reasons)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("known", "about"),
    [
        ({"name": "李建国", "phone": "13812345678"}, {"phones": ["13812345678"]}),
        ({"name": "李建国"}, {"birth_date": datetime.date(1960, 5, 1)}),
        ({"name": "王秀瑛", "birth_date": None}, {}),
        ({"birth_date": datetime.date(1950, 1, 1)}, {"birth_date": datetime.date(1960, 5, 1)}),
        ({"phone": "13800000000", "birth_date": None}, {"phones": ["13812345678"]}),
        (
            {"id_number": ID_NUMBER, "phone": "13812345678"},
            {"id_number": "110105194912310038", "phones": ["13812345678"]},
        ),
    ],
    ids=["shared phone", "same birthday", "same sound", "born else", "phone else", "number else"],
)
def test_somebody_else_is_not_taken_for_the_person(known, about):
    MemberFactory(**{"name": "王秀英"} | known)

    assert alike(**about) == []


@pytest.mark.django_db
def test_the_surest_stands_first():
    by_phone = MemberFactory(name="王秀英", phone="13812345678", birth_date=None)
    by_number = MemberFactory(name="王秀英", id_number=ID_NUMBER, birth_date=None)

    found = alike(id_number=ID_NUMBER, phones=["13812345678"])

    assert [one.member for one in found] == [by_number, by_phone]
    assert [one.is_certain for one in found] == [True, False]


@pytest.mark.django_db
def test_people_outside_the_areas_are_not_named():
    member = MemberFactory(name="王秀英", id_number=ID_NUMBER, area=community(ELSEWHERE))
    here = Area.objects.filter(pk=community().pk)
    about = {"name": "王秀英", "birth_date": member.birth_date, "id_number": ID_NUMBER}

    assert joining.alike(areas=here, **about) == []
    assert joining.is_known_elsewhere(ID_NUMBER, areas=here)
    assert not joining.is_known_elsewhere(ID_NUMBER, areas=Area.objects.all())
    assert not joining.is_known_elsewhere(None, areas=here)


@pytest.mark.django_db
def test_a_new_person_joins_under_the_key_of_the_form():
    key, clerk = uuid.uuid4(), StaffFactory(role="clerk")

    member = register(clerk, key=key, phones=["13812345678"], volunteer={"skills": ["理发"]})

    stored = Member.objects.get(key=key)
    assert (stored, stored.created_by) == (member, clerk)
    assert stored.volunteer.skills == ["理发"]


@pytest.mark.django_db
def test_who_looks_known_is_not_registered_before_somebody_has_looked():
    known = MemberFactory(name="王秀英", phone="13812345678")

    with pytest.raises(registration.LooksKnown) as found:
        register(phones=["13812345678"])
    assert [one.member for one in found.value.people] == [known]
    with pytest.raises(registration.LooksKnown):
        register(phones=["13812345678"], heeded={uuid.uuid4()})
    assert Member.objects.count() == 1

    register(phones=["13812345678"], heeded={known.key})
    assert Member.objects.count() == 2


@pytest.mark.django_db
def test_an_id_number_cannot_be_called_somebody_else_s():
    known = MemberFactory(name="李建国", id_number=ID_NUMBER)

    with pytest.raises(registration.LooksKnown):
        register(id_number=ID_NUMBER, heeded={known.key})


@pytest.mark.django_db
def test_an_id_number_that_is_known_elsewhere_names_nobody():
    MemberFactory(name="李建国", id_number=ID_NUMBER, area=community(ELSEWHERE))

    with pytest.raises(registration.KnownElsewhere) as refusal:
        register(id_number=ID_NUMBER)

    assert refusal.value.args == ()
    assert Member.objects.count() == 1


@pytest.mark.django_db
def test_the_same_form_twice_gives_one_person():
    key, clerk = uuid.uuid4(), StaffFactory(role="clerk")

    first = register(clerk, key=key, id_number=ID_NUMBER, phones=["13812345678"])
    second = register(clerk, key=key, id_number=ID_NUMBER, phones=["13812345678"])

    assert first == second
    assert Member.objects.count() == 1


@pytest.mark.django_db
def test_a_form_that_was_saved_registers_nobody_else():
    key = uuid.uuid4()
    register(key=key)

    with pytest.raises(registration.KeyUsed):
        register(key=key, name="李建国")
    with pytest.raises(registration.KeyUsed):
        register(key=key, area=community(ELSEWHERE))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("years", "days", "refusal"),
    [
        (14, 1, ages.TooYoung),
        (14, 0, ages.NeedsGuardian),
        (18, 1, ages.NeedsGuardian),
        (18, 0, None),
        (80, 0, None),
    ],
    ids=["eve of 14", "14 today", "eve of 18", "18 today", "80"],
)
def test_the_age_decides_on_the_day(years, days, refusal):
    born = years_ago(years, days)

    if refusal is None:
        assert register(birth_date=born).volunteer
        return
    with pytest.raises(refusal):
        register(birth_date=born)
    assert not Member.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("years", "days", "joins"), [(14, 0, True), (14, 1, False)])
def test_a_guardian_lets_join_from_14_and_never_before(years, days, joins):
    told = {"birth_date": years_ago(years, days), "volunteer": GUARDIAN}

    if joins:
        member = register(**told)
        assert ages.is_accompanied(member, on=timezone.localdate())
    else:
        with pytest.raises(ages.TooYoung):
            register(**told)


@pytest.mark.django_db
@pytest.mark.parametrize("missing", list(GUARDIAN))
def test_a_guardian_with_a_gap_is_none(missing):
    side = {name: value for name, value in GUARDIAN.items() if name != missing}

    with pytest.raises(ages.NeedsGuardian):
        register(birth_date=years_ago(15), volunteer=side)


@pytest.mark.django_db
def test_the_id_number_tells_the_age_too():
    with pytest.raises(ages.TooYoung):
        register(id_number="11010520200101003" + check_digit("11010520200101003"))


@pytest.mark.django_db
def test_without_a_birth_date_nobody_is_refused_and_a_young_elder_neither():
    assert register(birth_date=None).volunteer
    assert register(name="李建国", birth_date=years_ago(12), volunteer=None, elder={}).elder


@pytest.mark.django_db
@pytest.mark.parametrize("missing", ["guardian_name", "guardian_relation", "guardian_consent_on"])
def test_the_database_keeps_a_guardian_whole(missing):
    volunteer = VolunteerFactory()
    part = {n: v for n, v in GUARDIAN.items() if n not in (missing, "guardian_phone")}

    with (
        pytest.raises(IntegrityError, match="members_volunteer_guardian_is_told_whole"),
        transaction.atomic(),
    ):
        Volunteer.objects.filter(pk=volunteer.pk).update(**part)


@pytest.mark.django_db
def test_the_database_refuses_children_as_volunteers():
    child = MemberFactory(birth_date=years_ago(14, 1))
    just = MemberFactory(birth_date=years_ago(14))

    with (
        pytest.raises(IntegrityError, match="members_volunteer_is_14_or_older"),
        transaction.atomic(),
    ):
        Volunteer.objects.create(member=child)
    Volunteer.objects.create(member=just)


@pytest.mark.django_db
def test_the_database_refuses_to_make_a_volunteer_a_child():
    volunteer = VolunteerFactory().member
    people = Member.objects.filter(pk=volunteer.pk)

    with (
        pytest.raises(IntegrityError, match="members_volunteer_is_14_or_older"),
        transaction.atomic(),
    ):
        people.update(birth_date=years_ago(13))
    people.update(birth_date=years_ago(14))
    people.update(birth_date=None)


def amend(member, by=None, seen=None, **told):
    seen = stamps.of(registration.loaded(member)) if seen is None else seen
    by = by or StaffFactory(role="clerk")
    return registration.amend(member, seen=seen, by=by, at=timezone.now(), **told)


@pytest.mark.django_db
def test_a_stale_form_is_told_what_it_would_undo():
    member = VolunteerFactory(member__name="王秀英", member__address="1幢").member
    seen = stamps.of(registration.loaded(member))
    amend(member, address="2幢", volunteer={"skills": ["理发"]})

    with pytest.raises(registration.ChangedMeanwhile) as stale:
        amend(member, seen=seen, address="3幢", note="听力不好", volunteer={"skills": ["唱歌"]})

    assert stale.value.fields == {"address", "skills"}
    stored = Member.objects.get(pk=member.pk)
    assert (stored.address, stored.note) == ("2幢", "")


@pytest.mark.django_db
def test_a_stale_form_that_changes_other_things_loses_nothing():
    member = VolunteerFactory(member__name="王秀英", member__address="1幢").member
    seen = stamps.of(registration.loaded(member))
    amend(member, address="2幢", phones=["13812345678"])

    assert amend(member, seen=seen, note="听力不好") == {"note"}

    stored = Member.objects.get(pk=member.pk)
    assert (stored.address, stored.note) == ("2幢", "听力不好")
    assert stored.phones.get().number == "13812345678"


@pytest.mark.django_db
def test_amending_makes_no_volunteer_of_a_child():
    child = MemberFactory(birth_date=years_ago(13))
    volunteer = VolunteerFactory().member

    with pytest.raises(ages.TooYoung):
        amend(child, volunteer={})
    with pytest.raises(ages.TooYoung):
        amend(volunteer, birth_date=years_ago(13))
    with pytest.raises(ages.NeedsGuardian):
        amend(volunteer, birth_date=years_ago(15))
    amend(volunteer, birth_date=years_ago(15), volunteer=GUARDIAN)
    assert amend(volunteer, note="安静") == {"note"}


def test_a_stamp_tells_nothing_but_whether_a_value_is_the_same():
    born = datetime.date(1950, 1, 1)

    assert stamps.of_value("note", "") == stamps.of_value("note", None)
    assert stamps.of_value("note", "a") != stamps.of_value("address", "a")
    assert stamps.of_value("birth_date", born) == stamps.of_value("birth_date", born)


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_twice_at_once_registers_one_person():
    key, clerk = uuid.uuid4(), StaffFactory(role="clerk")

    first, second = second_while_first_is_open(
        lambda: register(clerk, key=key, id_number=ID_NUMBER),
        lambda: register(clerk, key=key, id_number=ID_NUMBER),
    )

    assert first == second
    assert Member.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_clerks_at_once_the_second_sees_whom_the_first_registers():
    clerk, other = StaffFactory(role="clerk"), StaffFactory(role="clerk")

    first, second = second_while_first_is_open(
        lambda: register(clerk, phones=["13812345678"]),
        lambda: register(other, name="王秀瑛", phones=["13812345678"]),
    )

    assert isinstance(second, registration.LooksKnown)
    assert [one.member for one in second.people] == [first]


@pytest.mark.django_db(transaction=True)
def test_without_the_wait_both_clerks_register_the_person(monkeypatch):
    monkeypatch.setattr(registration, "_wait_for_namesakes", lambda name: None)
    clerk, other = StaffFactory(role="clerk"), StaffFactory(role="clerk")

    second_while_first_is_open(
        lambda: register(clerk, phones=["13812345678"]),
        lambda: register(other, phones=["13812345678"]),
    )

    assert Member.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_one_form_refilled_and_sent_at_once_registers_one():
    key, clerk = uuid.uuid4(), StaffFactory(role="clerk")

    _first, second = second_while_first_is_open(
        lambda: register(clerk, key=key), lambda: register(clerk, key=key, name="李建国")
    )

    assert isinstance(second, registration.KeyUsed)
    assert Member.objects.get().name == "王秀英"


@pytest.mark.django_db(transaction=True)
def test_one_id_number_at_once_in_two_communities_registers_one():
    clerk = StaffFactory(role="clerk")
    other = StaffFactory(role="clerk", area=community(ELSEWHERE))

    _first, second = second_while_first_is_open(
        lambda: register(clerk, id_number=ID_NUMBER),
        lambda: register(other, name="李建国", area=community(ELSEWHERE), id_number=ID_NUMBER),
    )

    assert isinstance(second, registration.KnownElsewhere)
    assert Member.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_amend_at_once_the_second_is_told():
    member = MemberFactory(name="王秀英", address="1幢")
    clerk, other = StaffFactory(role="clerk"), StaffFactory(role="clerk")
    seen = stamps.of(registration.loaded(member))

    _first, second = second_while_first_is_open(
        lambda: amend(member, clerk, seen, address="2幢"),
        lambda: amend(member, other, seen, address="3幢"),
    )

    assert isinstance(second, registration.ChangedMeanwhile)
    assert Member.objects.get().address == "2幢"


@pytest.mark.django_db(transaction=True)
def test_a_child_s_birth_date_and_side_at_once_do_not_pass_the_database():
    member = MemberFactory(birth_date=datetime.date(1960, 1, 1))
    people = Member.objects.filter(pk=member.pk)

    _first, second = second_while_first_is_open(
        lambda: people.update(birth_date=years_ago(10)),
        lambda: Volunteer.objects.create(member_id=member.pk),
    )

    assert isinstance(second, IntegrityError)
    assert at_once(lambda: connection.ensure_connection()) == [None]
