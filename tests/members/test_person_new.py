"""The pages that register a volunteer or an elder from the paper form."""

import datetime
import re
import uuid

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from members.models import Member
from tests.factories import ElderFactory, MemberFactory, StaffFactory, UserFactory, community

pytestmark = pytest.mark.django_db
ID_NUMBER = "11010519491231002X"
ELSEWHERE = "530111001002"


@pytest.fixture
def clerk(client):
    user = StaffFactory(role="clerk")
    client.force_login(user)
    return user


def address(side):
    return f"/people/new/{side}/"


def filled(**fields):
    return {"key": str(uuid.uuid4()), "area": community().code, "name": "王秀英"} | fields


def send(client, side="volunteer", **fields):
    return client.post(address(side), filled(**fields), headers={"accept-language": "en"})


def errors(answer, name):
    return answer.context["form"].errors.get(name)


def test_what_is_on_paper_is_taken_as_it_is_written(client, clerk):
    answer = send(
        client,
        name="　王 秀 英",
        id_number="１１０１０５ 19491231 002x",
        phones="138-0871-2345、0871 6717 0000",
        address="关上小区　３－２－５０１",
        joined_on="2026年1月14日",
        skills="理发、量血压，唱歌",
        note="会手语",
    )

    member = Member.objects.get()
    assert answer.headers["Location"] == f"/people/new/volunteer/?saved={member.key}"
    assert (member.name, member.id_number, member.sex) == ("王秀英", ID_NUMBER, "F")
    assert member.birth_date == datetime.date(1949, 12, 31)
    assert {p.number for p in member.phones.all()} == {"13808712345", "087167170000"}
    assert member.address == "关上小区 3-2-501"
    assert member.volunteer.joined_on == datetime.date(2026, 1, 14)
    assert member.volunteer.skills == ["理发", "量血压", "唱歌"]
    assert (member.note, member.created_by, member.area) == ("会手语", clerk, community())


def test_an_elder_is_registered_with_what_decides_eligibility_and_whom_to_call(client, clerk):
    told = {
        "living": "alone",
        "income": "minimum_allowance",
        "capability": "semi_disabled",
        "contact_name": "王小明",
        "contact_relation": "儿子",
        "contact_phone": "139 0000 1111",
    }
    send(client, "elder", birth_date="1940.5.1", sex="F", **told)

    elder = Member.objects.get().elder
    told["contact_phone"] = "13900001111"
    assert {name: getattr(elder, name) for name in told} == told


def test_the_page_comes_back_empty_with_a_line_about_the_person(client, clerk):
    to = send(client, phones="13812345678").headers["Location"]

    answer = client.get(to, headers={"accept-language": "en"})

    member = Member.objects.get()
    assertContains(answer, "Registered:")
    assertContains(answer, member.number)
    assertContains(answer, "birth date is to be completed")
    for link in (f"/people/{member.key}/", "/visits/log/", f"/people/{member.key}/card/"):
        assertContains(answer, f'href="{link}"')
    assertContains(answer, 'id="id_name" aria-describedby', 0)
    assert "autofocus" in re.search(r'<input[^>]*name="name"[^>]*>', answer.content.decode())[0]
    assertNotContains(answer, "王秀英</option>")
    assertNotContains(answer, "13812345678")


def test_the_same_form_sent_twice_registers_once(client, clerk):
    fields = filled(phones="13812345678")

    first = client.post(address("volunteer"), fields)
    second = client.post(address("volunteer"), fields)

    assert first.headers["Location"] == second.headers["Location"]
    assert Member.objects.count() == 1


def test_a_form_that_was_refilled_gets_another_key_and_can_be_saved(client, clerk):
    fields = filled()
    client.post(address("volunteer"), fields)

    answer = client.post(address("volunteer"), fields | {"name": "李建国"})
    fresh = answer.context["form"]["key"].value()
    client.post(address("volunteer"), fields | {"name": "李建国", "key": fresh})

    assert str(fresh) != fields["key"]
    assert sorted(Member.objects.values_list("name", flat=True)) == ["李建国", "王秀英"]


@pytest.mark.parametrize(
    ("field", "written", "says"),
    [
        ("name", "", "This field is required."),
        ("name", "138", "Write the name, like 王秀英."),
        ("id_number", "110105194912310021", "The last character"),
        ("id_number", "1101051949", "18 characters"),
        ("birth_date", "5月1日", "four digits"),
        ("birth_date", "50-5-1", "four digits"),
        ("birth_date", "1850-05-01", "too far back"),
        ("birth_date", "2950-05-01", "far ahead"),
        ("birth_date", "1950-02-30", "no such day"),
        ("phones", "138", "no phone number"),
        ("joined_on", "bald", "Write the day like"),
        ("skills", "x" * 41, "Write each skill in a few words"),
        ("guardian_name", "王大山", None),
    ],
)
def test_what_cannot_be_read_is_said_at_the_field_and_stays_in_it(
    client, clerk, field, written, says
):
    answer = send(client, **{field: written})

    assert not Member.objects.exists()
    if says:
        assert says in errors(answer, field)[0]
    else:
        assert set(answer.context["form"].errors) == {
            "guardian_relation",
            "guardian_phone",
            "guardian_consent_on",
        }
    assert answer.context["form"][field].value() == written
    assertContains(answer, "Please look at this again")


def test_id_number_and_what_is_beside_it_have_to_agree(client, clerk):
    answer = send(client, id_number=ID_NUMBER, sex="M", birth_date="1950-01-01")

    assert "female" in errors(answer, "sex")[0]
    assert "1949-12-31" in errors(answer, "birth_date")[0]


@pytest.mark.parametrize("years", [13, 15])
def test_age_is_said_at_its_field(client, clerk, years):
    born = timezone.localdate().replace(year=timezone.localdate().year - years)

    answer = send(client, birth_date=born.isoformat())

    field = "birth_date" if years == 13 else "guardian_name"
    assert errors(answer, field)
    assertContains(answer, '<details class="more" open>', 1 if years == 15 else 0)


def test_who_looks_known_is_shown_and_nobody_is_registered(client, clerk):
    known = MemberFactory(name="王秀英", phone="13812345678", address="3幢")

    answer = send(client, phones="13812345678")

    assertContains(answer, "Is it one of these?")
    assertContains(answer, "same phone")
    assertContains(answer, "phone …5678 · born 1960 · 3幢")
    assertContains(answer, f'formaction="/people/{known.key}/amend/"')
    assert Member.objects.count() == 1


def test_a_press_says_that_it_is_somebody_else(client, clerk):
    known = MemberFactory(name="王秀英", phone="13812345678")

    send(client, phones="13812345678", heeded=f"nonsense,{known.key}")

    assert Member.objects.filter(name="王秀英").count() == 2


def test_the_press_is_kept_while_something_else_is_corrected(client, clerk):
    known = MemberFactory(name="王秀英", phone="13812345678")

    answer = send(client, phones="13812345678", heeded=str(known.key), birth_date="bald")

    assertContains(answer, f'<input type="hidden" name="heeded" value="{known.key}">')


def test_it_is_this_person_opens_the_file_with_what_was_typed_and_saves_nothing(client, clerk):
    known = MemberFactory(name="王秀英", phone="13812345678", address="1幢")

    answer = client.post(
        f"/people/{known.key}/amend/",
        filled(phones="13812345678", address="2幢", living="alone", add="elder"),
    )

    form = answer.context["form"]
    assert (form["address"].value(), form["living"].value()) == ("2幢", "alone")
    assert not hasattr(Member.objects.get(pk=known.pk), "elder")


def test_a_known_id_number_leaves_no_button_for_somebody_else(client, clerk):
    MemberFactory(name="李建国", id_number=ID_NUMBER)

    answer = send(client, id_number=ID_NUMBER)

    assertContains(answer, "An ID number belongs to one person.")
    assertNotContains(answer, 'name="heeded"')


@pytest.mark.parametrize("to", ["new/volunteer", "alike"])
def test_of_somebody_in_another_community_nothing_is_told(client, clerk, to, settings):
    settings.STAFF_PHONE = "0871-12345678"
    other = MemberFactory(
        name="李建国", id_number=ID_NUMBER, phone="13899990000", area=community(ELSEWHERE)
    )

    answer = client.post(
        f"/people/{to}/",
        filled(id_number=ID_NUMBER, side="volunteer"),
        headers={"accept-language": "en"},
    )

    assertContains(answer, "on record in another community. Please call 0871-12345678")
    for secret in ("李建国", other.number, "0000", str(other.key), community(ELSEWHERE).name_en):
        assertNotContains(answer, secret)
    assert Member.objects.count() == 1


def test_while_typing_those_who_may_be_the_person_are_shown(client, clerk):
    MemberFactory(name="王秀英", phone="13812345678")

    said = client.post("/people/alike/", filled(side="elder", phones="138 1234 5678"))
    nothing = client.post("/people/alike/", {"side": "elder", "name": "王", "birth_date": "19"})

    assert [one.member.name for one in said.context["alike"]] == ["王秀英"]
    assertNotContains(said, "<html")
    assert nothing.context["alike"] == []


def test_while_typing_the_id_number_tells_age_and_birth_date(client, clerk):
    answer = client.post(
        "/people/alike/",
        {"side": "elder", "id_number": ID_NUMBER},
        headers={"accept-language": "en"},
    )

    assertContains(answer, "born Dec. 31, 1949")
    assert answer.context["age"] >= 76


def test_the_spouse_is_registered_next_with_address_and_phone(client, clerk):
    first = MemberFactory(name="李建国", phone="13812345678", address="关上小区 3-2-501")
    page = client.get(f"{address('elder')}?household={first.key}")
    assertContains(page, 'name="shares"')
    assertNotContains(page, "13812345678")

    client.post(f"{address('elder')}?household={first.key}", filled(shares="on"))

    spouse = Member.objects.get(name="王秀英")
    assert (spouse.address, spouse.phones.get().number) == (first.address, "13812345678")


def test_what_the_spouse_has_of_their_own_stands(client, clerk):
    first = MemberFactory(name="李建国", phone="13812345678", address="1幢")

    client.post(
        f"{address('elder')}?household={first.key}",
        filled(shares="on", phones="13900001111", address="2幢"),
    )

    spouse = Member.objects.get(name="王秀英")
    assert (spouse.address, spouse.phones.get().number) == ("2幢", "13900001111")


def test_nobody_s_phone_is_carried_over_from_another_community(client, clerk):
    other = MemberFactory(phone="13899990000", area=community(ELSEWHERE))

    client.post(f"{address('elder')}?household={other.key}", filled(shares="on"))

    assert not Member.objects.get(name="王秀英").phones.exists()


def test_two_people_on_one_phone_are_normal(client, clerk):
    ElderFactory(member__name="李建国", member__phone="13812345678")

    send(client, phones="13812345678")

    assert Member.objects.filter(phones__number_index="13812345678").count() == 2


def test_a_clerk_registers_in_her_own_community_only(client, clerk):
    answer = send(client, area=ELSEWHERE)

    assert errors(answer, "area")
    assert not Member.objects.exists()


def test_who_works_for_several_communities_chooses_one(client):
    client.force_login(StaffFactory(role="administrator", area=community().parent))

    assertContains(client.get(address("elder")), '<select name="area"')
    send(client, "elder", area=ELSEWHERE)

    assert Member.objects.get().area == community(ELSEWHERE)


@pytest.mark.parametrize("side", ["volunteer", "elder"])
def test_who_may_not_register(client, side):
    for user in (StaffFactory(role="auditor"), UserFactory(member=MemberFactory())):
        client.force_login(user)
        assert client.get(address(side)).status_code == 403
        assert send(client, side).status_code == 403
    assert client.post("/people/alike/", filled(side=side)).status_code == 403
    assert Member.objects.count() == 1
