"""What was measured: paired figures, their ratio, what was promised, and how it is shown."""

import dataclasses
import json
import os
import statistics
import time


@dataclasses.dataclass
class Figure:
    """One promise and its measurement: contender against reference, pair by pair."""

    name: str
    regime: str = "CPU"
    connections: int = 1
    unit: str = "/s"
    target: float | None = None  # None: shown for orientation, promises nothing
    at_most: bool = False
    # (reference, contender); a reference of None stands for a figure that is judged by itself
    pairs: list = dataclasses.field(default_factory=list)
    busy: list = dataclasses.field(default_factory=list)  # of the machine, just before each pair
    note: str = ""

    @property
    def ratios(self):
        return sorted(contender / (reference or 1) for reference, contender in self.pairs)

    @property
    def ratio(self):
        return statistics.median(self.ratios)

    @property
    def reference(self):
        """None for a figure that is judged by itself."""
        if self.pairs[0][0] is None:
            return None
        return statistics.median(reference for reference, _ in self.pairs)

    @property
    def contender(self):
        return statistics.median(contender for _, contender in self.pairs)

    @property
    def is_met(self):
        if self.target is None:
            return True
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target

    @property
    def promise(self):
        return "" if self.target is None else f"{'≤' if self.at_most else '≥'} {self.target:g}"

    @property
    def verdict(self):
        return "" if self.target is None else "met" if self.is_met else "MISSED"


HEADINGS = (
    "what",
    "regime",
    "conn.",
    "reference",
    "ours",
    "ratio",
    "[min–max]",
    "target",
    "",
    "busy before",
    "note",
)


def paired(figure, reference, contender, *, pairs):
    """Run the reference and right after it the contender, `pairs` times over; print as it goes."""
    for _ in range(pairs):
        figure.busy.append(busy())
        figure.pairs.append((reference(), contender()))
    return show(figure)


def show(figure):
    """Print one figure as soon as it is there."""
    print("  ".join(cell for cell in cells(figure) if cell), flush=True)
    return figure


def busy(seconds=0.2):
    """Share of the machine's processors that was busy with anything at all."""
    before = _ticks()
    time.sleep(seconds)
    spent = [after - earlier for earlier, after in zip(before, _ticks(), strict=True)]
    return 1 - (spent[3] + spent[4]) / max(1, sum(spent))


def _ticks():
    with open("/proc/stat") as stat:
        return [int(field) for field in stat.readline().split()[1:9]]


def cells(figure):
    """One row of the table."""
    low, high = figure.ratios[0], figure.ratios[-1]
    return (
        figure.name,
        figure.regime,
        str(figure.connections),
        "" if figure.reference is None else _amount(figure.reference, figure.unit),
        _amount(figure.contender, figure.unit),
        f"{figure.ratio:.2f}",
        f"[{low:.2f}–{high:.2f}]",
        figure.promise,
        figure.verdict,
        f"{statistics.median(figure.busy or [0]):.0%}",
        figure.note,
    )


def _amount(value, unit):
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def table(figures):
    """All figures as a Markdown table that also reads well on a terminal."""
    rows = [HEADINGS, *(cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    rows.insert(1, tuple("-" * max(3, width) for width in widths))
    return "\n".join(
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    )


def machine():
    """The load beside the figures: they mean little on a machine that is busy with others."""
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return f"{os.cpu_count()} processors, load {load}"


def as_json(figures):
    return json.dumps(
        [
            dataclasses.asdict(figure) | {"ratio": figure.ratio, "is_met": figure.is_met}
            for figure in figures
        ],
        ensure_ascii=False,
        indent=1,
    )
