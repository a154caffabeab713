"""Steps per second of processor time of the built-in worlds, beside TextWorldExpress, in one run.

Random play: resets, observation text and the list of candidates are part of every step. TextWorldExpress plays its
CookingWorld with random valid actions and its text and valid actions fetched likewise; it runs where it is installed:

    python3.11 -m venv /tmp/twx && /tmp/twx/bin/pip install textworld-express     # needs Java
    python benchmarks/worlds_speed.py --textworld-express /tmp/twx/bin/python

Seconds are processor seconds (for TextWorldExpress those of its Python and of its Java together), so that a step costs
the same however many cores there are and whoever else uses them. All arms take turns, so that what load still does
(shared caches, hyperthreads) meets all of them. ``low`` and ``high`` are the slowest and the
fastest turn, ``value`` the median; ``seeds`` counts turns, ``n`` the steps of one turn.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "worlds_speed.json"
RIVAL = "textworld-express"
WARM_UP = {"forethought": 1, RIVAL: 4}
"""Turns that do not count: caches fill, and Java's compiler gets to work."""
Turn = Callable[[int], float]


def main() -> None:
    """Runs all arms in turns and writes the records."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--textworld-express", metavar="PYTHON", help="a Python that has textworld-express")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--steps", type=int, default=20_000, help="steps of one turn (a fifth of it for the rival)")
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("--serve-textworld-express", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve_textworld_express:
        serve_rival()
        return
    with arms(args.textworld_express) as turns:
        steps = {arm: args.steps // 5 if arm[0] == RIVAL else args.steps for arm in turns}
        for arm, turn in turns.items():
            for _ in range(WARM_UP[arm[0]]):
                turn(steps[arm])
        speeds: dict[tuple[str, str, str], list[float]] = {arm: [] for arm in turns}
        for _ in range(args.turns):
            for arm, turn in turns.items():
                speeds[arm].append(turn(steps[arm]))
    records = [record(arm, "steps_per_core_second", speeds[arm], steps[arm]) for arm in turns]
    for rival in (arm for arm in speeds if arm[0] == RIVAL):
        for arm in (arm for arm in speeds if arm[0] != RIVAL):
            ratios = [ours / theirs for ours, theirs in zip(speeds[arm], speeds[rival], strict=True)]
            records.append(record(arm, f"times_{RIVAL}", ratios, steps[arm]))
    for row in records:
        print(
            f"{row['arm']:18} {row['world']:22} {row['metric']:28} {row['value']:10.1f} ({row['low']} to {row['high']})"
        )
    write(args.output, records)


@contextmanager
def arms(rival_python: str | None) -> Iterator[dict[tuple[str, str, str], Turn]]:
    """Every (arm, world, split) with a function that plays so many steps and gives steps per second."""
    from forethought.worlds import BUILT_IN

    turns: dict[tuple[str, str, str], Turn] = {}
    for name in BUILT_IN:
        for level in (1, 3):
            turns["forethought", f"{name} level {level}", "train"] = our_turn(name, level)
    if not rival_python:
        yield turns
        return
    command = [rival_python, __file__, "--serve-textworld-express"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as rival:
        assert rival.stdin and rival.stdout

        def rival_turn(steps: int) -> float:
            print(steps, file=rival.stdin, flush=True)
            return float(rival.stdout.readline())

        turns[RIVAL, "cookingworld", "train"] = rival_turn
        yield turns
        rival.stdin.close()


def our_turn(name: str, level: int) -> Turn:
    """Random play of a built-in world; every turn goes on to new situations."""
    from forethought.worlds import make

    world, rng = make(name, level=level, seed=0), random.Random(0)

    def turn(steps: int) -> float:
        _, info = world.reset()
        start = time.process_time()
        for _ in range(steps):
            _, _, terminated, truncated, info = world.step(rng.choice(info["candidates"]))
            if terminated or truncated:
                _, info = world.reset()
        return steps / (time.process_time() - start)

    return turn


def serve_rival() -> None:
    """In the rival's Python: for each line read, plays so many steps and writes steps per second."""
    from textworld_express import TextWorldExpressEnv

    out, sys.stdout = sys.stdout, sys.stderr
    env, rng, seed = TextWorldExpressEnv(envStepLimit=100), random.Random(0), 0
    env.load(gameName="cookingworld", gameParams="")
    for line in sys.stdin:
        steps, taken = int(line), 0
        start = processor_seconds()
        while taken < steps:
            _, info = env.reset(seed=seed, gameFold="train", generateGoldPath=False)
            seed += 1
            for _ in range(min(100, steps - taken)):
                _, _, done, info = env.step(rng.choice(info["validActions"]))
                taken += 1
                if done:
                    break
        print(steps / (processor_seconds() - start), file=out, flush=True)
    env.close()


def record(arm: tuple[str, str, str], metric: str, values: list[float], steps: int) -> dict[str, Any]:
    """One record as every stored result has them."""
    name, world, split = arm
    low, value, high = (round(x, 2) for x in (min(values), statistics.median(values), max(values)))
    found = {"value": value, "low": low, "high": high, "n": steps, "seeds": len(values)}
    return {"arm": name, "world": world, "split": split, "axis": "", "metric": metric, **found}


def write(path: Path, records: list[dict[str, Any]]) -> None:
    """The records beside what made them."""
    made = {
        "command": " ".join(["python", Path(__file__).relative_to(ROOT).as_posix(), *sys.argv[1:]]),
        "commit": subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.strip(),
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in ("gymnasium", "numpy")},
        },
        "machine": {"cpu": cpu(), "cores": os.cpu_count(), "load": [round(x, 2) for x in os.getloadavg()]},
        "records": records,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


def processor_seconds() -> float:
    """Processor time of this process and of its children so far (a Java that py4j started is one)."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        except OSError:  # it ended meanwhile
            continue
        if int(words[1]) == os.getpid():
            ticks += int(words[11]) + int(words[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def cpu() -> str:
    """The processor's name."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
