"""Which lived steps to learn from again: balanced over what was done and what came of it, from text alone."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from forethought.errors import BadSetting, UnknownName
from forethought.experience.store import storable
from forethought.types import NOTHING, Episode
from forethought.worlds.grammar import verb_of

Balance = Literal["class", "uniform"]
SituationClass = tuple[str, str, bool, int, str, str]
"""World, verb, whether nothing changed, number of words of the change, progress, harm."""


def situation_class(
    world: str, action: str, change: str, progress: str, harm: str, warning: str = ""
) -> SituationClass:
    """The kind of situation that a step belongs to, computed from its text alone.

    A warning is no consequence: where there is one, nothing changed.
    """
    change = "" if warning else change.strip()
    nothing = change in ("", NOTHING)
    words = 0 if nothing else len(change.split())
    return world, verb_of(action), nothing, words, str(progress), str(harm)


@dataclass(frozen=True, slots=True)
class _View:
    """The steps from ``start`` on: of each world, verb and class, its steps and where its share begins."""

    start: int
    worlds: list[list[list[tuple[list[int], int]]]]


class Replay:
    """Episodes in memory and a seeded choice among their steps that needs no stored random state.

    Each draw takes, with probability ``floor``, any step; otherwise a world, then a verb within it, then a class of
    its outcomes, then a step of that class, uniformly each time; ``balance="uniform"`` always takes any step. For
    ``recent_share`` of the draws only the newest steps exist: the last ``recent``, or the newest tenth if that is
    ``None``.
    """

    def __init__(
        self,
        seed: int,
        floor: float = 0.1,
        recent: int | None = None,
        *,
        balance: Balance = "class",
        recent_share: float = 0.0,
    ) -> None:
        for name, share in (("floor", floor), ("recent_share", recent_share)):
            if not 0.0 <= share <= 1.0:
                raise BadSetting(f"{name} is {share}; expected a share from 0 to 1")
        if recent is not None and recent < 1:
            raise BadSetting(f"recent is {recent}; expected a number of steps of 1 or more, or None for a tenth")
        if balance not in get_args(Balance):
            raise UnknownName.of("balance", balance, get_args(Balance))
        self.seed, self.floor, self.recent = seed, floor, recent
        self.balance, self.recent_share = balance, recent_share
        self._episodes: list[Episode] = []
        self._steps: list[tuple[int, int]] = []
        self._classes: dict[SituationClass, list[int]] = {}
        self._verbs: dict[tuple[str, str], list[list[int]]] = {}
        self._begun: dict[tuple[str, int, str], list[int]] = {}

    def __len__(self) -> int:
        """How many steps can be drawn."""
        return len(self._steps)

    def add(self, episode: Episode) -> int:
        """Indexes each step that has no warning, by class, and returns the episode's number.

        Text is kept as the store keeps it, so a replay rebuilt from the store equals one that never stopped.
        """
        number = len(self._episodes)
        episode = storable(episode)
        self._episodes.append(episode)
        self._begun.setdefault((episode.world, episode.seed, episode.observation), []).append(number)
        for index, step in enumerate(episode.steps):
            if not step.warning:
                self._positions(kind_of(episode, index)).append(len(self._steps))
                self._steps.append((number, index))
        return number

    @property
    def episodes(self) -> int:
        """How many episodes there are."""
        return len(self._episodes)

    def episode(self, number: int) -> Episode:
        """The episode with a number that ``add`` or ``sample`` gave."""
        if not 0 <= number < len(self._episodes):
            raise BadSetting(f"episode {number} is not in the replay; it holds {len(self._episodes)}, counted from 0")
        return self._episodes[number]

    def siblings(self, number: int) -> list[int]:
        """The other episodes that began in the same situation: same world, seed and observation."""
        episode = self.episode(number)
        begun = self._begun[episode.world, episode.seed, episode.observation]
        return [other for other in begun if other != number]

    def classes(self) -> dict[SituationClass, int]:
        """How many steps of each class there are, in the order in which the classes were first met."""
        return {kind: len(positions) for kind, positions in self._classes.items()}

    def sample(
        self, n: int, update: int, interest: Mapping[SituationClass, float] | None = None
    ) -> list[tuple[int, int]]:
        """``n`` draws (episode number, step index), with replacement, for the update with this number.

        They depend on the seed, the update, what was added and ``interest``, and on nothing else: the update is the
        cursor. ``interest`` scales the shares of classes (1 where it names none), the floor aside.
        """
        if n < 0:
            raise BadSetting(f"cannot draw {n} steps; expected 0 or more")
        if not self._steps:
            raise BadSetting("the replay holds no step to learn from; add episodes with steps that end in no warning")
        rng = random.Random(f"{self.seed}/{update}")
        if interest and self.balance == "class":
            return [self._steps[position] for position in self._interesting(rng, n, interest)]
        views = [self._view(0)] + ([self._view(self._newest())] if self.recent_share else [])
        return [self._steps[self._draw(rng, views)] for _ in range(n)]

    def alike(self, world: str, verb: str | None, rng: random.Random) -> tuple[int, int] | None:
        """Any step with this verb in a world, or with any verb (``None``); ``None`` where there is none."""
        wanted = [
            found for (of, verb_there), found in self._verbs.items() if of == world and verb in (None, verb_there)
        ]
        classes = [positions for found in wanted for positions in found]
        if not classes:
            return None
        (chosen,) = rng.choices(classes, [len(positions) for positions in classes])
        return self._steps[rng.choice(chosen)]

    def _interesting(self, rng: random.Random, n: int, interest: Mapping[SituationClass, float]) -> Iterator[int]:
        """Draws among worlds, their verbs and these verbs' classes: a verb is as interesting as the most interesting of
        its classes, and a world as its verbs are on average.
        """
        own = {kind: share for kind in self._classes if (share := interest.get(kind, 1.0)) > 0}
        of_verb, in_verb = _by_verb(max, own), _by_verb(sum, own)
        verbs = Counter(world for world, _ in of_verb)
        shares = [of_verb[kind[:2]] / verbs[kind[0]] * share / in_verb[kind[:2]] for kind, share in own.items()]
        chosen = rng.choices([self._classes[kind] for kind in own], shares, k=n)
        for positions in chosen:
            whole = rng.random() < self.floor
            yield rng.randrange(len(self._steps)) if whole else rng.choice(positions)

    def _draw(self, rng: random.Random, views: list[_View]) -> int:
        pick = rng.random
        view = views[-1] if self.recent_share and pick() < self.recent_share else views[0]
        if self.balance == "uniform" or pick() < self.floor:
            return view.start + int(pick() * (len(self._steps) - view.start))
        verbs = view.worlds[int(pick() * len(view.worlds))]
        classes = verbs[int(pick() * len(verbs))]
        positions, begin = classes[int(pick() * len(classes))]
        return positions[begin + int(pick() * (len(positions) - begin))]

    def _newest(self) -> int:
        """Where the newest steps begin."""
        total = len(self._steps)
        return max(0, total - (self.recent or max(1, total // 10)))

    def _view(self, start: int) -> _View:
        worlds: dict[str, list[list[tuple[list[int], int]]]] = {}
        for (world, _), classes in self._verbs.items():
            begun = ((steps, bisect_left(steps, start)) for steps in classes)
            if alive := [(steps, begin) for steps, begin in begun if begin < len(steps)]:
                worlds.setdefault(world, []).append(alive)
        return _View(start, list(worlds.values()))

    def _positions(self, kind: SituationClass) -> list[int]:
        positions = self._classes.get(kind)
        if positions is None:
            positions = self._classes[kind] = []
            self._verbs.setdefault(kind[:2], []).append(positions)
        return positions


def _by_verb(
    combine: Callable[[Iterable[float]], float], interest: Mapping[SituationClass, float]
) -> dict[tuple[str, str], float]:
    """One number for the classes of each world's verb: the largest interest among them, or their sum."""
    grouped: dict[tuple[str, str], list[float]] = {}
    for kind, share in interest.items():
        grouped.setdefault(kind[:2], []).append(share)
    return {verb: combine(shares) for verb, shares in grouped.items()}


def kind_of(episode: Episode, index: int) -> SituationClass:
    """The class of a step; in a world that tells no change, the outcome stands for it."""
    step = episode.steps[index]
    before = episode.steps[index - 1].outcome if index else episode.observation
    told = step.change or ("" if step.outcome == before else step.outcome)
    return situation_class(episode.world, step.action, told, step.progress, step.harm, step.warning)
