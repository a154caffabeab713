"""One call that gives a loaded Hugging Face Mamba, FalconMamba or Jamba a scan that goes on from its cache.

transformers' Mamba-1 layers begin at a state of zero whenever several tokens are read, also when a cache holds what
came before (docs/mamba-continuation.md); here they begin at the cached state.

Shapes: B batch, T tokens, D channels, N state, K convolution kernel, W width of the model, R rank of the time step.
"""

from __future__ import annotations

from types import MethodType
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forethought.errors import BadSetting
from forethought.models.selective_scan import LOG2_E, selective_scan, wide

__all__ = [
    "Enabled",
    "disable_stateful_scan",
    "enable_stateful_scan",
    "has_stateful_scan",
    "reads_padding",
    "selective_scan",
]

MIXERS = {"MambaMixer": False, "FalconMambaMixer": True, "JambaMambaMixer": True}
"""transformers' Mamba-1 layers by class name, and whether they normalise time step, B and C."""


# --- loaded models ---


class Enabled(NamedTuple):
    """How many Mamba-1 layers were changed by this call, and how many the model has."""

    changed: int
    layers: int


def enable_stateful_scan(model: nn.Module) -> Enabled:
    """Gives a Hugging Face model's Mamba-1 layers this scan: Mamba, FalconMamba, Jamba.

    Reading several tokens on top of ``cache_params`` or ``past_key_values`` is then the same as reading all at once,
    and padding (zeros of ``attention_mask``), wherever it stands, changes no state. Weights stay where they are. Called
    again it does nothing; ``disable_stateful_scan`` undoes it. Raises ``BadSetting`` for a model without such layers,
    or with layers whose ``forward`` something else has replaced (offloading by accelerate).
    """
    mixers = _mixers(model)
    changed = [mixer for mixer in mixers if not _is_enabled(mixer)]
    if taken := [mixer for mixer in changed if "forward" in vars(mixer)]:
        raise BadSetting(
            f"{len(taken)} of {len(mixers)} Mamba layers have a forward that something else replaced (such as "
            "accelerate's offloading); load the model onto one device without device_map, or undo the other change"
        )
    for mixer in changed:
        mixer.forward = MethodType(_mix, mixer)
    return Enabled(len(changed), len(mixers))


def disable_stateful_scan(model: nn.Module) -> Enabled:
    """Gives the layers transformers' own scan back; does nothing where it is there already."""
    mixers = _mixers(model)
    changed = [mixer for mixer in mixers if _is_enabled(mixer)]
    for mixer in changed:
        del mixer.forward
    return Enabled(len(changed), len(mixers))


def has_stateful_scan(model: nn.Module) -> bool:
    """Whether the model has Mamba-1 layers and all of them have this scan."""
    mixers = [m for m in model.modules() if type(m).__name__ in MIXERS]
    return bool(mixers) and all(_is_enabled(mixer) for mixer in mixers)


def reads_padding(model: nn.Module) -> bool:
    """Whether padding, wherever it stands, changes no recurrent state of a model whose layers are all this scan's.

    Hybrids are left out: transformers hides the mask of a single token from their recurrent layers.
    """
    kind = getattr(getattr(model, "config", None), "model_type", "")
    return kind in ("mamba", "falcon_mamba") and has_stateful_scan(model)


def _mixers(model: Any) -> list[Any]:
    if not isinstance(model, nn.Module):
        raise BadSetting(
            f"got a {type(model).__name__}; expected a loaded Hugging Face model (of a forethought Model: model.lm)"
        )
    mixers = [m for m in model.modules() if type(m).__name__ in MIXERS]
    if not mixers:
        kind = getattr(getattr(model, "config", None), "model_type", type(model).__name__)
        raise BadSetting(
            f"this {kind!r} model has no Mamba-1 layers; expected a Hugging Face Mamba, FalconMamba or Jamba. Mamba2, "
            "its hybrids and Transformers read on from a cache rightly: use them as they are"
        )
    return mixers


def _is_enabled(mixer: nn.Module) -> bool:
    return getattr(vars(mixer).get("forward"), "__func__", None) is _mix


# --- a layer ---


class Aligned(NamedTuple):
    """Rows with their padding moved to the end: where each token comes from, which are real, how many are."""

    order_BT: Tensor
    real_BT: Tensor
    count_B: Tensor


def _mix(
    self: Any, hidden_states: Tensor, cache_params: Any = None, attention_mask: Tensor | None = None, **_: Any
) -> Tensor:
    """The layer's forward: (B, T, W) to (B, T, W), its state read from and written to ``cache_params``."""
    aligned = _aligned(attention_mask, hidden_states.shape[1])
    hidden_BTW = hidden_states if aligned is None else _taken(hidden_states, aligned.order_BT)
    u_BTD, gate_BTD = self.in_proj(hidden_BTW).chunk(2, dim=-1)
    before, window_BTD = _before(self, cache_params, u_BTD)
    u_BTD = self.act(_convolved(self.conv1d, window_BTD).to(u_BTD.dtype))
    dt, b, c = self.x_proj(u_BTD).split([self.time_step_rank, self.ssm_state_size, self.ssm_state_size], dim=-1)
    if MIXERS[type(self).__name__]:
        dt, b, c = self.dt_layernorm(dt), self.b_layernorm(b), self.c_layernorm(c)
    dt_BTD = F.softplus(_time_step(self.dt_proj, dt))
    if aligned is not None:
        dt_BTD = dt_BTD * aligned.real_BT[..., None]  # a step of no time leaves the state as it is
    a_DN = -(wide(self.A_log) * LOG2_E).exp2()
    y_BTD, last_BDN = selective_scan(u_BTD, dt_BTD, a_DN, b, c, before)
    if cache_params is not None:
        _remember_inputs(cache_params, self, window_BTD, aligned)
        cache_params.update_recurrent_state(last_BDN, self.layer_idx)
    y_BTD = torch.addcmul(y_BTD, u_BTD.to(y_BTD.dtype), self.D.to(y_BTD.dtype)) * F.silu(gate_BTD)
    out_BTW: Tensor = self.out_proj(y_BTD.to(hidden_states.dtype))
    return out_BTW if aligned is None else _taken(out_BTW, aligned.order_BT.argsort(1))


def _aligned(mask: Tensor | None, tokens: int) -> Aligned | None:
    """How to move the padding of the last ``tokens`` to the end; ``None`` where there is none."""
    if mask is None:
        return None
    if mask.ndim != 2 or mask.shape[1] < tokens:
        raise BadSetting(
            f"attention_mask has the shape {tuple(mask.shape)}; expected a row for each sequence and at least {tokens} "
            "columns, one for each token now read"
        )
    real_BT = mask[:, -tokens:].bool()
    if bool(real_BT.all()):
        return None
    order_BT = real_BT.logical_not().to(torch.uint8).argsort(stable=True, dim=1)
    return Aligned(order_BT, real_BT.gather(1, order_BT), real_BT.sum(1))


def _taken(x_BTW: Tensor, order_BT: Tensor) -> Tensor:
    return x_BTW.gather(1, order_BT[..., None].expand(-1, -1, x_BTW.shape[-1]))


def _before(mixer: Any, cache: Any, u_BTD: Tensor) -> tuple[Tensor | None, Tensor]:
    """The cached state, and the convolution's inputs with the K before them (B, K + T, D); zeros where none are."""
    inputs = state = None
    if cache is not None:
        inputs, state = cache.get_conv_state(mixer.layer_idx), cache.get_recurrent_state(mixer.layer_idx)
    if inputs is None:
        return None, F.pad(u_BTD, (0, 0, mixer.conv_kernel_size, 0))
    kept_BTD = inputs.transpose(1, 2)
    kept_BTD = F.pad(kept_BTD, (0, 0, max(0, mixer.conv_kernel_size - kept_BTD.shape[1]), 0))
    return state, torch.cat([kept_BTD[:, -mixer.conv_kernel_size :].to(u_BTD.dtype), u_BTD], dim=1)


def _remember_inputs(cache: Any, mixer: Any, window_BTD: Tensor, aligned: Aligned | None) -> None:
    """Leaves the last K inputs of the convolution in the cache, each row's own."""
    width = mixer.conv_kernel_size
    if cache.is_recording_past(mixer.layer_idx):
        if aligned is not None:
            raise BadSetting(
                "a cache that records its past (assisted decoding) got padding; expected rows of one length"
            )
        cache.update_conv_state(window_BTD[:, width:].transpose(1, 2), mixer.layer_idx, conv_kernel_size=width)
        return
    last_BKD = window_BTD[:, -width:]
    if aligned is not None:
        last_BKD = _taken(window_BTD, aligned.count_B[:, None] + torch.arange(width, device=window_BTD.device))
    cache.update_conv_state(last_BKD.transpose(1, 2), mixer.layer_idx, conv_kernel_size=width)


def _convolved(conv: nn.Conv1d, window_BTD: Tensor) -> Tensor:
    """The causal depthwise convolution of all but the first K, with time before channels: no transposed copies."""
    weight_KD = wide(conv.weight)[:, 0].t().contiguous()
    width, window_BTD = len(weight_KD), wide(window_BTD)
    tokens = window_BTD.shape[1] - width
    out_BTD = window_BTD[:, 1 : 1 + tokens] * weight_KD[0]
    if conv.bias is not None:
        out_BTD = out_BTD + wide(conv.bias)
    for k in range(1, width):
        out_BTD.addcmul_(window_BTD[:, 1 + k : 1 + k + tokens], weight_KD[k])
    return out_BTD


def _time_step(projection: nn.Module, rank_BTR: Tensor) -> Tensor:
    """The time step before softplus, its bias added in float32; a quantised layer adds its own."""
    if type(projection) is nn.Linear and projection.bias is not None:
        return wide(F.linear(rank_BTR, projection.weight)) + wide(projection.bias)
    found: Tensor = projection(rank_BTR)
    return wide(found)
