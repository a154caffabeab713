"""A grid of sizes and arms: what follows from its runs, what is missing, and what is refused."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from forethought import storage
from forethought.errors import Unmatched
from forethought.evaluation import Record, save_results
from forethought.evaluation.capacity import Capacity, Key, measured
from forethought.evaluation.comparison import MEASURED
from forethought.evaluation.crossing import Reached
from forethought.evaluation.shares import EXTRAPOLATED, MEMORISED, NEW, PAIRS, figures, validation
from forethought.evaluation.statistics import BLIND

SIZES = {"pico": 50_000, "nano": 250_000, "tiny": 1_000_000}
SKILLS = {"developmental": (0.4, 0.8, 0.9), "imitation": (0.2, 0.3, 0.35), "static-mixed": (0.3, 0.5, 0.7)}


def record(
    metric: str, value: float, axis: str = "", split: str = "test", arm: str = "x", world: str = "sums"
) -> Record:
    return Record(arm, world, split, axis, metric, value, value, value, 10)


def run(folder: Path, key: Key, skill: float, rng: random.Random, **changed: Any) -> None:
    """A run's folder as training and measuring leave it, with what one of that skill would score."""
    noisy = lambda value: min(1.0, max(0.0, value + rng.gauss(0, 0.01)))  # noqa: E731
    where = {"arm": key.arm, "world": key.world}
    found = [record(f"kept/{k}", noisy(skill * k / 2), axis, "validation", **where) for k in (1, 2) for axis in "ab"]
    for prefix in ("", "best/"):
        found += [record(f"{prefix}exact", noisy(skill), axis, **where) for axis in ("carry", "range")]
        found += [record(f"{prefix}lasting", noisy(1 - skill / 2), **where), record(f"{prefix}exact", 0.9, **where)]
        found += [record(f"{prefix}exact", 0.95, split="train", **where)]
        found += [record(f"{prefix}probe/digit", noisy(skill), "carry", **where)]
    path = folder / key.path
    save_results(path / MEASURED, [*found, record("exact", 0.0, "carry", arm=BLIND)], "made up")
    made = {"commit": "abc", "versions": {"torch": "1"}, "tokens": 100, "flops": 5, "steps": 7}
    made |= {"parameters": SIZES[key.size], "initial": {"weights": f"{key.size}{key.seed}", "tokenizer": "t"}}
    storage.write_json(path / "summary.json", {**made, **changed.get("summary", {})})
    config = {"budget_tokens": 100, "worlds": [key.world], "model": key.size, "keep": 1}
    storage.write_json(path / "config.json", {**config, **changed.get("config", {})})
    storage.write_text(path / "timings.jsonl", '{"seconds": 60.0}\n')


def whole(folder: Path, seeds: int = 4, skills: Mapping[str, tuple[float, ...]] = SKILLS) -> list[Key]:
    keys, rng = [], random.Random(0)
    for seed in range(seeds):
        for i, size in enumerate(SIZES):
            for arm, levels in skills.items():
                keys.append(Key("sums", size, arm, seed))
                run(folder, keys[-1], levels[i], rng)
    return keys


def grid(folder: Path, **how: Any) -> Capacity:
    return measured(whole(folder, **how), folder, {})


def test_figures_are_of_the_last_model_or_of_the_best_one() -> None:
    found = [
        record("exact", 0.4, "carry"), record("exact", 0.6, "range"), record("exact", 0.9), record("lasting", 0.7),
        record("exact", 0.99, split="train"), record("best/exact", 0.8, "carry"), record("probe/digit", 0.3, "range"),
        record("probe/digit", 0.9), record("exact", 0.0, "carry", arm=BLIND),
        record("exact", 0.1, "carry", "validation"),
        record("kept/2", 0.5, "carry", "validation"), record("kept/1", 0.2, "carry", "validation"),
        record("kept/2", 0.7, "range", "validation"),
    ]  # fmt: skip
    told = figures(found)
    assert told[EXTRAPOLATED] == pytest.approx(0.5) and told[NEW] == 0.9 and told[MEMORISED] == 0.7
    assert told[PAIRS] == 0.3 and figures(found, best=True) == {EXTRAPOLATED: 0.8}
    assert validation(found) == [pytest.approx(0.2), pytest.approx(0.6)]


def test_the_ratio_is_against_the_best_static_arm_of_the_validation_situations(tmp_path: Path) -> None:
    found = grid(tmp_path)
    assert found.best_static("sums") == ("static-mixed", "tiny", 1_000_000)
    headline = found.ratios()[0][1]
    assert (headline.figure, headline.other, headline.size) == ("final/extrapolated", "static-mixed", "tiny")
    assert headline.reached is Reached.BETWEEN and headline.seeds == 4
    assert headline.low is not None and headline.high is not None and 4 < headline.low < headline.value < headline.high
    assert found.verdicts[0].startswith("sums: developmental needs fewer parameters to do as well as static-mixed")
    assert len(found.ratios()) == 4, "two figures, of last and of best models"
    records = {(r.arm, r.metric): r for r in found.records()}
    assert records["developmental", "final/extrapolated/nano"].value == pytest.approx(0.8, abs=0.03)
    assert records["developmental", "final/extrapolated/nano"].seeds == 4


def test_size_that_brings_nothing_is_no_merit(tmp_path: Path) -> None:
    found = grid(tmp_path, skills={"developmental": (0.5, 0.8, 0.9), "imitation": (0.2, 0.8, 0.8)})
    static = found.best_static("sums")
    assert static is not None and static[1] in ("nano", "tiny")
    equal = grid(tmp_path / "equal", skills={"developmental": (0.2, 0.5, 0.8), "imitation": (0.2, 0.5, 0.8)})
    assert "There is no evidence that developmental needs fewer or more" in equal.verdicts[0]


def test_parameters_needed_are_told_for_each_level(tmp_path: Path) -> None:
    needed = {(n.arm, n.figure, n.level): n.at for n in grid(tmp_path).needed()}
    half = needed["developmental", "final/extrapolated", 0.5]
    assert half.reached is Reached.BETWEEN and 50_000 < half.parameters < 250_000
    assert needed["developmental", "final/extrapolated", 0.25].reached is Reached.SMALLEST
    assert needed["imitation", "final/extrapolated", 0.5].reached is Reached.NEVER


def test_a_missing_seed_is_named_and_never_made_up_for(tmp_path: Path) -> None:
    keys = whole(tmp_path)
    gone = [Key("sums", "nano", "developmental", 2), Key("sums", "tiny", "static-mixed", 0)]
    for key in gone:
        (tmp_path / key.path / MEASURED).unlink()
    found = measured(keys, tmp_path, {str(gone[0].path): "it broke"})
    assert found.missing == {
        "sums, nano, developmental, seed 2": "it broke", "sums, tiny, static-mixed, seed 0": "not measured yet",
    }  # fmt: skip
    assert found.ratios()[0][1].seeds == 2, "the seeds that both have"
    sizes, curves = found.curve("sums", "developmental", "final/extrapolated")
    assert sizes == list(SIZES.values()) and sorted(curves) == [0, 1, 3]


def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    found = grid(tmp_path, seeds=1)
    assert not found.ratios() and not found.needed()
    assert found.verdicts == [
        "sums: nothing can be said about parameters at equal generalisation; expected developmental at two sizes or "
        "more, and a static arm that reaches 5%, with two seeds or more that both have."
    ]
    assert measured([], tmp_path, {}).verdicts == []
    nothing = grid(tmp_path / "nothing", skills=dict.fromkeys(("developmental", "imitation"), (0.0, 0.0, 0.0)))
    assert not nothing.ratios() and "nothing can be said" in nothing.verdicts[0], "0% is no generalisation"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"config": {"budget_tokens": 200}}, "differ in budget_tokens: 100 and 200"),
        ({"config": {"keep": 3}}, "differ in keep: 1 and 3"),
        ({"summary": {"commit": "def"}}, "differ in commit or versions"),
        ({"summary": {"parameters": 10}}, "differ in parameters"),
        ({"summary": {"initial": {"weights": "other", "tokenizer": "t"}}}, "differ in what they began with"),
    ],
)
def test_runs_that_do_not_match_are_refused(changed: dict[str, Any], said: str, tmp_path: Path) -> None:
    keys = whole(tmp_path, 2)
    run(tmp_path, keys[-1], 0.7, random.Random(1), **changed)
    with pytest.raises(Unmatched, match=said):
        measured(keys, tmp_path, {})


def test_sizes_of_different_versions_are_refused_too(tmp_path: Path) -> None:
    keys = whole(tmp_path, 1, {"developmental": SKILLS["developmental"]})
    run(tmp_path, keys[-1], 0.7, random.Random(1), summary={"versions": {"torch": "2"}})
    with pytest.raises(Unmatched, match="cannot stand in one grid"):
        measured(keys, tmp_path, {})
