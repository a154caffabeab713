"""The Mamba-1 selective scan in plain PyTorch, with its state in and out.

Gu and Dao 2023 (arXiv:2312.00752), equation 2: ``h_t = exp(dt_t A) h_{t-1} + dt_t B_t u_t`` and ``y_t = C_t h_t``, for
each channel on its own. How it is computed, and why so: docs/decisions/0017-stateful-scan.md.

Shapes: B batch, T tokens, D channels, N state. States are (B, D, N), as in transformers' caches; inside they are
(B, N, D), so that every operation runs along the channels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from forethought.errors import BadSetting

IN_CACHE = 256 * 1024
"""Numbers of the state's kind that a chunk on a CPU holds at once: two such buffers stay near the core."""
ON_DEVICE = 64 * 1024 * 1024
"""The same on an accelerator, where long chunks matter more than caches."""
AT_LEAST = 4
"""Tokens of a chunk on a CPU; where so many do not find room, rows and channels are computed in groups."""
LOG2_E = math.log2(math.e)
"""``exp2`` costs a third of ``exp`` in PyTorch on a CPU; the factor goes into A once."""


def selective_scan(
    u_BTD: Tensor, dt_BTD: Tensor, a_DN: Tensor, b_BTN: Tensor, c_BTN: Tensor, state_BDN: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The outputs ``y`` (B, T, D) and the last state (B, D, N), from ``state_BDN`` on (zeros where it is ``None``).

    ``dt_BTD`` is the time step after softplus, ``a_DN`` negative. Computed in float32 (float64 where ``u`` is) and
    returned so; differentiable once in every input. Raises ``BadSetting`` for shapes that do not fit.
    """
    if u_BTD.ndim != 3 or a_DN.ndim != 2:
        raise BadSetting(f"u and A have {u_BTD.ndim} and {a_DN.ndim} dimensions; expected (B, T, D) and (D, N)")
    batch, tokens, channels = u_BTD.shape
    size = a_DN.shape[-1]
    _fits("dt", dt_BTD, (batch, tokens, channels))
    _fits("A", a_DN, (channels, size))
    _fits("B", b_BTN, (batch, tokens, size))
    _fits("C", c_BTN, (batch, tokens, size))
    if state_BDN is None:
        state_BDN = u_BTD.new_zeros(batch, channels, size)
    _fits("the state", state_BDN, (batch, channels, size))
    kind = wide(u_BTD).dtype
    u, dt, a, b, c, state = (x.to(kind) for x in (u_BTD, dt_BTD, a_DN, b_BTN, c_BTN, state_BDN))
    a_ND = (a * LOG2_E).t().contiguous()
    state_BND = state.transpose(1, 2).clone(memory_format=torch.contiguous_format)  # a cache changes in place
    y, last = _in_groups(dt, dt * u, a_ND, b, c, state_BND)
    return y, last.transpose(1, 2)


def wide(x: Tensor) -> Tensor:
    """In float32, or float64 where it is."""
    return x if x.dtype == torch.float64 else x.float()


def _in_groups(dt: Tensor, x: Tensor, a: Tensor, b: Tensor, c: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """All rows and channels; on a CPU so many at a time that a few tokens of them find room near the core."""
    if dt.device.type == "cpu" and state.numel() * AT_LEAST > IN_CACHE:
        rows = max(1, IN_CACHE // AT_LEAST // a.numel())
        if len(dt) > rows:
            parts = zip(*(torch.split(t, rows) for t in (dt, x, b, c, state)), strict=True)
            return _joined([_in_groups(dt, x, a, b, c, state) for dt, x, b, c, state in parts], 0)
        width = IN_CACHE // AT_LEAST // len(a)
        if a.shape[1] > width:
            split = zip(*(torch.split(t, width, -1) for t in (dt, x, a, state)), strict=True)
            return _joined([_in_groups(dt, x, a, b, c, state) for dt, x, a, state in split], -1)
    inputs = (dt, x, a, b, c, state)
    if torch.is_grad_enabled() and any(t.requires_grad for t in inputs):
        found: tuple[Tensor, Tensor] = _Scan.apply(*inputs)  # type: ignore[no-untyped-call]
        return found
    return _forward(*inputs, keep=False)[:2]


def _joined(parts: list[tuple[Tensor, Tensor]], dim: int) -> tuple[Tensor, Tensor]:
    return torch.cat([y for y, _ in parts], dim), torch.cat([last for _, last in parts], dim)


def _fits(name: str, got: Tensor, expected: tuple[int, ...]) -> None:
    if tuple(got.shape) != expected:
        raise BadSetting(f"{name} has the shape {tuple(got.shape)}; expected {expected}, to go with u and A")


class _Scan(torch.autograd.Function):
    """Keeps the state at the chunks' beginnings only, and computes what is between them again on the way back."""

    @staticmethod
    def forward(
        ctx: Any, dt: Tensor, x: Tensor, a: Tensor, b: Tensor, c: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        y, last, starts = _forward(dt, x, a, b, c, state, keep=True)
        ctx.save_for_backward(dt, x, a, b, c, *starts)
        return y, last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor, dlast: Tensor) -> tuple[Tensor, ...]:
        dt, x, a, b, c, *starts = ctx.saved_tensors
        ddt, dx, db, dc, da = (torch.empty_like(t) for t in (dt, x, b, c, a))
        da.zero_()
        carry = dlast.clone()
        chunks = list(_chunks(dt, a))
        with torch.autocast(dt.device.type, enabled=False):
            for start, part in zip(reversed(starts), reversed(chunks), strict=True):
                decay, h = _inputs(dt[:, part], x[:, part], a, b[:, part])
                _recur(decay, h, start)
                torch.matmul(h, dy[:, part, :, None], out=dc[:, part, :, None])
                g = c[:, part, :, None] * dy[:, part, None]
                g[:, -1] += carry
                _recur(F.pad(decay[:, 1:], (0, 0, 0, 0, 0, 1)).flip(1), flipped := g.flip(1), torch.zeros_like(start))
                g = flipped.flip(1)
                torch.matmul(b[:, part, None], g, out=dx[:, part, None])
                torch.matmul(g, x[:, part, :, None], out=db[:, part, :, None])
                carry = decay[:, 0] * g[:, 0]
                g *= decay
                g[:, 0] *= start
                g[:, 1:] *= h[:, :-1]
                g *= math.log(2)
                ddt[:, part] = (g * a).sum(2)
                da += (g * dt[:, part, None]).sum((0, 1))
        return ddt, dx, da, db, dc, carry


def _forward(
    dt: Tensor, x: Tensor, a: Tensor, b: Tensor, c: Tensor, state: Tensor, keep: bool
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Outputs, last state and, to ``keep``, the states at the chunks' beginnings."""
    y, starts = torch.empty_like(x), []
    room: tuple[Tensor, Tensor] | None = None
    with torch.autocast(x.device.type, enabled=False):
        for part in _chunks(dt, a):
            if keep:
                starts.append(state)
            decay, h = room = _inputs(dt[:, part], x[:, part], a, b[:, part], room)
            _recur(decay, h, state)
            torch.matmul(c[:, part, None], h, out=y[:, part, None])
            state = h[:, -1].clone()
    return y, state, starts


def _chunks(dt: Tensor, a: Tensor) -> Iterator[slice]:
    """The slices of time that are computed at once: as many tokens as there is room for."""
    batch, tokens, _ = dt.shape
    room = IN_CACHE if dt.device.type == "cpu" else ON_DEVICE
    width = min(max(room // max(1, batch * a.numel()), 4), 64 if dt.device.type == "cpu" else 1024)
    yield from (slice(t, min(t + width, tokens)) for t in range(0, tokens, width))


def _inputs(
    dt: Tensor, x: Tensor, a: Tensor, b: Tensor, room: tuple[Tensor, Tensor] | None = None
) -> tuple[Tensor, Tensor]:
    """How much of the state stays at each step, and what is added to it (B, T, N, D); ``room`` is written over."""
    batch, tokens, channels = dt.shape
    if room is None:
        room = dt.new_empty(batch, tokens, len(a), channels), dt.new_empty(batch, tokens, len(a), channels)
    decay, added = room[0][:, :tokens], room[1][:, :tokens]
    torch.mul(dt[:, :, None], a, out=decay).exp2_()
    torch.mul(b[..., None], x[:, :, None], out=added)
    return decay, added


def _recur(decay: Tensor, h: Tensor, state: Tensor) -> None:
    """``h_t += decay_t h_{t-1}`` in place, from ``state`` on.

    On an accelerator, where each call costs more than its work, about sqrt(T) blocks go side by side.
    """
    if decay.device.type != "cpu" and decay.shape[1] >= 64:
        _recur_in_blocks(decay, h, state)
        return
    for now, kept in zip(h.unbind(1), decay.unbind(1), strict=True):
        state = now.addcmul_(kept, state)


def _recur_in_blocks(decay: Tensor, h: Tensor, state: Tensor) -> None:
    """As ``_recur``: each block from zero, then what the state before it still amounts to."""
    width = math.isqrt(decay.shape[1])
    whole = decay.shape[1] // width * width
    blocks, kept = (t[:, :whole].reshape(len(t), -1, width, *t.shape[2:]) for t in (h, decay.clone()))
    for t in range(1, width):
        blocks[:, :, t].addcmul_(kept[:, :, t], blocks[:, :, t - 1])
        kept[:, :, t].mul_(kept[:, :, t - 1])
    for block, amount in zip(blocks.unbind(1), kept.unbind(1), strict=True):
        block.addcmul_(amount, state[:, None])
        state = block[:, -1]
    for t in range(whole, decay.shape[1]):
        state = h[:, t].addcmul_(decay[:, t], state)
