"""The copy of a person's data: everything, readable by people and by machines."""

import io
import json
import uuid

import pytest
from django.apps import apps
from django.utils import timezone, translation
from pypdf import PdfReader

from members import consents, signing_in
from members.models import Agent, Device, Kinship, Member
from services import objections
from tests.factories import ElderFactory, MemberFactory, StaffFactory
from timebank.personal import files, sections
from timebank.personal.places import PLACES, Erasing
from timebank.personal.sections import SECTIONS
from timebank.templatetags.figures import short_name

from .conftest import KNOWN

pytestmark = pytest.mark.django_db


def test_every_column_that_names_a_member_is_accounted_for():
    """A new model gets its line in timebank/personal/places.py."""
    named = {
        (model._meta.label, column.name)
        for model in apps.get_models()
        for column in model._meta.concrete_fields
        if column.related_model is Member and not model._meta.proxy
    }

    assert {(place.model, place.column) for place in PLACES} == named


def test_every_place_is_in_a_section_or_says_why_not():
    assert [p for p in PLACES if p.section not in SECTIONS and not p.why] == []
    assert [p for p in PLACES if p.erasing == Erasing.KEEP and not p.why] == []


def test_json_has_everything_that_is_known(person, served):
    told = json.loads(files.as_json(person, at=timezone.now()))

    assert list(told) == ["version", "made_at", "member_number", *SECTIONS]
    text = json.dumps(told, ensure_ascii=False)
    assert [what for what, value in KNOWN.items() if value not in text] == []
    assert [visit["served_minutes"] for visit in told["given"]] == [60]
    assert [line["minutes"] for line in told["hours"]] == [60]


def test_what_was_said_and_decided_is_in_the_copy_from_both_sides(person):
    relative = Kinship.objects.get().relative
    agent = Agent.objects.create(
        member=relative,
        agent=person,
        scopes=["see"],
        consent=consents.give(relative, "agent", how="paper", by=StaffFactory(), at=timezone.now()),
        since=timezone.localdate(),
        appointed_by=StaffFactory(),
        appointed_at=timezone.now(),
    )
    Device.objects.create(user=person.user, label="Safari · iPhone", session="hers")
    signing_in.end_devices(person, why="lost", by=StaffFactory(), at=timezone.now())
    person.name = "欧阳改名"
    person.save(update_fields=["name"])

    with translation.override("en"):
        own, theirs = (sections.of(one) for one in (person, relative))

    assert [row[:2] for row in own["kin"].rows] == [
        [short_name(relative.name), "brother or sister"]
    ]
    assert [row[0] for row in theirs["kin"].rows] == [short_name("欧阳改名")]
    assert [row[:3] for row in own["agents"].rows] == [
        [short_name(relative.name), person.name, ["see the account"]]
    ]
    assert theirs["agents"].rows[0][0] == agent.member.name
    assert [row[0] for row in own["devices"].rows] == ["Safari · iPhone"]
    assert [row[1] for row in own["ended_devices"].rows] == ["the phone is lost"]
    assert any("欧阳改名" in str(row) for row in own["changes"].rows)
    assert {code for code, section in own.items() if not section.rows} == {
        *("given", "received", "hours", "movements", "certificates", "prints"),
        *("registers", "requests", "merges", "objections"),
    }


def test_what_they_said_is_not_right_is_in_the_copy_with_the_answer(person, served, checker):
    told = {"reason": "other", "words": "那天我在医院", "by": person.user, "at": timezone.now()}
    said = objections.write_down(person, served, key=uuid.uuid4(), **told)
    found = {"outcome": "right", "words": "有您的签名", "by": checker, "at": timezone.now()}
    objections.answer(said, **found)

    [row] = json.loads(files.as_json(person, at=timezone.now()))["objections"]

    assert (row["words"], row["answer"]) == ("那天我在医院", "有您的签名")
    assert row["date"] == f"{served.service_date}"


def test_the_other_persons_name_is_shortened(person, clerk, served):
    told = files.as_json(person, at=timezone.now())

    assert served.elder.name not in told
    assert ElderFactory().member.name not in told


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_paper_tells_the_same_and_is_tagged(person, served, language):
    with translation.override(language):
        paper = PdfReader(io.BytesIO(files.pdf(person, at=timezone.now())))

    text = "".join(page.extract_text() for page in paper.pages).replace("\n", "").replace(" ", "")
    assert [what for what, value in KNOWN.items() if value.replace(" ", "") not in text] == []
    assert paper.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_what_was_merged_into_the_record_is_in_the_copy(person):
    other = MemberFactory(name="欧阳慧")
    Member.objects.filter(pk=other.pk).update(standing="merged", merged_into=person)

    assert "欧阳慧" in files.as_json(person, at=timezone.now())
