"""Who acts: a model that imagines what its candidates would cause, commits to a prediction, and then acts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from forethought.errors import BadSetting
from forethought.models import Imagined, Model
from forethought.models.divergence import measured
from forethought.planning import (
    Decision,
    Dynamics,
    Gate,
    Option,
    Planner,
    Situation,
    fingerprint,
    imagination,
)
from forethought.transcript import HARM_FORMS
from forethought.types import Divergence, Step
from forethought.worlds import World
from forethought.worlds.vector import VectorWorld


@dataclass(frozen=True, slots=True)
class Lived:
    """One step of an agent: what it weighed, what it did and predicted, and what really happened.

    Where the gate decided to ``hold`` or ``ask``, that is the action, and nothing happened.
    """

    step: Step
    options: tuple[Option, ...]
    imagined: Imagined
    situation: Situation
    decision: Decision

    @property
    def question(self) -> str:
        """What the user is asked before anything is done; empty where the agent acted."""
        if self.decision.kind == "act":
            return ""
        told = f"{self.imagined.text} {HARM_FORMS[self.imagined.harm]}"
        return f"If I {self.options[0].action}, I expect: {told} Shall I? ({self.decision.reason})"

    @property
    def action(self) -> str:
        """What was done."""
        return self.step.action

    @property
    def prediction(self) -> str | None:
        """What the agent had committed to before the world stepped."""
        return self.step.prediction

    @property
    def outcome(self) -> str:
        """What really happened: the change, with a warning in its place where the action could not be read."""
        return self.step.warning or self.step.change

    @property
    def divergence(self) -> Divergence:
        """Prediction against outcome."""
        return self.step.divergence


class Agent:
    """Acts in a world by imagining; it sees nothing but text, and the world is sealed while it acts.

    ``live(world)`` yields a ``Lived`` for each step; the prediction in it was made before the world stepped. With a
    ``gate``, a step that is too risky is not taken: a last ``Lived`` says what was imagined and why, and the episode
    ends there. ``NotCalibrated`` if the gate belongs to another model or planner.
    """

    def __init__(
        self,
        model: Model,
        planner: Planner | None = None,
        seed: int = 0,
        dynamics: Dynamics | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.model, self.planner, self.seed = model, planner or Planner(), seed
        self.dynamics, self.gate = dynamics or imagination(model), gate
        if gate is not None:
            gate.check(model.fingerprint(), fingerprint(self.planner, self.dynamics))

    def live(self, world: World, seed: int | None = None) -> Iterator[Lived]:
        """Lives one episode from ``reset(seed)`` to its end; raises ``WorldFailed`` if the world throws."""
        vector = VectorWorld([world])
        start = vector.reset(0, world.first_seed if seed is None else seed)
        if start.error is not None:
            raise start.error
        generator = torch.Generator().manual_seed(random.Random(f"{self.seed}/{seed}").getrandbits(62))
        context, candidates = self.model.transcript.opening(start.desire, start.observation), start.candidates
        self.model.lm.eval()
        over, tried, known = False, frozenset[str](), tuple[str, ...]()
        while not over:
            with world.sealed():
                situation = Situation(context, candidates, tried, known)
                options = self._weigh(situation, generator)
                chosen = options[0].action
                imagined = self.model.imagine([context], [[chosen]])[0][0]
                decision = self.gate.decide(options) if self.gate else Decision("act", 0.0, "there is no gate")
                result = vector.step(0, chosen) if decision.kind == "act" else None
            if result is None:
                yield Lived(Step(decision.kind, "", ""), tuple(options), imagined, situation, decision)
                return
            if result.error is not None:
                raise result.error
            prediction = self.model.transcript.with_verdicts(imagined.text, imagined.progress, imagined.harm)
            step = measured(self.model, world, [context], [result.step(chosen, prediction)])[0]
            yield Lived(step, tuple(options), imagined, situation, decision)
            context = context + self.model.transcript.action(chosen) + self.model.transcript.outcome(step)
            tried, known = tried | {chosen}, tuple(dict.fromkeys((*known, *candidates)))
            candidates, over = result.candidates, result.over

    def _weigh(self, situation: Situation, generator: torch.Generator) -> list[Option]:
        options = self.planner.options(self.dynamics, [situation], generator)[0]
        if not options:
            raise BadSetting("there is nothing to choose from: no candidates, and the model proposed no action")
        return options
