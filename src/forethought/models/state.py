"""What a model has read, as a thing to keep: a snapshot of its cache, restored into the same model and no other.

For every cache that transformers' ``DynamicCache`` holds: recurrent states (Mamba, Mamba2), keys and values (Llama and
the like, sliding windows too) and both (Jamba and other hybrids). A snapshot is a copy, and what is restored from it is
another: going on from one changes neither. On the disk it is one safetensors file with a JSON description in its head.

Shapes: R rows, T tokens, V vocabulary.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import index
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as write_tensors
from torch import Tensor, nn

from forethought import storage
from forethought.errors import BadSetting, Damaged, WrongState

FORMAT = 3
HEADER = "forethought_state"
RECURRENT, KEYS_AND_VALUES = ("conv_states", "recurrent_states"), ("keys", "values")
KINDS = {
    "LinearAttentionLayer": RECURRENT,
    "DynamicLayer": KEYS_AND_VALUES,
    "DynamicSlidingWindowLayer": KEYS_AND_VALUES,
    "LinearAttentionAndFullAttentionLayer": RECURRENT + KEYS_AND_VALUES,
    "LinearAttentionAndSlidingWindowAttentionLayer": RECURRENT + KEYS_AND_VALUES,
    "DummyLayer": (),
}
"""The kinds of layers of transformers' caches that are understood, and what each of them holds."""
UNREAD = {
    "_name_or_path", "architectures", "transformers_version", "dtype", "torch_dtype",
    "attn_implementation", "experts_implementation", "use_mamba_kernels", "use_mambapy", "use_associative_scan",
    "use_cache", "cache_implementation", "return_dict", "chunk_size_feed_forward", "pretraining_tp",
    "pad_token_id", "bos_token_id", "eos_token_id", "id2label", "label2id", "problem_type",
    "initializer_range", "rescale_prenorm_residual", "router_aux_loss_coef",
}  # fmt: skip
"""Settings of a model that do not change what it reads from its tokens: names, ways to compute the same, training."""
UNREAD_ENDS = ("dropout", "pdrop")
UNREAD_BEGINS = ("output_",)
_FINGERPRINTS: WeakKeyDictionary[nn.Module, tuple[object, str]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class State:
    """A copy of a cache, with what it belongs to; ``tokenizer`` and ``prefix`` are "" where they were not given.

    ``logits_RV`` are those after the last token and ``mask_RT`` tells padding (0) from tokens, where they were given.
    """

    model: str
    tokenizer: str
    prefix: str
    layers: tuple[dict[str, Any], ...]
    tensors: dict[str, Tensor] = field(repr=False)
    logits_RV: Tensor | None = None
    mask_RT: Tensor | None = None

    @property
    def bytes(self) -> int:
        """How much memory the cache takes."""
        return sum(tensor.nbytes for tensor in self.tensors.values())


# --- what a state belongs to ---


def model_fingerprint(lm: nn.Module) -> str:
    """Sixteen hexadecimal digits that change with any weight, its name or its type; independent of the device.

    All weights are read, and again only after they were changed in a way that PyTorch counts (not through ``.data``).
    """
    weights = sorted(lm.named_parameters())
    try:
        now: object = [(p.data_ptr(), p._version, p.device) for _, p in weights]
    except RuntimeError:  # weights made in inference mode are not counted
        now = None
    known = _FINGERPRINTS.get(lm)
    if known is not None and now is not None and known[0] == now:
        return known[1]
    found = hashlib.sha256()
    for name, weight in weights:
        found.update(f"{name} {weight.dtype} {tuple(weight.shape)}\n".encode())
        found.update(_bytes_of(weight))
    _FINGERPRINTS[lm] = now, found.hexdigest()[:16]
    return found.hexdigest()[:16]


def reader_fingerprint(lm: nn.Module) -> str:
    """Sixteen hexadecimal digits that change with any weight and with any setting that changes what is computed.

    Two models of the same weights read differently where, say, their positions turn at another speed.
    """
    config: Any = getattr(lm, "config", None)
    settings = {} if config is None else _read_settings(config.to_dict())
    told = json.dumps([model_fingerprint(lm), settings], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _read_settings(told: dict[Any, Any]) -> dict[str, Any]:
    """A config's settings without those of ``UNREAD``, those of its parts too."""
    return {
        name: _read_settings(value) if isinstance(value, dict) else value
        for name, value in ((str(name), value) for name, value in told.items())
        if name not in UNREAD and not name.endswith(UNREAD_ENDS) and not name.startswith(UNREAD_BEGINS)
    }


def _bytes_of(tensor: Tensor) -> memoryview:
    """A tensor's numbers as they lie in memory."""
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data


def tokenizer_fingerprint(tokenizer: Any) -> str:
    """Sixteen hexadecimal digits that change with what text becomes which tokens."""
    told: dict[str, Any] = {"vocabulary": tokenizer.get_vocab(), "special": tokenizer.special_tokens_map}
    if tokenizer.is_fast:
        rules = json.loads(tokenizer.backend_tokenizer.to_str())
        told["rules"] = {name: rule for name, rule in rules.items() if name not in ("truncation", "padding")}
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]


def prefix_hash(ids: Sequence[int] | Sequence[Sequence[int]] | Tensor) -> str:
    """Sixteen hexadecimal digits that change with any token read; one row, or several, without their padding.

    Raises ``BadSetting`` for what holds no numbers.
    """
    try:
        rows: Any = ids.tolist() if isinstance(ids, Tensor) else [*ids]
        if rows and isinstance(rows[0], int):
            rows = [rows]
        numbers = [[index(i) for i in row] for row in rows]
    except TypeError as error:
        raise BadSetting(
            f"got {ids!r:.60} as the tokens that were read; expected their numbers, in rows or not"
        ) from error
    return hashlib.sha256(json.dumps(numbers).encode()).hexdigest()[:16]


# --- snapshot and restore ---


def snapshot(
    lm: nn.Module,
    cache: Any,
    ids: Sequence[int] | Sequence[Sequence[int]] | Tensor | None = None,
    *,
    tokenizer: Any = None,
    logits_RV: Tensor | None = None,
    mask_RT: Tensor | None = None,
) -> State:
    """A copy of what ``cache`` holds, bound to the model and, where given, to the tokenizer and the ids that were read.

    Raises ``BadSetting`` for caches of another kind than ``DynamicCache`` and for ones that record their past.
    """
    layers, tensors = [], {}
    for number, layer in enumerate(_layers_of(cache)):
        told = _described(layer)
        for name, tensor in _tensors_of(layer):
            tensors[f"{number}.{name}"] = tensor.detach().clone(memory_format=torch.contiguous_format)
        layers.append(told)
    return State(
        model=reader_fingerprint(lm),
        tokenizer="" if tokenizer is None else tokenizer_fingerprint(tokenizer),
        prefix="" if ids is None else prefix_hash(ids),
        layers=tuple(layers),
        tensors=tensors,
        logits_RV=None if logits_RV is None else logits_RV.detach().clone(),
        mask_RT=None if mask_RT is None else mask_RT.detach().clone(),
    )


def restore(
    lm: nn.Module,
    state: State,
    ids: Sequence[int] | Sequence[Sequence[int]] | Tensor | None = None,
    *,
    tokenizer: Any = None,
) -> Any:
    """A new ``DynamicCache`` with what the state holds, on the model's device; the state can be restored again.

    Raises ``WrongState`` where the model is not the one that read it, in its weights or its settings, or where
    ``tokenizer`` or ``ids`` are given and are not those that it was made with.
    """
    from transformers import DynamicCache

    if not isinstance(state, State):
        raise BadSetting(f"got a {type(state).__name__} as a state; expected what snapshot() or load() gave")
    _matches("model", reader_fingerprint(lm), state.model)
    if tokenizer is not None:
        _matches("tokenizer", tokenizer_fingerprint(tokenizer), state.tokenizer)
    if ids is not None:
        _matches("text", prefix_hash(ids), state.prefix)
    device = next(lm.parameters()).device
    cache: Any = DynamicCache(config=getattr(lm, "config", None))
    expected = [type(layer).__name__ for layer in cache.layers]
    if expected and expected != [told["kind"] for told in state.layers]:
        cache = DynamicCache()  # one that was made without the model's config
    cache.layers = [_rebuilt(told, number, state.tensors, device) for number, told in enumerate(state.layers)]
    return cache


def _matches(what: str, got: str, expected: str) -> None:
    if got != expected:
        bound = f"was made with {what} {expected}" if expected else f"was made without naming its {what}"
        raise WrongState(
            f"this state {bound}, the one given is {got}; restore it with the {what} that it was made with, or let the "
            "model read the text again"
        )


def _layers_of(cache: Any) -> list[Any]:
    layers = getattr(cache, "layers", None)
    names = [type(layer).__name__ for layer in layers or ()]
    if layers is None or (unknown := sorted(set(names) - set(KINDS))):
        got = type(cache).__name__ + (f" with {', '.join(unknown)}" if layers is not None else "")
        raise BadSetting(
            f"the cache is a {got}; expected transformers' DynamicCache: DynamicCache(config=model.config)"
        )
    if any(getattr(layer, "record_past", False) for layer in layers):
        raise BadSetting(
            "the cache records its past (assisted decoding), so it may yet be cropped; expected one that does not"
        )
    return list(layers)


def _described(layer: Any) -> dict[str, Any]:
    """What a layer is, apart from its tensors."""
    told: dict[str, Any] = {"kind": type(layer).__name__}
    if "conv_states" in KINDS[told["kind"]]:
        told["states"] = layer.number_of_states
        told["read"] = [bool(layer.has_previous_state[i]) for i in range(layer.number_of_states)]
    if getattr(layer, "is_sliding", False):
        told["window"], told["length"] = layer.sliding_window, layer.cumulative_length
    return told


def _tensors_of(layer: Any) -> list[tuple[str, Tensor]]:
    found: list[tuple[str, Tensor | None]] = []
    for name in KINDS[type(layer).__name__]:
        held = getattr(layer, name)
        found += [(f"{name}.{i}", held[i]) for i in held] if isinstance(held, dict) else [(name, held)]
    return [(name, tensor) for name, tensor in found if tensor is not None]


def _rebuilt(told: dict[str, Any], number: int, tensors: dict[str, Tensor], device: torch.device) -> Any:
    """One layer of a cache, from its description and copies of its tensors."""
    from transformers import cache_utils

    names = {"states": "number_of_states", "window": "sliding_window"}
    layer = getattr(cache_utils, told["kind"])(**{names[n]: told[n] for n in names if n in told})
    mine = {n: t.to(device, copy=True) for n in _names(told) if (t := tensors.get(f"{number}.{n}")) is not None}
    if "keys" in mine:
        layer.lazy_initialization(mine["keys"], mine["values"])
        layer.keys, layer.values = mine["keys"], mine["values"]
    for i in range(told.get("states", 0)):
        if (inputs := mine.get(f"conv_states.{i}")) is not None:
            layer.lazy_initialization(conv_states=inputs, state_idx=i)
            layer.conv_states[i] = inputs
        if (recurrent := mine.get(f"recurrent_states.{i}")) is not None:
            layer.lazy_initialization(recurrent_states=recurrent, state_idx=i)
            layer.recurrent_states[i] = recurrent
        layer.has_previous_state[i] = told["read"][i]
    if "length" in told:
        layer.cumulative_length = told["length"]
    return layer


def _names(told: dict[str, Any]) -> list[str]:
    """The tensors that a layer of this description may have."""
    held = KINDS[told["kind"]]
    recurrent = [f"{name}.{i}" for name in held if name in RECURRENT for i in range(told["states"])]
    return recurrent + [name for name in held if name in KEYS_AND_VALUES]


# --- on the disk ---


def to_bytes(state: State) -> bytes:
    """The state as a safetensors file."""
    more = {"logits_RV": state.logits_RV, "mask_RT": state.mask_RT}
    tensors = {**state.tensors, **{name: t.contiguous() for name, t in more.items() if t is not None}}
    told = {
        "format": FORMAT, "model": state.model, "tokenizer": state.tokenizer, "prefix": state.prefix,
        "layers": state.layers, "tensors": _digests(tensors),
    }  # fmt: skip
    return write_tensors(tensors, metadata={HEADER: json.dumps(told)})


def _digests(tensors: dict[str, Tensor]) -> dict[str, str]:
    """A fingerprint of each tensor, so that damage is noticed."""
    return {name: hashlib.sha256(_bytes_of(tensors[name])).hexdigest()[:16] for name in sorted(tensors)}


def from_bytes(data: bytes) -> State:
    """The state that ``to_bytes`` made. Raises ``Damaged`` for anything else."""
    try:
        length = int.from_bytes(data[:8], "little")
        told = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][HEADER])
        tensors = read_tensors(data)
        if told["format"] != FORMAT:
            raise ValueError(f"format {told['format']}")
        if _digests(tensors) != told["tensors"]:
            raise ValueError(f"its {len(tensors)} tensors are not those that were saved")
        layers = tuple(told["layers"])
        known = {f"{number}.{name}" for number, layer in enumerate(layers) for name in _names(layer)}
        more = {name: tensors.pop(name, None) for name in ("logits_RV", "mask_RT")}
        if strange := sorted(set(tensors) - known):
            raise ValueError(f"a tensor {strange[0]!r} that no layer has")
        return State(told["model"], told["tokenizer"], told["prefix"], layers, tensors, **more)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(
            f"this is not a saved state ({type(error).__name__}: {error}); expected format {FORMAT} as save() wrote. "
            "Let the model read the text again and save its state anew."
        ) from error


def save(state: State, path: Path | str) -> Path:
    """Writes the state to one safetensors file, whole or not at all. Raises ``NoSpace``."""
    storage.write_bytes(path, to_bytes(state))
    return Path(path)


def load(path: Path | str) -> State:
    """The state in a file that ``save`` wrote, on the CPU. Raises ``FileNotFoundError`` or ``Damaged``."""
    if Path(path).is_dir():
        raise Damaged(f"{path} is a folder; expected the file of a state, as save() wrote it")
    try:
        return from_bytes(Path(path).read_bytes())
    except Damaged as error:
        raise Damaged(f"{path}: {error}") from error.__cause__
