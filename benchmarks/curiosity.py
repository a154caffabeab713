"""How many steps it takes until the quickstart's probes are understood: three ways of being curious, and none.

    python benchmarks/curiosity.py --folder /somewhere/with/space

``nano`` in errand level 1, every arm with the same seeds and but for its curiosity the quickstart's settings. Curiosity
decides what is babbled and what is replayed; two arms have it in replay alone, to tell these apart. An exam of 16
validation pairs of each probe is sat every 16 updates; the target is reached when every probe has 80% of its pairs
right, and there a run is broken off. Steps are those lived in the world by then, tokens those learned from; a run that
never gets there counts with all that it had (``reached`` says how many did). ``ratio`` is paired by seed: below 1 the
arm needs fewer than "uniform". The same command again goes on where it stopped.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from forethought import storage
from forethought.evaluation import Record, over_seeds, save_results

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "curiosity.json"
ARMS: dict[str, dict[str, str]] = {
    "uniform": {"explore": "uniform", "curiosity": "none"},
    "uniform, progress in replay": {"explore": "uniform", "curiosity": "progress"},
    "uniform, mastery in replay": {"explore": "uniform", "curiosity": "mastery"},
    "progress": {"explore": "curious", "curiosity": "progress"},
    "surprise": {"explore": "curious", "curiosity": "surprise"},
    "mastery": {"explore": "curious", "curiosity": "mastery"},
}
TARGET, EXAM = 0.8, 16
LOOK_EVERY = 3
"""Seconds between two looks at whether a run has reached the target."""


def main() -> None:
    """Trains what is not trained, and compares."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the runs lie")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--budget-tokens", type=int, default=3_000_000)
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1, help="processes, one thread each")
    parser.add_argument("--output", type=Path, default=RESULT)
    args = parser.parse_args()
    runs = [
        (arm, seed, args.folder / f"{arm.replace(', ', '-').replace(' ', '-')}-{seed}")
        for seed in args.seeds
        for arm in args.arms
    ]
    with ThreadPoolExecutor(args.at_once) as workers:
        for done in [workers.submit(trained, *run, args.budget_tokens) for run in runs]:
            done.result()
    found = {(arm, seed): reached(storage.read_json_lines(folder / "metrics.jsonl")) for arm, seed, folder in runs}
    records = [record for arm in args.arms for record in summed(arm, args.seeds, found)]
    detail = {f"{arm}-{seed}": values for (arm, seed), values in found.items()}
    save_results(args.output, records, shlex.join(["python", *sys.argv]), {"arms": ARMS, "runs": detail})
    for record in records:
        print(f"{record.arm:28} {record.metric:14} {record.value:12.2f} ({record.low:.2f} to {record.high:.2f})")


def trained(arm: str, seed: int, folder: Path, budget: int) -> None:
    """Trains one run, or goes on training it, until it has reached the target."""
    metrics = folder / "metrics.jsonl"
    if metrics.exists() and reached(storage.read_json_lines(metrics))["reached"]:
        return
    settings = {**ARMS[arm], "seed": seed, "budget-tokens": budget, "exam-updates": EXAM}
    command = [sys.executable, "-m", "forethought", "train", "--recipe", "quickstart", "--folder", str(folder)]
    command += [
        "--quiet",
        "--no-evaluate",
        *(part for name, value in settings.items() for part in (f"--{name}", str(value))),
    ]
    with subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL) as run:
        while run.poll() is None:
            time.sleep(LOOK_EVERY)
            if metrics.exists() and reached(storage.read_json_lines(metrics))["reached"]:
                run.send_signal(signal.SIGINT)
                run.wait()
                break
        else:
            if run.returncode:
                raise subprocess.CalledProcessError(run.returncode, command)
    print(f"{folder.name}: {reached(storage.read_json_lines(metrics))}", flush=True)


def reached(metrics: list[dict[str, Any]]) -> dict[str, float]:
    """Steps lived and tokens learned from when every probe was understood first, or in the end if that never was."""
    if not metrics:
        return {"steps": 0, "tokens": 0, "reached": 0.0}
    for line in metrics:
        probes = [value for name, value in line.items() if name.startswith("exam/") and name.count("/") == 2]
        if probes and min(probes) >= TARGET:
            return {"steps": line["steps"], "tokens": line["tokens"], "reached": 1.0}
    return {"steps": metrics[-1]["steps"], "tokens": metrics[-1]["tokens"], "reached": 0.0}


def summed(arm: str, seeds: list[int], found: dict[tuple[str, int], dict[str, float]]) -> list[Record]:
    """An arm's records: means over seeds, and steps as a share of those of "uniform" with the same seed."""
    mine = [found[arm, seed] for seed in seeds]
    values = {name: [each[name] for each in mine] for name in ("steps", "tokens", "reached")}
    if arm != "uniform" and ("uniform", seeds[0]) in found:
        values["ratio"] = [each["steps"] / found["uniform", s]["steps"] for each, s in zip(mine, seeds, strict=True)]
    records = []
    for name, these in values.items():
        value, low, high = over_seeds(these) if len(these) > 1 else (these[0],) * 3
        records.append(
            Record(arm, "errand", "validation", "", f"to_target/{name}", value, low, high, len(these), len(these))
        )
    return records


if __name__ == "__main__":
    main()
