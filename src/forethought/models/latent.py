"""Latent dynamics: where an action leads, imagined without words.

A state is a vector that says how things stand; what the transcript told stays in reach, as the language model's hidden
states, so that an imagined state need not carry every fact: the predictor looks up what it needs. Several small
predictors (an ensemble) share everything else, and where they disagree nobody knows.

E members, R contexts, A futures of each context, T tokens, W width of the language model, D width of a latent.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from forethought import storage
from forethought.errors import Damaged
from forethought.types import Harm, Progress

SETTINGS_FILE, TENSOR_FILE = "latent.json", "latent.safetensors"
DISCOUNT = 0.95
"""Of ``reach``, per unit of cost: a desire met for 14 units counts half of one that is met for nothing."""
STEP_COST = 0.5
"""What a step costs beside what it uses up, so that of two free ways the shorter one is better."""
KINDS_OF_PROGRESS, KINDS_OF_HARM = tuple(Progress), tuple(Harm)
"""The order in which the verdicts' kinds are read off a state."""


@dataclass(frozen=True, slots=True)
class LatentShape:
    """What decides the tensors' shapes: ``width`` W of the language model, ``latent`` D, ensemble ``members`` E."""

    width: int
    latent: int
    members: int = 3
    blocks: int = 2
    heads: int = 4


class Memory(NamedTuple):
    """What a transcript told, for every member and block as keys and values (E * R, heads, T, D / heads), and which of
    its tokens count (R, T).
    """

    blocks: list[tuple[Tensor, Tensor]]
    seen_RT: Tensor

    def rows(self, index: list[int]) -> Memory:
        """What some of the transcripts told."""
        if index == list(range(len(self.seen_RT))):
            return self
        members = len(self.blocks[0][0]) // len(self.seen_RT)
        every = torch.tensor([e * len(self.seen_RT) + r for e in range(members) for r in index])
        return Memory([(key[every], value[every]) for key, value in self.blocks], self.seen_RT[index])


class Foreseen(NamedTuple):
    """What is read off imagined states: log-odds of the verdicts, the logarithm of 1 + cost, and the log-odds of
    reaching the desire, for each member (E, R, A and, where there are several, the kinds).
    """

    progress: Tensor
    harm: Tensor
    cost: Tensor
    reach: Tensor


class Latent(nn.Module):
    """The latent part of a model: states, texts, an ensemble of predictors and what is read off a state."""

    def __init__(self, shape: LatentShape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.latent
        self.to_state = nn.Linear(shape.width, width)
        self.to_text = nn.Sequential(nn.Linear(shape.width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self._blocks = [_Block(shape, first=i == 0) for i in range(shape.blocks)]
        self.blocks = nn.ModuleList(self._blocks)
        self.settle = nn.LayerNorm(width)
        self.outcome = nn.Linear(width, width)
        self.which_action = nn.Sequential(nn.Linear(2 * width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.may = nn.Linear(width, width, bias=False)
        self.readings = nn.Linear(width, len(KINDS_OF_PROGRESS) + len(KINDS_OF_HARM) + 2)

    # ---- reading --------------------------------------------------------------------------------------------------
    def state(self, hidden_RW: Tensor) -> Tensor:
        """The state at the end of each transcript (E, R, 1, D), alike for all members."""
        state_RD: Tensor = self.to_state(hidden_RW)
        return state_RD[None, :, None].expand(self.shape.members, -1, -1, -1)

    def text(self, hidden_NW: Tensor) -> Tensor:
        """The latents of texts read alone (N, D), from the hidden states at their last tokens."""
        latent_ND: Tensor = self.to_text(hidden_NW)
        return latent_ND

    def memory(self, hidden_RTW: Tensor, seen_RT: Tensor) -> Memory:
        """What transcripts told, for ``step`` to look up; computed once for all futures."""
        return Memory([block.remember(hidden_RTW) for block in self._blocks], seen_RT)

    # ---- imagining ------------------------------------------------------------------------------------------------
    def step(self, state_ERAD: Tensor, action_RAD: Tensor, memory: Memory) -> Tensor:
        """The states that actions lead to (E, R, A, D); their number of futures follows the actions'."""
        x_ERAD = action_RAD[None].expand(self.shape.members, -1, -1, -1)
        state_ERAD = state_ERAD.expand(-1, -1, x_ERAD.shape[2], -1)
        x_ERAD = torch.cat([state_ERAD, x_ERAD], dim=-1)
        for block, told in zip(self._blocks, memory.blocks, strict=True):
            x_ERAD = block(x_ERAD, told, memory.seen_RT)
        settled: Tensor = self.settle(state_ERAD + x_ERAD)
        return settled

    def expected(self, state_ERAD: Tensor) -> Tensor:
        """The latent of the outcome that would be told on arriving in a state."""
        outcome_ERAD: Tensor = self.outcome(state_ERAD)
        return outcome_ERAD

    def read(self, state_ERAD: Tensor) -> Foreseen:
        """Verdicts, cost and reach of imagined states."""
        found = self.readings(state_ERAD)
        progress, harm, cost, reach = found.split([len(KINDS_OF_PROGRESS), len(KINDS_OF_HARM), 1, 1], dim=-1)
        return Foreseen(progress, harm, cost.squeeze(-1), reach.squeeze(-1))

    def possible(self, state_ERAD: Tensor, action_ND: Tensor) -> Tensor:
        """How well each of N actions fits a state (E, R, A, N), as a cosine: comparable within a state."""
        fit: Tensor = F.normalize(self.may(state_ERAD), dim=-1) @ F.normalize(action_ND, dim=-1).T
        return fit

    # ---- keeping --------------------------------------------------------------------------------------------------
    def save(self, folder: Path) -> None:
        """Writes the shape (JSON) and the tensors (safetensors) beside a model."""
        save_file({k: v.detach().cpu().contiguous() for k, v in self.state_dict().items()}, folder / TENSOR_FILE)
        storage.write_json(folder / SETTINGS_FILE, asdict(self.shape))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads what ``save`` wrote; raises ``Damaged`` if it cannot be read."""
        settings: Any = storage.read_json(folder / SETTINGS_FILE)
        try:
            latent = cls(LatentShape(**settings))
            latent.load_state_dict(load_file(folder / TENSOR_FILE))
        except (OSError, SafetensorError, TypeError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise Damaged(f"the latent part in {folder} cannot be read: {reason} Train it again.") from error
        return latent


class _Block(nn.Module):
    """One look at what was told and one thought, for every member of the ensemble."""

    def __init__(self, shape: LatentShape, first: bool) -> None:
        super().__init__()
        members, width = shape.members, shape.latent
        self.members, self.heads = members, shape.heads
        self.enter = _Linears(members, 2 * width, width) if first else None
        self.norm_look, self.norm_think = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.answer = _Linears(members, width, width), _Linears(members, width, width)
        self.key_value = _Linears(members, shape.width, 2 * width)
        self.wide, self.narrow = _Linears(members, width, 2 * width), _Linears(members, 2 * width, width)

    def remember(self, hidden_RTW: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of what was told."""
        key, value = self.key_value(hidden_RTW[None].expand(self.members, -1, -1, -1)).chunk(2, dim=-1)
        return self._apart(key), self._apart(value)

    def forward(self, x_ERAD: Tensor, told: tuple[Tensor, Tensor], seen_RT: Tensor) -> Tensor:
        if self.enter is not None:
            x_ERAD = self.enter(x_ERAD)
        query = self._apart(self.query(self.norm_look(x_ERAD)))
        mask = seen_RT[:, None, None, :].repeat(self.members, 1, 1, 1)
        found = F.scaled_dot_product_attention(query, *told, attn_mask=mask)
        x_ERAD = x_ERAD + self.answer(found.transpose(1, 2).reshape(x_ERAD.shape))
        thought: Tensor = x_ERAD + self.narrow(F.gelu(self.wide(self.norm_think(x_ERAD))))
        return thought

    def _apart(self, x_ERLD: Tensor) -> Tensor:
        """(E, R, L, D) to (E * R, heads, L, D / heads)."""
        members, rows, length, width = x_ERLD.shape
        return x_ERLD.reshape(members * rows, length, self.heads, width // self.heads).transpose(1, 2)


class _Linears(nn.Module):
    """One linear layer for each member: (E, ..., in) to (E, ..., out)."""

    def __init__(self, members: int, width_in: int, width_out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(members, width_in, width_out) * width_in**-0.5)
        self.bias = nn.Parameter(torch.zeros(members, width_out))

    def forward(self, x: Tensor) -> Tensor:
        flat = x.reshape(len(x), -1, x.shape[-1])
        out = torch.baddbmm(self.bias[:, None].to(flat.dtype), flat, self.weight.to(flat.dtype))
        return out.reshape(*x.shape[:-1], -1)
