"""Whether what lies in a run's folder may be counted: every file whole, of this run, and of what the others are of."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from forethought import storage
from forethought.errors import Damaged, Unmatched
from forethought.evaluation.results import load_results
from forethought.evaluation.statistics import BASELINES, Record
from forethought.training.arms import WAYS

ADVICE = "Restore it from a copy, or delete it and run the command again."
SUMMED = ("commit", "versions", "tokens", "flops", "steps", "parameters", "initial")
"""What a run's summary tells of it."""
LOGGED = {"tokens": "tokens", "updates": "update", "steps": "steps", "flops": "flops"}
"""What a run's summary tells of its training, and where its log has it."""
OWN = ("seed", "recorded")
"""Settings in which the runs of one arm differ."""
MARGIN = 0.2
"""The share of its budget that a run may spend too much, where two of its updates are less."""
Places = frozenset[tuple[str, str, str, int]]
"""World, axis, metric and number of everything of one kind that was measured."""
Asked = dict[str, Places]
_NOTHING: Places = frozenset()


# ---- a run's own files ----------------------------------------------------------------------------------------------
def read_summary(folder: Path) -> dict[str, Any]:
    """What a run's summary tells; ``Damaged`` where something lacks or is of another kind."""
    path = folder / "summary.json"
    found = storage.read_json(path)
    if lacking := [name for name in SUMMED if not isinstance(found, dict) or name not in found]:
        raise Damaged(f"{path} lacks {lacking}; delete {folder} and run the command again")
    kinds: dict[str, tuple[type, str]] = {
        "commit": (str, "a text"), "versions": (dict, "names with texts"), "initial": (dict, "names with texts"),
    }  # fmt: skip
    for name in SUMMED:
        kind, told = kinds.get(name, (object, "a number from 0 on"))
        if not isinstance(found[name], kind) or not (name in kinds or _number(found[name])):
            raise Damaged(f"{path} holds {name} as {found[name]!r}; expected {told}. {ADVICE}")
    return dict(found)


def read_config(folder: Path) -> dict[str, Any]:
    """A run's settings; ``Damaged`` where they are none."""
    path = folder / "config.json"
    found = storage.read_json(path)
    if not isinstance(found, dict) or not isinstance(found.get("worlds"), list):
        raise Damaged(f"{path} holds no settings with worlds. {ADVICE}")
    return found


def read_seconds(folder: Path) -> float:
    """How long a run took; ``Damaged`` where a line does not tell."""
    path = folder / "timings.jsonl"
    lines = storage.read_json_lines(path)
    for number, line in enumerate(lines, start=1):
        if not isinstance(line, dict) or not _number(line.get("seconds")):
            raise Damaged(f"{path}, line {number} tells no seconds: {line!r}. {ADVICE}")
    return float(sum(line["seconds"] for line in lines))


def read_records(path: Path, arm: str, worlds: Sequence[str]) -> list[Record]:
    """A run's records of itself and of baselines; ``Damaged`` where they are another's, told twice or no shares."""
    if not path.is_file():
        raise Damaged(f"{path} is no file. {ADVICE}")
    records = load_results(path)
    if wrong := _wrong(records, arm, worlds):
        raise Damaged(f"{path} holds {wrong}. {ADVICE}")
    return records


def _wrong(records: Sequence[Record], arm: str, worlds: Sequence[str]) -> str:
    """What is wrong with records, in words; nothing if they are what they should be."""
    if not records:
        return "no records; expected at least one"
    for record in records:
        if not all(isinstance(part, str) for part in record.key):
            return f"a record of {record.key}; expected texts"
        if record.arm not in (arm, *BASELINES):
            return f"records of {record.arm!r}; expected those of {arm!r}"
        if record.world not in worlds:
            return f"records in {record.world!r}; the run lived in {', '.join(map(str, worlds))}"
        if record.share and not 0 <= record.value <= 1:
            return f"{record.metric} as {record.value}; expected a share"
        if not all(map(math.isfinite, (record.value, record.low, record.high))):
            return f"{record.metric} as {record.value} ({record.low} to {record.high}); expected numbers"
    twice = [key for key, many in Counter(record.key for record in records).items() if many > 1]
    return f"{', '.join(twice[0])} more than once; expected everything once" if twice else ""


def check_source(path: Path, made: Mapping[str, Any], splits: Iterable[str]) -> None:
    """``Damaged`` where a file of records was made by another commit or version than the run, in other splits, or, as
    its command tells, of another run.
    """
    found = storage.read_json(path)
    words = str(found.get("command", "")).split()
    model = Path(words[words.index("--model") + 1]) if "--model" in words[:-1] else path.parent
    if path.parent.name not in model.parts[-2:]:
        raise Damaged(f"{path} was measured of {model}; expected {path.parent}. {ADVICE}")
    versions = found.get("versions", {})
    if not isinstance(versions, dict):
        raise Damaged(f"{path} holds versions as {versions!r}; expected names with texts. {ADVICE}")
    told = {**({"commit": found["commit"]} if "commit" in found else {}), **versions}
    if other := {name: value for name, value in told.items() if made.get(name) != value}:
        mine = {name: made.get(name) for name in other}
        raise Damaged(f"{path} was measured by {other}, and the run was trained by {mine}. {ADVICE}")
    if others := {record["split"] for record in found["records"]} - set(splits):
        wanted = ", ".join(splits)
        raise Damaged(f"{path} holds situations of {', '.join(sorted(others))}; expected those of {wanted}. {ADVICE}")


def check_spent(folder: Path, config: Mapping[str, Any]) -> None:
    """``Damaged`` where a run's summary tells of another training than its log, where that is there, or where the run
    spent less than its budget, or more by a fifth and by two of its updates.
    """
    told, unit = read_summary(folder), "flops" if config.get("budget_flops") else "tokens"
    budget, mine = config.get(f"budget_{unit}"), told[unit]
    if not _number(budget):
        raise Damaged(f"{folder / 'config.json'} holds budget_{unit} as {budget!r}; expected a number. {ADVICE}")
    assert budget is not None
    lines = _logged(folder / "metrics.jsonl")
    for name, column in LOGGED.items() if lines else ():
        if told.get(name) != lines[-1][column]:
            raise Damaged(
                f"{folder / 'summary.json'} tells of {told.get(name)} {name} and metrics.jsonl of {lines[-1][column]}. "
                f"{ADVICE}"
            )
    spent = [0, *(line[unit] for line in lines)]
    largest = max((after - before for before, after in pairwise(spent)), default=0)
    most = budget + max(MARGIN * budget, 2 * largest)
    if not budget <= mine <= most:
        raise Damaged(
            f"{folder / 'summary.json'} tells of {mine:,} {unit}; expected {budget:,} to {most:,.0f}. Delete {folder} "
            "and run the command again."
        )


def _logged(path: Path) -> list[dict[str, Any]]:
    """What a run had spent after each of its updates; [] where its log is not there, ``Damaged`` where it is empty."""
    lines = storage.read_json_lines(path) if path.is_file() else []
    if path.is_file() and not lines:
        raise Damaged(f"{path} is empty; expected a line for each update. {ADVICE}")
    told = [{name: line.get(name) if isinstance(line, dict) else None for name in LOGGED.values()} for line in lines]
    if wrong := [(name, value) for line in told for name, value in line.items() if not _number(value)]:
        raise Damaged(f"{path} holds {wrong[0][0]} as {wrong[0][1]!r}; expected a number. {ADVICE}")
    return told


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


# ---- runs beside each other -----------------------------------------------------------------------------------------
def asked_of(records: Iterable[Record], kinds: Mapping[str, Any]) -> Asked:
    """What was measured of a model, by kind; ``kinds`` says which records are of which."""
    mine = [record for record in records if record.arm not in BASELINES]
    found = {kind: frozenset(_place(r) for r in mine if chosen(r)) for kind, chosen in kinds.items()}
    return {kind: places for kind, places in found.items() if places}


def _place(record: Record) -> tuple[str, str, str, int]:
    return record.world, record.axis, record.metric, record.n


def unlike(asked: Mapping[tuple[str, int], Mapping[str, Asked]]) -> dict[tuple[str, int], str]:
    """Which runs were not asked what most were, and why: their figures would be means of other things.

    ``asked`` is by arm and seed, then by file. An arm may have or lack a kind as a whole; where only some of its seeds
    have it, those are wrong that do otherwise than most runs.
    """
    found: dict[tuple[str, int], str] = {}
    for name in dict.fromkeys(name for files in asked.values() for name in files):
        told = {run: files[name] for run, files in asked.items() if name in files}
        for kind in dict.fromkeys(kind for kinds in told.values() for kind in kinds):
            sets = Counter(kinds[kind] for kinds in told.values() if kind in kinds)
            most = max(sets, key=lambda places: (sets[places], len(places), sorted(places)))
            usual = 2 * sum(sets.values()) >= len(told)
            for run, kinds in told.items():
                theirs = [kind in others for (arm, _), others in told.items() if arm == run[0]]
                right = most if all(theirs) or (usual and any(theirs)) else _NOTHING
                if (mine := kinds.get(kind, _NOTHING)) != right:
                    found.setdefault(run, _told_apart(name, kind, mine, right))
    return found


def _told_apart(name: str, kind: str, mine: Places, most: Places) -> str:
    apart = [f"lacks {', '.join(map(str, place))}" for place in sorted(most - mine)]
    apart += [f"has {', '.join(map(str, place))}" for place in sorted(mine - most)]
    return f"{name} is not of what the other runs' is: of {kind} it {apart[0]}. {ADVICE}"


def check_alike(configs: Mapping[tuple[str, int], Mapping[str, Any]]) -> None:
    """``Unmatched`` for runs of one arm (and of any seed) that were trained with different settings."""
    firsts: dict[str, tuple[int, Mapping[str, Any]]] = {}
    for (arm, seed), config in configs.items():
        first, theirs = firsts.setdefault(arm, (seed, config))
        for name in sorted({*config, *theirs} - {*OWN}):
            if config.get(name) != theirs.get(name):
                raise Unmatched(
                    f"{arm}, seed {first}, and {arm}, seed {seed}, differ in {name}: {theirs.get(name)!r} and "
                    f"{config.get(name)!r}. They are not runs of one arm: delete what was trained with other settings, "
                    "and run the command again."
                )


def beside(folder: Path, runs: Iterable[str], arms: Iterable[str], again: Sequence[str], tune: int) -> dict[str, Path]:
    """What should lie there besides measured runs, by the names of the jobs that make it: what was measured ``again``
    of each run, and ``tune`` short runs of each arm, with those of what it sweeps.
    """
    swept = {arm: len(WAYS[arm].swept) if arm in WAYS and tune else 0 for arm in arms}
    tuned = [f"tune-{arm}-{k}" for arm in swept for k in range(tune + swept[arm])]
    found = {name: folder / name / "measured.json" for name in tuned}
    return {**found, **{f"{run}, {Path(name).stem}": folder / run / name for run in runs for name in again}}
