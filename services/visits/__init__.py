"""A visit's life: logged, approved or sent back, undone; and the bulk of an imported register."""

from services.visits.checking import approve, may_check, may_undo, send_back, undo, whom_to_call
from services.visits.imported import ImportedVisit, post_imported
from services.visits.recording import log

__all__ = [
    "ImportedVisit",
    "approve",
    "log",
    "may_check",
    "may_undo",
    "post_imported",
    "send_back",
    "undo",
    "whom_to_call",
]
