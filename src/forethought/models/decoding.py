"""Batched continuation with a shared prefix for the branches of each context, exact for ragged rows.

Shapes: R rows (all branches of all contexts), T tokens, V vocabulary, F forms of a phrase.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from forethought.errors import BadSetting
from forethought.models.scan import has_stateful_scan, reads_padding

Ids = Sequence[int]
READ_ON = ("mamba2", "zamba2", "bamba")
"""Recurrent models that read several tokens on top of a cache rightly, without padding (docs/mamba-continuation.md)."""
CACHES = ("cache_params", "past_key_values", "state")
"""What models call what they go on from; ``state`` is RWKV's list of tensors."""


@dataclass(slots=True)
class Continuation:
    """What followed one branch: the new ids (without the closing token), the logits before the first of them.

    Where it was asked for, ``confidence`` is the probability of the least likely of the likeliest tokens.
    """

    ids: list[int] = field(default_factory=list)
    logits: list[Tensor] = field(default_factory=list)
    closed: bool = False
    confidence: float = 1.0


@torch.inference_mode()
def continue_branches(
    lm: Any,
    contexts: Sequence[Ids],
    branches: Sequence[Sequence[Ids]],
    *,
    stop: int,
    pad: int,
    max_new: int,
    keep_logits: int = 0,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
    confidence: bool = False,
) -> list[list[Continuation]]:
    """Continues every branch of every context, greedily (or by sampling), until ``stop`` or ``max_new`` tokens.

    Each context is read once and its state shared by its branches. ``keep_logits`` keeps the V logits before each of
    the first so many new tokens; ``confidence`` keeps how sure the model was of the least certain of them.
    """
    rows = Rows.at_contexts(lm, pad, contexts, branches)
    if rows is None:
        return [[] for _ in contexts]
    pieces = [branch for of_context in branches for branch in of_context]
    if not rows.stateful:
        rows.read(pieces)
        pieces = [()] * len(pieces)
    found = rows.continued(
        pieces, stop=stop, max_new=max_new, keep_logits=keep_logits, temperature=temperature, generator=generator,
        confidence=confidence,
    )  # fmt: skip
    return grouped(found, branches)


def grouped(items: Sequence[Any], branches: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """One item a row, given back as one list for each context."""
    left = iter(items)
    return [[next(left) for _ in of_context] for of_context in branches]


class Rows:
    """Rows of tokens that a language model has read, with one cache and the logits after each row's last token.

    Attention models read ragged pieces left-padded under a mask, and so do Mamba models with ``enable_stateful_scan``.
    Padding between tokens would blur other recurrent states, so those read on token by token, or where pieces are
    ragged whole rows anew; without any padding, several tokens at once. Rows of RWKV are read one by one: it heeds no
    mask, and transformers 5.23 mixes up rows of one token. Raises ``BadSetting`` for a model that cannot
    go on from what it has read.
    """

    def __init__(self, lm: Any, pad: int, first: Sequence[Ids]) -> None:
        self._begin(lm, pad, first)
        self.cache: Any
        self.mask_RT: Tensor
        self.length_R: Tensor
        self.logits_RV: Tensor
        self._start(1)

    def _begin(self, lm: Any, pad: int, ids: Sequence[Ids]) -> None:
        self.lm, self.pad = lm, pad
        self.device = next(lm.parameters()).device
        self.cache_name, self.has_positions = _arguments(lm.__class__)
        self.alone = self.cache_name == "state"
        self.stateful = bool(getattr(lm, "_is_stateful", False)) and not reads_padding(lm) and not self.alone
        self.reads_on = has_stateful_scan(lm) or lm.config.model_type in READ_ON
        self.ids = [list(piece) for piece in ids]

    @classmethod
    def resumed(
        cls, lm: Any, pad: int, ids: Sequence[Ids], cache: Any, logits_RV: Tensor, mask_RT: Tensor | None = None
    ) -> Rows:
        """Rows that go on from a restored cache, which holds ``ids``, with the logits after each row's last token.

        ``mask_RT`` is needed where the rows were read with padding. The cache is used up.
        """
        rows = cls.__new__(cls)
        rows._begin(lm, pad, ids)
        rows.cache, rows.logits_RV = cache, logits_RV.to(rows.device)
        rows.length_R = torch.tensor([len(row) for row in ids], device=rows.device)
        if mask_RT is None and len({len(row) for row in ids}) > 1:
            raise BadSetting(
                f"rows of {sorted({len(row) for row in ids})} tokens came without mask_RT; expected the mask with "
                "which they were read, or rows of one length"
            )
        shape = len(ids), max(len(row) for row in ids)
        rows.mask_RT = torch.ones(shape, dtype=torch.long) if mask_RT is None else mask_RT.long()
        rows.mask_RT = rows.mask_RT.to(rows.device)
        return rows

    @classmethod
    def at_contexts(cls, lm: Any, pad: int, contexts: Sequence[Ids], branches: Sequence[Sequence[Ids]]) -> Rows | None:
        """One row for each branch, at the end of its context, each context read once; ``None`` without branches."""
        owners = [c for c, of_context in enumerate(branches) for _ in of_context]
        if not owners:
            return None
        used = sorted(set(owners))
        rows = cls(lm, pad, [contexts[c] for c in used])
        place = {c: i for i, c in enumerate(used)}
        rows.select(torch.tensor([place[c] for c in owners], device=rows.device))
        return rows

    def __len__(self) -> int:
        return len(self.length_R)

    def select(self, index_R: Tensor) -> None:
        """Keeps these rows, in this order; a row may be kept several times."""
        if self.alone:
            self.cache = [part[index_R] for part in self.cache]
        else:
            self.cache.reorder_cache(index_R)  # unlike batch_select_indices, recurrent layers have it
        self.mask_RT, self.length_R, self.logits_RV = (
            self.mask_RT[index_R], self.length_R[index_R], self.logits_RV[index_R],
        )  # fmt: skip
        if self.stateful:
            self.ids = [list(self.ids[r]) for r in index_R.tolist()]

    def read(self, pieces: Sequence[Ids], keep: int = 1) -> Tensor:
        """Reads one piece a row; returns the logits after the last ``keep`` tokens (R, keep, V), right-aligned."""
        if not self.stateful:
            return self._extend(pieces, keep)
        for row, piece in zip(self.ids, pieces, strict=True):
            row += piece
        if len({len(piece) for piece in pieces}) > 1:
            return self._start(keep)
        if self.reads_on and bool(self.mask_RT.all()):
            return self._extend(pieces, keep)
        columns = [self._extend([piece[t : t + 1] for piece in pieces], 1) for t in range(len(pieces[0]))]
        return torch.cat(columns[-keep:], dim=1)

    def settle(self, forms: Sequence[Ids]) -> tuple[Tensor, Tensor]:
        """Goes on in each row with the likeliest of ``forms``: how likely each is among them (R, F), and which (R)."""
        rows, count, width = len(self), len(forms), max(len(form) for form in forms)
        first_RV = self.logits_RV
        self.select(torch.arange(rows, device=self.device).repeat_interleave(count))
        later_RFTV = self.read([*forms] * rows, keep=width).log_softmax(-1)
        later_RFTV = later_RFTV.reshape(rows, count, *later_RFTV.shape[1:])
        first_RF = first_RV.log_softmax(-1)[:, [form[0] for form in forms]]
        rest = [
            sum(later_RFTV[:, f, width - len(form) + t, token] for t, token in enumerate(form[1:]))
            for f, form in enumerate(forms)
        ]
        likely_RF = torch.stack([first_RF[:, f] + rest[f] for f in range(count)], dim=1).softmax(-1)
        best_R = likely_RF.argmax(-1)
        self.select(torch.arange(rows, device=self.device) * count + best_R)
        return likely_RF, best_R

    def continued(
        self,
        pending: Sequence[Ids],
        *,
        stop: int,
        max_new: int,
        keep_logits: int = 0,
        temperature: float = 0.0,
        generator: torch.Generator | None = None,
        confidence: bool = False,
    ) -> list[Continuation]:
        """Reads what is ``pending`` in each row token by token and then writes on, until ``stop`` or ``max_new``.

        A finished row is dropped, so no row is left to go on from afterwards.
        """
        out = [Continuation() for _ in pending]
        alive, step = list(range(len(pending))), 0
        while alive and max_new > 0:
            chosen = _choose(self.logits_RV, temperature, generator).tolist()
            if confidence:
                likeliest = (self.logits_RV.amax(-1) - self.logits_RV.logsumexp(-1)).exp().tolist()
            going = []
            for r, row in enumerate(alive):
                if step < len(pending[row]):
                    chosen[r] = pending[row][step]
                    going.append(r)
                    continue
                if confidence:
                    out[row].confidence = min(out[row].confidence, likeliest[r])
                if len(out[row].logits) < keep_logits:
                    out[row].logits.append(self.logits_RV[r])
                if chosen[r] == stop:
                    out[row].closed = True
                    continue
                out[row].ids.append(chosen[r])
                if len(out[row].ids) < max_new:
                    going.append(r)
            if len(going) < len(alive):
                alive, chosen = [alive[r] for r in going], [chosen[r] for r in going]
                if not going:
                    break
                self.select(torch.tensor(going, device=self.device))
            self._extend([(token,) for token in chosen], 1)
            step += 1
        return out

    def _start(self, keep: int) -> Tensor:
        """Reads the rows from their beginning."""
        from transformers import DynamicCache

        self.cache = [] if self.alone else DynamicCache(config=self.lm.config)
        self.mask_RT = torch.ones(len(self.ids), 0, dtype=torch.long, device=self.device)
        self.length_R = torch.zeros(len(self.ids), dtype=torch.long, device=self.device)
        return self._extend(self.ids, keep)

    def _extend(self, pieces: Sequence[Ids], keep: int) -> Tensor:
        """Reads one piece a row, left-padded, on top of the cache."""
        if self.alone:
            return self._each(pieces, keep)
        width = max(1, *(len(piece) for piece in pieces))
        ids_RT = torch.tensor([[self.pad] * (width - len(p)) + list(p) for p in pieces], device=self.device)
        new_RT = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in pieces], device=self.device)
        position_RT = (new_RT.cumsum(1) - 1).clamp(min=0) + self.length_R[:, None]
        self.mask_RT = torch.cat([self.mask_RT, new_RT], dim=1)
        self.length_R = self.length_R + new_RT.sum(1)
        extra = {self.cache_name: self.cache, **({"position_ids": position_RT} if self.has_positions else {})}
        mask = self.mask_RT if not bool(self.mask_RT.all()) else None
        out = self.lm(input_ids=ids_RT, attention_mask=mask, use_cache=True, logits_to_keep=keep, **extra)
        logits_RTV: Tensor = out.logits[:, -keep:].float()
        self.logits_RV = logits_RTV[:, -1]
        return logits_RTV

    def _each(self, pieces: Sequence[Ids], keep: int) -> Tensor:
        """Reads one piece a row, row by row."""
        found: list[tuple[Tensor, list[Tensor]]] = []
        for r, piece in enumerate(pieces):
            state = [part[r : r + 1].clone() for part in self.cache]
            if piece:
                ids_1T = torch.tensor([list(piece)], device=self.device)
                out = self.lm(input_ids=ids_1T, state=state or None, use_cache=True, logits_to_keep=keep)
                found.append((out.logits[0, -keep:].float(), out.state))
            else:
                found.append((self.logits_RV[r : r + 1], state))
        self.cache = [torch.cat(parts) for parts in zip(*(state for _, state in found), strict=True)]
        self.length_R = self.length_R + torch.tensor([len(piece) for piece in pieces], device=self.device)
        logits_RTV = torch.stack(
            [functional.pad(logits_TV, (0, 0, keep - len(logits_TV), 0)) for logits_TV, _ in found]
        )
        self.logits_RV = logits_RTV[:, -1]
        return logits_RTV


@lru_cache
def _arguments(kind: Any) -> tuple[str, bool]:
    """What a kind of model calls its cache, and whether it takes positions. Raises ``BadSetting`` where it has none."""
    names = inspect.signature(kind.forward).parameters
    cache = next((name for name in CACHES if name in names), None)
    if cache is None:
        raise BadSetting(
            f"a {kind.__name__} cannot go on from what it has read: it takes none of {', '.join(CACHES)}; expected a "
            "causal language model that does, such as Llama, Mamba or RWKV"
        )
    return cache, "position_ids" in names


def _choose(logits_RV: Tensor, temperature: float, generator: torch.Generator | None) -> Tensor:
    if temperature <= 0:
        return logits_RV.argmax(-1)
    return torch.multinomial((logits_RV / temperature).softmax(-1), 1, generator=generator).flatten()
