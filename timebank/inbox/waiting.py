"""What waits for a second person within a user's reach, of every app, the oldest first."""

from dataclasses import dataclass, field

from django.db.models import CharField, Count, Exists, F, OuterRef, Q, Value
from django.db.models import TextChoices as Choices
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ledger import accounts, approvals, grants, journals, statements
from ledger.models import MovementRequest, RequestKind, Transfer, TransferKind
from ledger.policy import Question
from members import agents, assessments, kinship
from members.models import Assessment, Kinship
from services import objections, visits
from services.models import Objection, RegisterBatch, RegisterRow, Visit
from services.registers import batches

# Why a visit from paper waits at all: a second person looks, there is nothing odd about it.
ROUTINE = (Question.GRADE_C,)
GOES_OUT = (RequestKind.DONATE, RequestKind.GIFT, RequestKind.REDEEM)
COMES_IN = (RequestKind.GRANT, RequestKind.OPENING)
TAKES_ALL = (RequestKind.MOVE, RequestKind.CLOSURE)


class Kind(Choices):
    VISIT = "visit", gettext_lazy("Visits")
    REGISTER = "register", gettext_lazy("Registers")
    MOVEMENT = "movement", gettext_lazy("Hours given, used, corrected")
    ASSESSMENT = "assessment", gettext_lazy("Decisions on eligibility")
    KINSHIP = "kinship", gettext_lazy("Kin")
    OBJECTION = "objection", gettext_lazy("Said not to be right")


@dataclass
class Item:
    """One row of the inbox; `facts` are the evidence that its kind shows."""

    kind: Kind
    subject: Visit | RegisterBatch | MovementRequest | Assessment | Kinship | Objection
    since: object
    author: object
    age: str
    may_decide: bool
    is_own: bool
    warnings: list = field(default_factory=list)
    facts: dict = field(default_factory=dict)

    @property
    def name(self):
        """What a form posts for the row; of a register also which of its states was seen."""
        seen = f"/{self.subject.revision}" if self.kind == Kind.REGISTER else ""
        return f"{self.kind}/{self.subject.key}{seen}"

    @property
    def is_clean(self):
        """Whether it may be approved together with others."""
        return self.may_decide and not self.warnings


def of(user):
    """What waits, by kind."""
    batches_seen = RegisterBatch.objects.visible_to(user)
    return {
        Kind.VISIT: Visit.objects.visible_to(user).waiting(),
        Kind.REGISTER: batches_seen.filter(state=RegisterBatch.State.PREPARED),
        Kind.MOVEMENT: MovementRequest.objects.visible_to(user).waiting(),
        Kind.ASSESSMENT: Assessment.objects.visible_to(user).waiting(),
        Kind.KINSHIP: Kinship.objects.visible_to(user).waiting(),
        Kind.OBJECTION: Objection.objects.visible_to(user).waiting(),
    }


def counts(user):
    return {f"{kind}s": found.count() for kind, found in of(user).items()}


def rows(user, only=None):
    """Kind and number of each row that waits, the oldest first: one query over all apps."""
    first, *others = [
        found.annotate(
            what=Value(kind.value, CharField()), number=F("pk"), since=F(_since(kind))
        ).values_list("what", "number", "since")
        for kind, found in of(user).items()
        if only in (None, kind)
    ]
    return first.union(*others, all=True).order_by("since", "what", "number")


def items(user, rows, *, at):
    """The rows with all that stands beside them, in the order given."""
    numbers = {kind: [number for what, number, _since in rows if what == kind] for kind in Kind}
    found = {kind: load(numbers[kind], user, at) for kind, load in LOAD.items() if numbers[kind]}
    return [found[what][number] for what, number, _since in rows]


def named(user, names, *, at):
    """The items of these names (see `Item.name`) within reach; None for any that is not there."""
    keys = {kind: [] for kind in Kind}
    for kind, key in names:
        keys[kind].append(key)
    found = {}
    for kind, of_kind in keys.items():
        model = MODELS[kind].objects.visible_to(user).filter(key__in=of_kind)
        numbers = list(model.values_list("pk", flat=True)) if of_kind else []
        loaded = LOAD[kind](numbers, user, at) if numbers else {}
        found |= {(kind, item.subject.key): item for item in loaded.values()}
    return [found.get(name) for name in names]


def _since(kind):
    return {Kind.MOVEMENT: "asked_at", Kind.ASSESSMENT: "assessed_at"}.get(kind, "entered_at")


def _visits(numbers, user, at):
    twins = Visit.objects.filter(
        volunteer=OuterRef("volunteer"),
        elder=OuterRef("elder"),
        service_date=OuterRef("service_date"),
        state__in=[Visit.State.COMPLETED, Visit.State.CONFIRMED],
    ).exclude(pk=OuterRef("pk"))
    found = Visit.objects.filter(pk__in=numbers).annotate(has_twin=Exists(twins))
    people = ("volunteer", "elder", "category", "area", "entered_by")
    found = list(found.select_related(*people))
    agents_of = visits.whom_to_call(found, at=at)
    return {visit.pk: _visit(visit, agents_of.get(visit.pk), user, at) for visit in found}


def _visit(visit, agents_of, user, at):
    odd = [Question(code).label for code in visit.questions if code not in ROUTINE]
    if visit.has_twin:
        odd.append(_("the same two people have another visit on that day"))
    return Item(
        Kind.VISIT,
        visit,
        visit.entered_at,
        visit.entered_by,
        age=timesince(visit.entered_at, at, depth=1),
        may_decide=visits.may_check(visit, by=user),
        is_own=visit.entered_by_id == user.pk,
        warnings=odd,
        facts={
            "routine": [Question(code).label for code in visit.questions if code in ROUTINE],
            "agents": agents_of,
        },
    )


def _registers(numbers, user, at):
    found = RegisterBatch.objects.filter(pk__in=numbers).select_related("area", "entered_by")
    outcome = RegisterRow.Outcome
    of_rows = RegisterRow.objects.filter(batch__in=numbers).values("batch").order_by()
    of_rows = of_rows.annotate(
        new=Count("pk", filter=Q(outcome=outcome.NEW)),
        changed=Count("pk", filter=Q(outcome=outcome.CHANGED)),
        same=Count("pk", filter=Q(outcome=outcome.SAME)),
        refused=Count("pk", filter=Q(outcome=outcome.CANNOT)),
        doubtful=Count("pk", filter=~Q(warnings=[]) & ~Q(outcome=outcome.CANNOT)),
    )
    counts = {of_batch["batch"]: of_batch for of_batch in of_rows}
    return {batch.pk: _register(batch, counts.get(batch.pk, {}), user, at) for batch in found}


def _register(batch, counts, user, at):
    refused, doubtful, changed = (counts.get(n, 0) for n in ("refused", "doubtful", "changed"))
    odd = []
    if refused:
        odd.append(
            ngettext("%d row cannot be posted", "%d rows cannot be posted", refused) % refused
        )
    if doubtful:
        odd.append(ngettext("%d row to look at", "%d rows to look at", doubtful) % doubtful)
    if changed:
        odd.append(ngettext("%d person would change", "%d people would change", changed) % changed)
    is_ready = batch.state == RegisterBatch.State.PREPARED and counts.get("new", 0) + changed > 0
    return Item(
        Kind.REGISTER,
        batch,
        batch.entered_at,
        batch.entered_by,
        age=timesince(batch.entered_at, at, depth=1),
        may_decide=is_ready and batches.may_approve(user, batch),
        is_own=batch.entered_by_id == user.pk,
        warnings=odd,
        facts=counts,
    )


def _movements(numbers, user, at):
    people = ("area", "member__area", "other", "destination", "author__member")
    people += ("agency__agent", "agency__consent")
    found = list(MovementRequest.objects.filter(pk__in=numbers).select_related(*people))
    asked_by = [one.agency_id for one in found if one.agency_id]
    acting = agents.standing(asked_by, at=at) if asked_by else set()
    standings = statements.holdings_of_many([one.member for one in found if one.member])
    legs = journals.legs_of_many((one.area_id, one.original) for one in found if one.original)
    return {one.pk: _movement(one, standings, legs, acting, user, at) for one in found}


def _movement(one, standings, legs, acting, user, at):
    before, after, is_frozen = _balance(one, standings)
    odd = []
    if after is not None and after < 0:
        odd.append(_("more than is there"))
    if is_frozen and one.kind != RequestKind.CLOSURE:
        odd.append(_("the account is frozen"))
    if one.agency_id and one.agency_id not in acting:
        odd.append(_("the agent acts for the elder no longer"))
    if one.makes_up:
        odd.append(_("the community makes up for spent hours"))
    originals = legs.get((one.area_id, one.original), [])
    return Item(
        Kind.MOVEMENT,
        one,
        one.asked_at,
        one.author.member or one.author,
        age=timesince(one.asked_at, at, depth=1),
        may_decide=approvals.may_approve(one, by=user),
        is_own=one.author_id == user.pk,
        warnings=odd,
        facts={
            "before": before,
            "after": after,
            "legs": originals,
            "month": _month(one, at),
        },
    )


def _month(one, at):
    """Whom the grant of a month reaches: how many, their minutes, and the pool before and after."""
    if one.kind != RequestKind.GRANT or one.member:
        return None
    elders = len(grants.outstanding(one.area, one.on, on=timezone.localdate(at)))
    pool = statements.balance(one.area_id, accounts.POOL).posted
    total = elders * one.minutes
    return {"elders": elders, "total": total, "before": pool, "after": pool - total}


def _legs(journals):
    """What was booked under each of the journals, by community and journal."""
    legs = {}
    booked = Transfer.objects.filter(journal__in=[journal for journal in journals if journal])
    for leg in booked.order_by("leg"):
        legs.setdefault((leg.community_id, leg.journal), []).append(leg)
    return legs


def _balance(one, standings):
    """What the member holds before and after, and whether it is frozen; None where it is of nobody.

    What is given on, or used for a relative, comes from what was earned alone.
    """
    if one.member is None or one.kind == RequestKind.REVERSAL:
        return None, None, False
    nothing = (statements.Holdings(0, 0, 0), False)
    holdings, is_frozen = standings.get(one.member.key, nothing)
    is_own_use = one.kind == RequestKind.REDEEM and one.other_id is None
    earned_alone = one.kind in GOES_OUT and not is_own_use
    before = holdings.earned if earned_alone else holdings.total
    minutes = one.minutes or 0
    after = before - minutes if one.kind in GOES_OUT else before + minutes
    return before, 0 if one.kind in TAKES_ALL else after, is_frozen


def _assessments(numbers, user, at):
    found = Assessment.objects.filter(pk__in=numbers)
    found = found.select_related("member__area", "assessed_by")
    return {
        one.pk: Item(
            Kind.ASSESSMENT,
            one,
            one.assessed_at,
            one.assessed_by,
            age=timesince(one.assessed_at, at, depth=1),
            may_decide=assessments.may_decide(one, by=user),
            is_own=one.assessed_by_id == user.pk,
        )
        for one in found
    }


def _kinships(numbers, user, at):
    found = Kinship.objects.filter(pk__in=numbers)
    found = found.select_related("member__area", "relative", "entered_by")
    return {
        one.pk: Item(
            Kind.KINSHIP,
            one,
            one.entered_at,
            one.entered_by,
            age=timesince(one.entered_at, at, depth=1),
            may_decide=kinship.may_confirm(one, by=user),
            is_own=one.entered_by_id == user.pk,
        )
        for one in found
    }


def _objections(numbers, user, at):
    """None is approved: each wants an answer in words, on its own page."""
    line = ("visit__volunteer", "visit__elder", "visit__category")
    found = Objection.objects.filter(pk__in=numbers)
    found = list(found.select_related("member", "area", "entered_by__member", *line))
    legs = _legs(one.journal for one in found)
    return {
        one.pk: _objection(one, legs.get((one.area_id, one.journal), []), user, at) for one in found
    }


def _objection(one, legs, user, at):
    return Item(
        Kind.OBJECTION,
        one,
        one.entered_at,
        one.entered_by.member or one.entered_by,
        age=timesince(one.entered_at, at, depth=1),
        may_decide=False,
        is_own=False,
        warnings=[_("it is overdue")] if one.due_on < timezone.localdate(at) else [],
        facts={
            "legs": [(leg.effective_on, TransferKind(leg.kind).label, leg.amount) for leg in legs],
            "may_answer": objections.may_answer(one, by=user, booked=legs),
        },
    )


MODELS = {
    Kind.VISIT: Visit,
    Kind.REGISTER: RegisterBatch,
    Kind.MOVEMENT: MovementRequest,
    Kind.ASSESSMENT: Assessment,
    Kind.KINSHIP: Kinship,
    Kind.OBJECTION: Objection,
}
LOAD = {
    Kind.VISIT: _visits,
    Kind.REGISTER: _registers,
    Kind.MOVEMENT: _movements,
    Kind.ASSESSMENT: _assessments,
    Kind.KINSHIP: _kinships,
    Kind.OBJECTION: _objections,
}
