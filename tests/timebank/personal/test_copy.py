"""The copy of a person's data: everything, readable by people and by machines."""

import io
import json

import pytest
from django.apps import apps
from django.utils import timezone, translation
from pypdf import PdfReader

from members.models import Member
from tests.factories import ElderFactory, MemberFactory
from timebank.personal import files
from timebank.personal.places import PLACES, Erasing
from timebank.personal.sections import SECTIONS

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
