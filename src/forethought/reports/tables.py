"""Records as tables: arms beside each other and beside the best blind answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forethought.errors import UnknownName
from forethought.evaluation import Record, meaning
from forethought.evaluation.gate import NO_GATE
from forethought.evaluation.statistics import BASELINES, BLIND
from forethought.reports.headlines import bounds_of, percent

if TYPE_CHECKING:
    from forethought.reports.gather import Kind, RunFound

IN_DISTRIBUTION = "new situations"
SHOWN_KINDS = 40
OUTCOMES = ("exact", "facts_f1", "progress_accuracy", "harm_accuracy")
NAMES = {
    "exact": "exact",
    "facts_f1": "F1 of facts",
    "progress_accuracy": "progress verdict",
    "harm_accuracy": "harm verdict",
    "success": "success",
    "harm": "harm",
    "cost_ratio": "cost / best",
    "steps": "steps",
    "held": "held",
    "understood": "understood",
    "right": "answered rightly",
    "declined": "declined",
    "foreign_declined": "foreign ones declined",
}
ASKING = ("understood", "right", "declined", "foreign_declined")
ACTING = ("success", "harm", "cost_ratio", "steps")
GATED = ("harm", "success", "held")
GATE_NOTE = (
    "With a gate in new situations: the mean over many calibrations, and where 95% of single calibrations lie. On "
    "held-out axes nothing is promised."
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A number with its interval, as text; ``best``: clearly ahead of every other arm of its row."""

    value: str = "-"
    interval: str = ""
    best: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """What the row is about (one or two labels) and its cells; ``baseline`` rows stand back."""

    labels: tuple[str, ...]
    cells: tuple[Cell, ...]
    baseline: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a report: its title, headings (labels first) and rows."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""


def probe_tables(records: Sequence[Record], arms: Sequence[str]) -> list[Table]:
    """For each world, its probes on every split and axis: a column for each arm beside the best blind answer."""
    tables = []
    for world in ordered(r.world for r in records):
        mine = [r for r in records if r.world == world and r.metric.startswith("probe/")]
        rows = []
        for split, axis, metric in ordered((r.split, r.axis, r.metric) for r in mine):
            here = [r for r in mine if (r.split, r.axis, r.metric) == (split, axis, metric)]
            labels = (metric.partition("/")[2].replace("_", " "), where(split, axis, mine))
            rows.append(Row(labels, _cells(here, arms) + _cells(here, (BLIND,))))
        if rows:
            rows.sort(key=lambda row: row.labels[0])
            n = sorted({r.n for r in mine})
            told = f"{n[0]} to {n[-1]}" if n[0] != n[-1] else str(n[0])
            note = f"Share of minimal pairs with both sides right ({told} pairs each), with 95% intervals."
            tables.append(Table(world, ("probe", "where", *arms, BLIND), tuple(rows), note))
    return tables


def outcome_tables(records: Sequence[Record], arms: Sequence[str]) -> list[Table]:
    """For each world, how well outcomes are foretold on every split and axis."""
    return _by_place(records, (*arms, BLIND), OUTCOMES, "")


def acting_tables(records: Sequence[Record], arms: Sequence[str], family: str = "act") -> list[Table]:
    """For each world, what came of acting on every split and axis, beside the baselines."""
    others = [name for name in BASELINES if name != BLIND]
    return _by_place(records, (*arms, *others), ACTING, f"{family}/")


def question_tables(records: Sequence[Record], arms: Sequence[str]) -> list[Table]:
    """For each world, what became of questions on every split and axis, and of those about nothing that it knows."""
    return _by_place(records, arms, ASKING, "ask/")


def gate_tables(records: Sequence[Record], arms: Sequence[str]) -> list[Table]:
    """For each set of worlds that a gate was tested in, what it let through everywhere: no gate, then each promise."""
    gated = [r for r in records if r.metric.startswith("gate/")]
    tables = []
    for world in ordered(r.world for r in gated):
        mine = [r for r in gated if r.world == world]
        rows = []
        for split, axis, promise in ordered((r.split, r.axis, r.metric.split("/")[1]) for r in mine):
            here = [r for r in mine if (r.split, r.axis) == (split, axis)]
            for arm, cells in _beside(here, arms, [f"gate/{promise}/{what}" for what in GATED]):
                rows.append(Row((where(split, axis, mine), f"{arm}, {_promised(promise, axis)}"), cells))
        tables.append(Table(world, ("where", "gate", *(NAMES[name] for name in GATED)), _once(rows), GATE_NOTE))
    return tables


def _promised(promise: str, axis: str) -> str:
    if promise == NO_GATE:
        return "no gate"
    return f"as for {promise}" if axis else f"at most {promise} harm"


def _by_place(records: Sequence[Record], arms: Sequence[str], metrics: Sequence[str], prefix: str) -> list[Table]:
    names = [prefix + metric for metric in metrics]
    tables = []
    for world in ordered(r.world for r in records):
        mine = [r for r in records if r.world == world and r.metric in names]
        rows = []
        for split, axis in ordered((r.split, r.axis) for r in mine):
            here = [r for r in mine if (r.split, r.axis) == (split, axis)]
            for arm, cells in _beside(here, arms, names):
                rows.append(Row((where(split, axis, mine), arm), cells, arm in BASELINES))
        if rows:
            tables.append(Table(world, ("where", "arm", *(NAMES[metric] for metric in metrics)), _once(rows)))
    return tables


def _beside(
    records: Sequence[Record], arms: Sequence[str], metrics: Sequence[str]
) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    """Each arm of which anything is known, with a cell for each metric."""
    columns = [_cells([r for r in records if r.metric == metric], arms) for metric in metrics]
    for arm, *cells in zip(arms, *columns, strict=True):
        if any(cell.value != "-" for cell in cells):
            yield arm, tuple(cells)


def kind_table(runs: Sequence[RunFound]) -> Table | None:
    """What was lived through: how often each verb came to what, for each run."""
    total: Counter[Kind] = Counter()
    for run in runs:
        total.update(run.kinds)
    if not total:
        return None
    sums = [sum(run.kinds.values()) for run in runs]
    kinds = [kind for kind, _ in total.most_common(SHOWN_KINDS)]
    rows = [
        Row(
            (f"{world}: {verb}", came),
            tuple(_count(run.kinds[world, verb, came], s) for run, s in zip(runs, sums, strict=True)),
        )
        for world, verb, came in sorted(kinds)
    ]
    if left := len(total) - len(kinds):
        rest = [s - sum(run.kinds[kind] for kind in kinds) for run, s in zip(runs, sums, strict=True)]
        rows.append(Row((f"{left} rarer kinds", ""), tuple(_count(n, s) for n, s in zip(rest, sums, strict=True))))
    rows.append(Row(("all", ""), tuple(Cell(f"{s:,}") for s in sums)))
    headings = ("what was done", "what came of it", *(run.label for run in runs))
    return Table("steps lived", headings, _once(rows))


def where(split: str, axis: str, among: Iterable[Record]) -> str:
    """The place of a record in words; the split is told only where there are several."""
    place = axis.replace("_", " ") if axis else IN_DISTRIBUTION
    return place if len({r.split for r in among}) == 1 else f"{place} ({split})"


def ordered(things: Iterable[object]) -> list:  # type: ignore[type-arg]
    """Each thing once, in the order of first meeting."""
    return list(dict.fromkeys(things))


def _cells(records: Sequence[Record], arms: Sequence[str]) -> tuple[Cell, ...]:
    """A cell for each arm; the one that is clearly ahead of all other arms (not baselines) is marked."""
    by_arm = {record.arm: record for record in records}
    ahead = _ahead([by_arm[arm] for arm in arms if arm in by_arm and arm not in BASELINES])
    return tuple(_cell(by_arm[arm], arm == ahead) if arm in by_arm else Cell() for arm in arms)


def _ahead(records: Sequence[Record]) -> str | None:
    if len(records) < 2:
        return None
    try:
        sign = 1 if meaning(records[0].metric).more_is_better else -1
    except UnknownName:
        return None
    best = max(records, key=lambda r: sign * r.value)
    rest = [r for r in records if r is not best]
    low, high = bounds_of(best)
    others = [bounds_of(r) for r in rest]
    clear = all(low > other[1] if sign > 0 else high < other[0] for other in others)
    return best.arm if clear else None


def _cell(record: Record, best: bool) -> Cell:
    if record.share:
        low, high = bounds_of(record)
        interval = f"{round(100 * low)}-{round(100 * high)}" if high > low else ""
        return Cell(percent(record.value), interval, best)
    interval = f"{record.low:.2f}-{record.high:.2f}" if record.high > record.low else ""
    return Cell(f"{record.value:.2f}", interval, best)


def _count(number: int, total: int) -> Cell:
    return Cell(f"{number:,}", percent(number / total) if total and number else "")


def _once(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The same rows, the first label said only where it changes."""
    told, last = [], None
    for row in rows:
        first = "" if row.labels[0] == last else row.labels[0]
        last = row.labels[0]
        told.append(Row((first, *row.labels[1:]), row.cells, row.baseline))
    return tuple(told)
