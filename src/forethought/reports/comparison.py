"""The page of a comparison, from what lies in its folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from jinja2 import TemplateError

from forethought import storage
from forethought.errors import Damaged, ForethoughtError
from forethought.evaluation import Record, load_results
from forethought.evaluation.camps import caveats, may_differ
from forethought.evaluation.comparison import ASKED, FIGURES, KEPT, RESULT_FILE, Comparison
from forethought.evaluation.selection import Claim
from forethought.evaluation.significance import Difference, chance
from forethought.reports import figures
from forethought.reports.headlines import percent
from forethought.reports.page import rendered
from forethought.reports.tables import Cell, Row, Table
from forethought.training.arms import WAYS

Shape = Mapping[str, Sequence[str] | None]
"""What a result holds by name: lists of entries with these parts, or anything."""
KINDS: dict[str, type] = dict.fromkeys(("verdicts", "records", "worlds", "sizes", "arms", "seeds"), list)
KINDS |= dict.fromkeys(("missing", "tuning", "versions"), dict)
"""What the entries without such parts are."""
SHAPE: Shape = {
    "runs": KEPT,
    "differences": [field.name for field in fields(Difference)],
    "claims": [field.name for field in fields(Claim)],
    **dict.fromkeys(("verdicts", "missing", "tuning", "records", "command", "commit", "machine")),
}


def page(folder: Path) -> str:
    """The page of the comparison in ``folder``; ``Damaged`` where ``compare.json`` is not one."""
    return shown("comparison.html.j2", _content, folder)


def shown(template: str, content: Callable[[Path], dict[str, Any]], folder: Path) -> str:
    """A page with what a folder's result tells; ``Damaged`` where something in it is of another kind than expected."""
    try:
        return rendered(template, content(folder))
    except ForethoughtError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, TemplateError) as error:
        raise Damaged(
            f"the result in {folder} cannot be shown: {error!r}. Run the command that made it again."
        ) from error


def _content(folder: Path) -> dict[str, Any]:
    found, records = read(folder), load_results(folder / RESULT_FILE)
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
    return {
        "title": f"{len(arms)} arms in {worlds or 'unknown worlds'}",
        "compared": f"{len(found['runs'])} runs: {', '.join(arms)}; seeds {', '.join(map(str, seeds)) or 'none'}.",
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "verdicts": found["verdicts"],
        "caveats": caveats((run["arm"], run["figures"]) for run in found["runs"]),
        "narrow": too_narrow([run["seed"] for run in found["runs"]]),
        "missing": found["missing"],
        "pictures": pictures,
        "figures": _figures(records, arms),
        "claims": claims_table(found["claims"]),
        "differences": _differences(found["differences"]),
        "costs": _costs(found["runs"], arms),
        "tuned": _tuned(found["tuning"]),
        "search": search(found["tuning"]),
        "more": _more(found["tuning"]),
        "made": [(name, found[name]) for name in ("command", "commit", "machine")],
    }


def read(folder: Path) -> dict[str, Any]:
    """What ``compare.json`` tells; ``Damaged`` where it is no comparison or lacks something."""
    return read_result(folder / RESULT_FILE, SHAPE, "comparison")


def read_result(path: Path, shape: Shape, what: str) -> dict[str, Any]:
    """What a result's file tells; ``Damaged`` where it lacks a part of what the command writes, or has another kind of
    thing there.
    """
    found: dict[str, Any] = storage.read_json(path)
    lacking = [name for name in shape if not isinstance(found, dict) or name not in found]
    kinds = {**KINDS, **{name: list for name, parts in shape.items() if parts}}
    odd = [name for name, kind in kinds.items() if not lacking and not isinstance(found.get(name, kind()), kind)]
    if odd:
        raise Damaged(f"{path} holds {odd[0]} of another kind than expected. Run the command that made it again.")
    for name, parts in () if lacking else shape.items():
        for each in found[name] if parts else ():
            lacking += [f"{part} of {name}" for part in parts or () if not isinstance(each, dict) or part not in each]
    if lacking:
        raise Damaged(f"{path} is no {what}: it lacks {lacking[0]}. Run the command that made it again.")
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
    seeds = [max((record.seeds for (of, _), record in by.items() if of == arm), default=0) for arm in arms]
    rows.append(Row(("seeds",), tuple(Cell(str(many)) for many in seeds)))
    return Table("Figures", ("", *arms), tuple(rows), "Means over seeds with t intervals.")


def _cell(record: Record | None) -> Cell:
    if record is None:
        return Cell()
    if record.seeds == 1:  # says nothing of other seeds
        return Cell(percent(record.value))
    return Cell(percent(record.value), f"{percent(record.low)} to {percent(record.high)}")


def _differences(told: Sequence[dict[str, Any]]) -> Table:
    rows = []
    for d in told:
        effect = d["effect"] if isinstance(d["effect"], str) else f"{d['effect']:.1f}"
        numbers = [Cell(f"{d['value']:+.3f}", f"{d['low']:+.3f} to {d['high']:+.3f}"), Cell(effect)]
        numbers += [Cell(chance(d[name], 2)) for name in ("p_t", "p_exact", "p")]
        rows.append(Row((d["arm"], d["other"], d["metric"]), (*numbers, Cell(str(d["seeds"])))))
    headings = ("arm", "against", "in", "difference", "effect (d_z)", "p, t test", "p, exact", "p, corrected", "seeds")
    return Table("Differences", headings, tuple(rows), "Paired by seed.")


def claims_table(told: Sequence[dict[str, Any]]) -> Table | None:
    """What picking the best would have claimed; ``None`` where nothing was to be picked."""
    rows = [
        Row((c["what"], c["chosen"]), tuple(Cell(f"{c[name]:.3f}") for name in ("claimed", "held", "mean")))
        for c in told
    ]
    headings = ("the best of", "is", "would be claimed", "holds afresh", "mean of all afresh")
    return Table("What picking the best would have claimed", headings, tuple(rows)) if rows else None


def too_narrow(seeds: Iterable[int]) -> str:
    """What intervals over these seeds do not cover, in words."""
    many = len(set(seeds))
    least = f" Even where {many} seeds agree, up to {may_differ(many):.0%} of others may do otherwise." if many else ""
    return (
        "Intervals over seeds are of a t test: they cover where seeds vary about one level, and are too narrow where "
        f"each seed learns nearly all or nearly nothing.{least}"
    )


def search(tuning: Mapping[str, Any]) -> str:
    """What a search for settings took, in words; an older grid tells neither its seed nor its share of the budget."""
    many = sum(len(told["tried"]) for told in tuning.values())
    of = {(told.get("seed"), told.get("share")) for told in tuning.values()}
    seed, share = of.pop() if len(of) == 1 else (None, None)
    if seed is None or share is None:
        return f"{many} short runs with a seed of their own, each on a part of the budget"
    whole = f"in all {many * share:g} times that budget"
    return f"{many} short runs with seed {seed}, each on {share:.0%} of a run's budget, {whole}"


def _more(tuning: Mapping[str, Any]) -> str:
    """Which arms were tuned by more settings than the others, in words."""
    swept = {arm: WAYS[arm].swept if arm in WAYS else () for arm in tuning}
    many = {arm: sum(each["settings"] in swept[arm] for each in told["tried"]) for arm, told in tuning.items()}
    return ", ".join(f"for {arm} {more} more" for arm, more in many.items() if more)


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
            (arm, ", ".join(f"{name}={value}" for name, value in each["settings"].items()) or "the recipe's"),
            (Cell(percent(each["score"]), best=each["settings"] == told["chosen"]),),
        )
        for arm, told in tuning.items()
        for each in told["tried"]
    ]
    return Table("Settings tried", ("arm", "settings", "in validation"), tuple(rows)) if rows else None
