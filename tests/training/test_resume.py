"""A run that is killed and resumed equals one that never stopped, bit for bit."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from forethought.errors import BadConfig, Damaged, NoSpace
from forethought.training import train
from forethought.training.checkpoint import checkpoints
from forethought.training.run import METRICS_FILE

SETTINGS = {
    "budget_tokens": 16_000,
    "batch_steps": 2,
    "first_episodes": 6,
    "live_episodes": 2,
    "live_every": 5,
    "commit_rate": 0.1,
    "practice_after": 0.5,
    "horizon": 1,
    "checkpoint_updates": 6,
    "warmup_updates": 2,
    "latent_weight": 0.05,
}
CHILD = """
import json, sys
from forethought.training import train
train(folder=sys.argv[1], **json.loads(sys.argv[2]))
"""


def _remains(folder: Path) -> tuple[object, ...]:
    """Everything that a resumed run must have in common with an unbroken one."""
    newest = checkpoints(folder)[-1]
    weights = load_file(newest / "training.safetensors")
    parts = [p.name for p in sorted((folder / "episodes").glob("*.parquet"))]
    from forethought.experience import ExperienceStore

    return (
        {name: tensor.numpy().tobytes() for name, tensor in weights.items()},
        (folder / METRICS_FILE).read_text(),
        list(ExperienceStore(folder / "episodes").episodes()),
        len(parts),
        json.loads((newest / "state.json").read_text()),
    )


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    train(folder=folder, **SETTINGS)
    return folder


def _kill_when(folder: Path, lines: int) -> bool:
    """Runs training in a child and kills it with SIGKILL once it has logged ``lines`` updates."""
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(folder), json.dumps(SETTINGS)], env=env)
    metrics = folder / METRICS_FILE
    while child.poll() is None:
        if metrics.exists() and metrics.read_text().count("\n") >= lines:
            child.send_signal(signal.SIGKILL)
            child.wait()
            return True
        time.sleep(0.01)
    return False


def test_the_stages_are_both_in_the_unbroken_run(unbroken: Path) -> None:
    stages = [json.loads(line)["stage"] for line in (unbroken / METRICS_FILE).read_text().splitlines()]
    assert stages[0] == "babble" and stages[-1] == "practice"


@pytest.mark.slow
def test_killed_twice_mid_stage_and_at_the_stage_boundary_equals_unbroken(unbroken: Path, tmp_path: Path) -> None:
    stages = [json.loads(line)["stage"] for line in (unbroken / METRICS_FILE).read_text().splitlines()]
    boundary = stages.index("practice")
    for kills in ([3, 10], [boundary, len(stages) - 2]):
        folder = tmp_path / f"run-{kills[0]}"
        for lines in kills:
            _kill_when(folder, lines)
        train(folder=folder, **SETTINGS)
        assert _remains(folder) == _remains(unbroken)


def test_a_finished_run_is_returned_at_once(unbroken: Path) -> None:
    before = (unbroken / METRICS_FILE).stat().st_mtime_ns
    assert train(folder=unbroken, **SETTINGS).finished
    assert (unbroken / METRICS_FILE).stat().st_mtime_ns == before


def test_a_folder_of_another_config_is_refused_and_left_alone(unbroken: Path) -> None:
    before = (unbroken / "config.json").read_bytes()
    with pytest.raises(BadConfig, match="seed is 0 there and 7 here"):
        train(folder=unbroken, **{**SETTINGS, "seed": 7})
    assert (unbroken / "config.json").read_bytes() == before


def test_ctrl_c_keeps_the_work_and_resuming_equals_unbroken(unbroken: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"

    def interrupt(moment: object) -> None:
        if getattr(moment, "update", 0) == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(folder=folder, watch=interrupt, **SETTINGS)
    assert checkpoints(folder)[-1].name == "step-8"
    before = (folder / "timings.jsonl").read_text()
    train(folder=folder, **SETTINGS)
    timings = (folder / "timings.jsonl").read_text()
    told = [json.loads(line) for line in timings.splitlines()]
    assert timings.startswith(before) and before and all(line["seconds"] > 0 for line in told)  # both processes'
    assert [line["tokens"] for line in told] == sorted(line["tokens"] for line in told)
    ours, theirs = _remains(folder), _remains(unbroken)
    assert ours[:3] == theirs[:3]


@pytest.mark.parametrize(
    "name", ["config.json", "metrics.jsonl", "part-000001.parquet", "training.safetensors", "model"]
)
def test_a_full_disk_loses_nothing_that_was_recorded(
    name: str, unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, real, met = tmp_path / "run", {"fsync": os.fsync, "write": os.write}, list[str]()

    def full_once(call: str) -> Callable[..., Any]:
        def called(descriptor: int, *rest: Any) -> Any:
            path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
            if name in path and not met:
                met.append(path)
                raise OSError(errno.ENOSPC, "No space left on device")
            return real[call](descriptor, *rest)

        return called

    for call in real:
        monkeypatch.setattr(os, call, full_once(call))
    with pytest.raises(NoSpace, match="what was recorded before is intact"):
        train(folder=folder, **SETTINGS)
    assert met
    train(folder=folder, **SETTINGS)
    ours, theirs = _remains(folder), _remains(unbroken)
    assert ours[:3] == theirs[:3]


def test_a_damaged_checkpoint_falls_back_to_the_one_before(unbroken: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"

    def interrupt(moment: object) -> None:
        if getattr(moment, "update", 0) == 13:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(folder=folder, watch=interrupt, **SETTINGS)
    newest = checkpoints(folder)[-1] / "training.safetensors"
    newest.write_bytes(newest.read_bytes()[:1000])
    with pytest.warns(UserWarning, match="Falling back to the checkpoint before it"):
        train(folder=folder, **SETTINGS)
    assert _remains(folder)[:3] == _remains(unbroken)[:3]


def test_when_no_checkpoint_can_be_read_nothing_recorded_is_touched(tmp_path: Path) -> None:
    folder = tmp_path / "run"

    def interrupt(moment: object) -> None:
        if getattr(moment, "update", 0) == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(folder=folder, watch=interrupt, **SETTINGS)
    for path in checkpoints(folder):
        (path / "training.safetensors").write_bytes(b"no")
    before = (folder / METRICS_FILE).read_bytes()
    with pytest.warns(UserWarning), pytest.raises(Damaged, match="can be read; start a new run"):
        train(folder=folder, **SETTINGS)
    assert (folder / METRICS_FILE).read_bytes() == before


def test_ctrl_c_before_the_first_update_can_be_resumed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), json.dumps(SETTINGS)], env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    while not (folder / "config.json").exists() and child.poll() is None:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    child.wait()
    assert train(folder=folder, **{**SETTINGS}).finished
