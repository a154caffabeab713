"""Everything that a run folder has to say, read with patience: what is missing or damaged becomes a note."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from forethought import storage
from forethought.errors import BadSetting, Damaged
from forethought.evaluation import Record
from forethought.evaluation.statistics import BASELINES
from forethought.experience import situation_class
from forethought.types import NOTHING

CONFIG_FILE, METRICS_FILE, SUMMARY_FILE, EXAMPLES_FILE = "config.json", "metrics.jsonl", "summary.json", "examples.json"
GATE_RESULTS = "gate_results.json"
"""What ``forethought eval gate`` measured of a run's model; the gate itself lies with the model."""
STEP_COLUMNS = ("world", "action", "change", "progress", "harm", "warning")
ValueT = TypeVar("ValueT")
Kind = tuple[str, str, str]
"""World, verb, and what came of it."""


@dataclass
class RunFound:
    """One run as it was found; ``notes`` say what is missing or damaged."""

    folder: Path
    label: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    choices: list[dict[str, Any]] = field(default_factory=list)
    examples: list[dict[str, Any]] = field(default_factory=list)
    kinds: Counter[Kind] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        """Training tokens so far."""
        last = self.metrics[-1].get("tokens", 0) if self.metrics else 0
        return int(self.summary.get("tokens", last) or 0)

    @property
    def finished(self) -> bool:
        """Whether its budget is spent."""
        return bool(self.summary)


def gather(folders: Sequence[Path]) -> list[RunFound]:
    """The runs in these folders, each with a label that tells it from the others."""
    if not folders:
        raise BadSetting("no run folder was given; expected at least one to report on")
    for folder in folders:
        if not folder.is_dir():
            raise BadSetting(f"there is no folder {str(folder)!r}; expected a run folder to report on")
    runs = [_found(folder) for folder in dict.fromkeys(folders)]
    for run, label in zip(runs, _labels(runs), strict=True):
        run.label = label
        run.records = [record if record.arm in BASELINES else _relabelled(record, label) for record in run.records]
    return runs


def _found(folder: Path) -> RunFound:
    run = RunFound(folder)
    run.config = _object(run, CONFIG_FILE, "its settings are not known")
    _read_metrics(run)
    run.summary = _object(run, SUMMARY_FILE, "")
    budget = run.config.get("budget_tokens")
    if not run.finished:
        of = f" of {budget:,}" if isinstance(budget, int) else ""
        run.notes.append(f"This run is not finished: {run.tokens:,}{of} training tokens so far.")
    _read_records(run)
    _read_examples(run)
    _read_experience(run)
    return run


def _object(run: RunFound, name: str, without: str) -> dict[str, Any]:
    """A JSON object of the run; empty, with a note, where it cannot be had (no note where ``without`` is empty)."""
    try:
        found = storage.read_json(run.folder / name)
    except FileNotFoundError:
        if without:
            run.notes.append(f"There is no {name}: {without}.")
        return {}
    except Damaged:
        run.notes.append(f"{name} is damaged and was left out.")
        return {}
    if not isinstance(found, dict):
        run.notes.append(f"{name} holds no object and was left out.")
        return {}
    return found


def _read_metrics(run: RunFound) -> None:
    path = run.folder / METRICS_FILE
    if not path.exists():
        run.notes.append(f"There is no {METRICS_FILE}: nothing has been learned yet.")
        return
    damaged = 0
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            found = json.loads(line.decode())
        except ValueError:
            found = None
        if isinstance(found, dict) and isinstance(found.get("tokens"), int | float):
            run.metrics.append(found)
        else:
            damaged += 1
    if damaged:
        run.notes.append(f"{damaged} damaged line{'s' * (damaged > 1)} of {METRICS_FILE} left out.")


def _read_records(run: RunFound) -> None:
    of_gate = _object(run, GATE_RESULTS, "") if (run.folder / GATE_RESULTS).exists() else {}
    for name, held in ((SUMMARY_FILE, run.summary), (GATE_RESULTS, of_gate)):
        odd = 0
        for found in _list(held.get("records")):
            try:
                record = Record.from_dict(found)
                float(record.value), float(record.low), float(record.high)
                run.records.append(record)
            except (BadSetting, TypeError, ValueError):
                odd += 1
        if odd:
            run.notes.append(f"{odd} record{'s' * (odd > 1)} in {name} could not be read and were left out.")
    if run.finished and not run.records:
        run.notes.append("It has not been evaluated yet; 'forethought train' with the same settings does that.")


def _read_examples(run: RunFound) -> None:
    path = run.folder / EXAMPLES_FILE
    if not path.exists():
        run.notes.append("It has no worked examples yet.")
        return
    found = _object(run, EXAMPLES_FILE, "")
    run.choices = [entry for entry in _list(found.get("choices")) if isinstance(entry, dict)]
    run.examples = [entry for entry in _list(found.get("examples")) if isinstance(entry, dict)]


def _read_experience(run: RunFound) -> None:
    parts, damaged = sorted((run.folder / "episodes").glob("part-*.parquet")), 0
    kinds = _memo(_kind)
    for part in parts:
        try:
            table = pq.read_table(part, columns=list(STEP_COLUMNS))
            run.kinds.update(
                kinds(*row) for row in zip(*(table[name].to_pylist() for name in STEP_COLUMNS), strict=True)
            )
        except (OSError, pa.ArrowException, KeyError):
            damaged += 1
    run.kinds.pop(("", "", ""), None)
    if damaged:
        run.notes.append(f"{damaged} of {len(parts)} parts of its experience cannot be read and were left out.")
    elif not parts:
        run.notes.append("It has no recorded experience yet.")


def _kind(world: str, action: str, change: str, progress: str, harm: str, warning: str) -> Kind:
    """What was done and what came of it; no step at all is the empty kind."""
    if not action:
        return "", "", ""
    _, verb, nothing, _, progress, harm = situation_class(world, action, change, progress, harm, warning)
    came = "warned" if warning else "harmed" if harm == "harmed" else progress if progress != "ongoing" else ""
    return world, verb, came or ("nothing changes" if nothing or change == NOTHING else "something changes")


def _memo(function: Callable[..., ValueT]) -> Callable[..., ValueT]:
    """The function with a memory: most steps have been told before."""
    known: dict[tuple[str, ...], ValueT] = {}

    def remembered(*words: str) -> ValueT:
        if words not in known:
            known[words] = function(*words)
        return known[words]

    return remembered


def _labels(runs: Sequence[RunFound]) -> list[str]:
    """The arms' names; where two are alike, with the seed or the folder."""
    arms = [str(run.config.get("arm") or run.folder.name) for run in runs]
    for extra in ([f" (seed {run.config.get('seed')})" for run in runs], [f" ({run.folder})" for run in runs]):
        if len(set(arms)) == len(arms):
            break
        many = Counter(arms)
        told = [arm + more if many[arm] > 1 else arm for arm, more in zip(arms, extra, strict=True)]
        arms = told if len(set(told)) == len(told) else arms
    return arms


def _relabelled(record: Record, label: str) -> Record:
    return Record(label, *record.key[1:], record.value, record.low, record.high, record.n, record.seeds)


def _list(found: Any) -> Iterable[Any]:
    return found if isinstance(found, list) else []


def silently(action: Callable[[], ValueT]) -> ValueT:
    """Runs something whose warnings the report says in its own words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return action()
