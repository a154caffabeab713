"""Who acts: a model that imagines what its candidates would cause, commits to a prediction, and then acts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch

from forethought.errors import BadSetting
from forethought.memory import Memory, checks
from forethought.memory.episode import EpisodeMemory
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
from forethought.transcript import HARM_FORMS, Tokens
from forethought.types import Divergence, Ending, Step
from forethought.worlds import World
from forethought.worlds.vector import Situation as Start
from forethought.worlds.vector import StepResult, VectorWorld

ROOM = 512
"""Tokens of a model's positions that are left to imagination where the context is bounded by them."""


@dataclass(slots=True)
class Life:
    """One episode in the making, as whoever acts in it knows it."""

    seed: int
    desire: str
    observation: str
    context: Tokens
    candidates: tuple[str, ...]
    steps: list[Step] = field(default_factory=list)
    ending: Ending = Ending.UNFINISHED
    known: tuple[str, ...] = ()
    failure: str = ""

    @classmethod
    def begin(cls, model: Model, start: Start, seed: int) -> Life:
        """A life before its first action; one that a failing world did not even begin is over."""
        if start.error is not None:
            return cls(seed, "", "", Tokens(), (), ending=Ending.WORLD_ERROR, failure=str(start.error))
        context = model.transcript.opening(start.desire, start.observation)
        return cls(seed, start.desire, start.observation, context, start.candidates)

    def situation(self) -> Situation:
        """What is known now, for whoever chooses the next action."""
        tried = frozenset(step.action for step in self.steps)
        return Situation(self.context, self.candidates, tried, self.known)

    def go_on(self, model: Model, step: Step, result: StepResult) -> None:
        """Moves to where the next action is due, or ends; a step in which the world failed is not part of the life."""
        if result.error is not None:
            self.ending, self.failure = Ending.WORLD_ERROR, str(result.error)
            return
        self.steps.append(step)
        self.context = self.context + model.transcript.action(step.action) + model.transcript.outcome(step)
        self.known = tuple(dict.fromkeys((*self.known, *self.candidates)))
        self.candidates, self.ending = result.candidates, result.ending


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

    With a ``memory`` every episode is kept in it, a conversation each, and a context of more than ``context_tokens``
    (by default the model's positions, less what imagination needs) is made anew: the desire, what the memory recalls
    for it, the last steps. ``episode`` is the one that is kept.
    """

    def __init__(
        self,
        model: Model,
        planner: Planner | None = None,
        seed: int = 0,
        dynamics: Dynamics | None = None,
        gate: Gate | None = None,
        memory: Memory | None = None,
        context_tokens: int | None = None,
    ) -> None:
        self.model, self.planner, self.seed = model, planner or Planner(), seed
        self.dynamics, self.gate = dynamics or imagination(model), gate
        if gate is not None:
            gate.check(model.fingerprint(), fingerprint(self.planner, self.dynamics))
        if memory is None and context_tokens is not None:
            raise BadSetting(
                f"got context_tokens={context_tokens} without a memory, so what no longer fits would be lost; give "
                "both: Agent(model, memory=Memory.open(path), context_tokens=...)"
            )
        if memory is not None and not isinstance(memory, Memory):
            raise BadSetting(f"got {memory!r} as the memory; expected Memory.open(path)")
        if context_tokens is not None:
            checks.whole("context_tokens", context_tokens, least=1)
        self.memory, self.context_tokens = memory, context_tokens or _bound(model)
        self.episode: EpisodeMemory | None = None

    def live(self, world: World, seed: int | None = None) -> Iterator[Lived]:
        """Lives one episode from ``reset(seed)`` to its end; raises ``WorldFailed`` if the world throws."""
        vector = VectorWorld([world])
        start = vector.reset(0, world.first_seed if seed is None else seed)
        if start.error is not None:
            raise start.error
        generator = torch.Generator().manual_seed(random.Random(f"{self.seed}/{seed}").getrandbits(62))
        life = Life.begin(self.model, start, seed or 0)
        self.episode = self._remember(world, start)
        self.model.lm.eval()
        while life.ending is Ending.UNFINISHED:
            with world.sealed():
                if self.episode is not None:
                    life.context = self.episode.within(life.context)
                situation = life.situation()
                options = self._weigh(situation, generator)
                chosen = options[0].action
                imagined = self.model.imagine([life.context], [[chosen]])[0][0]
                decision = self.gate.decide(options) if self.gate else Decision("act", 0.0, "there is no gate")
                result = vector.step(0, chosen) if decision.kind == "act" else None
            if result is None:
                yield Lived(Step(decision.kind, "", ""), tuple(options), imagined, situation, decision)
                return
            if result.error is not None:
                raise result.error
            prediction = self.model.transcript.with_verdicts(imagined.text, imagined.progress, imagined.harm)
            step = measured(self.model, world, [life.context], [result.step(chosen, prediction)])[0]
            yield Lived(step, tuple(options), imagined, situation, decision)
            life.go_on(self.model, step, result)
            if self.episode is not None:
                self.episode.keep(step)

    def _remember(self, world: World, start: Start) -> EpisodeMemory | None:
        if self.memory is None:
            return None
        told = start.desire, start.observation
        return EpisodeMemory(self.memory, self.model.transcript, self.context_tokens, *told, name=world.name)

    def _weigh(self, situation: Situation, generator: torch.Generator) -> list[Option]:
        options = self.planner.options(self.dynamics, [situation], generator)[0]
        if not options:
            raise BadSetting("there is nothing to choose from: no candidates, and the model proposed no action")
        return options


def _bound(model: Model) -> int:
    """Tokens of context, where nothing says how many."""
    positions = getattr(model.lm.config, "max_position_embeddings", None) or 4096
    return max(int(positions) - ROOM, int(positions) // 2)
