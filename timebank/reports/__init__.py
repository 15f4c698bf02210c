"""Reports: one module a report, each from an area and a period to figures, a document and data."""

from timebank.reports import r1, r11

REPORTS = {"R1": r1, "R11": r11}
