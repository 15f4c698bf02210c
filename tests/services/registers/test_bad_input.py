"""What strangers, mistakes and mischief put into a register: a sentence for each, nothing half."""

import pytest

from services import tasks
from services.models import RegisterBatch
from tests.factories import StaffFactory
from tests.services.registers.test_pages import UNKNOWN, approve_on_page, page, text, upload
from tests.services.registers.workbooks import VISIT, WANG, read, register, xlsx

pytestmark = pytest.mark.django_db


@pytest.fixture
def lin(client):
    clerk = StaffFactory(username="lin")
    client.force_login(clerk)
    return clerk


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"PK\x03\x04 broken",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512,
        xlsx({"价目": [["品名", "单价"], ["米", 3]]}),
        xlsx({"空": []}),
    ],
    ids=["empty", "text", "broken", "old", "wrong", "blank"],
)
def test_a_file_that_is_no_register_is_refused_with_a_sentence(client, lin, content):
    response = upload(client, content)

    assert response.status_code == 200
    assert len(str(response.context["form"].errors["file"][0])) > 15
    assert not RegisterBatch.objects.exists()


NASTY = [
    '=HYPERLINK("http://x")',
    "'; DROP TABLE members_member; --",
    "<script>alert(1)</script>",
    "{{ settings.SECRET_KEY }}",
    "🙂" * 20,
    "\u202eabc\u2066\u200f",
    "王" * 300,
    "%(value)s %s",
    -5,
    0,
    9999,
    1e308,
    True,
]


@pytest.mark.parametrize("nasty", NASTY, ids=lambda value: str(value)[:12])
def test_anything_in_every_field_is_read_shown_and_posted_or_refused(client, lin, nasty):
    visits = [[nasty if i == j else cell for j, cell in enumerate(VISIT)] for i in range(8)]
    people = [[nasty if i == j else cell for j, cell in enumerate(WANG)] for i in range(6)]
    upload(client, register(VISIT, *visits, volunteers=[WANG, *people]))
    batch = RegisterBatch.objects.get()
    tasks.read_register(batch.pk)

    seen = client.get(page("register_detail", batch))
    assert seen.status_code == 200
    assert "<script>alert" not in text(seen)
    assert client.get(page("register_refused", batch)).status_code == 200
    for row in batch.rows.filter(outcome="cannot"):
        assert client.get(page("register_row", batch, row.pk)).status_code == 200

    client.force_login(StaffFactory(role="checker"))
    approve_on_page(client, batch)
    tasks.post_register(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "applied"
    assert client.get(page("register_detail", batch)).status_code == 200


@pytest.mark.parametrize("nasty", NASTY, ids=lambda value: str(value)[:12])
def test_anything_in_a_mended_row_is_kept_or_refused(client, lin, nasty):
    batch = read(register(VISIT, UNKNOWN), by=lin)
    row = batch.rows.get(outcome="cannot")

    for name in (*row.written, "note"):
        cells = row.written | {"volunteer": "不存在", name: str(nasty)}
        response = client.post(page("register_row", batch, row.pk), cells)
        assert response.status_code in (200, 302)


def test_a_null_character_in_a_mended_row_is_refused(client, lin):
    batch = read(register(VISIT, UNKNOWN), by=lin)
    row = batch.rows.get(outcome="cannot")

    response = client.post(page("register_row", batch, row.pk), {"volunteer": "a\0b"})

    assert response.status_code == 200
