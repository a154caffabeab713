"""Imagination without words: all futures of all states at once, as vectors.

E members, R contexts, A futures of each, P actions of a pool, D width of a latent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from forethought.models import Model
from forethought.models.latent import KINDS_OF_HARM, KINDS_OF_PROGRESS, Memory
from forethought.planning.dynamics import NOTHING_PROPOSED, Future, Situation, distinct
from forethought.transcript import Role, Tokens
from forethought.types import Harm, Progress

SATISFIED, FAILED = (KINDS_OF_PROGRESS.index(kind) for kind in (Progress.SATISFIED, Progress.FAILED))
HARMED = KINDS_OF_HARM.index(Harm.HARMED)
LATER, LONGEST = 16, 24
"""Actions sampled for each episode that may make sense later in it, and their tokens at most; imagined states choose
among them.
"""
EPISODES = 1000
"""Episodes whose later actions are remembered."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What the situations of one ``begin`` were told, and the actions that may make sense in each."""

    contexts: list[Tokens]
    memory: Memory
    pools: list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _State:
    """The latent (E, D) of a state in the situation ``row``; ``real`` if nothing was imagined yet."""

    told: _Told
    row: int
    latent_ED: Tensor
    real: bool = False


class LatentDynamics:
    """A model's imagination in its latent space. Actions are read once and kept; words are nowhere needed."""

    name = "latent"

    def __init__(self, model: Model) -> None:
        self.model, self.latent = model, model.require_latent()
        self._actions: dict[str, Tensor] = {}
        self._later: dict[tuple[int, ...], tuple[str, ...]] = {}

    def begin(self, situations: Sequence[Situation]) -> list[_State]:
        """Reads every transcript once."""
        return self.read([situation.context for situation in situations], self._pools(situations))

    @torch.inference_mode()
    def read(self, contexts: Sequence[Tokens], pools: Sequence[tuple[str, ...]] = ()) -> list[_State]:
        """The states at the ends of transcripts; ``pools`` are the actions that may be proposed in each."""
        state_ERAD, memory = self.model.states(contexts)
        told = _Told(list(contexts), memory, list(pools))
        return [_State(told, row, state_ERAD[:, row, 0], real=True) for row in range(len(contexts))]

    @torch.inference_mode()
    def imagine(self, states: Sequence[_State], actions: Sequence[Sequence[str]]) -> list[list[Future]]:
        """All futures in one go; states of one situation share what it was told."""
        if not any(actions):
            return [[] for _ in actions]
        told, of_row = states[0].told, dict[int, list[tuple[int, int]]]()
        for i, (state, here) in enumerate(zip(states, actions, strict=True)):
            of_row.setdefault(state.row, []).extend((i, j) for j in range(len(here)))
        rows = sorted(row for row, asked in of_row.items() if asked)
        width = max(len(of_row[row]) for row in rows)
        asked = [[*of_row[row], *[of_row[row][0]] * (width - len(of_row[row]))] for row in rows]
        action_PD, number = self._read([a for here in actions for a in here])
        action_RAD = action_PD[torch.tensor([[number[actions[i][j]] for i, j in line] for line in asked])]
        state_ERAD = torch.stack([torch.stack([states[i].latent_ED for i, _ in line], 1) for line in asked], 1)
        after_ERAD = self.latent.step(state_ERAD, action_RAD, told.memory.rows(rows))
        read = self.latent.read(after_ERAD)
        progress_RAK, harm_RAK = read.progress.softmax(-1).mean(0), read.harm.softmax(-1).mean(0)
        cost_RA, reach_RA = read.cost.mean(0).expm1().clamp(min=0.0), read.reach.sigmoid().mean(0)
        apart_RA = self.latent.expected(after_ERAD).var(0, unbiased=False).mean(-1)
        numbers_RAK = torch.stack(
            [
                progress_RAK[..., SATISFIED],
                progress_RAK[..., FAILED],
                harm_RAK[..., HARMED],
                cost_RA,
                reach_RA,
                apart_RA,
            ],
            dim=-1,
        ).tolist()
        futures: list[list[Future]] = [[] for _ in states]
        for r, row in enumerate(rows):
            for a, (i, _) in enumerate(of_row[row]):
                state = _State(told, row, after_ERAD[:, r, a])
                satisfied, failed, harmed, cost, reach, apart = numbers_RAK[r][a]
                futures[i].append(Future(satisfied, failed, harmed, cost, reach, apart, state=state))
        return futures

    @torch.inference_mode()
    def propose(
        self, states: Sequence[_State], count: int, generator: torch.Generator | None = None
    ) -> list[tuple[str, ...]]:
        """In a real state what the language model samples; in an imagined one what fits best of all that may make
        sense in this situation.
        """
        real = [state.told.contexts[state.row] for state in states if state.real]
        sampled = iter(self.model.propose(real, count, generator=generator) if real else [])
        return [
            distinct(next(sampled)) or NOTHING_PROPOSED if state.real else self._fit(state, count) for state in states
        ]

    def _pools(self, situations: Sequence[Situation]) -> list[tuple[str, ...]]:
        """All that may make sense at any time in each situation's episode; what may later is sampled once for each."""
        openings = [_opening(situation.context) for situation in situations]
        if new := {
            opening: s.context for opening, s in zip(openings, situations, strict=True) if opening not in self._later
        }:
            generator = torch.Generator(device=self.model.device).manual_seed(0)
            sampled = self.model.propose(list(new.values()), LATER, generator=generator, max_tokens=LONGEST, later=True)
            kept = list(self._later.items())[-EPISODES:]
            self._later = dict([*kept, *zip(new, map(distinct, sampled), strict=True)])
        return [
            distinct((*s.candidates, *s.known, *self._later[opening]))
            for s, opening in zip(situations, openings, strict=True)
        ]

    def _fit(self, state: _State, count: int) -> tuple[str, ...]:
        pool = state.told.pools[state.row]
        action_PD, number = self._read(pool)
        fit = self.latent.possible(state.latent_ED[:, None, None], action_PD).mean(0).flatten().tolist()
        ranked = sorted(pool, key=lambda action: -fit[number[action]])
        return tuple(ranked[:count])

    def _read(self, actions: Sequence[str]) -> tuple[Tensor, dict[str, int]]:
        """The latents (P, D) of the actions, and the place of each; every text is read once."""
        number = {action: i for i, action in enumerate(dict.fromkeys(actions))}
        if new := [action for action in number if action not in self._actions]:
            texts = [self.model.transcript.action_alone(action) for action in new]
            self._actions |= zip(new, self.latent.text(self.model.hidden_at_end(texts)), strict=True)
        return torch.stack([self._actions[action] for action in number]), number


def _opening(context: Tokens) -> tuple[int, ...]:
    """What an episode began with: its transcript up to the first action."""
    first = next((i for i, role in enumerate(context.roles) if role == Role.ACTION), len(context))
    return tuple(context.ids[:first])
