"""R1, operations: who served whom for how long, what was banked, and what the books then held."""

from timebank.reports.r1.data import as_data
from timebank.reports.r1.document import TITLE, as_document
from timebank.reports.r1.stored import figures

__all__ = ["TITLE", "as_data", "as_document", "figures"]
