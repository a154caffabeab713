"""One command trains arms from the same start, measures them, and says what there is evidence for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console
from tests.evaluation.test_comparison import run as trained

from forethought import storage
from forethought.cli import main
from forethought.cli.compare import SEARCH, CompareOptions, Plan
from forethought.cli.jobs import Here, Job
from forethought.cli.options import config_of, parse, settings_of
from forethought.cli.sweep import carry_out, check_begun, recorded_in, save
from forethought.cli.train import TrainOptions
from forethought.config import TrainConfig
from forethought.errors import BadSetting, Damaged, Unmatched
from forethought.evaluation import Record, load_results
from forethought.evaluation.checks import beside
from forethought.evaluation.comparison import CHAMPION, PROBES
from forethought.evaluation.tuning import validation_score
from forethought.reports import audit, write_comparison
from forethought.training.run import made_by

SMALL = ["--budget-tokens", "3000", "--n", "2", "--fresh", "0", "--suite", "consequences", "--seeds", "0"]
SMALL += [
    "--set",
    "practice_share=0.0",
    "question_share=0.0",
    "commit_rate=0.0",
    "first_episodes=16",
    "live_episodes=8",
]


def plan(tmp_path: Path, **options: object) -> Plan:
    return Plan(CompareOptions("quickstart", folder=tmp_path, **options), Console(quiet=True))  # type: ignore[arg-type]


def test_a_plan_has_a_run_for_each_arm_and_seed_and_yoked_ones_come_after(tmp_path: Path) -> None:
    made = plan(
        tmp_path, arms=("placebo", "imitation"), seeds=(0, 3), budget_tokens=5000, tune=2, set=("worlds=cliff,street",)
    )
    assert made.arms[0] == CHAMPION and set(made.arms) == {CHAMPION, "placebo", "imitation"}
    jobs = {job.name: job for job in made.runs({"imitation": {"matrix_rate": 0.01}})}
    assert len(jobs) == 6 and jobs["placebo-3"].after == ("developmental-3",)
    train, measure = jobs["placebo-3"].commands
    assert train[train.index("--recorded") + 1] == str(tmp_path / "developmental-3")
    assert train[train.index("--worlds") + 1 :][:2] == ("cliff", "street")
    assert train[train.index("--budget-tokens") + 1] == "5000" and measure[:2] == ("eval", "all")
    assert "--matrix-rate" in jobs["imitation-0"].commands[0] and "--matrix-rate" not in train
    tuning = {job.name: job for job in made.tuning()}
    assert len(tuning) == 6 and tuning["tune-placebo-1"].after == ("tune-developmental-0",)
    assert "validation" in tuning["tune-imitation-0"].commands[1] and "2500" in tuning["tune-imitation-0"].commands[0]


def test_the_weight_of_what_a_policy_hears_is_swept(tmp_path: Path) -> None:
    made = plan(tmp_path, arms=("echo-sft", "imitation"), tune=1)
    trained = {job.name: job.commands[0] for job in made.tuning()}
    weights = [words[words.index("--outcome-weight") + 1] for words in trained.values() if "--outcome-weight" in words]
    assert weights == ["0.3", "3.0"] and "tune-echo-sft-2" in trained and "tune-imitation-1" not in trained
    assert not plan(tmp_path, arms=("echo-sft",)).tuning()
    assert "tune-echo-sft-2" in beside(tmp_path, [], made.arms, (), 1)
    assert not beside(tmp_path, [], ["echo-sft"], (), 0)


def test_the_settings_that_do_best_on_validation_probes_are_taken(tmp_path: Path) -> None:
    made = plan(tmp_path, arms=("imitation",), tune=2)
    for k, value in enumerate((0.4, 0.6)):
        record = Record("imitation", "errand", "validation", "", "probe/presence", value, value, value, 9)
        storage.write_json(tmp_path / f"tune-imitation-{k}" / "measured.json", {"records": [record.to_dict()]})
    assert made.chosen() == {"imitation": SEARCH[1]}
    told = storage.read_json(tmp_path / "tuning.json")["imitation"]
    assert [each["score"] for each in told["tried"]] == [0.4, 0.6] and told["share"] == 0.5
    assert validation_score([]) == 0.0


def test_it_runs_resumes_and_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "compared"
    command = ["compare", "quickstart", "--arms", "imitation", "--folder", str(folder), *SMALL]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert PROBES in told and "Nothing can be said about imitation: fewer than two seeds were measured." in told
    ask = ["eval", "prompts", "--model", str(folder / "imitation-0"), "--n", "2", "--axes", "", "--ways"]
    assert main([*ask, "{}", "Now: {}"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "foreseen by imitation, over prompts: picking the best of 2" in told and "prompt_afresh/Now: {}" in told
    assert main([*ask, "Now"]) == 2
    assert "where the desire stands" in capsys.readouterr().err
    shutil.rmtree(folder / "imitation-0" / "model")
    (folder / "imitation-0" / "measured.json").unlink()
    assert main(command) == 1, "it was trained, and cannot be measured any more"
    assert "Missing: imitation, seed 0 ('forethought eval' ended with code 2:" in capsys.readouterr().out
    shutil.rmtree(folder / "imitation-0")
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (run,) = found["runs"]
    assert run["flops"] > 1e6 and run["tokens"] >= 3000 and run["steps"] > 16 and not found["missing"]
    assert {record.metric for record in load_results(folder / "compare.json")} >= {PROBES, "outcomes"}
    assert main([*command, "--tune", "1"]) == 2
    assert "holds another comparison: tune was 0 and is 1" in capsys.readouterr().err
    (folder / "plan.json").unlink()
    assert main([*command, "--tune", "1"]) == 2, "its runs were measured by the lost plan"
    assert "holds runs and no plan.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["quickstat"], "did you mean 'quickstart'"),
        (["quickstart", "--arms", "placeba"], "did you mean 'placebo'"),
        (["quickstart", "--set", "learning=1"], "setting 'learning' is not known"),
        (["quickstart", "--set", "matrix_rate=-1"], "matrix_rate"),
        (["quickstart", "--set", "worlds=cliff,stret"], "did you mean 'street'"),
        (["quickstart", "--tune", "9"], "expected 0 to 4 settings to try"),
        (["quickstart", "--at-once", "0"], "--at-once 0; expected at least 1"),
        (["quickstart", "--n", "0"], "--n 0; expected at least 1"),
        (["quickstart", "--fresh", "-1"], "--fresh -1; expected at least 0"),
        (["quickstart", "--horizon", "99"], "planner horizon of 99; expected at most"),
        (["quickstart", "--seeds", "0", "-1"], "--seeds -1; expected whole numbers from 0 on"),
        (["quickstart", "--seeds", "10000", "--tune", "1"], "--seeds 10000 is what --tune trains with"),
        (["quickstart", "--set", "arm=imitation"], "--set arm=imitation cannot hold for all runs; expected --arms"),
        (["quickstart", "--set", "matrix_rate"], "--set 'matrix_rate'; expected NAME=VALUE"),
        (["quickstart", "--set", "model=nona"], "did you mean 'nano'"),
        (["quickstart", "--budget-tokens", "-5"], "budget_tokens"),
        (["quickstart", "--arms", "latent-only"], "needs the setting 'latent_weight'"),
        (["quickstart", "--arms", "token-only"], "token-only is developmental itself here, where all arms have latent"),
        (["quickstart", "--arms", "no-distillation"], "no-distillation is developmental itself here"),
        (["quickstart", "--budget-flops", "inf"], "budget_flops"),
    ],
)
def test_what_is_asked_wrongly_is_told_before_anything_starts(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["compare", *words]) == 2
    assert said in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_a_switch_is_asked_for_as_the_command_reads_it(tmp_path: Path) -> None:
    for told, word, value in (("true", "--stop-gradient", True), ("false", "--no-stop-gradient", False)):
        made = plan(tmp_path, arms=("imitation",), seeds=(0,), set=(f"stop_gradient={told}",))
        (job,) = made.runs({})
        train = job.commands[0]
        assert word in train and told not in train
        assert config_of(parse(settings_of(TrainConfig.of(), TrainOptions), train[1:], "train", "")) is not None
        assert job.config is not None and job.config.stop_gradient is value


def begun(job: Job, **changed: object) -> None:
    """A run as a training leaves it, by this commit and these versions."""
    assert job.config is not None
    folder, made = job.leaves.parent, made_by("")
    storage.write_json(folder / "config.json", {**job.config.model_dump(mode="json"), **changed})
    storage.write_json(folder / "summary.json", {"commit": made["commit"], "versions": made["versions"]})


def test_runs_that_were_trained_otherwise_than_asked_for_are_told_before_anything_starts(tmp_path: Path) -> None:
    jobs = plan(tmp_path, arms=("placebo",), seeds=(0,), budget_tokens=5000).runs({})
    for job in jobs:
        begun(job)
    check_begun(jobs)
    begun(jobs[1], recorded=f"/elsewhere/{CHAMPION}-0")
    check_begun(jobs)
    begun(jobs[1], budget_tokens=3000)
    with pytest.raises(BadSetting, match="placebo-0 was trained with budget_tokens 3000, and 5000 is asked for"):
        check_begun(jobs)


def test_another_commit_is_told_before_anything_is_trained_by_it(tmp_path: Path) -> None:
    first, second = plan(tmp_path, arms=("imitation",), seeds=(0, 1)).runs({})
    begun(first)
    storage.write_json(first.leaves.parent / "summary.json", {"commit": "abc", "versions": {}})
    storage.write_json(first.leaves, {})
    with pytest.raises(Unmatched, match="imitation-0 was trained by commit 'abc'"):
        check_begun([first, second])
    check_begun([first])


def test_a_result_tells_the_commit_of_its_runs(tmp_path: Path) -> None:
    save(tmp_path, "compare.json", [], "x", {}, {"commit": "abc", "torch": "1"})
    found = storage.read_json(tmp_path / "compare.json")
    assert (found["commit"], found["versions"], found["command"]) == ("abc", {"torch": "1"}, "x")


def test_what_a_run_learns_from_is_named_alike_however_the_folder_is_spelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    yoke = Path("runs/developmental-0")
    assert recorded_in(Path("runs/placebo-0"), yoke) == str(tmp_path / yoke) == recorded_in(Path("x"), tmp_path / yoke)
    storage.write_json(tmp_path / "runs/placebo-0/config.json", {"recorded": str(yoke)})
    assert recorded_in(tmp_path / "runs/placebo-0", tmp_path / yoke) == str(yoke), "as it was begun"


def test_jobs_that_failed_are_missing_in_the_result(tmp_path: Path) -> None:
    made = plan(tmp_path, arms=("imitation",), seeds=(0,), tune=1, fresh=2)
    found = made.conclude({"tune-imitation-0": "it broke"}, "x")
    assert found.missing == {"imitation, seed 0": "not measured yet", "tune-imitation-0": "it broke"}
    assert storage.read_json(tmp_path / "compare.json")["missing"] == found.missing


def test_a_run_that_is_blocked_is_missing_and_the_others_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{CHAMPION}-0").touch()
    made = plan(tmp_path, arms=(CHAMPION, "imitation"), seeds=(0,), fresh=0, budget_tokens=100)

    def here(self: Here, arguments: tuple[str, ...]) -> tuple[int, str, str]:
        name = next(word for word in arguments if word.startswith(str(tmp_path)))
        if Path(name).is_file():
            return 2, "", f"{name} is a file"
        return 0, trained(Path(name), "imitation", 0, 0.7).joinpath("measured.json").read_text(), ""

    monkeypatch.setattr(Here, "_run", here)
    found = carry_out(made, "x", write_comparison, made.console)
    assert found is not None and [run.arm for run in found.runs] == ["imitation"]
    assert "developmental-0/measured.log cannot be written" in found.missing["developmental, seed 0"]
    assert audit(tmp_path) == [] and (tmp_path / "report.html").exists()


@pytest.mark.parametrize("text", ["[]", "{"])
def test_a_plan_that_cannot_be_read_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(Damaged, match=r"plan\.json.*estore it from a copy, or use another --folder"):
        plan(tmp_path, arms=("imitation",)).keep()


def test_a_dry_run_tells_what_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["compare", "quickstart", "--arms", "imitation", "--folder", str(tmp_path), "--dry-run"]
    command += ["--budget-tokens", "1000000"]
    for seed in (0, 2, 3):
        storage.write_json(tmp_path / f"imitation-{seed}" / "measured.json", {})
    assert main(command) == 0
    assert "4 runs, 3 of them done: 1,000,000 training tokens, about" in " ".join(capsys.readouterr().out.split())


def test_a_dry_run_tells_the_cost_and_does_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "compared"
    assert main(["compare", "quickstart", "--folder", str(folder), "--seeds", "0", "1", "--dry-run"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "10 runs, 0 of them done: 50,000,000 training tokens, about" in told and "hours of one core" in told
    assert not folder.exists()
