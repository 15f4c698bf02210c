"""Amending a person from the file: what is shown, what changes, and two clerks at once."""

import datetime
import re

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from members.id_numbers import check_digit
from members.models import Member
from tests.factories import MemberFactory, StaffFactory, UserFactory, community

pytestmark = pytest.mark.django_db
ID_NUMBER = "11010519491231002X"


@pytest.fixture
def clerk(client):
    user = StaffFactory(role="clerk")
    client.force_login(user)
    return user


@pytest.fixture
def member():
    return MemberFactory(
        name="王秀英",
        birth_date=datetime.date(1949, 12, 31),
        id_number=ID_NUMBER,
        phone="13812345678",
        address="1幢",
        volunteer={"skills": ["理发"], "joined_on": datetime.date(2020, 1, 14)},
        elder={"living": "alone", "income": "destitute", "contact_phone": "13900001111"},
    )


def page(client, member, **query):
    return client.get(f"/people/{member.key}/amend/", query, headers={"accept-language": "en"})


def shown(client, member, **query):
    """The fields of the form as a browser would send them back."""
    form = page(client, member, **query).context["form"]
    fields = {name: form[name].value() or "" for name in form.fields}
    return fields | {"gone": []} | ({"add": form.add} if form.add else {})


def save(client, member, fields, **changed):
    return client.post(
        f"/people/{member.key}/amend/", fields | changed, headers={"accept-language": "en"}
    )


def fresh(member):
    return Member.objects.get(pk=member.pk)


def test_the_form_shows_what_is_known_and_nothing_sensitive(client, clerk, member):
    answer = page(client, member)

    for known in ("王秀英", "1949-12-31", "1幢", "理发", "2020-01-14", "138****5678"):
        assertContains(answer, known)
    for secret in (ID_NUMBER, "13812345678", "13900001111", 'value="destitute" selected'):
        assertNotContains(answer, secret)


def test_sending_it_as_it_is_changes_nothing(client, clerk, member):
    before = Member.objects.values().get(pk=member.pk)

    assert save(client, member, shown(client, member)).status_code == 302

    assert Member.objects.values().get(pk=member.pk) == before
    assert fresh(member).elder.income == "destitute"
    assert fresh(member).elder.contact_phone == "13900001111"
    assert fresh(member).phones.get().number == "13812345678"


def test_what_is_written_anew_is_changed_and_the_rest_stays(client, clerk, member):
    phone = member.phones.get()
    save(
        client,
        member,
        shown(client, member),
        name="王秀云",
        address="２幢",
        gone=[phone.pk],
        phones="139 1111 2222",
        skills="",
        income="ordinary",
        living="with_children",
    )

    now = fresh(member)
    assert (now.name, now.address, now.id_number) == ("王秀云", "2幢", ID_NUMBER)
    assert (now.changed_by, now.volunteer.skills) == (clerk, [])
    assert [p.number for p in now.phones.all()] == ["13911112222"]
    assert (now.elder.income, now.elder.living) == ("ordinary", "with_children")
    assert now.volunteer.joined_on == datetime.date(2020, 1, 14)


def test_a_side_is_added(client, clerk):
    volunteer = MemberFactory(name="王秀英", volunteer={})

    fields = shown(client, volunteer, add="elder")
    assert save(client, volunteer, fields, living="alone").status_code == 302

    assert fresh(volunteer).elder.living == "alone"


def test_a_stale_form_is_told_and_nothing_is_lost(client, clerk, member):
    fields = shown(client, member)
    save(client, member, fields, address="2幢", note="有狗", phones="13911112222")

    answer = save(client, member, fields, address="3幢", name="王秀云")

    form = answer.context["form"]
    assert "2幢" in form.errors["address"][0]
    assert (fresh(member).address, fresh(member).name) == ("2幢", "王秀英")
    assert (form["address"].value(), form["note"].value()) == ("3幢", "有狗")
    again = {name: form[name].value() or "" for name in form.fields} | {"gone": []}
    assert save(client, member, again).status_code == 302
    now = fresh(member)
    assert (now.address, now.name, now.note) == ("3幢", "王秀云", "有狗")
    assert now.phones.count() == 2


def test_a_sensitive_field_that_changed_meanwhile_is_told_without_its_value(client, clerk, member):
    fields = shown(client, member)
    save(client, member, fields, contact_phone="13911112222")

    answer = save(client, member, fields, contact_phone="13933334444")

    assert answer.context["form"].errors["contact_phone"]
    assertNotContains(answer, "13911112222")
    assert fresh(member).elder.contact_phone == "13911112222"


def test_a_form_that_somebody_made_up_is_refused(client, clerk, member):
    answer = save(client, member, shown(client, member), seen="made up", address="2幢")

    assert answer.context["form"].errors["seen"]
    assert fresh(member).address == "1幢"


def test_another_s_id_number_is_told_with_a_name_only_within_reach(client, clerk, member):
    MemberFactory(name="李建国", id_number=number("53011119500101002"))
    MemberFactory(
        name="赵铁柱", id_number=number("53011119500101004"), area=community("530111001002")
    )
    unknown = {"id_number": None, "id_number_index": None, "birth_date": None}
    Member.objects.filter(pk=member.pk).update(sex="F", **unknown)
    fields = shown(client, member)

    told = save(client, member, fields, id_number=number("53011119500101002"))
    hidden = save(client, member, fields, id_number=number("53011119500101004"))

    assert "李建国" in told.context["form"].errors["id_number"][0]
    assert "another community" in hidden.context["form"].errors["id_number"][0]
    assertNotContains(hidden, "赵铁柱")


def number(first_17):
    return first_17 + check_digit(first_17)


def test_a_birth_date_is_corrected_and_not_taken_away(client, clerk, member):
    answer = save(client, member, shown(client, member), birth_date="")

    assert answer.context["form"].errors["birth_date"]


@pytest.mark.parametrize(
    ("user", "status"),
    [
        (lambda: StaffFactory(role="auditor"), 403),
        (lambda: UserFactory(member=MemberFactory()), 403),
        (lambda: StaffFactory(role="administrator", area=community("530111001002")), 404),
    ],
    ids=["auditor", "member", "outside"],
)
def test_who_may_not_amend(client, member, user, status):
    client.force_login(user())

    assert page(client, member).status_code == status
    assert save(client, member, {"seen": "x", "name": "x"}).status_code == status
    assert fresh(member).name == "王秀英"


def test_the_file_says_what_is_to_be_completed(client, clerk):
    bare = MemberFactory(birth_date=None, volunteer={})

    answer = client.get(f"/people/{bare.key}/", headers={"accept-language": "en"})

    assertContains(answer, "The birth date is not on record.")
    assertContains(answer, f"/people/{bare.key}/amend/?add=elder")
    assertNotContains(answer, "?add=volunteer")


def test_who_is_under_18_is_marked(client, clerk):
    today = datetime.date.today()
    minor = MemberFactory(birth_date=today.replace(year=today.year - 16, day=1), volunteer={})

    answer = client.get(f"/people/{minor.key}/", headers={"accept-language": "en"})

    assertContains(answer, "the guardian's consent is not on record")


def test_the_card_bears_a_code_and_nothing_private(client, clerk, member):
    answer = client.get(f"/people/{member.key}/card/")

    assertContains(answer, member.number)
    assert re.search(r'<img src="data:image/svg', answer.content.decode())
    for secret in (ID_NUMBER, "5678", "1幢", "1949"):
        assertNotContains(answer, secret)
