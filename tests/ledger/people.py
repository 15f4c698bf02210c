"""Members with hours, and what the verbs take and return; for tests of the verbs."""

import datetime
import uuid

from django.utils import timezone

from ledger import accounts, statements, transfers
from ledger.models import TransferKind


def credit(member, minutes):
    """Let the member earn minutes."""
    account = accounts.open_for(member.area, [member.key])[member.key]
    leg = transfers.Leg(TransferKind.EARN, accounts.ISSUANCE, account, minutes)
    day = timezone.localdate() - datetime.timedelta(days=1)
    transfers.post(member.area_id, uuid.uuid4(), leg, effective_on=day, by=7)
    return account


def hours(member):
    """Earned, gifted, granted: what the member can use now."""
    return tuple(statements.holdings_of(member))


def pool(area):
    return statements.balance(area.pk, accounts.POOL).posted


def by(user, at=None):
    """What every verb takes beside its own."""
    return {"by": user, "at": at or timezone.now(), "key": uuid.uuid4()}
