"""Episodes lived without a gate, from which gates are calibrated and tested; what was lived is gone on from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from forethought import storage
from forethought.errors import Damaged
from forethought.evaluation.acting import TOGETHER, imagining, lived
from forethought.evaluation.metrics import Place
from forethought.evaluation.suites import Watch
from forethought.evaluation.transitions import situation_seeds
from forethought.models import Model
from forethought.planning import Imagination, Option, Planner, Situation, Trial, fingerprint, imagination
from forethought.planning.gate import risk_of
from forethought.training.run import made_by
from forethought.types import Ending

TRIALS_FILE = "gate_trials.jsonl"
PART = 4 * TOGETHER
"""Situations that are lived, and kept, together."""


def gate_trials(
    model: Model,
    planner: Planner,
    place: Place,
    n: int,
    seed: int = 0,
    doubt: float = 1.0,
    imagine: Imagination | None = None,
    keep: Path | None = None,
    progress: Watch | None = None,
) -> list[Trial]:
    """``n`` episodes in fresh situations of a place, lived without a gate; the imagined risk of each step taken.

    What was lived for the same model, planner, place and version is taken from the lines of ``keep``, and what is lived
    now is added there, a part at a time. Raises ``Damaged`` where ``keep`` is not such a file.
    """
    mine = _of(model, planner, place, seed, doubt, imagine)
    there = _kept(keep, mine)
    seeds = situation_seeds(n, seed)
    made: list[Trial] = []
    for start in range(0, n, PART):
        part = seeds[start : start + PART]
        name = f"{part[0]}+{len(part)}"
        if name not in there:
            there[name] = _live(model, planner, place, part, doubt, imagine)
            if keep is not None:
                told = {"of": mine, "part": name, "trials": [asdict(trial) for trial in there[name]]}
                storage.append_line(keep, json.dumps(told))
        made += there[name]
        if progress is not None:
            progress(f"{place.world} {place.axis or 'in distribution'}", start + len(part), n)
    return made


def _live(
    model: Model, planner: Planner, place: Place, seeds: Sequence[int], doubt: float, imagine: Imagination | None
) -> list[Trial]:
    """One trial for each situation; those that the world broke off, or that had no step, say nothing."""
    risk: dict[tuple[int, ...], float] = {}

    def look(situation: Situation, options: Sequence[Option]) -> None:
        risk[tuple(situation.context.ids)] = risk_of(options[0].imagined, doubt)

    made = []
    for episode in lived(model, place, seeds, imagining(model, planner, seeds[0], look, imagine)):
        if episode.ending is Ending.WORLD_ERROR or not episode.steps:
            continue
        risks = tuple(risk[tuple(model.transcript.episode(episode, step).ids)] for step in range(len(episode.steps)))
        made.append(Trial(risks, episode.ending is Ending.HARMED, episode.ending is Ending.SATISFIED))
    return made


def _of(
    model: Model, planner: Planner, place: Place, seed: int, doubt: float, imagine: Imagination | None
) -> dict[str, Any]:
    """Everything that decides what is lived, so that nothing else is gone on from."""
    by = made_by("")
    return {
        "model": model.fingerprint(), "planner": fingerprint(planner, imagination(model, imagine)),
        **asdict(place), "seed": seed, "doubt": doubt, "commit": by["commit"], "versions": by["versions"],
    }  # fmt: skip


def _kept(path: Path | None, mine: dict[str, Any]) -> dict[str, list[Trial]]:
    """The parts in a file that were lived for just this; half a line that a killed process left is dropped."""
    if path is None or not path.exists():
        return {}
    storage.truncate_lines(path, storage.count_lines(path))
    try:
        return {
            line["part"]: [Trial(tuple(t["risks"]), t["harmed"], t["satisfied"]) for t in line["trials"]]
            for line in storage.read_json_lines(path)
            if line["of"] == mine
        }
    except (KeyError, TypeError) as error:
        raise Damaged(f"{path} does not hold a gate's trials; move it away and run the command again") from error
