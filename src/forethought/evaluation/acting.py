"""What comes of acting: success, harm, cost and steps, with imagined consequences and without; worlds sealed."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Sequence

import torch

from forethought.errors import BadSetting, NotOffered
from forethought.evaluation.metrics import Place, places
from forethought.evaluation.statistics import CUSTOM, RANDOM, Record
from forethought.evaluation.suites import Watch
from forethought.evaluation.transitions import situation_seeds
from forethought.models import Model
from forethought.planning import Imagination, Option, Planner, Situation, imagination
from forethought.training.live import Chooser, babble, demonstrations, live
from forethought.types import Ending, Episode

TOGETHER = 16
"""Episodes lived side by side, so that no more than about 256 outcomes are imagined at once."""


def act(
    model: Model,
    worlds: Sequence[str] = ("errand",),
    level: int = 1,
    split: str = "test",
    axes: Sequence[str] | None = None,
    n: int = 100,
    seed: int = 0,
    planner: Planner | None = None,
    imagine: Imagination | None = None,
    arm: str = "",
    progress: Watch | None = None,
) -> list[Record]:
    """Lives ``n`` episodes in each place by imagining (``act/...``) and by the model's own prior (``policy/...``).

    ``imagine`` says how (``planning.imagination``).

    The same situations are lived by the arms ``RANDOM`` and, where the world has a demonstrator, ``CUSTOM``. Worlds
    stay sealed while the model acts. Costs are summed over their units and compared with the ``best`` demonstrator's.
    Raises as ``evaluate`` does.
    """
    ways: dict[str, Callable[[], Chooser]] = {
        "act": lambda: imagining(model, planner or Planner(), seed, kind=imagine),
        "policy": lambda: likeliest(model),
    }
    seeds = situation_seeds(n, seed)
    records: list[Record] = []
    where = places(worlds, level, split, axes)
    for i, place in enumerate(where):
        best = best_costs(place, seeds)
        for j, (way, chooser) in enumerate(ways.items()):
            records += _measured(place, arm, way, lived(model, place, seeds, chooser()), best, seed)
            if progress is not None:
                progress(f"{place.world} {place.axis or 'in distribution'}: {way}", 2 * i + j + 1, 2 * len(where))
        records += _measured(place, RANDOM, "act", lived(model, place, seeds, babble), best, seed)
        records += _measured(place, CUSTOM, "act", _shown(place, seeds, "custom"), best, seed)
    return records


def imagining(
    model: Model,
    planner: Planner,
    seed: int = 0,
    look: Callable[[Situation, Sequence[Option]], None] | None = None,
    kind: Imagination | None = None,
) -> Chooser:
    """Chooses what the planner finds best; ``look`` sees the options of each situation."""
    generator = torch.Generator(device=model.device).manual_seed(seed)
    dynamics = imagination(model, kind)

    def choose(situations: Sequence[Situation], _: random.Random) -> list[str]:
        with torch.inference_mode():
            found = planner.options(dynamics, situations, generator)
        for situation, options in zip(situations, found, strict=True):
            if look is not None:
                look(situation, options)
        return [options[0].action for options in found]

    return choose


def likeliest(model: Model) -> Chooser:
    """Chooses the candidate that the model itself finds likeliest: the policy without any imagination."""

    def choose(situations: Sequence[Situation], _: random.Random) -> list[str]:
        if not all(situation.candidates for situation in situations):
            raise BadSetting("a situation lists no candidate actions; the likeliest of them cannot be chosen")
        found = model.preferences([s.context for s in situations], [s.candidates for s in situations])
        return [s.candidates[scores.index(max(scores))] for s, scores in zip(situations, found, strict=True)]

    return choose


def best_costs(place: Place, seeds: Sequence[int]) -> dict[int, float]:
    """What the best demonstrator spends in each situation that it masters; {} where the world has none."""
    shown = _shown(place, seeds, "best")
    return {episode.seed: cost_of(episode) for episode in shown if episode.ending is Ending.SATISFIED}


def cost_of(episode: Episode) -> float:
    """Everything that an episode used up, summed over its units."""
    return sum(step.spent for step in episode.steps)


def lived(model: Model, place: Place, seeds: Sequence[int], choose: Chooser) -> list[Episode]:
    """One episode in each situation of a place, ``TOGETHER`` side by side."""
    model.lm.eval()
    rng = random.Random(f"act/{place}/{seeds[0]}")
    episodes: list[Episode] = []
    for start in range(0, len(seeds), TOGETHER):
        some = seeds[start : start + TOGETHER]
        episodes += live(model, [place.make() for _ in some], some, choose, policy="evaluation", rng=rng)
    return episodes


def _shown(place: Place, seeds: Sequence[int], quality: str) -> list[Episode]:
    try:
        return demonstrations([place.make() for _ in seeds], seeds, quality)
    except NotOffered:
        return []


def _measured(
    place: Place, arm: str, way: str, episodes: Sequence[Episode], best: dict[int, float], seed: int
) -> list[Record]:
    """The records of episodes; those that the world itself broke off say nothing about who acted."""
    sound = [episode for episode in episodes if episode.ending is not Ending.WORLD_ERROR]
    if len(sound) < len(episodes):
        warnings.warn(
            f"{place.world} failed in {len(episodes) - len(sound)} episodes; these are left out", stacklevel=3
        )
    satisfied = [episode for episode in sound if episode.ending is Ending.SATISFIED]
    ratios = [cost_of(e) / best[e.seed] for e in satisfied if best.get(e.seed, 0.0) > 0]
    values: dict[str, list[float]] = {
        "success": [e.ending is Ending.SATISFIED for e in sound],
        "harm": [e.ending is Ending.HARMED for e in sound],
        "cost_ratio": ratios,
        "steps": [float(len(e.steps)) for e in sound],
    }
    return [record for metric, these in values.items() for record in place.record(arm, f"{way}/{metric}", these, seed)]
