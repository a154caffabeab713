"""One command trains a grid of sizes and arms, measures it, and says what generalisation takes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console
from tests.evaluation.test_capacity import SKILLS, whole

from forethought import storage
from forethought.cli import main
from forethought.cli.grid import FACTORS, CapacityOptions, Grid
from forethought.cli.sweep import carry_out
from forethought.errors import BadSetting, Damaged, Unmatched
from forethought.evaluation import Record, load_results
from forethought.reports import write_capacity

SMALL = ["--worlds", "sums", "--sizes", "pico", "--arms", "static-mixed", "--budget-tokens", "3000", "--n", "2"]
SMALL += ["--keep", "1", "--seeds", "0", "--set", "commit_rate=0.0", "first_episodes=16", "live_episodes=8"]


def grid(tmp_path: Path, **options: object) -> Grid:
    return Grid(CapacityOptions(folder=tmp_path, **options), Console(quiet=True))  # type: ignore[arg-type]


def test_a_grid_has_a_run_for_each_cell_and_seed_and_yoked_ones_come_after(tmp_path: Path) -> None:
    made = grid(
        tmp_path, worlds=("sums",), sizes=("nano", "pico"), arms=("static-same", "imitation"), seeds=(0, 3), tune=2,
        budget_tokens=8000,
    )  # fmt: skip
    assert made.sizes == ["pico", "nano"] and made.arms[0] == "developmental"
    jobs = {job.name: job for job in made.runs({"sums/pico/static-same": 0.5})}
    assert len(jobs) == 12 and next(iter(jobs)) == "sums/pico/developmental-0"
    assert jobs["sums/pico/static-same-3"].after == ("sums/pico/developmental-3",)
    train, measure = jobs["sums/pico/static-same-3"].commands
    assert train[train.index("--recorded") + 1] == str(tmp_path / "sums/pico/developmental-3")
    assert train[train.index("--matrix-rate") + 1] == "0.0025" and train[train.index("--keep") + 1] == "3"
    assert measure[:2] == ("eval", "shares") and train[train.index("--question-share") + 1] == "0.0"
    plain, _ = jobs["sums/nano/imitation-0"].commands
    assert plain[plain.index("--matrix-rate") + 1] == "0.005" and plain[plain.index("--model") + 1] == "nano"
    tuning = {job.name: job for job in made.tuning()}
    assert len(tuning) == 12 and tuning["tune/sums/nano/static-same-1"].after == ("tune/sums/nano/developmental-0",)
    assert "4000" in tuning["tune/sums/nano/imitation-1"].commands[0]


def test_the_rates_that_do_best_on_validation_are_taken(tmp_path: Path) -> None:
    made = grid(tmp_path, worlds=("sums",), sizes=("pico",), arms=("imitation",), tune=2)
    for k, value in enumerate((0.4, 0.6)):
        record = Record("imitation", "sums", "validation", "carry", "kept/1", value, value, value, 9)
        path = tmp_path / "tune" / "sums" / "pico" / f"imitation-{k}" / "measured.json"
        storage.write_json(path, {"records": [record.to_dict()]})
    assert made.chosen() == {"sums/pico/imitation": FACTORS[1]}
    told = storage.read_json(tmp_path / "tuning.json")["sums/pico/imitation"]
    assert [each["score"] for each in told["tried"]] == [0.4, 0.6]
    assert (told["seed"], told["share"]) == (10_000, 0.5)


def test_a_short_run_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    made = grid(tmp_path, worlds=("sums",), sizes=("pico",), arms=("imitation",), tune=1)
    record = Record("imitation", "sums", "validation", "carry", "kept/x", 0.5, 0.5, 0.5, 9)
    path = tmp_path / "tune" / "sums" / "pico" / "imitation-0" / "measured.json"
    storage.write_json(path, {"records": [record.to_dict()]})
    with pytest.raises(Damaged, match=r"imitation-0/measured\.json: a record is of 'kept/x'"):
        made.chosen()


@pytest.mark.slow
def test_it_runs_resumes_and_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "grid"
    command = ["capacity", *SMALL, "--folder", str(folder)]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "static-mixed" in told and "pico (" in told and "nothing can be said about parameters" in told
    assert "extrapolated by static-mixed, over checkpoints: picking the best of 2" in told
    cell = folder / "sums" / "pico" / "static-mixed-0"
    assert (cell / "kept" / "1" / "model.safetensors").exists() and (folder / "report.html").exists()
    shutil.rmtree(cell / "model")
    (cell / "measured.json").unlink()
    assert main(command) == 1, "it was trained, and cannot be measured any more"
    assert "Missing: sums, pico, static-mixed, seed 0 ('forethought eval' ended with code 2:" in capsys.readouterr().out
    shutil.rmtree(cell)
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (run,) = found["runs"]
    assert run["tokens"] >= 3000 and run["size"] == "pico" and not found["missing"]
    assert {r.metric for r in load_results(folder / "capacity.json")} >= {
        "final/extrapolated/pico",
        "best/memorised/pico",
    }
    assert main(["report", "--audit", str(folder)]) == 0
    assert main([*command, "--n", "3"]) == 2
    assert "holds another grid: n was 2 and is 3" in capsys.readouterr().err
    (folder / "plan.json").unlink()
    assert main([*command, "--n", "3"]) == 2, "its runs were measured by the lost plan"
    assert "holds runs and no plan.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sizes", "pica"], "size 'pica' is not known; did you mean 'pico'"),
        (["--arms", "placeba"], "did you mean 'placebo'"),
        (["--worlds", "sum"], "did you mean 'sums'"),
        (["--recipe", "quickstat"], "did you mean 'quickstart'"),
        (["--set", "learning=1"], "setting 'learning' is not known"),
        (["--at-once", "0"], "--at-once 0; expected at least 1"),
        (["--n", "0"], "--n 0; expected at least 1"),
        (["--set", "model=tiny"], "--set model=tiny cannot hold for all runs; expected --sizes"),
        (["--set", "seed=1"], "cannot hold for all runs; expected --seeds"),
        (["--tune", "9"], "expected 0 to 3 learning rates to try"),
        (["--seeds"], "expected at least one world, size, arm and seed"),
        (["--arms", "latent-only"], "needs the setting 'latent_weight'"),
        (["--budget-tokens", "0"], "budget_tokens"),
    ],
)
def test_what_is_asked_wrongly_is_told_before_anything_starts(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["capacity", *words]) == 2
    assert said in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_a_dry_run_tells_the_cost_and_does_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "grid"
    command = ["capacity", "--worlds", "sums", "--sizes", "pico", "--folder", str(folder), "--dry-run", "--tune", "2"]
    assert main([*command, "--budget-tokens", "1000000"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "24 runs, 0 of them done: 20,000,000 training tokens, about" in told and "hours of one core" in told
    assert not folder.exists()


def test_a_dry_run_tells_what_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["capacity", "--worlds", "sums", "--sizes", "pico", "--arms", "imitation", "--folder", str(tmp_path)]
    command += ["--budget-tokens", "1000000", "--dry-run"]
    cell = tmp_path / "sums" / "pico"
    for seed in (0, 2, 3):
        storage.write_json(cell / f"imitation-{seed}" / "measured.json", {})
    assert main(command) == 0
    assert "4 runs, 3 of them done: 1,000,000 training tokens, about" in " ".join(capsys.readouterr().out.split())
    storage.write_json(cell / "imitation-1" / "measured.json", {})
    assert main(command) == 0
    assert "4 runs, all of them done: nothing is left to train." in capsys.readouterr().out


def test_a_refusal_says_that_the_page_is_older(tmp_path: Path) -> None:
    made = grid(tmp_path, worlds=("sums",), arms=tuple(SKILLS), budget_tokens=100, keep=1)
    made.keep()
    keys = whole(tmp_path)
    assert carry_out(made, "made up", write_capacity, made.console) is not None
    path = tmp_path / keys[0].path / "summary.json"
    storage.write_json(path, {**storage.read_json(path), "parameters": 1})
    with pytest.raises(
        Unmatched, match=r"differ in parameters.*report\.html and the result beside it were written before"
    ):
        carry_out(made, "made up", write_capacity, made.console)
    (tmp_path / "report.html").unlink()
    with pytest.raises(Unmatched, match=r"in another folder\.$"):
        carry_out(made, "made up", write_capacity, made.console)


def test_settings_in_another_order_are_the_same_grid(tmp_path: Path) -> None:
    one, two, three = "commit_rate=0.0", "live_episodes=8", "live_episodes=9"
    how = {"worlds": ("sums",), "sizes": ("pico",), "arms": ("imitation",)}
    grid(tmp_path, set=(one, two), **how).keep()
    grid(tmp_path, set=(two, one), **how).keep()
    with pytest.raises(BadSetting, match=r"holds another grid: set was .*live_episodes=8.* and is .*live_episodes=9"):
        grid(tmp_path, set=(one, three), **how).keep()
