"""What a Mamba-1 layer costs on one thread with transformers' scan and with ours, and how far each is from the truth.

    OMP_NUM_THREADS=1 python benchmarks/scan.py

Random weights, state 16, one row. ``scan``: the selective scan alone, on the same inputs, without a gradient.
``layer``: a whole layer (projections, convolution, scan) that reads its tokens in one go; ``step``: one token at a time
on top of a cache. Values are microseconds of processor time (others use the machine too) per token and layer: the least
of repeated runs that take turns, with the largest as ``high``; ``speedup`` is the quotient of the two least.
``difference`` is the largest difference of the outputs as a share of the largest output. ``continuation`` is how wrong
(relative norm) logits and states are when tokens 65 to 128 are read on top of a cache of the first 64.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from transformers import AutoConfig, AutoModelForCausalLM, DynamicCache
from transformers.models.mamba.modeling_mamba import mamba_selective_scan

from forethought.evaluation import Record, save_results
from forethought.models.scan import disable_stateful_scan, enable_stateful_scan, selective_scan

RESULT = Path(__file__).resolve().parent / "results" / "scan.json"
OURS, THEIRS = "forethought", "transformers"
STATE = 16
SMALL: dict[str, Any] = {"vocab_size": 97, "hidden_size": 64, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
FAMILIES: dict[str, dict[str, Any]] = {
    "mamba": {"num_hidden_layers": 4},
    "falcon_mamba": {"num_hidden_layers": 4},
    "jamba": {"num_hidden_layers": 4, "num_experts": 2, "intermediate_size": 96, "num_attention_heads": 4,
              "num_key_value_heads": 2, "attn_layer_period": 2, "attn_layer_offset": 1, "initializer_range": 0.3},
}  # fmt: skip


def main() -> None:
    """Measures every size, then how wrong continuation is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[256, 768, 1536])
    parser.add_argument("--lengths", type=int, nargs="+", default=[64, 512, 4096])
    parser.add_argument("--seconds", type=float, default=2.0, help="for each measurement, at least two runs of each")
    parser.add_argument("--output", type=Path, default=RESULT)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    records: list[Record] = []
    with torch.inference_mode():
        for width in args.widths:
            for length in args.lengths:
                records += show(scans(width, length, args.seconds))
                records += show(layers(width, length, args.seconds))
            records += show(steps(width, args.seconds))
        for family in FAMILIES:
            records += show(continuation(family))
    save_results(args.output, records, shlex.join(["python", *sys.argv]), {"threads": torch.get_num_threads()})


def scans(width: int, length: int, seconds: float) -> list[Record]:
    """The scan alone, on time steps as trained models have them (0.001 to 0.1)."""
    channels = 2 * width
    u_BTD, gate_BTD = torch.randn(1, length, channels), torch.randn(1, length, channels)
    dt_BTD = F.softplus(torch.randn(1, length, channels) - 4.6)
    a_DN = -torch.arange(1.0, STATE + 1).repeat(channels, 1)
    b_BTN, c_BTN, d_D = torch.randn(1, length, STATE), torch.randn(1, length, STATE), torch.randn(channels)
    u_BDT, dt_BDT, b_BNT, c_BNT = (x.transpose(1, 2) for x in (u_BTD, dt_BTD, b_BTN, c_BTN))
    gate_BDT = gate_BTD.transpose(1, 2)

    def theirs() -> Any:
        return mamba_selective_scan(
            u_BDT, dt_BDT, a_DN, b_BNT, c_BNT, D=d_D, z=gate_BDT, return_last_state=True, use_mambapy=False
        )[0].transpose(1, 2)

    def ours() -> Any:
        y_BTD, _ = selective_scan(u_BTD, dt_BTD, a_DN, b_BTN, c_BTN)
        return torch.addcmul(y_BTD, u_BTD, d_D) * F.silu(gate_BTD)

    return compared("scan", width, length, {THEIRS: theirs, OURS: ours}, length, seconds)


def layers(width: int, length: int, seconds: float) -> list[Record]:
    """A whole layer that reads in one go."""
    mixer, config = one_layer(width)
    hidden_BTW = torch.randn(1, length, width)

    def read() -> Any:
        return mixer(hidden_BTW, cache_params=DynamicCache(config=config))

    return compared("layer", width, length, switched(mixer, read), length, seconds)


def steps(width: int, seconds: float) -> list[Record]:
    """A whole layer that reads 32 tokens one by one."""
    mixer, config = one_layer(width)
    hidden_BTW = torch.randn(1, 32, width)

    def read() -> Any:
        cache = DynamicCache(config=config)
        return torch.cat([mixer(hidden_BTW[:, t : t + 1], cache_params=cache) for t in range(32)], dim=1)

    return compared("step", width, 1, switched(mixer, read), 32, seconds)


def one_layer(width: int) -> tuple[Any, Any]:
    """A Mamba layer of this width and its config."""
    config = AutoConfig.for_model("mamba", vocab_size=8, hidden_size=width, state_size=STATE, num_hidden_layers=1)
    model: Any = AutoModelForCausalLM.from_config(config).eval()
    return model.backbone.layers[0].mixer, config


def switched(mixer: Any, read: Callable[[], Any]) -> dict[str, Callable[[], Any]]:
    """The same reading with either scan; switching costs nothing that could be measured."""

    def theirs() -> Any:
        disable_stateful_scan(mixer)
        return read()

    def ours() -> Any:
        enable_stateful_scan(mixer)
        return read()

    return {THEIRS: theirs, OURS: ours}


def compared(
    what: str, width: int, length: int, arms: dict[str, Callable[[], Any]], tokens: int, seconds: float
) -> list[Record]:
    """Microseconds per token of each arm, their quotient, and how far apart the outputs are."""
    outputs: dict[str, Any] = {}
    taken: dict[str, list[float]] = {arm: [] for arm in arms}
    began = time.perf_counter()
    while time.perf_counter() - began < seconds or len(taken[THEIRS]) < 2:
        for arm, run in arms.items():
            for _ in range(1 if arm == THEIRS else 3):
                start = time.thread_time()
                outputs[arm] = run()
                taken[arm].append((time.thread_time() - start) / tokens * 1e6)
    difference = float((outputs[OURS] - outputs[THEIRS]).abs().max() / outputs[THEIRS].abs().max())
    axis = f"width {width}, {length} tokens"
    records = [
        Record(arm, what, "", axis, "microseconds", min(some), min(some), max(some), len(some))
        for arm, some in taken.items()
    ]
    speedup = min(taken[THEIRS]) / min(taken[OURS])
    records.append(Record(OURS, what, "", axis, "speedup", speedup, speedup, speedup, 1))
    return [*records, Record(OURS, what, "", axis, "difference", difference, difference, difference, 1)]


def continuation(family: str) -> list[Record]:
    """How wrong logits and states are after 64 + 64 tokens, against 128 at once."""
    model: Any = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **SMALL, **FAMILIES[family])).eval()
    ids = torch.randint(3, 97, (2, 128))
    name = "past_key_values" if family == "jamba" else "cache_params"
    records = []
    for arm, switch in ((THEIRS, None), (OURS, enable_stateful_scan)):
        if switch:
            switch(model)
        whole, pieces = (DynamicCache(config=model.config) for _ in range(2))
        expected = model(ids, **{name: whole}, use_cache=True).logits[:, 64:]
        model(ids[:, :64], **{name: pieces}, use_cache=True)
        found = model(ids[:, 64:], **{name: pieces}, use_cache=True).logits
        wrong = {"logits": [(found, expected)], "recurrent_states": [], "conv_states": []}
        for ours, right in zip(pieces.layers, whole.layers, strict=True):
            for kind in ("recurrent_states", "conv_states"):
                wrong[kind] += [(vars(ours)[kind][0], vars(right)[kind][0])] if kind in vars(ours) else []
        for kind, pairs in wrong.items():
            errors = [float((x - y).norm() / y.norm()) for x, y in pairs]
            value = sum(errors) / len(errors)
            records.append(
                Record(arm, "continuation", "", family, f"error/{kind}", value, min(errors), max(errors), len(errors))
            )
    return records


def show(records: list[Record]) -> list[Record]:
    """Prints the records and gives them back."""
    for r in records:
        print(f"{r.world:13} {r.axis:24} {r.arm:13} {r.metric:24} {r.value:.4g}", flush=True)
    return records


if __name__ == "__main__":
    main()
