"""Imagining what each action would cause, a few steps ahead, and choosing by it.

Only text comes in: the transcript so far and the actions that make sense now. In imagined states there is no list of
actions, so the model proposes its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch

from forethought.errors import BadSetting
from forethought.models import Imagined, Model
from forethought.transcript import Tokens
from forethought.types import Progress, Step

DISCOUNT = 0.95
ALIKE = 0.01
"""Values that differ by less are ties, of which what was not tried yet in this episode comes first."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when an action is due: the transcript so far, the actions that make sense (maybe none), and those
    that were tried before in this episode.
    """

    context: Tokens
    candidates: tuple[str, ...]
    tried: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Option:
    """One action with what the model imagines it to cause; ``value`` looks ``horizon`` steps ahead."""

    action: str
    imagined: Imagined
    value: float
    next: tuple[Option, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Planner:
    """Scores candidates by imagined verdicts: P(satisfied), discounted per step, times P(not harmed) along the way.

    ``horizon`` counts steps ahead; ``proposals`` is how many actions the model proposes in each imagined state; only
    the best ``beam`` first actions are followed beyond the first step.
    """

    horizon: int = 2
    proposals: int = 4
    beam: int = 8

    def __post_init__(self) -> None:
        for name in ("horizon", "proposals", "beam"):
            if getattr(self, name) < 1:
                raise BadSetting(f"planner {name} of {getattr(self, name)}; expected at least 1")

    def options(
        self, model: Model, situations: Sequence[Situation], generator: torch.Generator | None = None
    ) -> list[list[Option]]:
        """For each situation its options, best first. Without candidates, the model's own proposals are used."""
        found = self._look(model, situations, self.horizon, generator)
        return [
            sorted(options, key=lambda option: (-round(option.value / ALIKE), option.action in situation.tried))
            for situation, options in zip(situations, found, strict=True)
        ]

    def _look(
        self, model: Model, situations: Sequence[Situation], horizon: int, generator: torch.Generator | None
    ) -> list[list[Option]]:
        if not situations:
            return []
        situations = self._with_candidates(model, situations, generator)
        contexts = [situation.context for situation in situations]
        imagined = model.judge(contexts, [situation.candidates for situation in situations])
        found = [
            sorted(
                (
                    Option(action, outcome, _value(outcome))
                    for action, outcome in zip(s.candidates, outcomes, strict=True)
                ),
                key=lambda option: -option.value,
            )
            for s, outcomes in zip(situations, imagined, strict=True)
        ]
        return self._deepened(model, situations, found, horizon, generator) if horizon > 1 else found

    def _deepened(
        self,
        model: Model,
        situations: Sequence[Situation],
        found: list[list[Option]],
        horizon: int,
        generator: torch.Generator | None,
    ) -> list[list[Option]]:
        """Follows the best ongoing options one step further and values them by what can be reached from there."""
        followed = [(i, j) for i, options in enumerate(found) for j in self._worth_following(options)]
        wordless = [(i, j) for i, j in followed if not found[i][j].imagined.text]  # where verdicts come first
        if wordless:
            _put_into_words(model, situations, found, wordless)
        ahead = [Situation(_imagined_context(model, situations[i].context, found[i][j]), ()) for i, j in followed]
        for (i, j), options in zip(followed, self._look(model, ahead, horizon - 1, generator), strict=True):
            best = options[0].value if options else 0.0
            here = found[i][j]
            value = here.value + (1.0 - here.imagined.satisfied) * (1.0 - here.imagined.harmed) * DISCOUNT * best
            found[i][j] = replace(here, value=value, next=tuple(options))
        return [sorted(options, key=lambda option: -option.value) for options in found]

    def _worth_following(self, options: list[Option]) -> list[int]:
        going = [
            j for j, o in enumerate(options) if o.imagined.progress is Progress.ONGOING and o.imagined.harmed < 0.5
        ]
        return going[: self.beam]

    def _with_candidates(
        self, model: Model, situations: Sequence[Situation], generator: torch.Generator | None
    ) -> list[Situation]:
        lacking = [i for i, situation in enumerate(situations) if not situation.candidates]
        filled = list(situations)
        proposed = model.propose([situations[i].context for i in lacking], self.proposals, generator=generator)
        for i, actions in zip(lacking, proposed, strict=True):
            filled[i] = replace(situations[i], candidates=tuple(dict.fromkeys(a for a in actions if a)) or ("wait",))
        return filled


def _put_into_words(
    model: Model, situations: Sequence[Situation], found: list[list[Option]], followed: Sequence[tuple[int, int]]
) -> None:
    """Imagines the outcomes of the options to be followed in full; each context is read once for all of its own."""
    by_context: dict[int, list[int]] = {}
    for i, j in followed:
        by_context.setdefault(i, []).append(j)
    contexts = [situations[i].context for i in by_context]
    imagined = model.imagine(contexts, [[found[i][j].action for j in js] for i, js in by_context.items()])
    for (i, js), outcomes in zip(by_context.items(), imagined, strict=True):
        for j, outcome in zip(js, outcomes, strict=True):
            found[i][j] = replace(found[i][j], imagined=outcome)


def _value(outcome: Imagined) -> float:
    return outcome.satisfied * (1.0 - outcome.harmed) - outcome.harmed


def _imagined_context(model: Model, context: Tokens, option: Option) -> Tokens:
    """The transcript as it would go on if ``option`` were chosen and its imagined outcome happened."""
    outcome = option.imagined
    step = Step(option.action, outcome.text, outcome.text, outcome.progress, outcome.harm)
    return context + model.transcript.action(option.action) + model.transcript.outcome(step)
