"""Every route of the URL resolver, and the address under which the walk visits it.

A new page is walked because it is routed. When it needs arguments, ARGUMENTS says which; when it
cannot be walked, NOT_PAGES says why; otherwise the walk fails.
"""

from django.apps import apps
from django.contrib.admin import site
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse

from services.papers import codes

MOVEMENTS = ["donate", "gift", "redeem", "grant", "opening", "move", "close"]
NOT_PAGES = {
    "healthz": "a line for machines",
    "readyz": "a line for machines",
    "set_language": "answers POST only: the switch in the header",
    "text_size": "answers POST only: the switch in the header",
    "sign_out": "answers POST only: the button in the header",
    "people_alike": "answers POST only: a part of the page that registers",
    "second_step": "leads on who has passed it; tests/members/test_second_factor.py looks at it",
    "account_device_end": "answers POST only: a button beside the device",
    "account_devices_end": "answers POST only: a button below the devices",
    "my_device_end": "answers POST only: a button beside the device",
    "account_stay": "answers POST only: a button of the warning before a sign-out",
    "account_leave": "answers POST only: a button of the warning before a sign-out",
    "account_draft_fields": "data for the script that fills a form in again",
    "notice_again": "answers POST only: a button beside the message",
    "notice_set_aside": "answers POST only: a button beside the message",
    "recovery_codes": "tests/members/test_second_factor.py looks at it: there is a second factor",
    "person_search": "a part of the page that logs a visit",
    "visit_undo": "answers POST only: a button beside the visit",
    "visit_approve": "answers POST only: a button beside the visit",
    "visit_return": "answers POST only: a form beside the visit",
    "register_approve": "answers POST only: a button on the register's page",
    "register_check": "answers POST only: a button on the register's page",
    "register_discard": "answers POST only: a button on the register's page",
    "register_refused": "a workbook",
    "certificate_pdf": "a PDF",
    "certificate_withdraw": "answers POST only: a form beside the certificate",
    "statement_print": "answers POST only: buttons beside the statement",
    "statement_run_file": "a PDF",
    "hours_freeze": "answers POST only: a button on a member's page",
    "hours_thaw": "answers POST only: a button on a member's page",
    "request_approve": "answers POST only: a button on the request's page",
    "request_return": "answers POST only: a form on the request's page",
    "request_withdraw": "answers POST only: a button on the request's page",
    "request_undo": "answers POST only: a button on the request's page",
    "request_charge": "answers POST only: a form on the request's page",
    "request_release": "answers POST only: a button on the request's page",
    "visits_waiting": "leads to the inbox",
    "merge_approve": "answers POST only: a button on the merge's page",
    "merge_withdraw": "answers POST only: a button on the merge's page",
    "merge_undo": "answers POST only: a button on the merge's page",
    "data_request_withdraw": "answers POST only: a button on the request's page",
    "data_request_file": "a PDF, or data",
    "my_data_withdraw": "answers POST only: a button on the member's page",
    "inbox_approve": "answers POST only: the buttons of the inbox",
    "acting_withdraw": "answers POST only: a button beside the request",
    "my_hours_undo": "answers POST only: a button on the request's page",
    "my_hours_withdraw": "answers POST only: a button on the request's page",
    "kin_end": "answers POST only: a form beside the kinship",
    "contact_add": "answers POST only: a form on the tab of contacts",
    "contact_change": "answers POST only: buttons beside the contact",
    "agent_appoint": "answers POST only: a form on the tab of contacts",
    "agent_revoke": "answers POST only: a button beside the agent",
    "admin:month_decide": "answers POST only: buttons on the month's page",
    "admin:policy_decide": "answers POST only: buttons on the version's page",
    "admin:login": "leads to the page where staff sign in",
    "admin:logout": "answers POST only: the button in the header",
    "admin:jsi18n": "a script",
    "admin:autocomplete": "data for a field of the administration",
    "admin:view_on_site": "leads from a row to its page; our rows have none",
}
ARGUMENTS = {
    "person_data": lambda world: {"key": world.member.key},
    "person_same": lambda world: {"key": world.member.key},
    "person_devices": lambda world: {"key": world.member.key},
    "merge_new": lambda world: {"key": world.merge.gone.key, "other": world.merge.kept.key},
    "merge_detail": lambda world: {"key": world.merge.key},
    "data_request": lambda world: {"key": world.asked.key},
    "visit_detail": lambda world: {"key": world.visit.key},
    "person_amend": lambda world: {"key": world.member.key},
    "person_history": lambda world: {"key": world.member.key},
    "person_card": lambda world: {"key": world.member.key},
    "person": lambda world: {"key": world.member.key},
    "person_unmask": lambda world: {"key": world.member.key},
    "person_looks": lambda world: {"key": world.member.key},
    "person_visits": lambda world: {"key": world.member.key},
    "register_detail": lambda world: {"key": world.batch.key},
    "register_row": lambda world: {"key": world.batch.key, "pk": world.row.pk},
    "certificate_detail": lambda world: {"key": world.certificate.key},
    "verify": lambda world: {"code": codes.shown(world.certificate.code)},
    "statement": lambda world: {"number": world.printed.member.number},
    "statement_printed": lambda world: {
        "number": world.printed.member.number,
        "key": world.printed.key,
    },
    "statement_run": lambda world: {"key": world.run.key},
    "hours_member": lambda world: {"key": world.member.key},
    **{f"hours_{act}": lambda world: {"key": world.member.key} for act in MOVEMENTS},
    "hours_request": lambda world: {"key": world.redemption.key},
    "hours_journal": lambda world: {
        "code": world.donation.area.code,
        "journal": world.donation.key,
    },
    "inbox_movement": lambda world: {"key": world.gift.key},
    **{
        f"person_{tab}": lambda world: {"key": world.visit.elder.key}
        for tab in ("eligibility", "kin", "contacts", "consents")
    },
    "inbox_assessment": lambda world: {"key": world.assessment.key},
    "inbox_kinship": lambda world: {"key": world.kinship.key},
    "acting_for": lambda world: {"key": world.visit.elder.key},
    "acting_ask": lambda world: {"key": world.visit.elder.key},
    "my_hours_request": lambda world: {"key": world.donation.key},
    "my_objection": lambda world: {
        "community": world.donation.area_id,
        "journal": world.donation.key,
    },
    "objection_new": lambda world: {"key": world.visit.key},
    "objection_detail": lambda world: {"key": world.objection.key},
    "admin:auth_user_password_change": lambda world: {"id": world.users["clerk"].pk},
    "admin:members_user_remove_second_factor": lambda world: {"pk": world.users["clerk"].pk},
    "admin:app_list": lambda world: {"app_label": next(iter(site._registry))._meta.app_label},
    "admin:report": lambda world: {"code": "R1"},
    "admin:month": lambda world: {"code": world.visit.area.code, "month": f"{world.month:%Y-%m}"},
    "admin:policy": lambda world: {"pk": world.version.pk},
    "admin:policy_new": lambda world: {"pk": world.version.pk},
}
MEMBERS = {
    "my_time",
    "my_time_records",
    "acting_for",
    "acting_ask",
    "my_devices",
    "my_statement",
    "my_consents",
    "my_certificates",
    "my_hours",
    "my_hours_donate",
    "my_hours_gift",
    "my_hours_redeem",
    "my_hours_confirm",
    "my_hours_code",
    "my_hours_request",
    "my_objection",
    "my_data",
}
STRANGERS = {"sign_in", "sign_in_code", "sign_in_who", "staff_sign_in", "verify", "verify_form"}
KEEPERS = {"register_row": "clerk"}  # who brought the register in mends it
# Pages whose form is also sent empty, to see its errors.
FORMS = {
    "person_data",
    "person_devices",
    "merge_new",
    "my_data",
    "person_unmask",
    "sign_in",
    "staff_sign_in",
    "account_password",
    "second_factor",
    "admin:members_user_remove_second_factor",
    "visit_log",
    "person_new_volunteer",
    "person_new_elder",
    "register_upload",
    "register_row",
    "statement_runs",
    *(f"hours_{act}" for act in MOVEMENTS),
    "my_hours_donate",
    "my_hours_gift",
    "my_hours_redeem",
    "my_hours_code",
    "my_objection",
    "objection_new",
    "objection_detail",
    "acting_ask",
    "person_kin",
    "admin:policy_new",
}


def routes(resolver=None, namespace=""):
    """Names of all routes, with their namespaces; an unnamed one gives its pattern."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from routes(pattern, inner)
        elif pattern.name or not _is_of_the_admin(pattern):
            yield namespace + (pattern.name or str(pattern.pattern))


def pages():
    """Names of the routes that are pages; the admin routes some of them twice."""
    return sorted({name for name in routes() if name not in NOT_PAGES})


def address(name, world):
    """Where the page is; raises NoReverseMatch when nobody has said which arguments it takes."""
    if name in ARGUMENTS:
        return reverse(name, kwargs=ARGUMENTS[name](world))
    try:
        return reverse(name)
    except NoReverseMatch:
        return reverse(name, args=[_first_row(name)])


def keeper(name):
    """The role for which the page must open: every page opens for somebody in the walk.

    Nobody when it is one on which the admin adds or deletes: it does so for some models only.
    """
    if name.startswith("admin:") and name.endswith(("_add", "_delete")):
        return None
    if name in STRANGERS:
        return "anonymous"
    return "volunteer" if name in MEMBERS else KEEPERS.get(name, "administrator")


def _is_of_the_admin(pattern):
    """Its unnamed routes: the catch-all for 404, and old addresses that lead to a row's page."""
    return pattern.callback.__module__ in (
        "django.contrib.admin.sites",
        "django.views.generic.base",
    )


def _first_row(name):
    """The key of a row for a page of the admin: admin:members_member_change → a member's."""
    for model in apps.get_models():
        if name.startswith(f"admin:{model._meta.app_label}_{model._meta.model_name}_"):
            row = model._default_manager.order_by("pk").first()
            if row is None:
                raise LookupError(f"{name}: the walk's world holds no {model._meta.label}")
            return row.pk
    raise NoReverseMatch(f"{name}: say its arguments in ARGUMENTS, or why not in NOT_PAGES")
