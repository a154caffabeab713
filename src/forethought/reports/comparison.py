"""The page of a comparison, and the audit of its numbers: both from what lies in its folder."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from forethought import storage
from forethought.errors import Damaged
from forethought.evaluation import Record, load_results
from forethought.evaluation.comparison import ASKED, FIGURES, RESULT_FILE, Comparison, claims, compared
from forethought.reports import figures
from forethought.reports.headlines import percent
from forethought.reports.page import written
from forethought.reports.tables import Cell, Row, Table

CLOSE = 1e-9
COSTS = ("tokens", "flops", "steps", "parameters")


def build(folder: Path, out: Path) -> Path:
    """Writes the page of the comparison in ``folder``; ``Damaged`` where ``compare.json`` is not one."""
    found, records = _read(folder), load_results(folder / RESULT_FILE)
    arms = list(dict.fromkeys(record.arm for record in records))
    worlds = ", ".join(dict.fromkeys(record.world for record in records))
    pictures = [
        figures.arms(
            [r for r in records if r.metric == asked],
            arms,
            f"{asked[0].upper()}{asked[1:]}: mean and 95% interval over seeds.",
        )
        for asked in ASKED
        if any(record.metric == asked for record in records)
    ]
    seeds = sorted({run["seed"] for run in found["runs"]})
    content = {
        "title": f"{len(arms)} arms in {worlds or 'unknown worlds'}",
        "compared": f"{len(found['runs'])} runs: {', '.join(arms)}; seeds {', '.join(map(str, seeds)) or 'none'}.",
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "verdicts": found["verdicts"],
        "missing": found["missing"],
        "pictures": pictures,
        "figures": _figures(records, arms),
        "claims": _claims(found["claims"]),
        "differences": _differences(found["differences"]),
        "costs": _costs(found["runs"], arms),
        "tuned": _tuned(found["tuning"]),
        "made": [(name, found[name]) for name in ("command", "commit", "machine")],
    }
    return written(out, "comparison.html.j2", content)


def audit(folder: Path) -> list[str]:
    """Every number of ``compare.json`` that does not follow from the runs' own records, in words; [] if all do."""
    found, told = _read(folder), load_results(folder / RESULT_FILE)
    runs = {(run["arm"], run["seed"]): folder / f"{run['arm']}-{run['seed']}" for run in found["runs"]}
    arms, seeds = list(dict.fromkeys(arm for arm, _ in runs)), sorted({seed for _, seed in runs})
    again = compared(arms, seeds, runs, {})
    wrong = [f"{name} is not there to recompute it from" for name in again.missing]
    for run in found["runs"]:
        fresh = next((r for r in again.runs if (r.arm, r.seed) == (run["arm"], run["seed"])), None)
        if fresh is not None:
            where = f"{run['arm']}, seed {run['seed']}"
            wrong += differing(where, run["figures"], fresh.figures)
            wrong += differing(where, {k: run[k] for k in COSTS}, {k: getattr(fresh, k) for k in COSTS})
    mine = {(r.arm, r.metric): r for r in again.records("")}
    for record in told:
        other = mine.get((record.arm, record.metric))
        values = {name: getattr(other, name) if other else None for name in ("value", "low", "high", "seeds")}
        wrong += differing(f"{record.arm}, {record.metric}", {name: getattr(record, name) for name in values}, values)
    asked = {(d.arm, d.other, d.metric): d.to_dict() for d in again.differences}
    for each in found["differences"]:
        key = each["arm"], each["other"], each["metric"]
        wrong += differing(f"{key[0]} against {key[1]}, {key[2]}", each, asked.get(key, {}))
    picked = {each.what: each.to_dict() for each in claims(again.runs)}
    for each in found["claims"]:
        wrong += differing(each["what"], each, picked.get(each["what"], {}))
    if found["verdicts"] != again.verdicts:
        wrong.append("the verdicts are not those that follow from the numbers")
    return wrong


def differing(where: str, told: dict[str, Any], fresh: dict[str, Any]) -> Iterator[str]:
    """Each value told of something that is not the one computed afresh, in words."""
    for name, value in told.items():
        other = fresh.get(name)
        if isinstance(value, float) and isinstance(other, int | float):
            same = math.isclose(value, other, rel_tol=CLOSE, abs_tol=CLOSE)
        else:
            same = value == other
        if not same:
            yield f"{where}: {name} is told as {value!r} and comes out as {other!r}"


def _read(folder: Path) -> dict[str, Any]:
    path = folder / RESULT_FILE
    found = storage.read_json(path)
    wanted = {"verdicts", "claims", "differences", "missing", "runs", "tuning", "records", "command"}
    if not isinstance(found, dict) or not wanted <= set(found):
        raise Damaged(f"{path} is no comparison; expected what 'forethought compare' wrote")
    return found


def tables(found: Comparison) -> tuple[Table, Table]:
    """The figures of every arm, and what they took."""
    return _figures(found.records(""), found.arms), _costs(found.to_dict()["runs"], found.arms)


def _figures(records: Sequence[Record], arms: Sequence[str]) -> Table:
    by = {(record.arm, record.metric): record for record in records}
    rows = [
        Row((figure,), tuple(_cell(by.get((arm, figure))) for arm in arms))
        for figure in FIGURES
        if any((arm, figure) in by for arm in arms)
    ]
    return Table("Figures", ("", *arms), tuple(rows), "Means over seeds with t intervals.")


def _cell(record: Record | None) -> Cell:
    if record is None:
        return Cell()
    return Cell(percent(record.value), f"{percent(record.low)} to {percent(record.high)}")


def _differences(told: Sequence[dict[str, Any]]) -> Table:
    rows = []
    for d in told:
        effect = d["effect"] if isinstance(d["effect"], str) else f"{d['effect']:.1f}"
        numbers = [Cell(f"{d['value']:+.3f}", f"{d['low']:+.3f} to {d['high']:+.3f}"), Cell(effect)]
        numbers += [Cell(f"{d[name]:.2g}") for name in ("p_t", "p_exact", "p")]
        rows.append(Row((d["arm"], d["other"], d["metric"]), (*numbers, Cell(str(d["seeds"])))))
    headings = ("arm", "against", "in", "difference", "effect (d_z)", "p, t test", "p, exact", "p, corrected", "seeds")
    return Table("Differences", headings, tuple(rows), "Paired by seed.")


def _claims(told: Sequence[dict[str, Any]]) -> Table | None:
    rows = [
        Row((c["what"], c["chosen"]), tuple(Cell(f"{c[name]:.3f}") for name in ("claimed", "held", "mean")))
        for c in told
    ]
    headings = ("the best of", "is", "would be claimed", "holds afresh", "mean of all afresh")
    return Table("What picking the best would have claimed", headings, tuple(rows)) if rows else None


def _costs(runs: Sequence[dict[str, Any]], arms: Sequence[str]) -> Table:
    rows = []
    for arm in arms:
        mine = [run for run in runs if run["arm"] == arm]
        told = ["-"] * 4
        if mine:
            means = [fmean(run[name] for run in mine) for name in ("tokens", "flops", "steps", "seconds")]
            told = [f"{means[0]:,.0f}", f"{means[1]:.2e}", f"{means[2]:,.0f}", f"{means[3] / 60:.1f}"]
        rows.append(Row((arm,), (*map(Cell, told), Cell(str(len(mine))))))
    headings = ("arm", "training tokens", "operations", "steps lived", "minutes", "runs")
    return Table("Means over runs", headings, tuple(rows), "Operations count imagination too.")


def _tuned(tuning: dict[str, Any]) -> Table | None:
    rows = [
        Row(
            (arm, str(each["settings"] or "the recipe's")),
            (Cell(percent(each["score"]), best=each["settings"] == told["chosen"]),),
        )
        for arm, told in tuning.items()
        for each in told["tried"]
    ]
    return Table("Settings tried", ("arm", "settings", "in validation"), tuple(rows)) if rows else None
