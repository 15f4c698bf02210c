from datetime import date

import pytest
from django.utils import timezone

from members import joining, search
from members.models import Area, Member
from tests.factories import community

pytestmark = pytest.mark.django_db


def join(name, **fields):
    given = {"area": community(), "by": None, "at": timezone.now(), "volunteer": {}}
    return joining.register(name=name, **given | fields)


def found(text, *, areas=None, **options):
    areas = Area.objects.within(community()) if areas is None else areas
    return [m.name for m in search.find(text, areas=areas, **options)]


@pytest.mark.parametrize(
    "text",
    [
        "曾秀英", "曾", "曾 秀", "秀英", "zxy", "ZXY", "ｚｘｙ", "cxy", "zeng", "zeng xiu ying",
        "cengx", "xiuy", "2345", "２３", "12345", "8712345", "13808712345", "138 0871 2345",
        "１３８０８７１２３４５",
    ],
)  # fmt: skip
def test_a_person_is_found_by_whatever_people_type(text):
    join("曾秀英", phones=["13808712345"])
    join("李建国", phones=["13999990000"])

    assert found(text) == ["曾秀英"]


@pytest.mark.parametrize("text", ["lv", "lü", "LÜ", "lvb", "吕"])
def test_the_vowel_that_no_keyboard_has_is_found_as_people_type_it(text):
    join("吕布")

    assert found(text) == ["吕布"]


def test_a_person_is_found_by_their_number():
    member = join("王秀英")

    assert found(member.number) == ["王秀英"]


@pytest.mark.parametrize(
    "text", ["", " ", "%", "_", "~", "'; DROP TABLE x", "<b>", "\x00", "😀", "z" * 300]
)
def test_what_means_nobody_finds_nobody(text):
    join("王秀英")

    assert found(text) == []


def test_whole_names_come_before_given_names():
    join("李秀英")
    join("徐勇")

    assert found("xy") == ["徐勇", "李秀英"]


def test_each_side_finds_its_own():
    join("王一")
    join("王二", volunteer=None, elder={})
    join("王三", elder={})

    assert found("w", side="volunteer") == ["王三", "王一"]
    assert found("w", side="elder") == ["王二", "王三"]
    assert len(found("w")) == 3


def test_only_people_of_the_areas_are_found():
    join("王一")
    join("王二", area=community("530111001002"))

    assert found("w") == ["王一"]
    assert found("w", areas=Area.objects.all()) == ["王二", "王一"]
    assert found("w", areas=Area.objects.none()) == []


def test_those_who_come_first_come_first():
    one = join("王一")
    join("王二")
    join("李三")
    elsewhere = join("王四", area=community("530111001002"))
    first = Member.objects.filter(pk__in=[one.pk, elsewhere.pk]).values("pk")

    assert found("w") == ["王二", "王一"]
    assert found("w", first=first) == ["王一", "王二"]
    assert found("", first=Member.objects.exclude(pk=0).order_by("-pk").values("pk")) == [
        "李三",
        "王二",
        "王一",
    ]
    assert found("l", first=first) == ["李三"]
    assert found("w", first=Member.objects.none().values("pk")) == ["王二", "王一"]


def test_a_phone_comes_first_and_only_one_that_ends_so():
    one = join("王一", phones=["13808712345"])
    two = join("王二", phones=["13808992345", "13808712346"])

    assert found("12345", first=Member.objects.filter(pk=two.pk).values("pk")) == ["王一"]
    assert found("13808992345", side="elder") == []
    assert found(one.number[:5]) == ["王一", "王二"]


def test_no_more_than_asked_for_are_found():
    for i in range(12):
        join(f"王{chr(0x4E00 + i)}")

    assert len(found("w", limit=5)) == 5


def test_a_person_with_many_keys_alike_does_not_hide_others():
    for i in range(9):
        join(f"曾查{chr(0x4E00 + i)}", phones=[f"1380000{n:04}" for n in range(10, 14)])

    assert len(found("1", limit=9)) == 9
    assert len(found("z", limit=9)) == 9


def test_namesakes_are_told_apart():
    one = join("王秀英", phones=["13808712345"], birth_date=date(1950, 3, 1), address="3幢")
    two = join("王秀英", phones=["13808716789"], birth_date=date(1948, 3, 1))

    people = {
        m.pk: search.describe(m) for m in search.find("wxy", areas=Area.objects.within(community()))
    }

    assert "2345" in people[one.pk]
    assert "1950" in people[one.pk]
    assert "3幢" in people[one.pk]
    assert "6789" in people[two.pk]
    assert found("6789") == ["王秀英"]


@pytest.mark.parametrize("people", [1, 3])
def test_a_search_takes_one_query_for_one_and_for_three(people, django_assert_num_queries):
    for _ in range(people):
        join("王秀英", phones=["13808712345"], address="3幢")

    with django_assert_num_queries(1):
        hits = search.find("wxy", areas=Area.objects.all(), side="volunteer")
        assert all(search.describe(member) and member.area.name_zh for member in hits)
        assert [member.end for member in hits] == ["2345"] * people

    assert len(hits) == people


def test_who_works_for_the_whole_district_reads_its_one_list():
    one, two = join("王一"), join("王二", area=community("530111002001"))
    district = Area.objects.within(Area.objects.get(level="district"))

    assert found("w", areas=district) == ["王二", "王一"]

    one.terms.filter(area__level="district").delete()

    assert found("w", areas=district) == ["王二"]
    assert found("w", areas=Area.objects.within(one.area.parent)) == ["王一"]
    assert found("w", areas=Area.objects.within(two.area.parent)) == ["王二"]


def test_who_moves_is_found_in_the_new_place_alone():
    member = join("王一")

    joining.move(member, to=community("530111002001"), by=None, at=timezone.now())

    assert found("w") == []
    assert found("w", areas=Area.objects.within(community("530111002001"))) == ["王一"]
    assert found("w", areas=Area.objects.all()) == ["王一"]


def test_a_person_is_listed_in_the_community_and_the_district():
    member = join("王一")

    listed = set(member.terms.values_list("area__level", flat=True))

    assert listed == {"community", "district"}
