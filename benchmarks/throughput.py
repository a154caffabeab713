"""Training tokens per second of our Learner, beside a bare PyTorch loop over the same model and batches, in one run.

    python benchmarks/throughput.py

The bare loop has its padded tensors, targets and weights ready beforehand and does nothing but forward, loss,
backward, clip and step, with the same optimiser and autocast; the loop "with all logits" multiplies every position
with the vocabulary, as a plain ``lm(ids).logits`` does. All arms take turns over the same batches of babbled errand
transcripts, so that load meets all of them. With one thread a second is a processor second; with two it is a second
of the clock (waiting threads burn processor time too), alone and beside one busy process. Every value is a mean over
``n`` turns with its bootstrap interval. ``share_of_peak`` is 6 x parameters x tokens per second over the fastest
2048 x 2048 matrix product that one thread here does.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from forethought.config import TrainConfig
from forethought.evaluation.results import save_results
from forethought.evaluation.statistics import Record, bootstrap
from forethought.models import Model, train_tokenizer, training_texts
from forethought.models.presets import preset
from forethought.training.batches import pad_in_groups
from forethought.training.learner import GROUPS, MAX_NORM, Learner, autocast_dtype
from forethought.training.live import babble, live
from forethought.training.optimizer import Optimizer
from forethought.transcript import Role, Tokens
from forethought.worlds import make

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "throughput.json"
WORLD = "errand"
BATCHES, SAMPLES = 4, 32
MATRIX = 2048
Update = Callable[[], int]
"""One update on the next batch; returns its tokens."""


def main() -> None:
    """Runs all arms in turns and writes the records."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=10, help="turns of the Learner and of the bare loop")
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("--serve", type=int, metavar="THREADS", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve)
        return
    torch.set_num_threads(1)
    peaks = {str(dtype).removeprefix("torch."): peak(dtype) for dtype in (torch.float32, torch.bfloat16)}
    records = [_record("one thread", f"{name}_matmul_gflops", [value / 1e9]) for name, value in peaks.items()]
    for size in ("nano", "tiny"):
        records += one_thread(size, args.turns, max(peaks.values()))
    records += two_threads(max(3, args.turns // 4))
    for row in records:
        print(f"{row.arm:52} {row.metric:34} {row.value:12.4g} ({row.low:.4g} to {row.high:.4g})")
    command = " ".join(["python", Path(__file__).relative_to(ROOT).as_posix(), *sys.argv[1:]])
    load = [round(x, 2) for x in os.getloadavg()]
    save_results(args.output, records, command, {"load": load, "batch": f"{SAMPLES} transcripts of {WORLD} level 1"})


# ---- one thread ----------------------------------------------------------------------------------------------------
def one_thread(size: str, turns: int, fastest: float) -> list[Record]:
    """The Learner against the bare loops in many turns, and precisions and attentions in fewer."""
    start = new_model(size)
    batches = sample_batches(start)
    updates = {
        "learner": learner(new_model(size), batches),
        "bare loop": bare(new_model(size), batches),
        "bare loop with all logits": bare(new_model(size), batches, all_logits=True),
    }
    speeds = in_turns(updates, turns)
    label = f"{size}, one thread"
    records = [_record(f"{label}, {name}", "tokens_per_core_second", values) for name, values in speeds.items()]
    for name in ("bare loop", "bare loop with all logits"):
        ratios = [ours / theirs for ours, theirs in zip(speeds["learner"], speeds[name], strict=True)]
        records.append(_record(f"{label}, learner", f"ratio_to_{name.replace(' ', '_')}", ratios))
    shares = [6 * start.parameters * speed / fastest for speed in speeds["learner"]]
    records.append(_record(f"{label}, learner", "share_of_peak", shares))
    others = {
        f"{precision}, {attention} attention": learner(new_model(size, attention), batches, precision)
        for precision, attention in itertools.product(("bfloat16", "float32"), ("our", "sdpa"))
    }
    speeds = in_turns(others, max(3, turns // 3))
    return records + [_record(f"{label}, {name}", "tokens_per_core_second", values) for name, values in speeds.items()]


def in_turns(updates: dict[str, Update], turns: int) -> dict[str, list[float]]:
    """Tokens per processor second of each update, turn by turn; every second turn goes the other way round."""
    for update in updates.values():
        update()
    speeds: dict[str, list[float]] = {name: [] for name in updates}
    for turn in range(turns):
        for name in list(updates)[:: 1 if turn % 2 else -1]:
            begun = time.process_time()
            tokens = updates[name]()
            speeds[name].append(tokens / (time.process_time() - begun))
    return speeds


def learner(model: Model, batches: Sequence[Sequence[Tokens]], precision: str = "auto") -> Update:
    """Our own update."""
    ours, left = Learner(model, TrainConfig.of(precision=precision)), itertools.cycle(batches)
    return lambda: int(ours.update(next(left), 1000, 0.5).tokens)


def bare(model: Model, batches: Sequence[Sequence[Tokens]], all_logits: bool = False) -> Update:
    """What anyone would write for exactly these tensors, made ready beforehand."""
    config, lm = TrainConfig.of(), model.lm.train()
    optimizer = Optimizer(lm, config.matrix_rate, config.learning_rate, config.weight_decay)
    dtype = autocast_dtype(config.precision, model.device, lm.config.hidden_size)
    ready = itertools.cycle([[_tensors(batch, config) for batch in _padded(model, samples)] for samples in batches])

    def update() -> int:
        optimizer.zero_grad()
        tokens = 0
        for ids_BT, selected_N, target_N, weight_N, count in next(ready):
            with torch.autocast("cpu", dtype or torch.float32, enabled=dtype is not None):
                if all_logits:
                    logits_NV = lm(input_ids=ids_BT, use_cache=False).logits[:, :-1].flatten(0, 1)[selected_N]
                else:
                    hidden_BTD = lm.base_model(input_ids=ids_BT, use_cache=False).last_hidden_state
                    logits_NV = lm.get_output_embeddings()(hidden_BTD[:, :-1].flatten(0, 1)[selected_N])
            (F.cross_entropy(logits_NV.float(), target_N, reduction="none") * weight_N).sum().backward()  # type: ignore[no-untyped-call]
            tokens += count
        torch.nn.utils.clip_grad_norm_(lm.parameters(), MAX_NORM)
        optimizer.step(0.5)
        return tokens

    return update


def _padded(model: Model, samples: Sequence[Tokens]) -> list[Any]:
    return list(pad_in_groups(samples, model.tokenizer.pad_token_id, GROUPS))


def _tensors(batch: Any, config: TrainConfig) -> tuple[Tensor, Tensor, Tensor, Tensor, int]:
    role_M, target_M = batch.roles_BT[:, 1:].flatten(), batch.ids_BT[:, 1:].flatten()
    weight_M = torch.zeros(len(role_M))
    for role, weight in ((Role.OUTCOME, config.outcome_weight), (Role.ACTION, config.action_weight)):
        mine_M = role_M == role
        weight_M += mine_M * weight / mine_M.sum().clamp(min=1) / GROUPS
    selected_N = weight_M.nonzero().flatten()
    return batch.ids_BT, selected_N, target_M[selected_N], weight_M[selected_N], batch.tokens


# ---- two threads ---------------------------------------------------------------------------------------------------
def two_threads(turns: int) -> list[Record]:
    """``tiny`` with one and two threads, waiting passively and as OpenMP does by default, alone and beside load."""
    kinds = {
        "one thread, passive wait": (1, "passive"),
        "two threads, passive wait": (2, "passive"),
        "two threads, default wait": (2, None),
    }
    records = []
    with ExitStack() as stack:
        children = {kind: stack.enter_context(child(*how)) for kind, how in kinds.items()}
        for turn in children.values():
            turn()
        for beside in ("alone", "beside a busy process"):
            speeds: dict[str, list[float]] = {kind: [] for kind in kinds}
            with busy(beside != "alone"):
                for _, (kind, turn) in itertools.product(range(turns), children.items()):
                    speeds[kind].append(turn())
            records += [_record(f"tiny, {kind}, {beside}", "tokens_per_second", speeds[kind]) for kind in kinds]
    return records


@contextmanager
def child(threads: int, wait: str | None) -> Iterator[Callable[[], float]]:
    """A process with so many OpenMP threads; gives a function that does one update there: tokens per second."""
    env = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    env.pop("OMP_WAIT_POLICY", None)
    if wait:
        env["OMP_WAIT_POLICY"] = wait
    command = [sys.executable, __file__, "--serve", str(threads)]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout

        def turn() -> float:
            print("turn", file=process.stdin, flush=True)
            return float(process.stdout.readline())  # type: ignore[union-attr]

        yield turn
        process.stdin.close()


def serve(threads: int) -> None:
    """In the child: one update and its tokens per second of the clock for each line read."""
    torch.set_num_threads(threads)
    model = new_model("tiny")
    update = learner(model, sample_batches(model))
    for _ in sys.stdin:
        begun = time.perf_counter()
        tokens = update()
        print(tokens / (time.perf_counter() - begun), flush=True)


@contextmanager
def busy(wanted: bool) -> Iterator[None]:
    """Something else that wants a core, meanwhile."""
    if not wanted:
        yield
        return
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield
        finally:
            process.terminate()


# ---- what is measured ----------------------------------------------------------------------------------------------
def new_model(size: str, attention: str = "our") -> Model:
    """A preset with a tokenizer of its own vocabulary; all have equal weights at the start."""
    if size not in _tokenizers:
        _tokenizers[size] = train_tokenizer(training_texts((WORLD,), (1,), 200), preset(size).vocabulary)
    model = Model.from_scratch(size, tokenizer=_tokenizers[size])
    if attention != "our":
        model.lm.set_attn_implementation(attention)
    return model


_tokenizers: dict[str, Any] = {}


def sample_batches(model: Model) -> list[list[Tokens]]:
    """Transcripts up to random steps of babbled episodes, as the replay gives them."""
    rng = random.Random(0)
    worlds = [make(WORLD, level=1, split="train") for _ in range(64)]
    episodes = live(model, worlds, range(64), babble, policy="babble", rng=rng)
    lived = [(episode, count + 1) for episode in episodes for count in range(len(episode.steps))]
    return [[model.transcript.episode(*rng.choice(lived)) for _ in range(SAMPLES)] for _ in range(BATCHES)]


def peak(dtype: torch.dtype, repeats: int = 8) -> float:
    """Floating point operations per processor second of the fastest of some matrix products."""
    left, right = (torch.randn(MATRIX, MATRIX).to(dtype) for _ in range(2))
    best = float("inf")
    for _ in range(repeats):
        begun = time.process_time()
        left @ right
        best = min(best, time.process_time() - begun)
    return 2 * MATRIX**3 / best


def _record(arm: str, metric: str, values: Sequence[float]) -> Record:
    return Record(arm, WORLD, "train", "", metric, *bootstrap(values), n=len(values))


if __name__ == "__main__":
    main()
