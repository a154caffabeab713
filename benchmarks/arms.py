"""A recipe's stored results: both arms with several seeds, measured on held-out situations and pooled.

    python benchmarks/arms.py three_worlds --folder /somewhere/with/space
    python benchmarks/arms.py quickstart --folder /somewhere/with/space

Trains each arm with each seed (as many at once as there are cores, one thread each), measures the models on the test
split with ``n`` transitions and pairs of each kind on every axis, and pools the seeds. The same command again goes on
where it stopped; ``--collect`` only pools what has been finished. Every value is the mean over seeds with its t
interval, or with one seed its bootstrap interval.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from forethought import storage
from forethought.cli.jobs import Job, run_jobs
from forethought.evaluation import load_results, pool, save_results
from forethought.training.recipes import RECIPES
from forethought.training.run import TIMINGS_FILE

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
ARMS = ("developmental", "imitation")
MEASURED = "measured.json"


def main() -> None:
    """Trains what is not trained, measures what is not measured, and pools."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recipe", choices=sorted(RECIPES))
    parser.add_argument("--folder", type=Path, required=True, help="where the runs lie (some hundred megabytes)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=ARMS)
    parser.add_argument("--budget-tokens", type=int, help="another budget than the recipe's")
    parser.add_argument("--n", type=int, default=200, help="transitions and pairs of each kind in each place")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1, help="processes, one thread each")
    parser.add_argument("--collect", action="store_true", help="only pool what has been measured")
    parser.add_argument("--output", type=Path, help="default: benchmarks/results/RECIPE.json")
    args = parser.parse_args()
    jobs = [job(args, arm, seed) for arm in args.arms for seed in args.seeds]
    if not args.collect:
        failed = run_jobs(jobs, args.at_once, watch=lambda name, what: print(f"{name}: {what}", flush=True))
        if failed:
            raise SystemExit("not all runs could be made; the same command tries the others again")
    output = args.output or RESULTS / f"{args.recipe}.json"
    collect([job.leaves.parent for job in jobs if job.done], output)


def job(args: argparse.Namespace, arm: str, seed: int) -> Job:
    """Trains one model, or goes on training it, writes its report and measures it."""
    folder = args.folder / f"{arm}-{seed}"
    train = ["train", "--recipe", args.recipe, "--arm", arm, "--seed", str(seed), "--folder", str(folder)]
    train += [] if args.budget_tokens is None else ["--budget-tokens", str(args.budget_tokens)]
    measure = ("eval", "all", "--model", str(folder), "--n", str(args.n), "--json")
    train += ["--no-evaluate", "--quiet"]
    return Job(folder.name, (tuple(train), ("report", str(folder)), measure), folder / MEASURED)


def collect(folders: Sequence[Path], output: Path) -> None:
    """Pools the runs that have been measured and says how long each took."""
    if not folders:
        raise SystemExit("nothing has been measured yet; run this without --collect first")
    records = pool(record for folder in folders for record in load_results(folder / MEASURED))
    took = {folder.name: storage.read_json_lines(folder / TIMINGS_FILE) for folder in folders}
    configs = {folder.name: storage.read_json(folder / "config.json") for folder in folders}
    save_results(output, records, shlex.join(["python", *sys.argv]), {"runs": configs, "took": took})
    for record in records:
        where = f"{record.arm:20} {record.world:8} {record.axis or '-':12} {record.metric:34}"
        print(f"{where} {record.value:7.3f} ({record.low:.3f} to {record.high:.3f}) seeds {record.seeds}")


if __name__ == "__main__":
    main()
