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
from members.models import AccountEvent, Area
from members.person_forms import amendment
from tests.access.world import CODE, INSIDE, PASSWORD
from tests.browser import routes

# Rows of the administration that lie inside; of other models the first row does.
ROWS = {
    "admin:members_area_": lambda world: world.visit.area,
    "admin:members_user_": lambda world: world.users["clerk"],
    "admin:members_staffrole_": lambda world: world.users["clerk"].roles.get(),
    "admin:members_elder_": lambda world: world.elder.elder,
    "admin:ledger_policy_": lambda world: world.version,
    "admin:members_device_": lambda world: world.users["owner"].devices.first(),
    "admin:members_accountevent_": lambda world: AccountEvent.objects.filter(
        user=world.users["maker"]
    ).first(),
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
    "kin_end": lambda world: {"key": world.kin.key},
    "contact_add": lambda world: {"key": world.elder.key},
    "contact_change": lambda world: {"key": world.contact.key},
    "agent_appoint": lambda world: {"key": world.elder.key},
    "agent_revoke": lambda world: {"key": world.agency.key},
    "merge_new": lambda world: {"key": world.pair[0].key, "other": world.pair[1].key},
    "merge_approve": lambda world: {"key": world.merge.key},
    "merge_withdraw": lambda world: {"key": world.merge.key},
    "merge_undo": lambda world: {"key": world.merged.key},
    "data_request": lambda world: {"key": world.copy.key},
    "data_request_withdraw": lambda world: {"key": world.copy.key},
    "data_request_file": lambda world: {"key": world.handed.key, "ending": "json"},
    "my_data_withdraw": lambda world: {"key": world.copy.key},
    "account_device_end": lambda world: {"key": world.users["clerk"].devices.first().key},
    "my_device_end": lambda world: {"key": world.users["owner"].devices.first().key},
    "notice_again": lambda world: {"key": world.notice.key},
    "notice_set_aside": lambda world: {"key": world.notice.key},
    "acting_withdraw": lambda world: {
        "key": world.elder.key,
        "asked": world.in_their_name.key,
    },
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
    "people_find?q": lambda world: {"q": world.member.number},
    "person_same?person": lambda world: _person("person", world.elder),
    "person_new_elder?household": lambda world: {"household": world.member.key},
    "eligibility_reviews?show": lambda world: {"show": "never"},
    "inbox?kind": lambda world: {"kind": "kinship"},
    "inbox?objections": lambda world: {"kind": "objection"},
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


def _another_password():
    new = dict.fromkeys(("new_password1", "new_password2"), "another good battery")
    return {"old_password": PASSWORD} | new


def _rules(area):
    ages = {"age_a": 80, "age_b": 60, "age_c": 60, "holds_d": "on", "review_months": 12}
    day = timezone.localdate() + datetime.timedelta(days=9)
    return {"area": area.pk, "effective_from": str(day)} | ages


def _new_password(world):
    return dict.fromkeys(("password1", "password2"), "another good battery") | {
        "usable_password": "true"
    }


def _registered(**more):
    def told(world):
        told = {"key": _key(), "area": world.visit.area.code, "name": "全新人", "sex": "F"}
        return told | {"birth_date": "1950-01-31", "joined_on": _today()} | more

    return told


def _amended(world):
    """The form as it is filled in, with another birth date."""
    form = amendment(world.member)
    told = {name: form[name].value() for name in form.fields if form[name].value()}
    return told | {"birth_date": "1961-02-03"}


def _agent(world):
    told = {"key": _key(), "scopes": ["see"], "how": "paper"}
    return told | _person("agent", world.volunteer)


def _kin(world):
    told = {"key": _key(), "relation": "sibling", "proof": "letter", "seen_on": _today()}
    return told | _person("relative", world.volunteer)


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
    "people_alike": _registered(side="volunteer"),
    "person_new_volunteer": _registered(),
    "person_new_elder": _registered(),
    "person_amend": _amended,
    "person_unmask": lambda world: {"fields_seen": ["phones"], "purpose": "call"},
    "person_eligibility": lambda world: {"key": _key(), "result": "A", "reason": ""},
    "person_kin": _kin,
    "person_consents": lambda world: {"purpose": "family", "act": "withdrawn", "how": "paper"},
    "person_devices": lambda world: {"why": "lost"},
    "person_data": lambda world: {"key": _key(), "kind": "erasure"},
    "contact_add": lambda world: {"name": "李兰", "phone": "13888880010"},
    "contact_change": lambda world: {"remove": "1"},
    "agent_appoint": _agent,
    "kin_end": lambda world: {"ended_on": _today()},
    "inbox_assessment": lambda world: {"reason": "不清楚"},
    "inbox_kinship": lambda world: {"reason": "不清楚"},
    "merge_new": lambda world: {"key": _key(), "reason": "同一身份证"},
    "merge_detail": lambda world: {"reason": "不清楚"},
    "data_request": lambda world: {"identity": "known"},
    "my_data": lambda world: {"key": _key(), "kind": "erasure"},
    "my_consents": lambda world: {"purpose": "family", "act": "withdrawn"},
    "second_step": lambda world: {"code": "000000"},
    "second_factor": lambda world: {"code": "000000"},
    "recovery_codes": lambda world: {"code": "000000"},
    "account_leave": lambda world: {"path": "/visits/log/", "fields": '[["note", "雨"]]'},
    "account_password": lambda world: _another_password(),
    "admin:members_user_remove_second_factor": lambda world: {"reason": "手机丢了"},
    "register_upload": _workbook,
    "register_approve": lambda world: {"revision": world.batch.revision},
    "register_row": lambda world: world.row.written | {"elder": world.elder.name},
    "certificate_issue": lambda world: _period(world) | _person("person", world.member),
    "certificate_withdraw": lambda world: {"reason": "写错了"},
    "statement_print": lambda world: {"key": _key()},
    "statement_runs": lambda world: {"area": world.visit.area.code, "year": world.run.year},
    "inbox_approve": lambda world: {"rows": [f"visit/{world.visit.key}"]},
    "inbox_movement": lambda world: {"reason": "不清楚"},
    "objection_new": lambda world: {"key": _key(), "side": "volunteer", "reason": "time"},
    "objection_detail": lambda world: {"outcome": "right", "words": "有签名"},
    "my_objection": lambda world: {"key": _key(), "reason": "time"},
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
    "acting_ask": lambda world: {"key": _key(), "minutes": "0.5", "on": _today()},
    "my_hours_confirm": lambda world: {"phone": "0"},
    "my_hours_code": lambda world: {"code": CODE},
    "admin:month_decide": lambda world: {"reason": "还有纸张"},
    "admin:policy_new": _version,
    "admin:policy_decide": lambda world: {"approve": "1"},
    "admin:password_change": lambda world: _another_password(),
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
    "admin:members_device_changelist": lambda world: {
        "action": "end",
        "_selected_action": [world.users["owner"].devices.first().pk],
    },
    "admin:members_user_changelist": lambda world: {
        "action": "sign_out",
        "_selected_action": [world.users["clerk"].pk],
    },
    "admin:members_eligibilityrules_add": lambda world: _rules(world.visit.area),
    "admin:members_eligibilityrules_changelist": lambda world: {
        "action": "approve",
        "_selected_action": [world.rules.pk],
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
    "account_stay": "a session goes on",
    "second_step": "leads on who has passed it; tests/members/test_second_factor.py passes it",
    "second_factor": "needs the code of an app; tests/members/test_second_factor.py has one",
    "recovery_codes": "needs the code of an app; tests/members/test_second_factor.py has one",
    "people_alike": "a look for people",
    "visits_waiting": "leads to the inbox",
    "my_hours_donate": "leads to the page that asks for a code",
    "my_hours_gift": "leads to the page that asks for a code",
    "acting_ask": "leads to the page that asks for a code",
    "my_hours_redeem": "leads to the page that asks for a code",
    "admin:app_list": "the admin shows its page whatever the method",
    "admin:index": "the admin shows its page whatever the method",
    "admin:login": "leads to the page where staff sign in",
    "admin:logout": "ends a session",
    "admin:view_on_site": "no row has a page of that kind",
    "admin:*_changelist": "an action acts only where a list offers one",
    "admin:*_history": "the admin shows its page whatever the method",
    "admin:members_eligibilityrules_history": "the admin shows its page whatever the method",
    "admin:services_category_history": "the admin shows its page whatever the method",
    "admin:services_holiday_history": "the admin shows its page whatever the method",
    "admin:*_add": _ROWS_ARE_READ,
    "admin:*_change": _ROWS_ARE_READ,
    "admin:*_delete": _ROWS_ARE_READ,
}
