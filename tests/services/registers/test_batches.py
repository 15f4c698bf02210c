import datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from members.models import Member
from services.models import RegisterBatch, Visit
from services.registers import batches, posting, reading
from services.registers.workbook import CannotRead
from tests.factories import StaffFactory, VolunteerFactory, community
from tests.services.registers.workbooks import (
    LI,
    VISIT,
    WANG,
    approve,
    bring_in,
    outcomes,
    post,
    read,
    reasons,
    register,
    xlsx,
)

pytestmark = pytest.mark.django_db
UNKNOWN = ["2020-03-03", "张三", *VISIT[2:]]


def only(batch, **fields):
    return batch.rows.get(**fields)


def mend(row, **cells):
    return batches.mend(row, written=row.written | cells, by=row.batch.entered_by)


# Brought in


def test_a_register_is_read_into_rows_and_waits():
    batch = read(register(VISIT, UNKNOWN))

    assert batch.state == "prepared"
    assert outcomes(batch) == [
        (2, "new", ""),
        (2, "new", ""),
        (2, "new", ""),
        (3, "cannot", "unknown_volunteer"),
    ]
    assert not Member.objects.exists()


def test_the_same_file_brought_in_twice_is_one_batch():
    content = register(VISIT)
    batch = read(content)

    assert bring_in(content) == batch
    assert RegisterBatch.objects.count() == 1


def test_the_same_file_is_another_batch_in_another_community():
    content = register(VISIT)

    assert bring_in(content) != bring_in(content, area=community("530111001002"))


def test_a_discarded_file_can_be_brought_in_anew():
    content = register(VISIT)
    first = batches.discard(read(content))

    assert bring_in(content) != first


def test_a_workbook_without_a_list_is_refused_and_nothing_is_kept():
    with pytest.raises(CannotRead) as caught:
        bring_in(xlsx({"价目表": [["品名", "单价", "数量"], ["米", 3, 2]]}))

    assert caught.value.sentence == reading.NOTHING_RECOGNIZED
    assert not RegisterBatch.objects.exists()


def test_lists_without_entries_fail_with_a_sentence():
    batch = read(xlsx({"服务记录表": [["日期", "志愿者", "服务对象", "时长"]]}))

    assert batch.state == "failed"
    assert batch.error_in_words() == reading.NO_ENTRIES


def test_reading_again_leaves_a_prepared_batch_alone():
    batch = read(register(VISIT))
    before = list(batch.rows.values())

    reading.read(RegisterBatch.objects.get(pk=batch.pk))

    assert list(batch.rows.values()) == before


def test_a_reader_that_was_killed_starts_again_from_nothing():
    brought_in = bring_in(register(VISIT))
    batch = reading.read(RegisterBatch.objects.get())
    expected = outcomes(batch)
    file = brought_in.file.name
    RegisterBatch.objects.update(state="reading", rows_done=1, file=file)
    batch.rows.filter(kind="visit").delete()

    batch = reading.read(RegisterBatch.objects.get(pk=batch.pk))

    assert outcomes(batch) == expected
    assert batch.rows_done == 3


def test_people_below_the_visits_of_one_sheet_are_found_too():
    rows = [
        ["日期", "志愿者", "服务对象", "项目", "时长"],
        ["2020-03-02", "王敏", "李建国", "情感陪伴", 1],
        ["姓名", "电话", "服务特长"],
        ["王敏", "13812340001", "日常看望"],
        ["姓名", "电话", "居住状况"],
        ["李建国", "13812340002", "独居"],
    ]

    batch = read(xlsx({"2020": rows}))

    assert sorted(outcomes(batch)) == [(2, "new", ""), (4, "new", ""), (6, "new", "")]


# Judged


def test_what_is_on_record_is_the_same_or_changed():
    post(register(VISIT))
    moved = [*LI[:4], "融城春晓9幢", LI[5]]

    batch = read(register(VISIT, elders=[moved]))

    assert outcomes(batch) == [(2, "same", ""), (2, "changed", ""), (2, "same", "")]
    changes = only(batch, kind="elder").details["changes"]
    assert changes == {"address": ["日新里2幢", "融城春晓9幢"]}


def test_a_changed_row_is_applied_on_approval_and_forgets_nothing():
    post(register(VISIT))
    moved = [LI[0], None, None, "13900000009", "融城春晓9幢", None]

    post(register(elders=[moved, LI], volunteers=[]))

    member, newcomer = Member.objects.filter(name="李建国").order_by("pk")
    assert (member.address, member.sex) == ("日新里2幢", "M")
    assert newcomer.address == "融城春晓9幢"
    assert newcomer.phones.get().number == "13900000009"


def test_a_volunteer_who_is_listed_as_an_elder_gets_the_second_side():
    post(register(VISIT))

    post(register(elders=[[*WANG[:5], "独居"]], volunteers=[]))

    member = Member.objects.get(name="王敏")
    assert member.elder.living == "alone"
    assert member.volunteer


def test_a_visit_with_other_minutes_than_on_record_is_refused():
    post(register(VISIT))
    longer = [*VISIT[:5], "11:00", 2, "是"]

    assert reasons(read(register(longer))) == {2: "recorded_differently"}


def test_two_visits_of_a_volunteer_at_one_time_are_refused():
    chen = ["陈芳", *LI[1:3], "13812340003", *LI[4:]]
    second = ["2020-03-02", "王敏", "陈芳", "情感陪伴", "9:30", "10:30", 1, "是"]

    assert reasons(read(register(VISIT, second, elders=[LI, chen]))) == {3: "overlap"}


def test_a_visit_at_the_time_of_one_on_record_is_refused():
    post(register(VISIT))
    chen = ["陈芳", *LI[1:3], "13812340003", *LI[4:]]
    second = ["2020-03-02", "王敏", "陈芳", "情感陪伴", "9:30", "10:30", 1, "是"]

    assert reasons(read(register(second, elders=[LI, chen]))) == {2: "overlap_on_record"}


def test_somebody_who_visits_themselves_is_refused():
    both = [*WANG[:5], "独居"]

    batch = read(register(["2020-03-02", "王敏", "王敏", *VISIT[3:]], elders=[both]))

    assert reasons(batch) == {2: "same_person"}


def test_a_person_listed_twice_is_refused_the_second_time():
    batch = read(register(volunteers=[WANG, WANG]))

    assert reasons(batch, "volunteer") == {3: "listed_twice"}


def test_an_id_number_of_another_community_is_refused_without_a_name():
    VolunteerFactory(member__area=community("530111001002"), member__id_number="530111196005010022")
    wang = ["王敏", "女", "530111196005010022", *WANG[3:]]

    batch = read(register(volunteers=[wang]))

    assert reasons(batch, "volunteer") == {2: "in_another_community"}
    assert only(batch, kind="volunteer").details == {}


# Mended


def test_a_mended_row_is_judged_at_once():
    row = only(read(register(VISIT, UNKNOWN)), outcome="cannot")

    row = mend(row, volunteer="王敏")

    assert (row.outcome, row.reason) == ("new", "")


def test_a_row_that_is_mended_wrongly_says_what_is_wrong_now():
    row = only(read(register(VISIT, UNKNOWN)), outcome="cannot")

    row = mend(row, volunteer="王敏", date="2020-13-01")

    assert (row.outcome, row.reason) == ("cannot", "impossible_date")


def test_a_mended_person_makes_the_rows_that_name_them_possible():
    nameless = [None, *WANG[1:]]
    batch = read(register(VISIT, volunteers=[nameless]))

    mend(only(batch, kind="volunteer"), name="王敏")

    assert not reasons(batch)


def test_only_who_brought_the_register_in_mends_its_rows():
    row = only(read(register(VISIT, UNKNOWN)), outcome="cannot")

    with pytest.raises(batches.NotYours):
        batches.mend(row, written=row.written, by=StaffFactory(role="administrator"))


def test_a_row_that_is_not_refused_cannot_be_rewritten():
    batch = read(register(VISIT))

    with pytest.raises(batches.NotWaiting):
        mend(only(batch, kind="visit"), hours=5)


def test_a_mended_row_of_a_posted_register_waits_for_a_second_person_again():
    batch = post(register(VISIT, UNKNOWN))
    mend(only(batch, outcome="cannot"), volunteer="王敏")
    batch.refresh_from_db()
    assert (batch.state, batch.approved_by) == ("prepared", None)

    posting.post(approve(batch))

    assert Visit.objects.count() == 2
    assert not batch.rows.exclude(outcome="posted").exists()


def test_checking_again_finds_people_who_were_registered_since():
    batch = post(register(VISIT, UNKNOWN))
    VolunteerFactory(member__name="张三")

    batch = batches.check_again(batch)

    assert batch.state == "prepared"
    assert not reasons(batch)


def test_checking_again_changes_nothing_when_nothing_has_changed():
    batch = read(register(VISIT, UNKNOWN))
    before = list(batch.rows.order_by("pk").values())

    after = batches.check_again(batch)

    assert list(batch.rows.order_by("pk").values()) == before
    assert after.revision == batch.revision


# Approved


def test_nobody_approves_what_they_brought_in():
    author = StaffFactory(role="administrator")
    batch = read(register(VISIT), by=author)

    with pytest.raises(batches.OwnEntry):
        approve(batch, by=author)


def test_the_database_refuses_an_author_who_approves():
    batch = read(register(VISIT))

    with (
        pytest.raises(IntegrityError, match="services_registerbatch_approver_is_not_the_author"),
        transaction.atomic(),
    ):
        RegisterBatch.objects.update(approved_by=batch.entered_by)


def test_the_database_refuses_posting_without_an_approver():
    read(register(VISIT))

    with (
        pytest.raises(IntegrityError, match="services_registerbatch_posted_only_when_approved"),
        transaction.atomic(),
    ):
        RegisterBatch.objects.update(state="applying")


def test_a_register_is_approved_once():
    batch = approve(read(register(VISIT)))

    with pytest.raises(batches.NotWaiting):
        approve(batch)


def test_rows_that_were_mended_since_they_were_seen_are_not_approved():
    batch = read(register(VISIT, UNKNOWN))
    mend(only(batch, outcome="cannot"), volunteer="王敏")

    with pytest.raises(batches.SeenOtherwise):
        approve(batch)


def test_a_register_without_anything_new_is_not_approved():
    post(register(VISIT))
    same_rows = register(VISIT, UNKNOWN, volunteers=[], elders=[])

    with pytest.raises(batches.NothingToPost):
        approve(read(same_rows))


# The workbook


def test_a_workbook_that_waits_to_be_read_is_sealed():
    batch = bring_in(register(VISIT))

    with batch.file.open("rb") as file:
        content = file.read()
    assert content[:2] != b"PK"
    assert b"xl/workbook.xml" not in content


def test_a_workbook_that_was_read_is_not_kept(django_capture_on_commit_callbacks):
    batch = bring_in(register(VISIT))
    storage, name = batch.file.storage, batch.file.name

    with django_capture_on_commit_callbacks(execute=True):
        reading.read(batch)

    assert not storage.exists(name)
    assert RegisterBatch.objects.get().file == ""


def test_the_rows_tell_of_people_in_nothing_that_can_be_read():
    batch = read(register(VISIT))

    with connection.cursor() as cursor:
        cursor.execute("SELECT r::text FROM services_registerrow r")
        stored = "".join(row[0] for row in cursor.fetchall())
    assert batch.rows.get(kind="elder").written["phone"] == LI[3]
    assert batch.rows.get(kind="visit").day == datetime.date(2020, 3, 2)
    plain = [LI[0], LI[3], LI[4], WANG[3], "独居", "alone"]
    assert [value for value in plain if value in stored] == []
    hexed = [value for value in plain if value.encode().hex() in stored]
    assert hexed == []


# Discarded


def test_a_discarded_register_leaves_neither_rows_nor_file(django_capture_on_commit_callbacks):
    batch = bring_in(register(VISIT))
    storage, name = batch.file.storage, batch.file.name
    assert storage.exists(name)

    with django_capture_on_commit_callbacks(execute=True):
        batch = batches.discard(batch)

    assert batch.state == "discarded"
    assert not batch.rows.exists()
    assert not storage.exists(name)


def test_a_register_that_was_posted_is_not_discarded():
    batch = post(register(VISIT, UNKNOWN))
    with pytest.raises(batches.NotWaiting):
        batches.discard(batch)
    mend(only(batch, outcome="cannot"), volunteer="王敏")

    with pytest.raises(batches.HasPosted):
        batches.discard(batch)


def test_a_discarded_register_is_not_approved():
    batch = read(register(VISIT))
    batches.discard(batch)

    with pytest.raises(batches.NotWaiting):
        batches.approve(batch, by=StaffFactory(role="checker"), at=timezone.now(), revision=0)
