"""The page of a capacity grid, from what lies in its folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from forethought.evaluation import Record, load_results
from forethought.evaluation.camps import caveats
from forethought.evaluation.capacity import CHECKPOINTS, RESULT_FILE
from forethought.evaluation.comparison import KEPT
from forethought.evaluation.crossing import Crossing, Ratio
from forethought.evaluation.selection import CheckpointClaim, Claim
from forethought.evaluation.shares import EXTRAPOLATED, FIGURES, MEMORISED, PAIRS, TRAINED
from forethought.reports.comparison import Shape, claims_table, read_result, search, shown, too_narrow
from forethought.reports.figures import (
    APART,
    MARKS,
    STYLES,
    Picture,
    Theme,
    picture,
    plain,
    share_axis,
    short,
    with_intervals,
)
from forethought.reports.headlines import percent
from forethought.reports.tables import Cell, Row, Table

SHAPE: Shape = {
    "runs": ("world", "size", "choice", "best", *KEPT),
    "claims": [field.name for field in fields(Claim)],
    "checkpoints": [field.name for field in fields(CheckpointClaim)],
    "ratios": ("world", *(field.name for field in fields(Ratio))),
    "needed": ("world", "arm", "figure", "level", *(field.name for field in fields(Crossing))),
    **dict.fromkeys(("verdicts", "missing", "tuning", "records", "command", "commit", "machine")),
}
TITLES = {"final": "The models at the end of training", "best": "The kept models that are best on validation"}
CURVES = (EXTRAPOLATED, PAIRS, MEMORISED)


def read(folder: Path) -> dict[str, Any]:
    """What ``capacity.json`` tells; ``Damaged`` where it is no grid or lacks something."""
    return read_result(folder / RESULT_FILE, SHAPE, "capacity grid")


def page(folder: Path) -> str:
    """The page of the grid in ``folder``; ``Damaged`` where ``capacity.json`` is not one."""
    return shown("capacity.html.j2", _content, folder)


def _content(folder: Path) -> dict[str, Any]:
    found, records = read(folder), load_results(folder / RESULT_FILE)
    runs = found["runs"]
    worlds, arms = (list(dict.fromkeys(run[name] for run in runs)) for name in ("world", "arm"))
    seeds = sorted({run["seed"] for run in runs})
    return {
        "title": f"{len(arms)} arms by size in {', '.join(worlds) or 'no world'}",
        "measured": f"{len(runs)} runs: {', '.join(arms)}; seeds {', '.join(map(str, seeds)) or 'none'}.",
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "verdicts": found["verdicts"],
        "caveats": split_seeds(runs),
        "narrow": too_narrow(seeds),
        "missing": found["missing"],
        "worlds": [_world(world, arms, runs, [r for r in records if r.world == world]) for world in worlds],
        "ratios": _ratios(found["ratios"]),
        "needed": _needed(found["needed"]),
        "claims": claims_table(found["claims"]),
        "checkpoints": _checkpoints(found["checkpoints"]),
        "costs": _costs(runs),
        "tuned": _tuned(found["tuning"]),
        "search": search(found["tuning"]),
        "made": [(name, found[name]) for name in ("command", "commit", "machine")],
    }


def split_seeds(runs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Where the last models of a cell's seeds fall in two camps, in words."""
    last = f"{CHECKPOINTS[0]}/"
    return caveats(
        (
            f"{run['arm']} at {run['size']} in {run['world']}",
            {name.removeprefix(last): value for name, value in run["figures"].items() if name.startswith(last)},
        )
        for run in runs
    )


# ---- pictures ------------------------------------------------------------------------------------------------------
def _world(
    world: str, arms: Sequence[str], runs: Sequence[dict[str, Any]], records: Sequence[Record]
) -> dict[str, Any]:
    """A world's pictures, and its figures as a table."""
    sizes = {run["size"]: run["parameters"] for run in runs if run["world"] == world}
    sizes = dict(sorted(sizes.items(), key=lambda item: item[1]))
    by = {(record.arm, record.metric): record for record in records}
    learned = MEMORISED if any(f"/{MEMORISED}/" in record.metric for record in records) else TRAINED
    pictures = [
        _by_size(by, arms, sizes, figure) for figure in CURVES if any(f"final/{figure}/" in key[1] for key in by)
    ]
    return {
        "name": world,
        "pictures": [_against(by, arms, sizes, learned), *pictures],
        "figures": [_figures(by, arms, sizes, checkpoint) for checkpoint in CHECKPOINTS],
    }


def _against(by: dict[tuple[str, str], Record], arms: Sequence[str], sizes: dict[str, int], learned: str) -> Picture:
    """The learned share against the extrapolated one: a line for each arm from its smallest size to its largest."""

    def draw(axes: Axes, theme: Theme) -> None:
        furthest = highest = 0.0
        for i, arm in enumerate(arms):
            points = [
                (x.value, y.value, size)
                for size in sizes
                if (x := by.get((arm, f"final/{learned}/{size}")))
                and (y := by.get((arm, f"final/{EXTRAPOLATED}/{size}")))
            ]
            colour = theme.arms[i % len(theme.arms)]
            axes.plot(
                [x for x, _, _ in points], [y for _, y, _ in points], color=colour, label=plain(arm), markersize=6,
                linestyle=STYLES[i % len(STYLES)], marker=MARKS[i % len(MARKS)],
            )  # fmt: skip
            for memorised, extrapolated, size in points:
                axes.annotate(
                    plain(size), (memorised, extrapolated), (4, 4 + 8 * i), textcoords="offset points", fontsize=7,
                    color=colour,
                )  # fmt: skip
                furthest, highest = max(furthest, memorised), max(highest, extrapolated)
        axes.set(xlabel=f"share {learned}", ylabel="share extrapolated")
        axes.set(xlim=share_axis(furthest), ylim=share_axis(highest))
        axes.legend(frameon=False, labelcolor=theme.ink, fontsize=8)

    if learned == TRAINED:
        what, more = "foreseen in situations as in training", "more of what training is like is foreseen"
    else:
        what, more = learned, "more is remembered"
    return picture(
        draw,
        f"What is {what} against what is extrapolated: a line for each arm from its smallest size to its largest. To "
        f"the right: {more}; upwards: more of what was never met is foreseen. Means over "
        f"{_over(by, learned, EXTRAPOLATED)}.",
    )


def _by_size(by: dict[tuple[str, str], Record], arms: Sequence[str], sizes: dict[str, int], figure: str) -> Picture:
    """A figure by parameters: a line for each arm, with its interval over seeds."""

    def draw(axes: Axes, theme: Theme) -> None:
        highest = 0.0
        for i, arm in enumerate(arms):
            told = [(n, record) for size, n in sizes.items() if (record := by.get((arm, f"final/{figure}/{size}")))]
            at = [n * (1 + APART * (i - (len(arms) - 1) / 2)) for n, _ in told]
            with_intervals(axes, at, [record for _, record in told], theme, i, arm, STYLES[i % len(STYLES)])
            highest = max([highest, *(record.high for _, record in told)])
        axes.set(xlabel="parameters", ylabel=f"share: {figure}", xscale="log", ylim=share_axis(highest))
        axes.set_xticks(list(sizes.values()))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(float(f"{value:.2g}"))))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.legend(frameon=False, labelcolor=theme.ink, fontsize=8)

    told = f"{figure[0].upper()}{figure[1:]} by parameters: mean and 95% interval over {_over(by, figure)}."
    return picture(draw, told)


def _over(by: dict[tuple[str, str], Record], *figures: str) -> str:
    """How many seeds the points of last models' figures are of, those that have fewer by name."""
    at = [
        (f"{arm} at {metric.rpartition('/')[2]}", record.seeds)
        for (arm, metric), record in by.items()
        if metric.rpartition("/")[0] in [f"final/{figure}" for figure in figures]
    ]
    most = max((many for _, many in at), default=0)
    fewer = ", ".join(dict.fromkeys(f"{point}: {many}" for point, many in at if many < most))
    return f"{most} seed{'' if most == 1 else 's'}{f' ({fewer})' if fewer else ''}"


def _range(seeds: Sequence[int]) -> str:
    low, high = min(seeds, default=0), max(seeds, default=0)
    return str(high) if low == high else f"{low} to {high}"


# ---- tables --------------------------------------------------------------------------------------------------------
def _figures(by: dict[tuple[str, str], Record], arms: Sequence[str], sizes: dict[str, int], checkpoint: str) -> Table:
    names = [figure for figure in FIGURES if any(f"{checkpoint}/{figure}/" in metric for _, metric in by)]
    rows = [
        Row((arm, size), (Cell(f"{parameters:,}"), Cell(_range([r.seeds for r in there])), *map(_cell, told)))
        for arm in arms
        for size, parameters in sizes.items()
        for told in ([by.get((arm, f"{checkpoint}/{name}/{size}")) for name in names],)
        if (there := [record for record in told if record])
    ]
    headings = ("arm", "size", "parameters", "seeds", *names)
    return Table(TITLES[checkpoint], headings, tuple(rows), "Means over seeds, and t intervals.")


def _cell(record: Record | None) -> Cell:
    if record is None:
        return Cell()
    return Cell(percent(record.value), f"{percent(record.low)} to {percent(record.high)}" if record.seeds > 1 else "")


def _ratios(told: Sequence[dict[str, Any]]) -> Table:
    says = {"reached": "{}", "at the smallest size": "at least {}", "not reached": "not reached (below {})"}
    rows = [
        Row(
            (r["world"], r["figure"].replace("/", ": "), f"{r['other']} at {r['size']}"),
            (Cell(says[r["reached"]].format(f"{r['value']:.2g}"), _interval(r["low"], r["high"], ".2g")),
             Cell(str(r["seeds"]))),
        )
        for r in told
    ]  # fmt: skip
    headings = ("world", "equal in", "against", "parameter ratio", "seeds")
    return Table(
        "Parameter ratio at equal generalisation", headings, tuple(rows), "Above 1: developmental needs fewer."
    )


def _needed(told: Sequence[dict[str, Any]]) -> Table:
    says = {"reached": "{}", "at the smallest size": "at most {}", "not reached": "more than {}"}
    cells = {}
    for e in told:
        value = says[e["reached"]].format(short(float(f"{e['parameters']:.2g}")))
        beyond = e["high"] is None and e["low"] == e["parameters"]  # the value says as much
        spread = "" if beyond else _interval(e["low"], e["high"], ",.0f")
        cells[e["world"], e["figure"], e["level"], e["arm"]] = Cell(value, spread)
    arms = list(dict.fromkeys(e["arm"] for e in told))
    rows = [
        Row((world, figure.replace("/", ": "), percent(level)), tuple(cells.get((*key, arm), Cell()) for arm in arms))
        for key in dict.fromkeys(key[:3] for key in cells)
        for world, figure, level in (key,)
    ]
    over = f", over {_range([e['seeds'] for e in told])} seeds" if told else ""
    note = f"Log-linear between the sizes measured{over}; what they do not bound is left open."
    return Table("Parameters needed", ("world", "figure", "level", *arms), tuple(rows), note)


def _interval(low: float | None, high: float | None, form: str) -> str:
    if low is None and high is None:
        return "not bounded"
    if low is None:
        return f"up to {high:{form}}"
    return f"from {low:{form}} up" if high is None else f"{low:{form}} to {high:{form}}"


def _checkpoints(told: Sequence[dict[str, Any]]) -> Table | None:
    parts = ("claimed", "held", "last_claimed", "last_held")
    rows = [
        Row((c["what"], c["chosen"]), (Cell(str(c["of"])), *(Cell(f"{c[name]:.3f}") for name in parts))) for c in told
    ]
    headings = ("the best of", "is", "models", "would be claimed", "holds on the test")
    more = ("last model, validation", "last model, test")
    note = "Means over runs."
    return (
        Table("What picking the best checkpoint would have claimed", (*headings, *more), tuple(rows), note)
        if rows
        else None
    )


def _costs(runs: Sequence[dict[str, Any]]) -> Table:
    cells: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for run in runs:
        cells.setdefault((run["world"], run["size"], run["arm"]), []).append(run)
    rows = []
    for labels, mine in cells.items():
        means = [fmean(run[name] for run in mine) for name in ("tokens", "flops", "steps", "seconds")]
        told = (f"{means[0]:,.0f}", f"{means[1]:.2e}", f"{means[2]:,.0f}", f"{means[3] / 60:.1f}", str(len(mine)))
        rows.append(Row(labels, tuple(map(Cell, told))))
    headings = ("world", "size", "arm", "training tokens", "operations", "steps lived", "minutes", "runs")
    return Table("Means over runs", headings, tuple(rows), "Operations count imagination too.")


def _tuned(tuning: dict[str, Any]) -> Table | None:
    rows: Iterable[Row] = [
        Row((cell, f"{each['factor']:g}"), (Cell(percent(each["score"]), best=each["factor"] == told["factor"]),))
        for cell, told in tuning.items()
        for each in told["tried"]
    ]
    return Table("Rates tried", ("cell", "times the recipe's rates", "validation"), tuple(rows)) if tuning else None
