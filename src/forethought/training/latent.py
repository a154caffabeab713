"""What the latent dynamics learn from a batch: steps imagined in a row, compared with what really happened.

E members, R transcripts of a padded group, M imagined steps of the whole batch, T tokens, W and D widths.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import torch
import torch.nn.functional as F
from torch import Tensor

from forethought.config import TrainConfig
from forethought.models import Model
from forethought.models.latent import DISCOUNT, KINDS_OF_HARM, KINDS_OF_PROGRESS, STEP_COST
from forethought.objectives import effective_rank, inverse_dynamics_loss, prediction_loss, sigreg
from forethought.transcript import Tokens, Transcript
from forethought.types import Episode, Harm, Progress, Step

OPTIMISM = 0.95
"""The expectile of ``reach``: near 1, the best that was tried counts, not the average (Kostrikov, Nair and Levine 2021,
arXiv:2110.06169). What really happened is its target, never its own guess, which would feed on itself."""


@dataclass(frozen=True, slots=True)
class Unroll:
    """Steps of one episode to be imagined in a row; ``place`` is the token of its transcript after which the first
    action is due, and ``reach`` what the rest of the episode made of the desire after each step (``None`` where nothing
    was left, and before the step that was drawn: replay draws what satisfies more often than it happens, which must not
    pass for a prospect).
    """

    place: int
    steps: tuple[Step, ...]
    reach: tuple[float | None, ...]


def unroll(
    transcript: Transcript, episode: Episode, index: int, horizon: int, rng: random.Random, hindsight: bool = False
) -> Unroll:
    """Up to ``horizon`` steps in a row that contain step ``index``; no step that ended in a warning is among them.

    In ``hindsight`` the way there is known to have led there, so ``reach`` is known before the step ``index`` too.
    """
    first = index - rng.randrange(min(index + 1, horizon))
    first = 1 + max((i for i in range(first, index) if episode.steps[i].warning), default=first - 1)
    steps = tuple(takewhile(lambda step: not step.warning, episode.steps[first : first + horizon]))
    known = 0 if hindsight else index
    reach = [None] * known + reached(episode.steps)[known:]
    return Unroll(len(transcript.episode(episode, first)) - 1, steps, tuple(reach[first : first + len(steps)]))


def reached(steps: Sequence[Step]) -> list[float | None]:
    """After each step that ends nothing, what the rest of its episode made of the desire: 1 where it was satisfied
    unharmed, discounted by what it took from there, or 0 if it never was. ``None`` after a step that ends the episode.
    """
    found: list[float | None] = []
    ahead = 0.0
    for step in reversed(steps):
        good = step.progress is Progress.SATISFIED and step.harm is Harm.NONE
        over = step.progress is not Progress.ONGOING or step.harm is not Harm.NONE
        found.append(None if over else ahead)
        ahead = DISCOUNT ** (step.spent + STEP_COST) * (1.0 if good else 0.0 if over else ahead)
    return found[::-1]


def later(transcript: Transcript, episode: Episode, rng: random.Random) -> Tokens:
    """Some beginning of an episode with an action of some later step, for a prior over what may make sense later;
    nothing where an episode is too short.
    """
    if len(episode.steps) < 2:
        return Tokens()
    first = rng.randrange(len(episode.steps) - 1)
    step = episode.steps[rng.randrange(first + 1, len(episode.steps))]
    if step.warning:
        return Tokens()
    return transcript.episode(episode, first) + transcript.later() + transcript.action(step.action)


@dataclass(slots=True)
class _Imagined:
    """M imagined steps: the states before and after them, what is known about them, and how far off the first steps
    would have been with other actions.
    """

    before: list[Tensor] = field(default_factory=list)
    after: list[Tensor] = field(default_factory=list)
    shuffled: list[Tensor] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    depth: list[int] = field(default_factory=list)
    reach: list[float | None] = field(default_factory=list)


class LatentLesson:
    """The texts of a batch's unrolled steps, each read once and alone, and the loss of what is imagined of them.

    ``read_alone`` gives the hidden states (N, W) at the ends of texts.
    """

    def __init__(
        self,
        model: Model,
        config: TrainConfig,
        unrolls: Sequence[Unroll],
        read_alone: Callable[[Sequence[Tokens]], Tensor],
    ) -> None:
        self.model, self.latent, self.config = model, model.require_latent(), config
        transcript, steps = model.transcript, [step for each in unrolls for step in each.steps]
        self.actions = {text: i for i, text in enumerate(dict.fromkeys(step.action for step in steps))}
        self.outcomes = {text: i for i, text in enumerate(dict.fromkeys(map(transcript.outcome_text, steps)))}
        actions = [transcript.action_alone(text) for text in self.actions]
        outcomes = [transcript.outcome_alone(text) for text in self.outcomes]
        self.tokens = sum(map(len, (*actions, *outcomes)))
        self.action_ND = self.latent.text(read_alone(actions))
        self.outcome_ND = self.latent.text(read_alone(outcomes))

    def loss(
        self, groups: Sequence[tuple[Tensor, Sequence[Unroll]]], generator: torch.Generator
    ) -> tuple[Tensor, dict[str, float]]:
        """The latent loss and its parts for the log; ``groups`` holds the hidden states (R, T, W) of padded transcripts
        with their unrolls.
        """
        latent, config, found = self.latent, self.config, _Imagined()
        for hidden_RTW, unrolls in groups:
            self._imagine(hidden_RTW.float(), unrolls, found)
        before_EMD, after_EMD = torch.cat(found.before, 1), torch.cat(found.after, 1)
        expected_EMD, target_MD = latent.expected(after_EMD), self._happened(found.steps)
        guess_MD = latent.which_action(torch.cat([before_EMD.mean(0), target_MD], dim=-1))
        which_M = torch.tensor([self.actions[step.action] for step in found.steps])
        parts = {
            "prediction": prediction_loss(
                expected_EMD, target_MD.expand_as(expected_EMD), stop_gradient=config.stop_gradient
            ),
            "sigreg": sigreg(target_MD, generator=generator),
            "inverse": inverse_dynamics_loss(guess_MD, self.action_ND, which_M),
            "possible": inverse_dynamics_loss(latent.may(before_EMD.mean(0)), self.action_ND, which_M),
            **self._readings(after_EMD, found),
            "reach": self._reach(after_EMD, found.reach),
        }
        weights = {"sigreg": config.sigreg_weight, "inverse": config.inverse_weight}
        total = torch.stack([weights.get(name, 1.0) * part for name, part in parts.items()]).sum()
        figures = {f"latent_{name}": float(part.detach()) for name, part in parts.items()}
        error_M, depth_M = self._error(expected_EMD, found.steps), torch.tensor(found.depth)
        for depth in range(config.unroll):
            if (depth_M == depth).any():
                figures[f"latent_error_{depth + 1}"] = float(error_M[depth_M == depth].mean())
        figures["effective_rank"] = effective_rank(target_MD)
        figures["action_gap"] = float(torch.cat(found.shuffled).mean() - error_M[depth_M == 0].mean())
        return total, figures

    def _imagine(self, hidden_RTW: Tensor, unrolls: Sequence[Unroll], found: _Imagined) -> None:
        """Unrolls a group's steps and adds what was imagined to ``found``."""
        latent, rows = self.latent, torch.arange(len(unrolls))
        place_R = torch.tensor([each.place for each in unrolls])
        memory = latent.memory(hidden_RTW, torch.arange(hidden_RTW.shape[1]) <= place_R[:, None])
        state = latent.state(hidden_RTW[rows, place_R])
        for depth in range(max(len(each.steps) for each in unrolls)):
            going = [r for r, each in enumerate(unrolls) if depth < len(each.steps)]
            chosen = [self.actions[each.steps[min(depth, len(each.steps) - 1)].action] for each in unrolls]
            after = latent.step(state, self.action_ND[chosen][:, None], memory)
            if depth == 0:
                with torch.no_grad():
                    other = latent.step(state, self.action_ND[chosen[1:] + chosen[:1]][:, None], memory)
                    first = [each.steps[0] for each in unrolls]
                    found.shuffled.append(self._error(latent.expected(other)[:, :, 0], first))
            found.steps += [unrolls[r].steps[depth] for r in going]
            found.reach += [unrolls[r].reach[depth] for r in going]
            found.depth += [depth] * len(going)
            found.before.append(state[:, going, 0])
            found.after.append(after[:, going, 0])
            state = after

    def _happened(self, steps: Sequence[Step]) -> Tensor:
        """The latents (M, D) of what the steps really caused."""
        return self.outcome_ND[[self.outcomes[self.model.transcript.outcome_text(step)] for step in steps]]

    def _error(self, expected_EMD: Tensor, steps: Sequence[Step]) -> Tensor:
        """Squared distances (M) as shares of how much outcomes differ: 1 is as bad as always expecting their mean."""
        apart_EMD = (expected_EMD - self._happened(steps)).detach()
        spread = self.outcome_ND.detach().var(0, unbiased=False).mean().clamp(min=1e-6)
        return apart_EMD.square().mean((0, 2)) / spread

    def _readings(self, after_EMD: Tensor, found: _Imagined) -> dict[str, Tensor]:
        """Cross-entropies of the verdicts, and the error of the logarithm of cost."""
        foreseen, members = self.latent.read(after_EMD[:, :, None]), len(after_EMD)
        progress_M = torch.tensor([KINDS_OF_PROGRESS.index(step.progress) for step in found.steps])
        harm_M = torch.tensor([KINDS_OF_HARM.index(step.harm) for step in found.steps])
        cost_M = torch.tensor([step.spent for step in found.steps])
        return {
            "progress": _cross_entropy(foreseen.progress[:, :, 0], progress_M, members),
            "harm": _cross_entropy(foreseen.harm[:, :, 0], harm_M, members),
            "cost": F.mse_loss(foreseen.cost[:, :, 0], cost_M.log1p().expand(members, -1)),
        }

    def _reach(self, after_EMD: Tensor, reached: Sequence[float | None]) -> Tensor:
        """The expectile error of what the rest of each episode made of the desire, where that is known."""
        known = [i for i, value in enumerate(reached) if value is not None]
        reach_EM = self.latent.read(after_EMD[:, known, None]).reach[:, :, 0].sigmoid()
        under_EM = torch.tensor([value for value in reached if value is not None]) - reach_EM
        return (torch.where(under_EM > 0, OPTIMISM, 1 - OPTIMISM) * under_EM.square()).sum() / max(1, under_EM.numel())


def _cross_entropy(logits_EMK: Tensor, label_M: Tensor, members: int) -> Tensor:
    return F.cross_entropy(logits_EMK.flatten(0, 1), label_M.repeat(members))
