"""What the walk sends to a route: the form of who may act, and addresses that ask for more.

Every route that takes a POST says here what is posted to it, so that an answer other than "acts"
is a refusal and no slip of the test.
"""

import datetime
import io
import uuid

import openpyxl
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from ledger import policies
from members.models import Area
from tests.access.world import CODE, INSIDE, PASSWORD
from tests.browser import routes

# Rows of the administration that lie inside; of other models the first row does.
ROWS = {
    "admin:members_area_": lambda world: world.visit.area,
    "admin:members_user_": lambda world: world.users["clerk"],
    "admin:members_staffrole_": lambda world: world.users["clerk"].roles.get(),
    "admin:members_elder_": lambda world: world.elder.elder,
    "admin:ledger_policy_": lambda world: world.version,
}
# Routes that the walk in the browser does not visit, or visits with something to read.
PLACES = {
    "visit_undo": lambda world: {"key": world.logged.key},
    "visit_approve": lambda world: {"key": world.visit.key},
    "visit_return": lambda world: {"key": world.visit.key},
    "register_approve": lambda world: {"key": world.batch.key},
    "register_check": lambda world: {"key": world.batch.key},
    "register_discard": lambda world: {"key": world.batch.key},
    "register_refused": lambda world: {"key": world.batch.key},
    "certificate_pdf": lambda world: {"key": world.certificate.key},
    "certificate_withdraw": lambda world: {"key": world.certificate.key},
    "statement_print": lambda world: {"number": world.member.number},
    "statement_run_file": lambda world: {"key": world.run.key},
    "hours_freeze": lambda world: {"key": world.member.key},
    "hours_thaw": lambda world: {"key": world.leaver.key},
    "hours_close": lambda world: {"key": world.leaver.key},
    "request_approve": lambda world: {"key": world.asked.key},
    "request_return": lambda world: {"key": world.asked.key},
    "request_withdraw": lambda world: {"key": world.asked.key},
    "request_undo": lambda world: {"key": world.given.key},
    "request_charge": lambda world: {"key": world.redemption.key},
    "request_release": lambda world: {"key": world.redemption.key},
    "my_hours_undo": lambda world: {"key": world.donation.key},
    "my_hours_withdraw": lambda world: {"key": world.gift.key},
    "inbox_movement": lambda world: {"key": world.asked.key},
    "admin:month": lambda world: {"code": world.closable.code, "month": f"{world.last:%Y-%m}"},
    "admin:month_decide": lambda world: {
        "code": world.closing.area.code,
        "month": f"{world.last:%Y-%m}",
    },
    "admin:policy_decide": lambda world: {"pk": world.version.pk},
    "admin:view_on_site": lambda world: {
        "content_type_id": ContentType.objects.get_for_model(Area).pk,
        "object_id": world.visit.area.pk,
    },
}
# More addresses of a page: the part after ? asks for something that lies inside.
ASKED = {
    "person_search?q": lambda world: {"q": world.member.number, "side": "volunteer"},
    "person_search?for": lambda world: {"side": "elder", "for": world.member.key},
    "hours_find?q": lambda world: {"q": world.member.number},
    "hours_month?community": lambda world: {"community": world.visit.area.code},
    "statement_find?person": lambda world: {"person": world.member.number},
    "visit_log?saved": lambda world: {"saved": world.logged.key},
    "visit_log?again": lambda world: {"again": world.logged.key},
    "certificate_issue?person": lambda world: _period(world) | _person("person", world.member),
    "statement_printed?format": lambda world: {"format": "pdf"},
    "statement?format": lambda world: {"format": "csv"},
    "my_statement?format": lambda world: {"format": "csv"},
    "admin:report?area": lambda world: {"area": INSIDE},
    "admin:report?format": lambda world: {"area": INSIDE, "format": "csv"},
    "admin:books?area": lambda world: {"area": world.visit.area.code},
    "admin:policies?area": lambda world: {"area": world.visit.area.code},
    "admin:autocomplete?person": lambda world: {
        "term": world.member.number,
        "app_label": "services",
        "model_name": "visit",
        "field_name": "volunteer",
    },
    "admin:members_member_changelist?q": lambda world: {"q": world.member.number},
    "admin:services_visit_changelist?q": lambda world: {"q": world.member.number},
}
# Which of the fields above go into the address of a POST as well.
ADDRESSED = {"hours_month": lambda world: {"community": world.visit.area.code}}


def place(name, world):
    """The arguments of the route, as keywords."""
    if name in PLACES:
        return PLACES[name](world)
    if name in routes.ARGUMENTS:
        return routes.ARGUMENTS[name](world)
    for beginning, row in ROWS.items():
        if name.startswith(beginning) and not name.endswith(("_changelist", "_add")):
            return {"object_id": row(world).pk}
    return None


def posted(name, world):
    """What the right person would post to the route; nothing where it takes nothing."""
    return POSTED[name](world) if name in POSTED else {}


def _key():
    return str(uuid.uuid4())


def _today():
    return timezone.localdate().isoformat()


def _person(field, member):
    """As the box for a person posts it: what was typed, and who was chosen for it."""
    typed = member.number
    return {field: typed, f"{field}_for": typed, f"{field}_key": str(member.key)}


def _period(world):
    year = timezone.localdate().replace(month=1, day=1)
    return {"start": year.isoformat(), "end": _today(), "seen": world.seen, "key": _key()}


def _visit(world):
    told = {"key": _key(), "service_date": _today(), "minutes": "60", "category": "companionship"}
    told |= {"method": "signature", "choice": "bank", "note": "", "heeded": "", "started_at": ""}
    return told | _person("volunteer", world.volunteer) | _person("elder", world.newcomer)


def _workbook(world):
    book = openpyxl.Workbook()
    book.active.append(["志愿者", "老人", "日期", "服务内容", "时长（小时）"])
    book.active.append([world.volunteer.name, world.elder.name, _today(), "情感陪伴", 1])
    file = io.BytesIO()
    book.save(file)
    upload = SimpleUploadedFile("another.xlsx", file.getvalue())
    return {"file": upload, "area": world.visit.area.pk}


def _hours(**more):
    return lambda world: {"key": _key(), "minutes": "20", "reason": "骨折"} | more


def _relative(world):
    return _person("other", world.elder) | {"relation": "parent", "proof": "户口本"}


def _own(world):
    """What a member types: a relative by name and end of phone."""
    end = world.elder.phones.get().number[-4:]
    named = {"name": world.elder.name, "phone": end, "relation": "parent", "proof": "户口本"}
    return {"key": _key(), "minutes": "0.5"} | named


def _version(world):
    """A version as the form shows it, with another cap."""
    fields = [field for field in policies.rules() if getattr(world.version, field.name) is not None]
    rules = {field.name: getattr(world.version, field.name) for field in fields}
    told = {name: value for name, value in rules.items() if value is not False}
    day = timezone.localdate() + datetime.timedelta(days=9)
    return told | {"area": world.visit.area.code, "effective_from": str(day), "day_cap": 125}


def _new_password(world):
    return dict.fromkeys(("password1", "password2"), "another good battery") | {
        "usable_password": "true"
    }


POSTED = {
    "set_language": lambda world: {"language": "en"},
    "text_size": lambda world: {"size": "large"},
    "sign_in": lambda world: {"phone": "13888880003"},
    "sign_in_code": lambda world: {"code": CODE},
    "sign_in_who": lambda world: {"member": world.member.pk},
    "staff_sign_in": lambda world: {
        "username": world.users["clerk"].username,
        "password": PASSWORD,
    },
    "visit_log": _visit,
    "visit_return": lambda world: {"reason": "不清楚"},
    "register_upload": _workbook,
    "register_approve": lambda world: {"revision": world.batch.revision},
    "register_row": lambda world: world.row.written | {"elder": world.elder.name},
    "certificate_issue": lambda world: _period(world) | _person("person", world.member),
    "certificate_withdraw": lambda world: {"reason": "写错了"},
    "statement_print": lambda world: {"key": _key()},
    "statement_runs": lambda world: {"area": world.visit.area.code, "year": world.run.year},
    "inbox_approve": lambda world: {"rows": [f"visit/{world.visit.key}"]},
    "inbox_movement": lambda world: {"reason": "不清楚"},
    "hours_donate": _hours(),
    "hours_gift": lambda world: _hours()(world) | _relative(world),
    "hours_redeem": lambda world: _hours(on=_today())(world),
    "hours_grant": lambda world: _hours(
        expires_on=str(timezone.localdate() + datetime.timedelta(days=6))
    )(world),
    "hours_opening": lambda world: _hours(on=_today(), evidence="存折 17 号")(world),
    "hours_move": _hours(destination="530111001002"),
    "hours_close": _hours(),
    "hours_month": lambda world: {"key": _key()},
    "hours_journal": _hours(),
    "request_return": lambda world: {"reason": "不清楚"},
    "request_charge": lambda world: {"key": _key(), "minutes": "20", "on": _today()},
    "my_hours_donate": _own,
    "my_hours_gift": _own,
    "my_hours_redeem": lambda world: {
        "key": _key(),
        "minutes": "0.5",
        "on": _today(),
        "reason": "骨折",
    },
    "my_hours_confirm": lambda world: {"phone": "0"},
    "my_hours_code": lambda world: {"code": CODE},
    "admin:month_decide": lambda world: {"reason": "还有纸张"},
    "admin:policy_new": _version,
    "admin:policy_decide": lambda world: {"approve": "1"},
    "admin:password_change": lambda world: {
        "old_password": PASSWORD,
        "new_password1": "another good battery",
        "new_password2": "another good battery",
    },
    "admin:auth_user_password_change": _new_password,
    "admin:members_area_add": lambda world: {
        "code": "530111001099",
        "name_zh": "新社区",
        "name_en": "New",
        "parent": Area.objects.get(code=INSIDE).pk,
    },
    "admin:members_area_change": lambda world: {"name_zh": "石虎", "name_en": "Shihu"},
    "admin:members_member_changelist": lambda world: {
        "action": "sign_out_everywhere",
        "_selected_action": [world.member.pk],
    },
    "admin:members_staffrole_add": lambda world: {
        "user": world.users["no role"].pk,
        "role": "clerk",
        "area": world.visit.area.pk,
    },
    "admin:members_staffrole_change": lambda world: {
        "role": "auditor",
        "area": world.visit.area.pk,
    },
    "admin:members_staffrole_delete": lambda world: {"post": "yes"},
    "admin:members_user_add": lambda world: _new_password(world) | {"username": "new"},
    "admin:members_user_change": lambda world: {"username": "renamed", "is_active": "on"},
    "admin:services_category_add": lambda world: {
        "code": "haircut",
        "name_zh": "理发",
        "name_en": "Haircut",
        "usual_minutes": 30,
        "position": 9,
        "is_bankable": "on",
    },
    "admin:services_category_change": lambda world: {
        "name_zh": "照顾",
        "name_en": "Care",
        "usual_minutes": 30,
        "position": 9,
    },
    "admin:services_holiday_add": lambda world: {"day": "2030-02-05", "name": "休息"},
    "admin:services_holiday_change": lambda world: {"name": "休息"},
    "admin:services_holiday_delete": lambda world: {"post": "yes"},
}
# What takes a POST and changes no row for anybody.
_ROWS_ARE_READ = "rows that nobody edits by hand"
IDLE = {
    "set_language": "keeps the choice in a cookie",
    "text_size": "keeps the choice in a cookie",
    "sign_out": "ends a session",
    "visits_waiting": "leads to the inbox",
    "my_hours_donate": "leads to the page that asks for a code",
    "my_hours_gift": "leads to the page that asks for a code",
    "my_hours_redeem": "leads to the page that asks for a code",
    "admin:app_list": "the admin shows its page whatever the method",
    "admin:index": "the admin shows its page whatever the method",
    "admin:login": "leads to the page where staff sign in",
    "admin:logout": "ends a session",
    "admin:view_on_site": "no row has a page of that kind",
    "admin:*_changelist": "an action acts only where a list offers one",
    "admin:*_history": "the admin shows its page whatever the method",
    "admin:services_category_history": "the admin shows its page whatever the method",
    "admin:services_holiday_history": "the admin shows its page whatever the method",
    "admin:*_add": _ROWS_ARE_READ,
    "admin:*_change": _ROWS_ARE_READ,
    "admin:*_delete": _ROWS_ARE_READ,
}
