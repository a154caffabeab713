"""A grid of sizes and arms: what follows from its runs, what is missing, and what is refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forethought import storage
from forethought.errors import Unmatched
from forethought.evaluation import Record, save_results
from forethought.evaluation.capacity import Capacity, Key, measured
from forethought.evaluation.comparison import MEASURED
from forethought.evaluation.crossing import Reached
from forethought.evaluation.selection import best_of
from forethought.evaluation.shares import EXTRAPOLATED, MEMORISED, NEW, PAIRS, figures, validation
from forethought.evaluation.statistics import BLIND

SIZES = {"pico": 50_000, "nano": 250_000, "tiny": 1_000_000}
RATES = {"learning_rate": 0.002, "matrix_rate": 0.005}
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
    last = [record("exact", noisy(skill), axis, **where) for axis in ("carry", "range")]
    last += [record("lasting", noisy(1 - skill / 2), **where), record("exact", 0.9, **where)]
    last += [record("exact", 0.95, split="train", **where), record("probe/digit", noisy(skill), "carry", **where)]
    ended = best_of(validation(found)) == 1
    best = last if ended else [replace(each, value=noisy(each.value - 0.02)) for each in last]
    found += [*last, *(replace(each, metric=f"best/{each.metric}") for each in best)]
    path = folder / key.path
    save_results(path / MEASURED, [*found, record("exact", 0.0, "carry", arm=BLIND)], "made up")
    made = {"commit": "abc", "versions": {"torch": "1"}, "tokens": 100, "flops": 5, "steps": 7}
    made |= {"parameters": SIZES[key.size], "initial": {"weights": f"{key.size}{key.seed}", "tokenizer": "t"}}
    storage.write_json(path / "summary.json", summary := {**made, **changed.get("summary", {})})
    told = storage.read_json(path / MEASURED)
    source = {"commit": summary["commit"], "versions": summary["versions"]}
    storage.write_json(path / MEASURED, {**told, **source, **changed.get("measured", {})})
    config = {"budget_tokens": 100, "worlds": [key.world], "model": key.size, "keep": 1, **RATES}
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
    assert len(found.verdicts) == 4 and all(
        line.startswith("sums: Without a verdict, developmental beside static-mixed at tiny in")
        for line in found.verdicts[1:]
    ), "one verdict is asked for in each world"
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
    assert found.verdicts[0].startswith("sums: Too few seeds to tell (2; at least 4) whether developmental needs")
    sizes, curves = found.curve("sums", "developmental", "final/extrapolated")
    assert sizes == list(SIZES.values()) and sorted(curves) == [0, 1, 3]


def without(found: Capacity, size: str, arm: str, *seeds: int) -> Capacity:
    """The grid as it would be if these runs had never been measured."""
    runs = {key: run for key, run in found.runs.items() if key[1:3] != (size, arm) or key.seed not in seeds}
    return replace(found, runs=runs)


def test_a_static_cell_with_one_lucky_seed_is_not_the_one_to_be_equalled(tmp_path: Path) -> None:
    found = without(grid(tmp_path), "tiny", "imitation", 0, 1, 2)
    lucky = replace(found, scores={**found.scores, Key("sums", "tiny", "imitation", 3): (0.99,)})
    assert lucky.best_static("sums") == ("static-mixed", "tiny", 1_000_000)
    assert lucky.ratios()[0][1].seeds == 4 and "needs fewer parameters" in lucky.verdicts[0]


def test_static_cells_are_judged_by_the_same_seeds(tmp_path: Path) -> None:
    found = grid(tmp_path, skills={"developmental": (0.4, 0.8, 0.9), "imitation": (0.2, 0.2, 0.5)}, seeds=5)
    scores = {Key("sums", "tiny", "imitation", seed): (score,) for seed, score in enumerate((0.5,) * 5)}
    scores |= {Key("sums", "nano", "imitation", seed): (score,) for seed, score in enumerate((0.4,) * 4 + (0.99,))}
    whole_grid = replace(found, scores={**found.scores, **scores})
    assert whole_grid.best_static("sums") == ("imitation", "nano", 250_000), "its mean is the best one"
    lacking = without(whole_grid, "tiny", "imitation", 4)
    assert lacking.best_static("sums") == ("imitation", "tiny", 1_000_000), "of the four seeds that both have it is not"


def test_a_size_with_a_single_seed_is_left_out_of_the_curve(tmp_path: Path) -> None:
    found = without(grid(tmp_path), "tiny", "developmental", 0, 1, 2)
    sizes, curves = found.curve("sums", "developmental", "final/extrapolated")
    assert sizes == [50_000, 250_000] and len(curves) == 4
    headline = found.ratios()[0][1]
    assert headline.seeds == 4 and headline.reached is Reached.BETWEEN and "needs fewer" in found.verdicts[0]


def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    found = grid(tmp_path, seeds=1)
    assert not found.ratios() and not found.needed()
    nothing = "sums: nothing can be said about parameters at equal generalisation: "
    assert found.verdicts == [f"{nothing}developmental has fewer than two seeds that all of its sizes have."]
    assert measured([], tmp_path, {}).verdicts == []
    none = grid(tmp_path / "none", skills=dict.fromkeys(("developmental", "imitation"), (0.0, 0.0, 0.0)))
    assert not none.ratios(), "0% is no generalisation"
    (told,) = none.verdicts
    assert told.startswith(f"{nothing}the best static arm, imitation at ") and told.endswith("; expected at least 5%.")


def test_the_true_reason_is_told_where_there_is_no_ratio(tmp_path: Path) -> None:
    found = grid(tmp_path)
    small = without(without(found, "tiny", "developmental", 0, 1, 2), "nano", "developmental", 1, 2, 3)
    assert small.verdicts[0].endswith(": developmental has two seeds or more at fewer than two sizes.")
    apart = without(found, "nano", "static-mixed", 0, 1)
    for size in SIZES:
        apart = without(apart, size, "developmental", 2, 3)
    assert apart.verdicts[0].endswith(": developmental and imitation, static-mixed share fewer than two seeds.")
    alone = grid(tmp_path / "alone", skills={"developmental": SKILLS["developmental"]})
    assert alone.verdicts == [
        "sums: nothing can be said about parameters at equal generalisation: there is no static arm to be equalled."
    ]
    left = Key("sums", "pico", "imitation", 0)
    lone = replace(found, runs={k: run for k, run in found.runs.items() if k.arm == "developmental" or k == left})
    assert lone.verdicts[0].endswith(": no size of imitation, static-mixed has two seeds.")


@pytest.mark.parametrize("curve", [(0.5, 0.5, 0.5), (0.2, 0.75, 0.75)])
def test_equal_arms_seldom_get_a_verdict(curve: tuple[float, ...], tmp_path: Path) -> None:
    found, rng = grid(tmp_path, seeds=4), np.random.default_rng(5)
    fewer, more, rounds = 0, 0, 150
    for _ in range(rounds):
        skills = {key: curve[list(SIZES).index(key.size)] + rng.normal(0, 0.05) for key in found.runs}
        seen = {key: {name: skill + rng.normal(0, 0.02) for name in run.figures}
                for (key, run), skill in zip(found.runs.items(), skills.values(), strict=True)}  # fmt: skip
        runs = {key: replace(run, figures=seen[key]) for key, run in found.runs.items()}
        scores = {key: (skill + rng.normal(0, 0.02),) for key, skill in skills.items()}
        told = " ".join(replace(found, runs=runs, scores=scores).verdicts)
        fewer += "needs fewer parameters" in told
        more += "needs more parameters" in told
    assert fewer / rounds <= 0.04 and (fewer + more) / rounds <= 0.1, "5%, and as much as a simulation of 150 strays"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"config": {"budget_tokens": 200}, "summary": {"tokens": 200}}, "differ in budget_tokens: 100 and 200"),
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


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"measured": {"commit": "another"}}, "was measured by {'commit': 'another'}"),
        ({"measured": {"command": "forethought eval shares --model elsewhere/nano/imitation-9"}}, "imitation-9"),
        ({"summary": {"tokens": 1000}}, "expected 100 to 120"),
    ],
)
def test_records_of_another_run_and_a_run_of_another_budget_are_missing(
    tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    keys = whole(tmp_path)
    run(tmp_path, keys[4], 0.5, random.Random(1), **changed)
    assert [name for name, why in measured(keys, tmp_path, {}).missing.items() if told in why] == [str(keys[4])]


OTHERWISE: dict[str, Callable[[dict[str, Any]], bool]] = {
    "of extrapolated it lacks sums, carry, exact, 10": lambda r: r["split"] == "test" and r["axis"] == "carry",
    "lacks sums, test, exact of its best model": lambda r: r["metric"].startswith("best/"),
    "of memorised it lacks sums, , lasting, 10": lambda r: r["metric"] in ("lasting", "best/lasting"),
    "of validation it lacks sums, a, kept/1, 10": lambda r: r["metric"] == "kept/1",
}
"""What is said of a run whose records are not there where this holds."""


@pytest.mark.parametrize("said", OTHERWISE)
def test_a_run_that_was_asked_other_questions_is_named_and_not_averaged_in(said: str, tmp_path: Path) -> None:
    keys = whole(tmp_path)
    path = tmp_path / keys[0].path / MEASURED
    told = storage.read_json(path)
    storage.write_json(path, {**told, "records": [r for r in told["records"] if not OTHERWISE[said](r)]})
    found = measured(keys, tmp_path, {})
    assert list(found.missing) == [str(keys[0])] and said in found.missing[str(keys[0])]
    assert keys[0] not in found.runs and 0 not in found.by_seed("sums", "pico", keys[0].arm, "final/extrapolated")


def test_a_run_that_was_asked_another_number_of_questions_is_named_too(tmp_path: Path) -> None:
    keys = whole(tmp_path, 1)
    path = tmp_path / keys[-1].path / MEASURED
    told = storage.read_json(path)
    storage.write_json(path, {**told, "records": [{**r, "n": 1} for r in told["records"]]})
    assert "it lacks sums, , lasting, 10" in measured(keys, tmp_path, {}).missing[str(keys[-1])]


def rescored(folder: Path, key: Key, metric: str, value: float) -> None:
    """A run whose records of one metric all have another value than was measured."""
    path = folder / key.path / MEASURED
    told = storage.read_json(path)
    changed = [{**r, "value": value} if r["metric"] == metric else r for r in told["records"]]
    storage.write_json(path, {**told, "records": changed})


def test_what_picking_the_best_checkpoint_or_seed_would_have_claimed_is_told(tmp_path: Path) -> None:
    keys = whole(tmp_path)
    lucky = Key("sums", "tiny", "imitation", 2)
    rescored(tmp_path, lucky, "kept/1", 0.95)
    rescored(tmp_path, lucky, "best/exact", 0.1)
    found = measured(keys, tmp_path, {})
    told = {each.what: each for each in found.checkpoints()}
    assert len(told) == 9, "one for each size and arm"
    made = told["sums, tiny: extrapolated by imitation, over checkpoints"]
    assert (made.of, made.runs, made.chosen) == (2, 4, "the last one in 3 of 4 runs")
    best, last = (found.by_seed("sums", "tiny", "imitation", f"{which}/extrapolated") for which in ("best", "final"))
    assert best[2] == pytest.approx(0.1) and {**best, 2: last[2]} == last
    assert made.held == pytest.approx(sum(best.values()) / 4) and made.last_held == pytest.approx(
        sum(last.values()) / 4
    )
    assert made.claimed - made.last_claimed == pytest.approx((0.95 - found.scores[lucky][-1]) / 4)
    assert made.claimed > made.last_claimed and made.held < made.last_held, (
        "the best on validation is not so on the test"
    )
    assert f"would have claimed {made.claimed:.3f}; on the test it gives {made.held:.3f}." in made.words
    seeds = {each.what: each for each in found.claims()}["sums, tiny: extrapolated by imitation, over seeds"]
    scores = {f"seed {seed}": found.scores[lucky._replace(seed=seed)][-1] for seed in range(4)}
    assert seeds.chosen == max(scores, key=scores.__getitem__) and seeds.claimed == max(scores.values())
    assert seeds.of == 4 and seeds.held == last[int(seeds.chosen[-1])] and seeds.mean == pytest.approx(made.last_held)
    runs = {(run["size"], run["arm"], run["seed"]): run["best"] for run in found.to_dict()["runs"]}
    assert runs["tiny", "imitation", 2] == 1 and runs["tiny", "imitation", 1] == 2


def test_of_one_seed_or_one_model_nothing_is_picked(tmp_path: Path) -> None:
    found = grid(tmp_path, seeds=1)
    assert found.claims() == [] and len(found.checkpoints()) == 9
    assert replace(found, scores={key: scores[-1:] for key, scores in found.scores.items()}).checkpoints() == []


def test_a_run_whose_best_model_is_not_the_one_of_its_validation_scores_is_missing(tmp_path: Path) -> None:
    keys = whole(tmp_path)
    rescored(tmp_path, keys[0], "best/exact", 1.0)
    assert "by its validation scores" in measured(keys, tmp_path, {}).missing[str(keys[0])]
    assert "the last one is the best" in measured(keys, tmp_path, {}).missing[str(keys[0])]


def test_one_arm_trained_in_two_ways_is_refused(tmp_path: Path) -> None:
    keys = whole(tmp_path)
    run(tmp_path, keys[-1], 0.5, random.Random(1), config={"matrix_rate": 0.5})
    with pytest.raises(Unmatched, match="differ in matrix_rate"):
        measured(keys, tmp_path, {})
