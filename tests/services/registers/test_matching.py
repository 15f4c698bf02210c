import pytest

from services.registers.cells import Cannot
from services.registers.matching import People
from tests.factories import ElderFactory, MemberFactory, VolunteerFactory, community

ID, OTHER_ID = "530111196005010022", "530111196005010049"

pytestmark = pytest.mark.django_db


def row(name="王敏", id_number=None, birth_date=None, phones=()):
    return {"name": name, "id_number": id_number, "birth_date": birth_date, "phones": list(phones)}


def who(**fields):
    person = People(community()).who_is(row(**fields))
    return person and person.ref


def refusal(call):
    with pytest.raises(Cannot) as caught:
        call()
    return caught.value.code


def member(**fields):
    return MemberFactory(**({"name": "王敏", "birth_date": None} | fields)).pk


def test_somebody_is_known_by_the_id_number():
    known = member(id_number=ID, phone="13812340001")

    assert who(id_number=ID, phones=["13900000000"]) == known


def test_somebody_is_known_by_name_and_phone():
    known = member(phone="13812340001")

    assert who(phones=["13812340001"]) == known
    assert who(phones=["13812340001"], id_number=ID) == known


def test_somebody_is_known_by_name_and_birth_date():
    known = member(birth_date="1960-05-01")

    assert who(birth_date="1960-05-01") == known


def test_a_namesake_with_another_id_number_phone_or_birth_date_is_somebody_else():
    member(id_number=ID, phone="13812340001", birth_date="1960-05-01")

    assert who(id_number=OTHER_ID) is None
    assert who(phones=["13900000000"]) is None
    assert who(birth_date="1961-01-01") is None


def test_two_who_share_name_and_phone_but_not_the_id_number_are_two():
    member(id_number=ID, phone="13812340001")

    assert who(id_number=OTHER_ID, phones=["13812340001"]) is None


def test_with_nothing_to_tell_apart_nobody_is_guessed():
    member(phone="13812340001")

    assert refusal(lambda: who()) == "ambiguous_person"


def test_between_two_who_share_name_and_phone_nobody_is_guessed():
    member(phone="13812340001")
    member(phone="13812340001")

    assert refusal(lambda: who(phones=["13812340001"])) == "ambiguous_person"


def test_an_id_number_under_another_name_is_refused():
    member(name="李芳", id_number=ID)

    assert refusal(lambda: who(id_number=ID)) == "id_number_of_someone_else"


def test_people_of_other_communities_are_not_looked_at():
    MemberFactory(name="王敏", area=community("530111001002"), phone="13812340001")

    assert who(phones=["13812340001"]) is None


def named(name, digits="", side="volunteer"):
    return People(community()).named(name, digits, side).ref


def test_a_service_row_names_the_only_volunteer_of_that_name():
    volunteer = VolunteerFactory(member__name="王敏").member

    assert named("王敏") == volunteer.pk


def test_a_volunteer_and_an_elder_of_one_name_are_told_apart_by_their_side():
    volunteer = VolunteerFactory(member__name="王敏").member
    elder = ElderFactory(member__name="王敏").member

    assert named("王敏") == volunteer.pk
    assert named("王敏", side="elder") == elder.pk


def test_namesakes_are_told_apart_by_the_end_of_the_phone():
    first = VolunteerFactory(member__name="王敏", member__phone="13812340001").member
    VolunteerFactory(member__name="王敏", member__phone="13812340002")

    assert named("王敏", "0001") == first.pk
    assert named("王敏", "13812340001") == first.pk
    assert refusal(lambda: named("王敏")) == "ambiguous_volunteer"
    assert refusal(lambda: named("王敏", "9999")) == "unknown_volunteer"


def test_the_member_number_names_a_person_too():
    member = VolunteerFactory(member__name="王敏").member
    VolunteerFactory(member__name="王敏")

    assert named("王敏", member.number) == member.pk


def test_a_stranger_is_unknown_on_either_side():
    assert refusal(lambda: named("王敏")) == "unknown_volunteer"
    assert refusal(lambda: named("王敏", side="elder")) == "unknown_elder"
