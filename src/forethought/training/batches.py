"""Token sequences into tensors: padded, or packed into rows without cross-talk.

B rows, T tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from forethought.errors import BadSetting
from forethought.transcript import Tokens


@dataclass(frozen=True, slots=True)
class Batch:
    """Ids and roles of several transcripts. ``block_BT`` numbers the transcript of each token in a packed row
    (-1: padding); ``None`` where each row is one right-padded transcript, which a causal model needs no mask for.
    """

    ids_BT: Tensor
    roles_BT: Tensor
    tokens: int
    block_BT: Tensor | None = None
    position_BT: Tensor | None = None

    def mask_B1TT(self) -> Tensor | None:
        """Who may attend to whom (boolean) in packed rows: earlier tokens of the same transcript."""
        if self.block_BT is None:
            return None
        same_BTT = self.block_BT[:, :, None] == self.block_BT[:, None, :]
        causal_TT = torch.ones(same_BTT.shape[1:], dtype=torch.bool, device=same_BTT.device).tril()
        return (same_BTT & causal_TT)[:, None]


def pad(samples: Sequence[Tokens], pad_id: int, left: bool = False) -> Batch:
    """One transcript a row, padded on the right (or left) to the longest; padding has role CONTEXT."""
    width = max(len(sample) for sample in samples)

    def row(values: list[int], fill: int) -> list[int]:
        gap = [fill] * (width - len(values))
        return gap + values if left else values + gap

    ids_BT = torch.tensor([row(sample.ids, pad_id) for sample in samples])
    roles_BT = torch.tensor([row(sample.roles, 0) for sample in samples], dtype=torch.int8)
    return Batch(ids_BT, roles_BT, sum(len(sample) for sample in samples))


def pad_in_groups(samples: Sequence[Tokens], pad_id: int, groups: int) -> Iterator[Batch]:
    """The samples sorted by length and padded in ``groups`` equal parts, so that little of it is padding."""
    ordered = sorted(samples, key=len)
    size = -(-len(ordered) // max(1, groups))
    for start in range(0, len(ordered), size):
        yield pad(ordered[start : start + size], pad_id)


def pack(samples: Sequence[Tokens], pad_id: int, width: int) -> Batch:
    """Several transcripts a row (first fit, longest first), each with positions from 0 and blind to the others.

    Raises ``BadSetting`` for a transcript longer than ``width``.
    """
    rows: list[list[Tokens]] = []
    free: list[int] = []
    for sample in sorted(samples, key=len, reverse=True):
        if len(sample) > width:
            raise BadSetting(f"a transcript of {len(sample)} tokens; expected at most the packing width of {width}")
        place = next((i for i, room in enumerate(free) if room >= len(sample)), None)
        if place is None:
            rows.append([])
            free.append(width)
            place = len(rows) - 1
        rows[place].append(sample)
        free[place] -= len(sample)
    ids, roles, blocks, positions = [], [], [], []
    for row, room in zip(rows, free, strict=True):
        ids.append([i for s in row for i in s.ids] + [pad_id] * room)
        roles.append([r for s in row for r in s.roles] + [0] * room)
        blocks.append([n for n, s in enumerate(row) for _ in s.ids] + [-1] * room)
        positions.append([p for s in row for p in range(len(s))] + [0] * room)
    return Batch(
        torch.tensor(ids),
        torch.tensor(roles, dtype=torch.int8),
        sum(len(s) for s in samples),
        torch.tensor(blocks),
        torch.tensor(positions),
    )
