"""Importing a register of many service records, against the time openpyxl needs to read it."""

import datetime
import itertools
import json

import openpyxl
from django.utils import timezone

from bench import people, process
from bench.figures import Figure, busy, show
from members.models import Area, Member, StaffRole
from timebank import invention

TARGET = 8
MEGABYTES = 500
VISITS_EACH, VISITED_EACH = 50, 66  # of a volunteer, of an elder
GROWN_UP = datetime.date(1990, 1, 1)
FIRST_DAY = datetime.date(2020, 1, 1)
HEADINGS = {
    "志愿者登记表": "姓名 性别 身份证号 联系电话 住址 服务特长 加入日期",
    "服务对象登记表": "姓名 性别 身份证号 联系电话 住址 居住状况 经济状况 自理能力",
    "服务记录表": "日期 志愿者姓名 服务对象 服务项目 开始时间 结束时间 服务时长"
    " 是否存入 确认方式 备注",
}
# Reads every cell of every sheet, and tells in how many seconds.
READ = """
import sys, time, openpyxl
began = time.perf_counter()
book = openpyxl.load_workbook(sys.argv[1], read_only=True, data_only=True)
rows = sum(1 for sheet in book for row in sheet.iter_rows(values_only=True))
print(time.perf_counter() - began)
"""


def measure(server, size):
    """Everything until the hours are banked, by the command, in a process of its own."""
    took = Figure(f"import of {size.rows:,} service rows : openpyxl", unit="s", at_most=True)
    took.target = TARGET
    memory = Figure("peak memory of the import", unit="MB", target=MEGABYTES, at_most=True)
    known = Member.objects.exclude(id_number=None).only("key", "id_number")
    taken = {member.id_number for member in known.iterator()}
    communities = Area.objects.communities().order_by("code")
    for position, community in enumerate(communities[: size.imports]):
        file = server.place / f"register-{position}.xlsx"
        names = set(Member.objects.filter(area=community).values_list("name", flat=True))
        _write(file, size.rows, seed=position, taken=taken, names=names)
        took.busy.append(busy())
        memory.busy.append(took.busy[-1])
        reading = float(process.run("-c", READ, str(file))[0])
        output, seconds, megabytes = process.run(
            *("manage.py", "import_register", str(file), "--area", community.code),
            *("--by", people.staff(StaffRole.Role.CLERK).username),
            *("--approved-by", people.staff(StaffRole.Role.CHECKER).username),
            *("--format", "json"),
        )
        _check(json.loads(output), size.rows)
        took.pairs.append((reading, seconds))
        memory.pairs.append((None, megabytes))
        file.unlink()
    return [show(took), show(memory)]


def _check(result, rows):
    posted = result["rows"]["visit"]
    if posted != {"posted": rows}:
        raise RuntimeError(f"not every row was posted: {posted}\n{result['refused'][:5]}")


def _write(file, rows, *, seed, taken, names):
    """A workbook like the pilot's: two lists of people and one of services."""
    counts = (-(-rows // VISITS_EACH), -(-rows // VISITED_EACH))
    volunteers, elders = _people(*counts, seed=seed, taken=taken, names=names)
    sheets = {
        "志愿者登记表": (_of_person(p, "", p.registered_on) for p in volunteers),
        "服务对象登记表": (_of_person(p, "独居", "一般", "自理") for p in elders),
        "服务记录表": _services(rows, volunteers, elders),
    }
    workbook = openpyxl.Workbook(write_only=True)
    for name, entries in sheets.items():
        sheet = workbook.create_sheet(name)
        sheet.append(HEADINGS[name].split())
        for entry in entries:
            sheet.append(entry)
    workbook.save(file)


def _people(volunteers_wanted, elders_wanted, *, seed, taken, names):
    """Volunteers and elders with a phone and a name of their own: no row is ambiguous.

    `names` are on record in their community: some there have no ID number to tell them apart by.
    """
    volunteers, elders = {}, {}
    for person in invention.people(
        10**6, seed=1000 + seed, today=timezone.localdate(), taken=taken
    ):
        others = (names, volunteers, elders)
        is_new = person.phones and not any(person.name in known for known in others)
        if is_new and person.is_elder and len(elders) < elders_wanted:
            elders[person.name] = person
        elif is_new and person.is_volunteer and person.born < GROWN_UP:
            volunteers[person.name] = person
        if len(volunteers) >= volunteers_wanted and len(elders) == elders_wanted:
            break
    return list(volunteers.values())[:volunteers_wanted], list(elders.values())


def _of_person(person, *more):
    sex = {"F": "女", "M": "男"}[person.sex]
    phone = person.phones[0] if person.phones else ""
    return (person.name, sex, person.id_number, phone, person.address, *more)


def _told_apart(person):
    """The name with the end of the phone: others on record may have the same name."""
    return f"{person.name}({person.phones[0][-4:]})"


def _services(rows, volunteers, elders):
    """One visit a day for each volunteer in turn, each day to another elder."""
    pairs = itertools.product(range(-(-rows // len(volunteers))), enumerate(volunteers))
    for day, (n, volunteer) in itertools.islice(pairs, rows):
        elder = elders[(n + 7 * day) % len(elders)]
        yield (
            *(
                FIRST_DAY + datetime.timedelta(days=day),
                _told_apart(volunteer),
                _told_apart(elder),
                "情感陪伴",
            ),
            *(datetime.time(9, 0), datetime.time(10, 0), 1, "是", "签字", None),
        )
