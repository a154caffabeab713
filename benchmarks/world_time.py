"""Which share of a training run is the worlds' own time (target: at most 5%).

    python benchmarks/world_time.py                                     # the built-in worlds
    python benchmarks/world_time.py --worlds twx-cookingworld agentdojo # with their extras, and Java

Trains ``nano`` from scratch by its own actions (``developmental``, level 1, the defaults of training) in each world for
some updates, with a clock around every reset and step. Seconds are processor seconds of this process; for worlds that
play in another process (TextWorldExpress in Java) they are seconds on the clock, for the run and for the world alike.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import forethought as ft
from forethought.cli.options import quiet_bars
from forethought.evaluation import Record, save_results
from forethought.worlds.vector import VectorWorld

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "world_time.json"
WORLDS = ("errand", "cliff", "street", "lab", "inbox", "advice")


def main() -> None:
    """Trains in each world and writes the records."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worlds", nargs="+", default=list(WORLDS))
    parser.add_argument("--budget-tokens", type=int, default=100_000)
    parser.add_argument("--output", type=Path, default=RESULT)
    args = parser.parse_args()
    quiet_bars()
    records = []
    for world in args.worlds:
        clock = time.perf_counter if world.startswith("twx-") else time.process_time
        inside, whole = measured(world, args.budget_tokens, clock)
        share = inside / whole
        records.append(Record("developmental", world, "train", "", "world_time", share, share, share, 1))
        print(f"{world:18} {share:6.1%} of {whole:.0f} s", flush=True)
    save_results(args.output, records, shlex.join(["python", *sys.argv]))


def measured(world: str, budget: int, clock: Callable[[], float]) -> tuple[float, float]:
    """Seconds inside a world, and of the whole run."""
    inside = 0.0

    def timed(call: Callable[..., Any]) -> Callable[..., Any]:
        def clocked(*arguments: Any) -> Any:
            nonlocal inside
            started = clock()
            try:
                return call(*arguments)
            finally:
                inside += clock() - started

        return clocked

    before = VectorWorld.reset, VectorWorld.step
    VectorWorld.reset, VectorWorld.step = timed(before[0]), timed(before[1])  # type: ignore[method-assign]
    started = clock()
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ft.train(folder=Path(folder) / "run", worlds=[world], budget_tokens=budget)
    finally:
        VectorWorld.reset, VectorWorld.step = before  # type: ignore[method-assign]
    return inside, clock() - started


if __name__ == "__main__":
    main()
