"""The quickstart and training from the command line, end to end with the smallest budgets, and what an end does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from forethought import storage
from forethought.cli import main
from forethought.cli.quickstart import ARMS, Child, QuickstartOptions
from forethought.errors import Busy
from forethought.training.recipes import quickstart, sized

ENVIRONMENT = {**os.environ, "FORETHOUGHT_FAST": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "150"}


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "forethought", *words, "--folder", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def free(folder: Path) -> bool:
    """Whether no process holds the folder any more."""
    try:
        with storage.lock(folder):
            return True
    except Busy:
        return False


def until(ready: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_both_arms_start_alike_and_get_the_same_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORETHOUGHT_FAST", raising=False)
    one, other = (quickstart(arm, seed=3, budget_tokens=1000) for arm in ARMS)
    shared = {"seed", "model", "architecture", "budget_tokens", "worlds", "level", "batch_steps"}
    assert not shared & set(one.differences(other))
    assert (one.arm, other.arm, one.seed, one.budget_tokens) == ("imitation", "developmental", 3, 1000)


def test_the_fast_budgets_are_for_tests_and_can_be_overridden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORETHOUGHT_FAST", "1")
    assert quickstart("imitation").budget_tokens < 50_000
    assert sized(quickstart("imitation"), 123).budget_tokens == 123
    monkeypatch.setenv("FORETHOUGHT_FAST", "0")
    assert quickstart("imitation").budget_tokens > 500_000


def test_a_finished_one_is_told_again_without_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["", "imitation", "developmental"], ["consequences foretold", "40%", "90%"]]
    found = {"headlines": rows, "seed": 0, "budget_tokens": 5, "records": []}
    (tmp_path / "summary.json").write_text(json.dumps(found))
    assert main(["quickstart", "--folder", str(tmp_path)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "is finished" in out and "90%" in out and "report.html" in out
    assert main(["quickstart", "--folder", str(tmp_path), "--seed", "1"]) == 2
    assert "finished quickstart with seed 0, and 1 was asked for" in capsys.readouterr().err


def test_the_time_left_is_told_right_where_a_killed_run_goes_on_from_what_it_had_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **settings: process)
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    child = Child("imitation", QuickstartOptions(folder=tmp_path))
    storage.write_json(child.folder / "config.json", {"budget_tokens": 1000})

    def left(seconds: float, tokens: int) -> float | None:
        clock[0] += seconds
        (child.folder / "metrics.jsonl").write_text(json.dumps({"tokens": tokens, "stage": "babble"}) + "\n")
        return child.standing().left

    assert [left(0, 500), left(10, 300), left(10, 400), left(10, 500)] == [None, None, 60.0, 50.0]
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_the_quickstart_compares_two_models_and_says_what_it_found(tmp_path: Path) -> None:
    folder = tmp_path / "quick"
    out, err = start(folder, "quickstart").communicate(timeout=280)
    assert "imitation  developmental" in out, err
    assert "probe pairs right on both sides, in held-out combinations" in out
    assert "car wash and letter right, for the right reason" in out
    page = (folder / "report.html").read_text()
    assert "developmental and imitation in errand" in page and "The car is to be washed" in page
    assert main(["report", "--audit", str(folder)]) == 0
    summaries = [json.loads((folder / arm / "summary.json").read_text()) for arm in ARMS]
    assert {record["arm"] for record in summaries[1]["records"]} >= {"developmental", "best blind answer"}
    assert json.loads((folder / "summary.json").read_text())["records"]
    again, _ = start(folder, "quickstart").communicate(timeout=60)
    assert "is finished" in again and "imitation  developmental" in again
    model = str(folder / "developmental")
    played = subprocess.run(
        [sys.executable, "-m", "forethought", "play", "errand", "--model", model],
        input="1\n\nq\n", capture_output=True, text=True, env=ENVIRONMENT, timeout=120,
    )  # fmt: skip
    assert "The model expects:" in played.stdout and "expected" in played.stdout, played.stderr
    words = ["eval", "consequences", "--model", model, "--axes", "", "--n", "3", "--json"]
    measured = subprocess.run(
        [sys.executable, "-m", "forethought", *words], capture_output=True, text=True, env=ENVIRONMENT, timeout=120
    )
    result = json.loads(measured.stdout)
    assert {r["axis"] for r in result["records"]} == {""} and result["command"].startswith("forethought eval")


@pytest.mark.slow
def test_an_interrupted_quickstart_keeps_its_work_and_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "quick"
    process = start(folder, "quickstart", "--budget-tokens", "2000000")
    until(lambda: all((folder / arm / "metrics.jsonl").exists() for arm in ARMS))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=90)
    assert process.returncode == 130, err
    assert "The work is kept in" in out and not err
    assert all(list((folder / arm / "checkpoints").glob("step-*")) for arm in ARMS)


@pytest.mark.slow
def test_a_quickstart_that_is_killed_leaves_nobody_behind(tmp_path: Path) -> None:
    folder = tmp_path / "quick"
    process = start(folder, "quickstart", "--budget-tokens", "2000000")
    until(lambda: all((folder / arm / "metrics.jsonl").exists() for arm in ARMS))
    process.kill()
    process.communicate(timeout=60)
    until(lambda: all(free(folder / arm) for arm in ARMS))


@pytest.mark.slow
def test_training_ends_with_a_report_and_goes_on_when_asked_again(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    words = ("train", "--arm", "imitation", "--budget-tokens", "5000", "--no-evaluate")
    out, err = start(folder, *words).communicate(timeout=200)
    assert "report.html" in out, err
    assert "It has not been evaluated yet" in (folder / "report.html").read_text()
    out, err = start(folder, "train").communicate(timeout=200)  # the folder knows its settings; now it is measured
    assert "consequences foretold exactly" in out, err
    assert json.loads((folder / "summary.json").read_text())["tokens"] >= 5000
