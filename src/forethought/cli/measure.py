"""Measuring a model from the command line, and keeping what was measured with its run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from forethought import storage
from forethought.cli.options import load_model
from forethought.config import TrainConfig
from forethought.reports.headlines import Headline, headlines, percent

if TYPE_CHECKING:
    from forethought.evaluation import Record
    from forethought.models import Model
    from forethought.planning import Imagination
    from forethought.reports.tables import Table as ReportTable

SUMMARY_FILE, EXAMPLES_FILE = "summary.json", "examples.json"
GATE_EPISODES = 1000
CAR_WASH_LEVELS = range(1, 4)
FAST_AXES = ("", "near_driven")
Watch = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is measured: how many things of each kind, where."""

    worlds: tuple[str, ...]
    level: int = 1
    split: str = "test"
    axes: tuple[str, ...] | None = None
    n: int = 60
    episodes: int = 12
    seed: int = 0
    horizon: int = 3
    imagine: Imagination | None = None
    ways: tuple[str, ...] | None = None


def scope_of(config: TrainConfig) -> Scope:
    """The small held-out set that a run is measured on when it ends."""
    from forethought.training.recipes import fast
    from forethought.worlds import world_class

    if not fast():
        return Scope(config.worlds, config.level)
    theirs = {"", *(axis for world in config.worlds for axis in world_class(world).axes)}
    axes = tuple(axis for axis in FAST_AXES if axis in theirs)
    return Scope(config.worlds, config.level, axes=axes, n=4, episodes=2)


def done(folder: Path) -> bool:
    """Whether a run's folder has records already."""
    path = folder / SUMMARY_FILE
    return path.exists() and bool(storage.read_json(path).get("records")) and (folder / EXAMPLES_FILE).exists()


def measure_run(folder: Path, config: TrainConfig, command: str) -> list[Record]:
    """Measures a finished run on held-out situations; its summary and ``examples.json`` keep what was found."""
    import torch

    torch.set_num_threads(config.threads)
    model, scope = load_model(folder / "model"), scope_of(config)
    records = measure(model, "all", scope, config.arm)
    storage.write_json(folder / EXAMPLES_FILE, examples(model, scope))
    summary = {**storage.read_json(folder / SUMMARY_FILE), "records": [record.to_dict() for record in records]}
    storage.write_json(folder / SUMMARY_FILE, {**summary, "evaluation": {"command": command, **asdict(scope)}})
    return records


def measure(model: Model, suite: str, scope: Scope, arm: str, watch: Watch | None = None) -> list[Record]:
    """The records of a suite: ``consequences``, ``acting``, ``questions``, ``experiments``, ``prompts`` or ``all`` (the
    first three, questions where the model was taught any).
    """
    from forethought.evaluation import act, ask, car_wash_pairs, evaluate, experiment
    from forethought.evaluation.prompts import prompts
    from forethought.planning import Planner

    where: dict[str, Any] = {
        "worlds": scope.worlds, "level": scope.level, "split": scope.split, "axes": scope.axes, "seed": scope.seed,
        "arm": arm, "progress": watch,
    }  # fmt: skip
    records: list[Record] = []
    if suite in ("consequences", "all"):
        records += evaluate(model, n=scope.n, **where)
        if _asks_for_car_wash(scope):
            records += car_wash_pairs(model, scope.n, scope.split, scope.level, scope.seed, arm)
    if suite == "questions" or (suite == "all" and model.sure is not None):
        records += ask(model, n=scope.n, **where)
    if suite == "experiments":
        records += experiment(model, n=scope.n, planner=Planner(horizon=scope.horizon), **where)
    if suite == "prompts":
        ways = None if scope.ways is None else {text: text for text in scope.ways}
        records += prompts(model, n=scope.n, ways=ways, **where)
    if suite in ("acting", "all"):
        with warnings.catch_warnings():
            if suite == "all":  # what is left out has been said once
                warnings.simplefilter("ignore")
            planner = Planner(horizon=scope.horizon)
            records += act(model, n=scope.episodes, planner=planner, imagine=scope.imagine, **where)
    return records


def run_shares(
    model: Path, lived: Path | None, scope: Scope, config: TrainConfig, watch: Watch | None = None
) -> list[Record]:
    """What each model of a run has memorised and extrapolates, world by world (``model``: where its last one lies)."""
    from functools import partial

    from forethought.evaluation.shares import shares
    from forethought.training.run import kept_models

    models = [partial(load_model, path) for path in (*(kept_models(lived, config) if lived else ()), model)]
    return [
        record
        for world in scope.worlds
        for record in shares(models, world, scope.level, scope.n, scope.seed, config.arm, watch)
    ]


def gate(
    model: Model, scope: Scope, arm: str, alpha: float, episodes: int | None, folder: Path, watch: Watch | None = None
) -> list[Record]:
    """Calibrates a gate for ``alpha``, keeps it in the model's folder, and tests it beside the usual promises.

    The episodes that it lives through are kept there too, so that an interrupted call goes on when called again.
    """
    from forethought.evaluation import ALPHAS, measure_gate
    from forethought.evaluation.gate import episodes_for
    from forethought.evaluation.trials import TRIALS_FILE
    from forethought.planning import GATE_FILE, Planner

    n = episodes or GATE_EPISODES
    alphas = {alpha, *(usual for usual in ALPHAS if episodes_for(usual) <= n * len(scope.worlds))}
    gates, records = measure_gate(
        model, scope.worlds, scope.level, scope.split, scope.axes, n, scope.seed,
        Planner(horizon=scope.horizon), scope.imagine, arm=arm, alphas=sorted(alphas, reverse=True),
        keep=folder / TRIALS_FILE, progress=watch,
    )  # fmt: skip
    gates[alpha].save(folder / GATE_FILE)
    return records


def examples(model: Model, scope: Scope) -> dict[str, Any]:
    """Worked examples as a report shows them: ``choices`` (the car wash and the letter) and ``examples`` (probes)."""
    from forethought.evaluation import car_wash_and_letter, worked_examples
    from forethought.worlds import world_class

    choices = car_wash_and_letter(model, scope.level) if _asks_for_car_wash(scope) else []
    shown = []
    for world in scope.worlds:
        for axis in ("", *list(world_class(world).axes)[:1]):
            if world_class(world).probes:
                shown += worked_examples(model, world, scope.level, scope.split, axis, n=3, seed=scope.seed)
    return {"choices": [asdict(choice) for choice in choices], "examples": [asdict(example) for example in shown]}


def _asks_for_car_wash(scope: Scope) -> bool:
    here = "errand" in scope.worlds and scope.level in CAR_WASH_LEVELS and scope.split != "train"
    return here and (scope.axes is None or "near_driven" in scope.axes)


# ---- as tables ----------------------------------------------------------------------------------------------------
def headline_table(rows: Sequence[Headline], arms: Iterable[str]) -> Table:
    """The few numbers that a result comes down to: arms beside each other and beside the best blind answer."""
    return plain_table(printable(rows, tuple(arms)))


def printable(rows: Sequence[Headline], arms: Sequence[str]) -> list[list[str]]:
    """Headings and rows as text, which a later run can print again as they are."""
    from forethought.reports.headlines import BLIND

    columns = [*arms, *([BLIND] if any(row.shares[BLIND] for row in rows) else [])]
    told = [["", *columns]]
    for row in rows:
        shares = [row.shares[column] for column in columns]
        told.append([row.title, *(f"{s} ({percent(s.low)}-{percent(s.high)})" if s else "-" for s in shares)])
    return told


def plain_table(rows: Sequence[Sequence[str]]) -> Table:
    """Rows of text as a table; the first one holds the headings."""
    made = Table(box=None, padding=(0, 1))
    made.add_column(rows[0][0])
    for heading in rows[0][1:]:
        made.add_column(heading, justify="right", overflow="fold")
    for row in rows[1:]:
        made.add_row(*row)
    return made


def told(table: ReportTable) -> Table:
    """A table of a report as the command line shows it."""
    rows = [[*row.labels, *(f"{c.value} ({c.interval})" if c.interval else c.value for c in row.cells)]
            for row in table.rows]  # fmt: skip
    return plain_table([table.headings, *rows])


def table(records: Sequence[Record]) -> Table:
    """The headlines of one model's records."""
    from forethought.evaluation.statistics import BASELINES

    arms = list(dict.fromkeys(record.arm for record in records if record.arm not in BASELINES))
    return headline_table(headlines(records, arms), arms)


def full_tables(records: Sequence[Record]) -> list[Table]:
    """Every record: for each world and arm a table with a row for each metric and a column for each place."""
    tables = []
    for world, arm in dict.fromkeys((record.world, record.arm) for record in records):
        mine = [record for record in records if (record.world, record.arm) == (world, arm)]
        axes = list(dict.fromkeys(record.axis for record in mine))
        made = Table(title=f"{world}: {arm}", title_justify="left", box=None, padding=(0, 1))
        made.add_column("metric", no_wrap=True)
        for axis in axes:
            made.add_column((axis or "new situations").replace("_", " "), justify="right")
        for metric in dict.fromkeys(record.metric for record in mine):
            cells = {record.axis: _cell(record) for record in mine if record.metric == metric}
            made.add_row(metric, *(cells.get(axis, "-") for axis in axes))
        tables.append(made)
    return tables


def _cell(record: Record) -> str:
    half = max(record.value - record.low, record.high - record.value)
    if record.share:
        return percent(record.value) + (f" ±{100 * half:.0f}" if half else "")
    return f"{record.value:.2f}" + (f" ±{half:.2f}" if half else "")
