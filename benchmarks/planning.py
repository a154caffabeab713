"""What planning makes of a model: every imagination against the policy alone, by success, harm, cost and steps.

    python benchmarks/planning.py --folder /somewhere FOLDER_OF_MODEL_0 FOLDER_OF_MODEL_1 ...

The models are seeds of one run. Each lives the same test situations of each world, in distribution and on the axes that
bring together what training met apart, with each imagination (the record's arm; ``policy`` takes what the model finds
likeliest and imagines nothing). What a model has done is kept, so the same command again goes on; models are measured
side by side, one thread each. Values are means over seeds with t intervals, or one model's with its bootstrap interval.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from forethought import storage
from forethought.evaluation import Record, load_results, pool, save_results
from forethought.evaluation.statistics import CUSTOM, RANDOM
from forethought.worlds import world_class

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "planning.json"
IMAGINATIONS = ("guided", "latent", "words")


def main() -> None:
    """Measures what is not measured, and pools."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", type=Path, nargs="+", help="model folders, one for each seed")
    parser.add_argument("--folder", type=Path, required=True, help="where what was measured is kept")
    parser.add_argument("--worlds", nargs="+", default=["errand", "cliff", "street"])
    parser.add_argument("--imagine", nargs="+", default=list(IMAGINATIONS), choices=IMAGINATIONS)
    parser.add_argument("--episodes", type=int, default=60)
    parser.add_argument("--horizon", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1, help="processes, one thread each")
    parser.add_argument("--output", type=Path, default=RESULT)
    args = parser.parse_args()
    jobs = [(m, world, kind) for kind in args.imagine for world in args.worlds for m in range(len(args.models))]
    with ThreadPoolExecutor(args.at_once) as workers:
        for done in [workers.submit(measured, args, *job) for job in jobs]:
            done.result()
    records = pool(record for job in jobs for record in renamed(args, *job))
    models = {str(path): storage.read_json(path / "forethought.json") for path in args.models}
    save_results(args.output, records, shlex.join(["python", *sys.argv]), {"models": models})
    for record in records:
        where = f"{record.arm:8} {record.world:8} {record.axis or '-':12} {record.metric:12}"
        print(f"{where} {record.value:6.3f} ({record.low:.3f} to {record.high:.3f}) seeds {record.seeds}")


def measured(args: argparse.Namespace, model: int, world: str, kind: str) -> None:
    """Lets one model act in one world with one imagination."""
    if kept(args, model, world, kind).exists():
        return
    axes = ["", *sorted(world_class(world).recombines)]
    command = [sys.executable, "-m", "forethought", "eval", "acting", "--model", str(args.models[model]), "--json"]
    command += ["--worlds", world, "--axes", *axes, "--imagine", kind, "--horizon", str(args.horizon)]
    command += ["--episodes", str(args.episodes)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    told = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout
    storage.write_text(kept(args, model, world, kind), told)
    print(f"{world}: {kind}, model {model}", flush=True)


def renamed(args: argparse.Namespace, model: int, world: str, kind: str) -> Iterator[Record]:
    """A job's records with the way of choosing as their arm; what is no imagination's is taken from the first alone."""
    for record in load_results(kept(args, model, world, kind)):
        way, _, metric = record.metric.partition("/")
        arm = record.arm if record.arm in (RANDOM, CUSTOM) else kind if way == "act" else way
        if arm == kind or kind == args.imagine[0]:
            yield replace(record, arm=arm, metric=metric)


def kept(args: argparse.Namespace, model: int, world: str, kind: str) -> Path:
    """Where a job's records lie."""
    return Path(args.folder) / f"{model}-{world}-{kind}.json"


if __name__ == "__main__":
    main()
