"""Recipes: functions that return the config of a run which somebody has tried."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from forethought.config import Arm, TrainConfig
from forethought.errors import UnknownName

FAST = "FORETHOUGHT_FAST"
"""Set to 1, this variable makes every recipe as small as it can be: for tests, not for results."""


OWN_ACTIONS: dict[str, Any] = {
    "history_weight": 1.0,
    "commit_rate": 0.01,
    "practice_after": 0.7,
    "practice_divergence": 0.0,
    "practice_share": 0.1,
}
"""What every recipe says about learning from own actions: mostly babbling, since imagining costs most of the time."""
ONE_WORLD: dict[str, Any] = {
    "worlds": ("errand",),
    "model": "nano",
    "batch_steps": 32,
    "warmup_updates": 20,
    "first_episodes": 400,
    "live_every": 5,
    "live_episodes": 60,
    **OWN_ACTIONS,
}
"""``nano`` in one world: minutes on one core."""


def quickstart(arm: Arm, seed: int = 0, budget_tokens: int | None = None) -> TrainConfig:
    """One arm of the quickstart: equal weights at the start and equal tokens for all arms with the same seed."""
    config = TrainConfig.of(arm=arm, seed=seed, budget_tokens=5_000_000, question_share=0.25, **ONE_WORLD)
    return sized(config, budget_tokens)


def three_worlds(arm: Arm, seed: int = 0, budget_tokens: int | None = None) -> TrainConfig:
    """``tiny`` in errand, cliff and street at level 1: about an hour on one core, for the stored results."""
    config = TrainConfig.of(
        worlds=("errand", "cliff", "street"),
        arm=arm,
        model="tiny",
        seed=seed,
        budget_tokens=17_000_000,
        cooling=0.2,
        largest_share=4.0,
        batch_steps=24,
        first_episodes=900,
        live_episodes=90,
        **OWN_ACTIONS,
    )
    return sized(config, budget_tokens)


def evidence(arm: Arm, seed: int = 0, budget_tokens: int | None = None) -> TrainConfig:
    """One run of the stored comparisons (docs/evidence.md): ``nano`` in one world, ``errand`` unless another is set."""
    config = TrainConfig.of(arm=arm, seed=seed, budget_tokens=2_500_000, **ONE_WORLD)
    return sized(config, budget_tokens)


def sized(config: TrainConfig, budget_tokens: int | None = None) -> TrainConfig:
    """The config with another budget, and with everything as small as it can be where ``FORETHOUGHT_FAST=1`` is set."""
    changes: dict[str, object] = {}
    if fast():
        changes = {"budget_tokens": 20_000, "first_episodes": 32, "live_episodes": 8, "checkpoint_updates": 5}
    if budget_tokens is not None:
        changes["budget_tokens"] = budget_tokens
    return TrainConfig.of(**{**config.model_dump(), **changes})


def fast() -> bool:
    """Whether everything is to be as small as it can be."""
    return os.environ.get(FAST, "") not in ("", "0")


RECIPES: dict[str, Callable[..., TrainConfig]] = {
    "quickstart": quickstart, "three_worlds": three_worlds, "evidence": evidence,
}  # fmt: skip


def recipe(name: str) -> Callable[..., TrainConfig]:
    """A recipe by name; ``UnknownName`` suggests the nearest."""
    if name not in RECIPES:
        raise UnknownName.of("recipe", name, RECIPES)
    return RECIPES[name]
