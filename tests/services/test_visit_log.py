import datetime
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.models import Policy
from members.models import Elder
from services.models import Visit
from tests.factories import (
    ElderFactory,
    MemberFactory,
    StaffFactory,
    UserFactory,
    VisitFactory,
    VolunteerFactory,
    community,
)

pytestmark = pytest.mark.django_db
ADDRESS = "/visits/log/"


@pytest.fixture
def volunteer():
    return VolunteerFactory(member__name="王秀英", member__phone="13812345678").member


@pytest.fixture
def elder():
    return ElderFactory(member__name="李建国", member__phone="13987654321").member


@pytest.fixture
def clerk(client):
    clerk = StaffFactory(role="clerk")
    client.force_login(clerk)
    return clerk


def typed(**changes):
    """What a browser without scripts posts for one hour of Wang's with Li."""
    return {
        "key": str(uuid.uuid4()),
        "volunteer": "王秀英",
        "elder": "李建国",
        "service_date": timezone.localdate().isoformat(),
        "minutes": "60",
        "category": "companionship",
        "started_at": "",
        "method": "signature",
        "choice": "bank",
        "note": "",
    } | changes


def chosen(volunteer, elder, **changes):
    """What the browser posts after both were chosen from the lists."""
    people = {}
    for side, member in (("volunteer", volunteer), ("elder", elder)):
        text = f"{member.name} {member.phones.get().number[-4:]}"
        people |= {side: text, f"{side}_for": text, f"{side}_key": str(member.key)}
    return typed(**people | changes)


def test_the_page_comes_empty_with_today_and_the_cursor_in_volunteer(client, clerk):
    page = client.get(ADDRESS).content.decode()

    assert timezone.localdate().isoformat() in page
    assert page.count("autofocus") == 1
    assert page.index('name="volunteer"') < page.index("autofocus") < page.index('name="elder"')


def test_a_visit_of_people_chosen_from_the_list_is_saved_and_banked(
    client, clerk, volunteer, elder
):
    answer = client.post(ADDRESS, chosen(volunteer, elder))

    visit = Visit.objects.get()
    assert answer.url == f"{ADDRESS}?saved={visit.key}"
    assert (visit.volunteer, visit.elder, visit.entered_by) == (volunteer, elder, clerk)
    assert (visit.state, visit.banked_minutes) == ("confirmed", 60)


def test_somebody_who_is_on_record_as_a_volunteer_only_is_not_called_unknown(
    client, clerk, volunteer, elder
):
    other = VolunteerFactory(member__name="曾玉兰").member
    client.cookies["django_language"] = "en"

    answer = client.post(ADDRESS, chosen(volunteer, elder) | {"elder": "曾玉兰", "elder_key": ""})

    assert f"{other} is on record, but not as an elder." in answer.content.decode()


def test_the_page_after_saving_says_what_was_saved_and_offers_to_undo_it(
    client, clerk, volunteer, elder
):
    page = client.post(ADDRESS, chosen(volunteer, elder), follow=True).content.decode()

    visit = Visit.objects.get()
    assert "王秀英" in page
    assert reverse("visit_undo", args=[visit.key]) in page
    assert 'name="volunteer" value=' not in page


def test_the_line_names_the_new_balance(client, clerk, volunteer, elder):
    other = ElderFactory(member__phone="13611112222").member
    client.post(ADDRESS, chosen(volunteer, elder, minutes="90"))
    client.cookies["django_language"] = "en"

    page = client.post(ADDRESS, chosen(volunteer, other), follow=True).content.decode()

    assert "60 minutes, new balance 2 h 30 min." in page


def test_names_typed_in_full_are_resolved_without_scripts(client, clerk, volunteer, elder):
    client.post(ADDRESS, typed())

    assert Visit.objects.get().volunteer == volunteer


@pytest.mark.parametrize("text", ["王秀英 5678", "王秀英　5678", "wxy", "5678", "13812345678"])
def test_a_person_is_found_however_written(client, clerk, volunteer, elder, text):
    client.post(ADDRESS, typed(volunteer=text))

    assert Visit.objects.get().volunteer == volunteer


def test_of_two_namesakes_neither_is_guessed(client, clerk, volunteer, elder):
    VolunteerFactory(member__name="王秀英", member__phone="13500001111")

    page = client.post(ADDRESS, typed(minutes="90", note="下雨")).content.decode()

    assert not Visit.objects.exists()
    assert page.count('type="radio" name="volunteer_key"') == 2
    assert 'value="90"' in page
    assert "下雨" in page


def test_the_namesake_who_was_picked_is_saved(client, clerk, volunteer, elder):
    VolunteerFactory(member__name="王秀英", member__phone="13500001111")
    picked = {"volunteer_for": "王秀英", "volunteer_key": str(volunteer.key)}

    client.post(ADDRESS, typed(**picked))

    assert Visit.objects.get().volunteer == volunteer


def test_a_choice_made_for_another_text_does_not_count(client, clerk, volunteer, elder):
    other = VolunteerFactory(member__name="赵玉德").member
    stale = {"volunteer": "赵玉德", "volunteer_for": "王秀英", "volunteer_key": str(volunteer.key)}

    client.post(ADDRESS, typed(**stale))

    assert Visit.objects.get().volunteer == other


def test_somebody_of_another_community_is_nobody_here(client, clerk, volunteer):
    stranger = ElderFactory(
        member__area=community("530111001002"), member__phone="13600000000"
    ).member

    answer = client.post(ADDRESS, chosen(volunteer, stranger))

    assert answer.status_code == 200
    assert "elder" in answer.context["form"].errors
    assert not Visit.objects.exists()


def test_somebody_who_is_no_volunteer_is_refused_in_words(client, clerk, volunteer, elder):
    answer = client.post(ADDRESS, chosen(elder, elder))

    assert answer.context["form"].errors
    assert not Visit.objects.exists()


def test_empty_minutes_are_the_usual_ones_of_the_category(client, clerk, volunteer, elder):
    client.post(ADDRESS, chosen(volunteer, elder, minutes="", category="medical-escort"))

    assert Visit.objects.get().served_minutes == 120


@pytest.mark.parametrize(
    ("written", "minutes"), [("90", 90), ("1.5", 90), ("1小时30分", 90), ("９０分钟", 90)]
)
def test_minutes_are_understood_as_people_write_them(
    client, clerk, volunteer, elder, written, minutes
):
    client.post(ADDRESS, chosen(volunteer, elder, minutes=written))

    assert Visit.objects.get().served_minutes == minutes


@pytest.mark.parametrize("written", ["昨天", "-1", "yesterday"])
def test_yesterday_is_understood(client, clerk, volunteer, elder, written):
    client.post(ADDRESS, chosen(volunteer, elder, service_date=written))

    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    assert Visit.objects.get().service_date == yesterday


def test_a_start_makes_the_end(client, clerk, volunteer, elder):
    client.post(ADDRESS, chosen(volunteer, elder, started_at="9：30", minutes="45"))

    visit = Visit.objects.get()
    assert timezone.localtime(visit.started_at).strftime("%H:%M") == "09:30"
    assert timezone.localtime(visit.ended_at).strftime("%H:%M") == "10:15"
    assert visit.served_minutes == 45


BAD = {
    "a date in 1900": {"service_date": "1900-01-01"},
    "a date that is none": {"service_date": "2026-02-30"},
    "no date": {"service_date": ""},
    "a date of 300 characters": {"service_date": "1" * 300},
    "the year 9999": {"service_date": "9999-12-31", "started_at": "23:30"},
    "minutes of −5": {"minutes": "-5"},
    "minutes of 0": {"minutes": "0"},
    "minutes of 9,999": {"minutes": "9999"},
    "minutes of 10^400": {"minutes": "1" + "0" * 50},
    "minutes in emoji": {"minutes": "🙂"},
    "a name of 300 characters": {"volunteer": "王" * 300},
    "a name in emoji": {"volunteer": "🙂🙂"},
    "a name from right to left": {"volunteer": "\u202eيوسف"},
    "SQL as a name": {"volunteer": "'; DROP TABLE members_member; --"},
    "HTML as a name": {"volunteer": "<script>alert(1)</script>"},
    "a zero byte": {"volunteer": "王\0"},
    "a key that is none": {"key": "1"},
    "no key": {"key": ""},
    "a category that is none": {"category": "cash"},
    "a method that is none": {"method": "'"},
    "a choice that is none": {"choice": "sell"},
    "a start that is none": {"started_at": "25:00"},
    "a note of 600 characters": {"note": "好" * 600},
    "nothing at all": dict.fromkeys(typed(), ""),
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_bad_input_is_answered_with_a_sentence_and_nothing_is_saved(
    client, clerk, volunteer, elder, changes
):
    answer = client.post(ADDRESS, typed(**changes))

    assert answer.status_code == 200
    assert answer.context["form"].errors or answer.context["form"].doubts
    assert not Visit.objects.exists()
    assert "<script>alert" not in answer.content.decode()


@pytest.mark.parametrize("key", ["\0", "1", str(uuid.UUID(int=0))])
def test_a_key_of_nobody_is_as_good_as_none(client, clerk, volunteer, elder, key):
    client.post(ADDRESS, typed(volunteer_for="王秀英", volunteer_key=key))

    assert Visit.objects.get().volunteer == volunteer


def test_html_in_a_note_is_kept_as_text(client, clerk, volunteer, elder):
    client.post(ADDRESS, typed(note="<b>'; DROP TABLE x;--</b> 🙂 \u202eيوسف"))

    visit = Visit.objects.get()
    page = client.get(reverse("visit_detail", args=[visit.key])).content.decode()
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_what_was_typed_is_kept_when_something_is_wrong(client, clerk, volunteer, elder):
    page = client.post(
        ADDRESS, typed(minutes="abc", note="送药", method="paper", started_at="9:30")
    ).content.decode()

    for text in ("王秀英", "李建国", "abc", "送药", "9:30"):
        assert f'value="{text}"' in page
    assert '<details class="more" open>' in page


def test_a_doubt_is_shown_first_and_the_second_enter_saves(client, clerk, volunteer, elder):
    VisitFactory(volunteer=volunteer, elder=elder)
    data = chosen(volunteer, elder)

    first = client.post(ADDRESS, data)
    second = client.post(ADDRESS, data | {"heeded": first.context["form"].data["heeded"]})

    assert [doubt.code for doubt in first.context["form"].doubts] == ["same_pair"]
    assert "autofocus" in first.content.decode()
    assert second.status_code == 302
    assert Visit.objects.count() == 2


def test_a_doubt_seen_for_other_content_is_shown_again(client, clerk, volunteer, elder):
    VisitFactory(volunteer=volunteer, elder=elder)
    data = chosen(volunteer, elder)
    heeded = client.post(ADDRESS, data).context["form"].data["heeded"]

    answer = client.post(ADDRESS, data | {"heeded": heeded, "minutes": "90"})

    assert [doubt.code for doubt in answer.context["form"].doubts] == ["same_pair"]
    assert Visit.objects.count() == 1


def test_a_late_visit_asks_for_its_reason_beside_the_note(client, clerk, volunteer, elder):
    late = (timezone.localdate() - datetime.timedelta(days=30)).isoformat()

    answer = client.post(ADDRESS, chosen(volunteer, elder, service_date=late))

    assert "note" in answer.context["form"].errors
    assert client.post(ADDRESS, chosen(volunteer, elder, service_date=late, note="病了")).url
    assert Visit.objects.get().state == "completed"


def test_a_volunteer_elsewhere_at_that_time_is_named(client, clerk, volunteer, elder):
    client.post(ADDRESS, chosen(volunteer, elder, started_at="9:00"))
    other = ElderFactory(member__name="赵玉德", member__phone="13611112222").member

    answer = client.post(ADDRESS, chosen(volunteer, other, started_at="9:30"))

    assert "李建国" in answer.context["form"].errors["started_at"][0]
    assert Visit.objects.count() == 1


def test_a_second_enter_and_a_resend_save_once(client, clerk, volunteer, elder):
    data = chosen(volunteer, elder)

    answers = [client.post(ADDRESS, data) for _ in range(3)]

    assert len({answer.url for answer in answers}) == 1
    assert Visit.objects.count() == 1


def test_another_visit_under_the_same_key_is_refused_in_words(client, clerk, volunteer, elder):
    data = chosen(volunteer, elder)
    client.post(ADDRESS, data)

    answer = client.post(ADDRESS, data | {"minutes": "90"})

    assert answer.context["form"].non_field_errors()
    assert Visit.objects.get().served_minutes == 60


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("clerk", 200),
        ("checker", 200),
        ("coordinator", 200),
        ("administrator", 200),
        ("auditor", 403),
    ],
)
def test_who_may_log_visits(client, role, status):
    client.force_login(StaffFactory(role=role))

    assert client.get(ADDRESS).status_code == status
    assert client.post(ADDRESS, typed()).status_code == status


def test_a_member_may_not_log_visits(client):
    client.force_login(UserFactory(member=MemberFactory()))

    assert client.get(ADDRESS).status_code == 403


def test_whoever_has_not_signed_in_is_sent_to_sign_in(client):
    assert client.get(ADDRESS).status_code == 302


def test_the_category_used_last_comes_first_with_its_usual_minutes(client, clerk):
    VisitFactory(entered_by=clerk, category_id="medical-escort")

    form = client.get(ADDRESS).context["form"]

    assert form.fields["category"].widget.choices[0][0] == "medical-escort"
    assert form.initial["minutes"] == 120


def test_the_last_five_visits_of_this_clerk_are_listed(client, clerk):
    for _ in range(6):
        VisitFactory(entered_by=clerk)
    VisitFactory()

    assert len(client.get(ADDRESS).context["latest"]) == 5


def test_a_visit_saved_by_somebody_out_of_reach_is_not_shown(client, clerk):
    far = VolunteerFactory(member__area=community("530111002001")).member
    visit = VisitFactory(volunteer=far)

    assert client.get(f"{ADDRESS}?saved={visit.key}").context.get("saved") is None
    assert client.get(f"{ADDRESS}?saved=nonsense").status_code == 200


def test_a_visit_that_was_undone_can_be_entered_again(client, clerk, volunteer, elder):
    visit = VisitFactory(volunteer=volunteer, elder=elder, served_minutes=90, note="送药")

    page = client.get(f"{ADDRESS}?again={visit.key}").content.decode()

    for text in ("王秀英 5678", "李建国 4321", "90", "送药"):
        assert f'value="{text}"' in page


def test_saving_runs_few_queries(client, clerk, volunteer, elder, django_assert_max_num_queries):
    client.post(ADDRESS, chosen(volunteer, ElderFactory(member__phone="13511112222").member))
    data = chosen(volunteer, elder)

    with django_assert_max_num_queries(6):  # two of them the savepoint of a test's transaction
        assert client.post(ADDRESS, data).status_code == 302


def test_an_elder_who_is_not_eligible_is_served_but_not_banked(client, clerk, volunteer):
    elder = ElderFactory(living=Elder.Living.WITH_CHILDREN, member__phone="13511112222").member
    client.cookies["django_language"] = "en"

    page = client.post(ADDRESS, chosen(volunteer, elder), follow=True).content.decode()

    assert Visit.objects.get().banked_minutes == 0
    assert "1 h not banked: the elder is not eligible" in page


def test_over_the_cap_of_the_day_is_said_before_saving(client, clerk, volunteer, elder):
    Policy.objects.create(effective_from=datetime.date(2020, 1, 1), day_cap=30)

    answer = client.post(ADDRESS, chosen(volunteer, elder))

    assert [doubt.code for doubt in answer.context["form"].doubts] == ["over_cap"]
