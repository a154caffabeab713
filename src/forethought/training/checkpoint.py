"""Atomic checkpoints of weights, optimiser and counters, without pickle; a damaged one falls back to the one before."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from forethought import storage
from forethought.errors import Damaged
from forethought.training.learner import Learner

KEEP = 2
STATE_FILE, TENSOR_FILE = "state.json", "training.safetensors"
_NAME = re.compile(r"step-(\d+)")


def save_checkpoint(folder: Path, learner: Learner, state: dict[str, Any]) -> Path:
    """Writes ``checkpoints/step-N`` (N = ``state["update"]``) whole or not at all, and drops all but the newest two."""
    target = folder / "checkpoints" / f"step-{state['update']}"
    with storage.replace_folder(target) as fresh:
        save_file(_tensors(learner), fresh / TENSOR_FILE)
        storage.write_json(fresh / STATE_FILE, state)
    for old in checkpoints(folder)[:-KEEP]:
        storage.remove(old)
    return target


def checkpoints(folder: Path) -> list[Path]:
    """The run's checkpoints, oldest first."""
    root = folder / "checkpoints"
    found = [(int(m[1]), path) for path in root.glob("step-*") if (m := _NAME.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def load_newest(folder: Path, learner: Learner) -> dict[str, Any] | None:
    """Restores the newest checkpoint that can be read and returns its state; ``None`` if the run has none.

    A damaged one is passed over with a warning. Raises ``Damaged`` when there are some but none can be read.
    """
    found = checkpoints(folder)
    for path in reversed(found):
        try:
            return load_checkpoint(path, learner)
        except Damaged as error:
            warnings.warn(f"{error} Falling back to the checkpoint before it.", stacklevel=2)
    if found:
        raise Damaged(f"none of the {len(found)} checkpoints in {folder / 'checkpoints'} can be read; start a new run")
    return None


def load_checkpoint(path: Path, learner: Learner) -> dict[str, Any]:
    """Restores one checkpoint into ``learner``; raises ``Damaged`` and leaves it as it was if it cannot be read."""
    try:
        state: dict[str, Any] = storage.read_json(path / STATE_FILE)
        tensors = load_file(path / TENSOR_FILE)
    except (OSError, SafetensorError, ValueError) as error:
        raise Damaged(f"checkpoint {path} cannot be read ({error}).") from error
    for name, parameter in learner.named_parameters():
        found = tensors.get(f"weight/{name}")
        if found is None or found.shape != parameter.shape:
            got = "nothing" if found is None else f"a tensor of shape {tuple(found.shape)}"
            raise Damaged(f"checkpoint {path} has {got} for {name!r}; expected shape {tuple(parameter.shape)}.")
    with torch.no_grad():
        for name, parameter in learner.named_parameters():
            parameter.copy_(tensors[f"weight/{name}"])
            kept = {key.rpartition("/")[0]: value for key, value in tensors.items() if key.endswith(f"/{name}")}
            kept.pop("weight")
            if kept:
                learner.optimizer.restore(parameter, kept)
    return state


def _tensors(learner: Learner) -> dict[str, torch.Tensor]:
    names = {id(parameter): name for name, parameter in learner.named_parameters()}
    tensors = {f"weight/{name}": p.detach() for name, p in learner.named_parameters()}
    for parameter, key, value in learner.optimizer.tensors():
        tensors[f"{key}/{names[id(parameter)]}"] = value.detach()
    return {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
