from datetime import date

import pytest
from django.utils import timezone

from members import joining
from members.models import Elder, Member, SearchTerm, Volunteer
from tests.factories import StaffFactory, community

pytestmark = pytest.mark.django_db

ID_NUMBER = "11010519491231002X"


def join(**fields):
    given = {"area": community(), "name": "王秀英", "by": StaffFactory(), "at": timezone.now()}
    return joining.register(**given | fields)


def keys_of(member):
    return set(SearchTerm.objects.filter(member=member).values_list("term", flat=True))


def test_whoever_joins_has_a_number_phones_sides_and_keys():
    clerk = StaffFactory()

    member = join(
        name=" 王 秀英 ",
        by=clerk,
        phones=["138 0871 2345", "13808712345"],
        volunteer={"skills": ["量血压"]},
        elder={"living": "alone"},
    )

    member.refresh_from_db()
    assert (member.name, len(member.number), member.created_by) == ("王秀英", 8, clerk)
    assert [phone.number for phone in member.phones.all()] == ["13808712345"]
    assert member.volunteer.skills == ["量血压"]
    assert member.elder.living == Elder.Living.ALONE
    assert keys_of(member) == {
        "王秀英", "wxy", "wangxiuying", "~秀英", "~xy", "~xiuying",
        "2345", member.number,
    }  # fmt: skip


def test_the_id_number_tells_what_nobody_has_told():
    member = join(id_number="11010519491231002x")

    assert (member.id_number, member.sex, member.birth_date) == (
        ID_NUMBER,
        "F",
        date(1949, 12, 31),
    )


def test_what_was_told_stands_before_what_the_id_number_says():
    member = join(id_number=ID_NUMBER, sex="M", birth_date=date(1950, 1, 1))

    assert (member.sex, member.birth_date) == ("M", date(1950, 1, 1))


@pytest.mark.parametrize("id_number", ["110105194912310021", "530111****1234"])
def test_a_number_that_does_not_fit_is_kept_and_tells_nothing(id_number):
    member = join(id_number=id_number)

    assert (member.id_number, member.sex, member.birth_date) == (id_number, "", None)


def test_many_without_an_id_number_join():
    assert join(id_number=None).id_number is None
    assert join(id_number=" ").id_number is None


def test_one_id_number_joins_once():
    join(id_number=ID_NUMBER)

    with pytest.raises(joining.IdNumberTaken):
        join(id_number=ID_NUMBER)

    assert Member.objects.count() == 1


def test_a_register_joins_wholly_or_not_at_all():
    people = [{"area": community(), "name": "甲一", "id_number": ID_NUMBER}] * 2

    with pytest.raises(joining.IdNumberTaken):
        joining.register_many(people, by=None, at=timezone.now())

    assert not Member.objects.exists()


def test_a_register_of_a_thousand_joins_in_a_few_statements(django_assert_max_num_queries):
    people = [
        {
            "area": community(),
            "name": f"王秀{chr(0x4E00 + i)}",
            "phones": [f"138{i:08}"],
            "volunteer": {},
            "elder": {"living": "alone"} if i % 2 else None,
        }
        for i in range(1000)
    ]

    with django_assert_max_num_queries(20):
        members = joining.register_many(people, by=None, at=timezone.now())

    assert [member.name for member in members] == [person["name"] for person in people]
    assert len({member.number for member in members}) == 1000
    assert Volunteer.objects.count() == 1000
    assert Elder.objects.count() == 500


def test_amending_changes_what_differs_and_names_it():
    clerk, at = StaffFactory(), timezone.now()
    member = join(phones=["13808712345"], address="3幢", elder={"living": "alone"})

    changed = joining.amend(
        member,
        by=clerk,
        at=at,
        name="王秀云",
        address="3幢",
        phones=["13908711111"],
        elder={"living": "with_children"},
        volunteer={},
    )

    assert changed == {"name", "phones", "elder", "volunteer"}
    stored = Member.objects.get(pk=member.pk)
    assert (stored.name, stored.changed_by, stored.changed_at) == ("王秀云", clerk, at)
    assert [phone.number for phone in stored.phones.all()] == ["13908711111"]
    assert stored.elder.living == "with_children"
    assert {"王秀云", "wangxiuyun", "1111"} <= keys_of(member)
    assert not {"王秀英", "2345"} & keys_of(member)
    assert SearchTerm.objects.filter(member=member, is_volunteer=True, is_elder=True).exists()


def test_amending_twice_changes_nothing_the_second_time():
    member = join()
    fields = {"note": "听力不好", "id_number": ID_NUMBER, "volunteer": {"skills": ["理发"]}}

    first = joining.amend(member, by=None, at=timezone.now(), **fields)
    second = joining.amend(member, by=None, at=timezone.now(), **fields)

    assert first == {"note", "id_number", "sex", "birth_date", "volunteer"}
    assert second == set()


def test_what_is_not_told_is_not_forgotten():
    member = join(id_number=ID_NUMBER, phones=["13808712345"])

    changed = joining.amend(member, by=None, at=timezone.now(), id_number=None, phones=None)

    assert changed == set()
    assert Member.objects.get(pk=member.pk).id_number == ID_NUMBER


def test_another_s_id_number_cannot_be_taken():
    join(id_number=ID_NUMBER)
    member = join(name="李建国")

    with pytest.raises(joining.IdNumberTaken):
        joining.amend(member, by=None, at=timezone.now(), id_number=ID_NUMBER)


def test_the_community_is_not_amended():
    with pytest.raises(TypeError, match="area"):
        joining.amend(join(), by=None, at=timezone.now(), area=community("530111001002"))
