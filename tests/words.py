"""One row of each kind in which something is said of a person in free words, through the rules."""

import uuid
from datetime import timedelta

from django.utils import timezone

from ledger import approvals, redemptions
from ledger.models import MovementRequest
from members import assessments, kinship
from members.models import Assessment, DataRequest, Kinship, Merge
from services.models import Visit
from services.papers import certificates
from services.papers.models import Certificate
from services.visits import checking
from tests.factories import ElderFactory, MemberFactory, StaffFactory, VisitFactory
from timebank.merging import merges
from timebank.personal import asking

SAID = {
    Assessment: {"reason": "独居且刚出院", "return_reason": "缺出院小结"},
    Kinship: {"proof_note": "户口簿第七页", "return_reason": "看不清"},
    Merge: {"reason": "同一身份证", "return_reason": "不是一个人"},
    DataRequest: {"hours_words": "都捐给公益池"},
    Visit: {"note": "摔了一跤", "return_reason": "那天在住院"},
    Certificate: {"withdraw_reason": "当时已病倒"},
    MovementRequest: {
        "proof": "结婚证第三页",
        "reason": "肾病需要照顾",
        "return_reason": "没有病历",
    },
}
WORDS = [word for told in SAID.values() for word in told.values()]


def say():
    """Everything that is in SAID, of one person; return the rows."""
    clerk, checker = StaffFactory(role="clerk"), StaffFactory(role="checker")
    now, today = timezone.now(), timezone.localdate()
    asked, decided = {"by": clerk, "at": now}, {"by": checker, "at": now}

    def new(told, *names):
        return {name: told[name] for name in names} | {"key": uuid.uuid4()} | asked

    def why(told):
        return {"reason": told["return_reason"]} | decided

    elder, relative = ElderFactory(living="with_children"), MemberFactory()
    member = elder.member
    told = SAID[Assessment]
    found = assessments.assess(elder, on=today, result="D", **new(told, "reason"))
    rows = [assessments.send_back(found, **why(told))]
    told = SAID[Kinship]
    kin = {"relation": "spouse", "proof": "other", "seen_on": today}
    one = kinship.enter(member, relative=relative, **kin, **new(told, "proof_note"))
    rows.append(kinship.send_back(one, **why(told)))
    told = SAID[Merge]
    merge = merges.ask(member, relative, taken=[], **new(told, "reason"))
    rows.append(merges.send_back(merge, **why(told)))
    told = SAID[MovementRequest]
    use = {"minutes": 60, "on": today + timedelta(1), "beneficiary": relative, "relation": "spouse"}
    request = redemptions.ask(member, **use, **new(told, "proof", "reason"))
    rows.append(approvals.send_back(request, **why(told)))
    told = SAID[Visit]
    visit = VisitFactory(elder=member, note=told["note"])
    rows.append(checking.send_back(visit, **why(told)))
    told = SAID[DataRequest]
    rows.append(asking.ask(member, kind=DataRequest.Kind.ERASURE, **new(told, "hours_words")))
    rows.append(_withdrawn(asked, decided))
    return rows


def _withdrawn(asked, decided):
    """A certificate that no longer holds."""
    today = timezone.localdate()
    done = {"state": "confirmed", "confirmed_at": timezone.now(), "bankable_minutes": 0}
    visit = VisitFactory(**done, not_banked={"volunteer_choice": 60})
    period = {"start": today, "end": today}
    seen = certificates.figures(visit.volunteer, **period).digest
    told = {"seen": seen, "key": uuid.uuid4()} | asked
    paper = certificates.issue(visit.volunteer, **period, **told)
    reason = SAID[Certificate]["withdraw_reason"]
    return certificates.withdraw(paper, reason=reason, **decided)
