"""What became of a register, in figures and sentences: for the command and the page."""

from typing import Any

from django.db.models import Count, Sum

from services.models import RegisterBatch, RegisterRow, Visit
from services.registers.reasons import sentence

Kind, Outcome = RegisterRow.Kind, RegisterRow.Outcome


def counts(batch: RegisterBatch) -> dict[str, dict[str, int]]:
    """Kind → outcome → number of rows."""
    found: dict[str, dict[str, int]] = {}
    rows = batch.rows.values_list("kind", "outcome").annotate(Count("pk"))
    for kind, outcome, count in rows.order_by("kind", "outcome"):
        found.setdefault(kind, {})[outcome] = count
    return found


def table(found: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """The counts for the page: a line for each kind that occurs, a cell for each outcome."""
    return [
        {
            "kind": kind,
            "label": Kind(kind).label,
            "cells": [(outcome, found[kind].get(outcome, 0)) for outcome in Outcome.values],
            "total": sum(found[kind].values()),
        }
        for kind in Kind.values
        if kind in found
    ]


def refused(batch: RegisterBatch) -> list[dict[str, Any]]:
    """The rows that cannot be posted; `kind` is the kind of the fault."""
    rows = batch.rows.filter(outcome=Outcome.CANNOT).order_by("pk")
    return [
        {
            "sheet": row.sheet,
            "row": row.number,
            "kind": row.reason,
            "sentence": sentence(row.reason, row.details),
        }
        for row in rows.iterator()
    ]


def totals(batch: RegisterBatch) -> dict[str, float]:
    """People and visits of the register that are on record now, and their hours."""
    named = batch.rows.filter(member__isnull=False)
    visits = Visit.objects.standing().filter(pk__in=batch.rows.values("visit"))
    minutes = visits.aggregate(served=Sum("served_minutes"), banked=Sum("banked_minutes"))
    return {
        "people": named.values("member").distinct().count(),
        "volunteers": named.filter(kind=Kind.VOLUNTEER).values("member").distinct().count(),
        "elders": named.filter(kind=Kind.ELDER).values("member").distinct().count(),
        "visits": visits.count(),
        "elders_served": visits.values("elder").distinct().count(),
        "hours_served": (minutes["served"] or 0) / 60,
        "hours_banked": (minutes["banked"] or 0) / 60,
    }
