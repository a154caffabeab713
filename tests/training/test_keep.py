"""Models kept on the way: one for each equal share of the budget, the same whether a run was interrupted or not."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import load_file

from forethought.models import Model
from forethought.training import Moment, train
from forethought.training.run import kept_models

SETTINGS = {
    "worlds": ("sums",), "model": "pico", "arm": "static-mixed", "budget_tokens": 6_000, "batch_steps": 4, "keep": 2,
    "first_episodes": 12, "live_every": 3, "live_episodes": 4, "checkpoint_updates": 2, "warmup_updates": 2,
}  # fmt: skip


def weights(path: Path) -> dict[str, bytes]:
    return {name: tensor.numpy().tobytes() for name, tensor in load_file(path / "model.safetensors").items()}


def test_an_interrupted_run_keeps_the_same_models(tmp_path: Path) -> None:
    whole = train(folder=tmp_path / "whole", **SETTINGS)  # type: ignore[arg-type]

    def stop(moment: Moment) -> None:
        if moment.update in (5, 9):
            raise KeyboardInterrupt

    stopped = 0
    while not (tmp_path / "halting" / "summary.json").exists():
        try:
            train(folder=tmp_path / "halting", watch=stop if stopped < 2 else None, **SETTINGS)  # type: ignore[arg-type]
        except KeyboardInterrupt:
            stopped += 1
    assert stopped == 2
    kept = kept_models(whole.folder, whole.config)
    assert [path.name for path in kept] == ["1", "2"] and sorted(whole.folder.glob("kept/*")) == kept
    for path in (*kept, whole.model):
        assert weights(path) == weights(tmp_path / "halting" / path.relative_to(whole.folder))
    first, second, last = (weights(path) for path in (*kept, whole.model))
    assert first != second != last
    assert Model.from_pretrained(kept[0]).parameters == Model.from_pretrained(whole.model).parameters


@pytest.mark.parametrize("keep", [0, 4])
def test_a_budget_of_one_update_keeps_as_many(keep: int, tmp_path: Path) -> None:
    run = train(folder=tmp_path, **{**SETTINGS, "budget_tokens": 1, "keep": keep})  # type: ignore[arg-type]
    assert sorted(run.folder.glob("kept/*")) == kept_models(run.folder, run.config)
    assert len(kept_models(run.folder, run.config)) == keep
