"""Distillation: what planning chose and what helped becomes the model's own first thought.

A step teaches the more the less its desire still cost from there on (reward-weighted regression: Peters and Schaal
2007, doi:10.1145/1273496.1273590). Desires that were met in hindsight count as well: the last steps before something
was reached are a demonstration of how to reach it (Ghosh et al. 2019, arXiv:1912.06088).
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from forethought.experience import Replay
from forethought.models.latent import DISCOUNT, STEP_COST
from forethought.training.hindsight import Hindsight, in_hindsight
from forethought.transcript import Tokens, Transcript
from forethought.types import Episode, Harm, Progress, Step

WITHIN = 4
"""How many steps before a desire was met count as having helped."""
PLANNED = "practice"
"""The policy of episodes in which a planner chose."""
TRIES = 8
"""Steps looked at for one that helped much; then the last is taken."""


class Helpful:
    """The episodes of a replay that met their own desire unharmed, and draws of steps that helped to meet one. Where
    planning met desires, its episodes stand for all those.
    """

    def __init__(self, hindsight: Hindsight) -> None:
        self.hindsight = hindsight
        self._looked_at = 0
        self._met: dict[str, list[int]] = {}
        self._planned: dict[str, list[int]] = {}

    def look(self, replay: Replay) -> None:
        """Takes in the episodes that are new in the replay."""
        for number in range(self._looked_at, replay.episodes):
            episode = replay.episode(number)
            last = episode.steps[-1] if episode.steps else None
            if last and last.progress is Progress.SATISFIED and last.harm is Harm.NONE:
                found = self._planned if episode.policy == PLANNED else self._met
                found.setdefault(episode.world, []).append(number)
        self._looked_at = replay.episodes
        self.hindsight.look(replay)

    def draw(self, replay: Replay, rng: Random) -> tuple[Episode, int] | None:
        """An episode, as if what it met had been desired where it was not, and a step that helped; ``None`` if none
        ever did.
        """
        found: tuple[Episode, int] | None = None
        for _ in range(TRIES):
            episode = self._episode(replay, rng)
            if episode is None:
                continue
            first = rng.randrange(max(0, len(episode.steps) - WITHIN), len(episode.steps))
            if episode.steps[first].warning:
                continue
            found = episode, first
            if rng.random() < worth(episode.steps[first:]):
                break
        return found

    def _episode(self, replay: Replay, rng: Random) -> Episode | None:
        """One that ends with the step that met its desire: its own as often as one in hindsight."""
        own = self._planned or self._met
        if own and rng.random() < 0.5:
            return replay.episode(rng.choice(own[rng.choice(list(own))]))
        if drawn := self.hindsight.draw(rng):
            number, last, wish = drawn
            return in_hindsight(replay.episode(number), last, wish)
        return None


def worth(steps: Sequence[Step]) -> float:
    """What meeting a desire at the end of these steps is worth before them, from 0 to 1."""
    worth: float = DISCOUNT ** sum(step.spent + STEP_COST for step in steps)
    return worth


def advice(transcript: Transcript, episode: Episode, index: int) -> Tokens:
    """The episode up to where step ``index`` is due, and that step's action as the best one there."""
    before = transcript.episode(episode, index) + transcript.advice()
    return before + transcript.action(episode.steps[index].action)
