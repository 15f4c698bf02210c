"""One request of the walk, and the word of the table for its answer."""

from django.contrib.messages import constants, get_messages
from django.db import connection, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django_otp import DEVICE_ID_SESSION_KEY

from tests.access import sent, table
from tests.browser import routes
from tests.browser import world as walk

# Rows about the asking itself, which a refused request leaves too.
UNCOUNTED = ("django_session", "members_attempt", "members_failedsignin", "services_codelookup")
DIGEST = "SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM {0} AS t"
# How many rows were written so far, by table; of a partition, the table that it is a part of.
# As pg_stat_xact_user_tables tells it, which counts much else of every table.
WRITTEN = """
    SELECT coalesce(pg_partition_root(oid), oid)::regclass::text, sum(rows)
    FROM pg_class, LATERAL (
        SELECT pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid)
            + pg_stat_get_xact_tuples_deleted(oid)
    ) AS written (rows)
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND rows > 0
        AND has_table_privilege(oid, 'SELECT')
    GROUP BY 1
"""
FORBIDDEN = 403


def offered(world):
    """What can be asked, as the table names it: a method, a route, and what stands after its ?

    What the table does not know is tried, and is not offered where the method is not.
    """
    known = table.rows()
    names = sorted({*routes.routes(), *sent.ASKED})
    asked = [f"GET {name}" for name in names]
    asked += [f"POST {name}" for name in names if "?" not in name]
    boss = Walker(world, "superuser")
    return [row for row in asked if table.row_of(row, known) or boss.ask(row)[0] != "405"]


class Walker:
    """Somebody of one column, who asks for one thing after another and leaves nothing behind."""

    def __init__(self, world, column, *, is_proven=True):
        self.world = world
        self.cookies = _cookies(world.users[column], is_proven)
        self.before = {}  # the digests of the world's tables; each taken when it is first needed
        self.goal = ""  # where the last answer has led

    def ask(self, row):
        """The word of the answer to what the row names, and the text of the page."""
        method, name = row.split(" ")
        with transaction.atomic():
            written = _written()
            response = self._response(method, name)
            after = {table: _digest(table) for table, _ in _written() - written}
            transaction.set_rollback(True)
        for name in set(after) - set(self.before):
            self.before[name] = _digest(name)
        changed = any(self.before[name] != digest for name, digest in after.items())
        self.goal = response.url.partition("?")[0] if response.status_code == 302 else ""
        text = b"".join(response) if response.streaming else response.content
        return _word(method, response, changed), text.decode(errors="ignore")

    def _response(self, method, name):
        name, asks, _what = name.partition("?")
        client = Client(raise_request_exception=False)
        client.cookies.update(self.cookies)
        if method == "POST":
            more = sent.ADDRESSED[name](self.world) if name in sent.ADDRESSED else {}
            response = client.post(
                _address(name, self.world), sent.posted(name, self.world), query_params=more
            )
        else:
            query = sent.ASKED[f"{name}?{_what}"](self.world) if asks else {}
            response = client.get(_address(name, self.world), query)
        if _leads_to(response, "admin:login"):  # which tells who has signed in that it's not theirs
            response = client.get(response.url)
        return response


def _cookies(user, is_proven):
    """Of a session in which a form or a sign-in is half done, where the user can have one.

    Staff have shown their second factor in it, where `is_proven`.
    """
    client = Client()
    if user:
        client.force_login(user)
    session = client.session
    if user is None:
        session["sign_in"] = walk.half_signed_in()
    elif user.member_id:
        phone = user.member.phones.get().number
        session["my_hours"] = walk.about_to_give() | {"phone": phone}
    elif is_proven:
        session[DEVICE_ID_SESSION_KEY] = "of the walk"
    else:
        session.pop(DEVICE_ID_SESSION_KEY, None)
    session.save()
    client.cookies["sessionid"] = session.session_key
    return client.cookies


def _address(name, world):
    where = sent.place(name, world)
    if where is not None:
        return reverse(name, kwargs=where)
    try:
        return reverse(name)
    except NoReverseMatch:
        return _of_first_row(name, world)


def _of_first_row(name, world):
    try:
        return routes.address(name, world)
    except NoReverseMatch:
        raise LookupError(f"{name}: say its arguments in PLACES of tests/access/sent.py") from None


def _word(method, response, changed):
    status = response.status_code
    if changed:
        return "acts" if status in (200, 302) else f"acts, {status}"
    if status == 302:
        if any(_leads_to(response, page) for page in ("sign_in", "staff_sign_in")):
            return "sign-in"
        return "refused" if _is_told_off(response) else "leads"
    if status == 200:
        return "page" if method == "GET" else "asks"
    return str(status)


def _leads_to(response, name):
    return response.status_code == 302 and response.url.partition("?")[0] == reverse(name)


def _is_told_off(response):
    told = get_messages(response.wsgi_request)
    return any(message.level >= constants.WARNING for message in told)


def _written():
    """Which tables have been written to and how often, but for those that count the asking."""
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN)
        return {row for row in cursor.fetchall() if row[0] not in UNCOUNTED}


def _digest(table):
    with connection.cursor() as cursor:
        cursor.execute(DIGEST.format(table))
        return cursor.fetchone()[0]
