"""Seal what is in plain, a thousand rows in a transaction; begun again, it goes on where it was.

Whole phones leave the search's terms, sessions are sealed, and of the phones to which codes were
sent only their hashes stay. Going back brings all of it back but those phones.
"""

from django.contrib.sessions.serializers import JSONSerializer
from django.core import signing
from django.db import migrations, transaction

from members.encryption import SessionSerializer

SEALED = {
    "Member": ("id_number", "address", "note"),
    "MemberPhone": ("number",),
    "Volunteer": ("note",),
    "Elder": ("income", "capability", "contact_phone"),
}
INDEXED = {"Member": "id_number_index", "MemberPhone": "number_index"}
CHUNK = 1000
SALT = "django.contrib.sessions.SessionStore"
DROP_PHONES = """
    DELETE FROM members_searchterm term USING members_memberphone phone, members_member member
    WHERE phone.member_id = term.member_id AND member.id = term.member_id
        AND term.term = phone.number_plain AND term.term <> member.number
        AND length(term.term) > 4
"""
LIST_PHONES = """
    INSERT INTO members_searchterm (area_id, term, member_id, is_volunteer, is_elder)
    SELECT member.area_id, phone.number_plain, member.id,
        EXISTS (SELECT FROM members_volunteer side WHERE side.member_id = member.id),
        EXISTS (SELECT FROM members_elder side WHERE side.member_id = member.id)
    FROM members_memberphone phone JOIN members_member member ON member.id = phone.member_id
    ON CONFLICT DO NOTHING
"""


def seal(apps, editor):
    for name, fields in SEALED.items():
        model = apps.get_model("members", name)
        for rows in _chunks(model, editor):
            for row in rows:
                for field in fields:
                    setattr(row, field, getattr(row, f"{field}_plain"))
            _write(model, editor, rows, [*fields, *filter(None, [INDEXED.get(name)])])
    codes = apps.get_model("members", "SignInCode")
    for rows in _chunks(codes, editor):
        for row in rows:
            row.phone = row.phone_plain
        _write(codes, editor, rows, ["phone"])
    _run(editor, DROP_PHONES)
    _sessions(apps, editor, JSONSerializer, SessionSerializer)


def unseal(apps, editor):
    for name, fields in SEALED.items():
        model = apps.get_model("members", name)
        for rows in _chunks(model, editor):
            for row in rows:
                for field in fields:
                    setattr(row, f"{field}_plain", getattr(row, field))
            _write(model, editor, rows, [f"{field}_plain" for field in fields])
    apps.get_model("members", "SignInCode").objects.using(editor.connection.alias).all().delete()
    _run(editor, LIST_PHONES)
    _sessions(apps, editor, SessionSerializer, JSONSerializer)


def _chunks(model, editor):
    """The rows of a table, a chunk in a transaction of its own, in the order of their keys."""
    alias, last = editor.connection.alias, 0
    while True:
        with transaction.atomic(using=alias):
            later = model.objects.using(alias).filter(pk__gt=last).order_by("pk")
            rows = list(later.select_for_update(of=("self",))[:CHUNK])
            if not rows:
                return
            yield rows
        last = rows[-1].pk


def _write(model, editor, rows, names):
    """Write these fields of the rows by one statement."""
    fields = [model._meta.get_field(name) for name in names]
    columns = [
        [
            field.get_db_prep_save(field.pre_save(row, False), connection=editor.connection)
            for row in rows
        ]
        for field in fields
    ]
    types = [field.db_type(editor.connection).split("(")[0] for field in fields]
    sql = (
        f"UPDATE {model._meta.db_table} AS r"  # noqa: S608
        f" SET {', '.join(f'{field.column} = v.c{i}' for i, field in enumerate(fields))}"
        f" FROM unnest(%s::bigint[], {', '.join(f'%s::{kind}[]' for kind in types)})"
        f" AS v (id, {', '.join(f'c{i}' for i in range(len(fields)))}) WHERE r.id = v.id"
    )
    with editor.connection.cursor() as cursor:
        cursor.execute(sql, [[row.pk for row in rows], *columns])


def _run(editor, sql):
    with editor.connection.cursor() as cursor:
        cursor.execute(sql)


def _sessions(apps, editor, before, after):
    """Write every session in the other form; one that our key did not sign is dropped."""
    sessions = apps.get_model("sessions", "Session").objects.using(editor.connection.alias)
    for session in sessions.order_by("pk").iterator():
        try:
            held = signing.loads(session.session_data, salt=SALT, serializer=before)
        except Exception:
            session.delete()
            continue
        session.session_data = signing.dumps(held, salt=SALT, serializer=after, compress=True)
        session.save(update_fields=["session_data"])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("members", "0010_sealed_columns"), ("sessions", "0001_initial")]
    operations = [migrations.RunPython(seal, unseal)]
