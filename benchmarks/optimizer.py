"""Seconds of our Muon's step as a share of torch's, over the hidden matrices of each preset, in one run.

    OMP_NUM_THREADS=1 python benchmarks/optimizer.py

Both take turns over the same matrices and gradients; a value is a mean over turns with its bootstrap interval.
``apart`` is how far the two move the weights apart in ten steps, as a share of how far they move.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor

from forethought.evaluation.results import save_results
from forethought.evaluation.statistics import Record, bootstrap
from forethought.models import Model
from forethought.training.muon import Muon

RESULT = Path(__file__).parent / "results" / "optimizer.json"
SETTINGS = {"lr": 0.005, "weight_decay": 0.01, "momentum": 0.95}
STEPS = 10


def main() -> None:
    """Measures every preset and writes the records."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=["pico", "nano", "tiny"])
    parser.add_argument("--turns", type=int, default=10)
    args = parser.parse_args()
    torch.set_num_threads(1)
    records = []
    for size in args.sizes:
        matrices = [p.detach() for p in Model.from_scratch(size).lm.model.layers.parameters() if p.ndim == 2]
        ours, theirs = ([matrix.clone().requires_grad_() for matrix in matrices] for _ in range(2))
        made = Muon(ours, **SETTINGS), torch.optim.Muon(theirs, **SETTINGS)
        for step in range(STEPS):
            for optimizer, weights in zip(made, (ours, theirs), strict=True):
                timed(optimizer, weights, step)
        moved = sum(float((b.detach() - start).square().sum()) for b, start in zip(theirs, matrices, strict=True))
        apart = sum(float((a - b).detach().square().sum()) for a, b in zip(ours, theirs, strict=True))
        shares, seconds = [], []
        for turn in range(args.turns):
            mine, torchs = timed(made[0], ours, turn), timed(made[1], theirs, turn)
            shares.append(mine / torchs)
            seconds.append(mine)
        for metric, values in (("share of torch's time", shares), ("seconds", seconds)):
            records.append(Record("muon", size, "", "", metric, *bootstrap(values), args.turns, 1))
        records.append(Record("muon", size, "", "", "apart", *((apart / moved) ** 0.5,) * 3, STEPS, 1))
        print(*records[-3:], sep="\n", flush=True)
    save_results(RESULT, records, "OMP_NUM_THREADS=1 python benchmarks/optimizer.py")


def timed(optimizer: torch.optim.Optimizer, weights: list[Tensor], seed: int) -> float:
    """Processor seconds of a step with random gradients."""
    generator = torch.Generator().manual_seed(seed)
    for weight in weights:
        weight.grad = torch.randn(weight.shape, generator=generator)
    started = time.process_time()
    optimizer.step()
    return time.process_time() - started


if __name__ == "__main__":
    main()
