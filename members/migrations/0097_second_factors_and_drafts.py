"""The secrets of second factors, and drafts, under ENCRYPTION_KEYS as all else that is sealed.

They were sealed under SECRET_KEY. What that does not open was void before: such an authenticator
stays void (its key is blank) until an administrator takes it away, such a draft goes.
"""

import json
import os
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import migrations, models

from members import encryption
from members.models.encrypted import EncryptedJSONField, is_sealed

NONCE = 12


def seal_anew(apps, editor):
    alias = editor.connection.alias
    for device in apps.get_model("otp_totp", "TOTPDevice").objects.using(alias).order_by("pk"):
        secret = _opened(device.key, f"authenticator/{device.user_id}")
        sealed = b"" if secret is None else encryption.seal_bytes(secret, _place(device))
        device.key = b64encode(sealed).decode()
        device.save(update_fields=["key"])
    for draft in apps.get_model("members", "Draft").objects.using(alias).order_by("pk"):
        written = _opened(draft.written, f"draft/{draft.user_id}")
        if written is None:
            draft.delete()
        else:
            draft.fields = json.loads(written)
            draft.save(update_fields=["fields"])


def seal_as_before(apps, editor):
    alias = editor.connection.alias
    for device in apps.get_model("otp_totp", "TOTPDevice").objects.using(alias).order_by("pk"):
        if device.key:
            secret = encryption.unseal_bytes(b64decode(device.key), _place(device))
            device.key = _sealed(secret, f"authenticator/{device.user_id}")
            device.save(update_fields=["key"])
    for draft in apps.get_model("members", "Draft").objects.using(alias).order_by("pk"):
        written = json.dumps(draft.fields, ensure_ascii=False)
        draft.written = _sealed(written.encode(), f"draft/{draft.user_id}")
        draft.save(update_fields=["written"])


def _place(device):
    return encryption.place("otp_totp_totpdevice", "key", str(device.user_id))


def _cipher():
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"members.sealing")
    return AESGCM(derive.derive(settings.SECRET_KEY.encode()))


def _sealed(secret, place):
    nonce = os.urandom(NONCE)
    return b64encode(nonce + _cipher().encrypt(nonce, secret, place.encode())).decode()


def _opened(sealed, place):
    try:
        raw = b64decode(sealed, validate=True)
        return _cipher().decrypt(raw[:NONCE], raw[NONCE:], place.encode())
    except (InvalidTag, ValueError):
        return None


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0096_an_area_keeps_an_administrator"),
        ("otp_totp", "0003_add_timestamps"),
    ]
    operations = [
        migrations.RenameField("draft", "fields", "written"),
        migrations.AlterField("draft", "written", models.TextField(default="")),
        migrations.AddField("draft", "fields", EncryptedJSONField(default=list)),
        migrations.RunPython(seal_anew, seal_as_before),
        migrations.RemoveField("draft", "written"),
        migrations.AddConstraint("draft", is_sealed("fields", "members_draft_fields_are_sealed")),
    ]
