import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from members import signing_in
from services import tasks
from services.models import RegisterBatch, Visit
from tests.factories import MemberFactory, StaffFactory, community
from tests.services.registers.workbooks import VISIT, WANG, approve, post, read, register

pytestmark = pytest.mark.django_db
UNKNOWN = ["2020-03-03", "张三", *VISIT[2:]]
OTHER = "530111001002"


@pytest.fixture
def lin(client):
    clerk = StaffFactory(username="lin")
    client.force_login(clerk)
    return clerk


@pytest.fixture
def zhao():
    return StaffFactory(username="zhao", role="checker")


def upload(client, content, name="register.xlsx"):
    file = SimpleUploadedFile(name, content)
    data = {"file": file, "area": community().pk}
    return client.post(reverse("register_upload"), data)


def page(name, batch, *more):
    return reverse(name, args=[batch.key, *more])


def approve_on_page(client, batch):
    return client.post(page("register_approve", batch), {"revision": batch.revision})


def text(response):
    return response.content.decode()


# The way through


def test_a_register_goes_from_the_file_to_the_books_through_two_people(client, lin, zhao):
    response = upload(client, register(VISIT, UNKNOWN))
    batch = RegisterBatch.objects.get()
    assert response.url == page("register_detail", batch)
    assert 'hx-trigger="every 1s"' in text(client.get(response.url))

    tasks.read_register(batch.pk)
    seen = text(client.get(response.url))
    assert page("register_approve", batch) not in seen

    client.force_login(zhao)
    assert page("register_approve", batch) in text(client.get(response.url))
    approve_on_page(client, batch)
    tasks.post_register(batch.pk)

    batch.refresh_from_db()
    assert batch.state == "applied"
    assert Visit.objects.get().approved_by == zhao
    assert "张三" in text(client.get(response.url))


def test_reading_and_posting_are_left_to_the_worker(client, lin, zhao):
    from procrastinate.contrib.django.models import ProcrastinateJob

    upload(client, register(VISIT))
    batch = RegisterBatch.objects.get()
    tasks.read_register(batch.pk)
    client.force_login(zhao)
    approve_on_page(client, batch)

    jobs = ProcrastinateJob.objects.order_by("id").values_list("task_name", "args")
    assert list(jobs) == [
        ("services.tasks.read_register", {"batch": batch.pk}),
        ("services.tasks.post_register", {"batch": batch.pk}),
    ]


def test_the_same_file_again_leads_to_the_same_register(client, lin):
    content = register(VISIT)
    first = upload(client, content).url

    assert upload(client, content).url == first
    assert RegisterBatch.objects.count() == 1


def test_the_progress_is_the_same_after_a_reload_and_ends_in_the_result(client, lin, zhao):
    batch = approve(read(register(VISIT), by=lin), by=zhao)
    address = page("register_detail", batch)

    full, part = client.get(address), client.get(address, headers={"HX-Request": "true"})
    assert '<meta http-equiv="refresh" content="2">' in text(full)
    assert 'max="3" value="0"' in text(part)
    assert "<html" not in text(part)

    tasks.post_register(batch.pk)
    assert client.get(address, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


def test_rows_are_filtered_by_kind_and_outcome(client, lin):
    batch = read(register(VISIT, UNKNOWN), by=lin)

    everything = client.get(page("register_detail", batch)).context["rows"]
    refused = client.get(page("register_detail", batch) + "?kind=visit&outcome=cannot")
    nonsense = client.get(page("register_detail", batch) + "?kind=x&outcome=y&page=999")

    assert len(everything) == 4
    assert [item.row.number for item in refused.context["rows"]] == [3]
    assert len(nonsense.context["rows"]) == 4


def test_a_long_register_comes_in_pages(client, lin):
    rows = [
        [f"2020-03-{1 + n % 28:02}", *VISIT[1:4], None, None, 1 + n // 28, "是"] for n in range(60)
    ]
    batch = read(register(*rows), by=lin)

    second = client.get(page("register_detail", batch) + "?kind=visit&page=2")

    assert len(second.context["rows"]) == 10
    assert "?kind=visit&amp;page=1" in text(second)


def test_a_refused_row_is_mended_on_the_page(client, lin):
    batch = read(register(VISIT, UNKNOWN), by=lin)
    row = batch.rows.get(outcome="cannot")
    address = page("register_row", batch, row.pk)
    assert 'value="张三"' in text(client.get(address))

    wrong = client.post(address, row.written | {"volunteer": "李四"})
    right = client.post(address, row.written | {"volunteer": "王敏"})

    assert "李四" in str(wrong.context["form"].non_field_errors())
    assert right.url == page("register_detail", batch)
    assert batch.rows.filter(outcome="new", kind="visit").count() == 2


def test_the_refused_rows_are_downloaded_as_a_workbook(client, lin):
    batch = read(register(VISIT, UNKNOWN), by=lin)

    response = client.get(page("register_refused", batch))

    assert response.headers["Content-Disposition"].endswith('.xlsx"')
    assert response.content.startswith(b"PK")


def test_a_register_is_checked_again_and_discarded(client, lin):
    batch = read(register(VISIT), by=lin)

    client.post(page("register_check", batch))
    response = client.post(page("register_discard", batch))

    batch.refresh_from_db()
    assert (response.url, batch.state) == (reverse("register_list"), "discarded")


def test_an_empty_list_says_what_to_do(client, lin):
    assert reverse("register_upload") in text(client.get(reverse("register_list")))


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_registers_takes_as_many_queries_for_three_as_for_one(
    client, lin, count, django_assert_max_num_queries
):
    for number in range(count):
        read(register([f"2020-03-0{number + 1}", *VISIT[1:]]), by=lin)

    with django_assert_max_num_queries(12):
        client.get(reverse("register_list"))


@pytest.mark.parametrize("count", [1, 3])
def test_the_rows_take_as_many_queries_for_three_as_for_one(
    client, lin, count, django_assert_max_num_queries
):
    rows = ([f"2020-03-0{number + 1}", *VISIT[1:]] for number in range(count))
    batch = read(register(*rows), by=lin)

    with django_assert_max_num_queries(14):
        client.get(page("register_detail", batch))


# What others must not


@pytest.fixture
def batch(lin):
    return read(register(VISIT, UNKNOWN), by=lin)


def addresses(batch):
    row = batch.rows.filter(outcome="cannot").first()
    names = ["register_approve", "register_check", "register_discard"]
    return [page(name, batch) for name in names] + [page("register_row", batch, row.pk)]


def sign_in(client, **role):
    user = StaffFactory(**role)
    client.force_login(user)
    return user


def test_the_uploader_cannot_approve_even_as_a_checker(client, batch):
    batch.entered_by.roles.create(area=community(), role="checker")

    assert page("register_approve", batch) not in text(client.get(page("register_detail", batch)))
    assert approve_on_page(client, batch).status_code == 403
    batch.refresh_from_db()
    assert batch.state == "prepared"


@pytest.mark.parametrize("role", ["clerk", "auditor"])
def test_a_clerk_and_an_auditor_cannot_approve(client, batch, role):
    sign_in(client, role=role)

    assert page("register_approve", batch) not in text(client.get(page("register_detail", batch)))
    assert approve_on_page(client, batch).status_code == 403


@pytest.mark.parametrize("role", ["checker", "coordinator", "administrator"])
def test_a_second_person_with_the_right_may_approve(client, batch, role):
    sign_in(client, role=role)

    approve_on_page(client, batch)

    batch.refresh_from_db()
    assert batch.state == "applying"


def test_an_auditor_reads_and_changes_nothing(client, batch):
    sign_in(client, role="auditor")

    assert client.get(page("register_detail", batch)).status_code == 200
    assert client.get(reverse("register_upload")).status_code == 403
    assert client.get(page("register_refused", batch)).status_code == 403
    assert [client.post(address).status_code for address in addresses(batch)] == [403] * 4


def test_only_the_uploader_mends(client, batch):
    sign_in(client, role="administrator")

    row = batch.rows.get(outcome="cannot")

    assert client.get(page("register_row", batch, row.pk)).status_code == 403


def test_a_register_of_another_community_is_not_there(client, batch):
    sign_in(client, area=community(OTHER), role="administrator")

    assert str(batch) not in text(client.get(reverse("register_list")))
    for name in ("register_detail", "register_refused"):
        assert client.get(page(name, batch)).status_code == 404
    assert [client.post(address).status_code for address in addresses(batch)] == [404] * 4


def test_a_clerk_uploads_only_for_her_own_community(client, lin):
    file = SimpleUploadedFile("register.xlsx", register(VISIT))

    response = client.post(reverse("register_upload"), {"file": file, "area": community(OTHER).pk})

    assert response.context["form"].errors["area"]
    assert not RegisterBatch.objects.exists()


def test_members_and_strangers_see_no_register(client, batch):
    client.force_login(signing_in.user_for(MemberFactory()))
    for address in (reverse("register_list"), page("register_detail", batch)):
        assert client.get(address).status_code == 403

    client.logout()
    for address in (reverse("register_list"), page("register_detail", batch)):
        assert client.get(address).status_code == 302


def test_a_second_approval_is_answered_kindly(client, batch, zhao):
    client.force_login(zhao)
    approve_on_page(client, batch)

    response = client.post(
        page("register_approve", batch), {"revision": batch.revision}, follow=True
    )

    assert response.status_code == 200
    assert [message.level_tag for message in response.context["messages"]] == ["error"]


@pytest.mark.parametrize("revision", ["", "99", "-1", "x", "²"])
def test_an_approval_of_rows_that_were_not_seen_is_refused(client, batch, zhao, revision):
    client.force_login(zhao)

    client.post(page("register_approve", batch), {"revision": revision})

    batch.refresh_from_db()
    assert batch.state == "prepared"


def test_id_numbers_and_phones_are_masked_in_the_preview(client, lin):
    wang = ["王敏", "女", "530111196005010022", *WANG[3:]]
    batch = read(register(volunteers=[wang]), by=lin)

    seen = text(client.get(page("register_detail", batch)))

    assert "530111196005010022" not in seen
    assert "13812340001" not in seen
    assert "138****0001" in seen


def test_a_posted_register_offers_neither_approval_nor_discarding(client, zhao):
    batch = post(register(VISIT))
    client.force_login(zhao)

    seen = text(client.get(page("register_detail", batch)))

    assert page("register_approve", batch) not in seen
    assert page("register_discard", batch) not in seen
