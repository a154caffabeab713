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
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from forethought import storage
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
    runs = [(arm, seed, args.folder / f"{arm}-{seed}") for arm in args.arms for seed in args.seeds]
    if not args.collect:
        more = [] if args.budget_tokens is None else ["--budget-tokens", str(args.budget_tokens)]
        with ThreadPoolExecutor(args.at_once) as workers:
            for done in [workers.submit(one_run, args.recipe, *run, more, args.n) for run in runs]:
                done.result()
    output = args.output or RESULTS / f"{args.recipe}.json"
    collect([folder for _, _, folder in runs if (folder / MEASURED).exists()], output)


def one_run(recipe: str, arm: str, seed: int, folder: Path, more: Sequence[str], n: int) -> None:
    """Trains one model, or goes on training it, and measures it."""
    if (folder / MEASURED).exists():
        return
    run = ["train", "--recipe", recipe, "--arm", arm, "--seed", str(seed), "--folder", str(folder), "--no-evaluate"]
    forethought([*run, "--quiet", *more])
    forethought(["report", str(folder)])
    print(f"{folder.name}: trained", flush=True)
    told = forethought(["eval", "all", "--model", str(folder), "--n", str(n), "--json"])
    storage.write_text(folder / MEASURED, told)
    print(f"{folder.name}: measured", flush=True)


def forethought(arguments: Sequence[str]) -> str:
    """What the command line prints, run as its own process with one thread."""
    quiet = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "forethought", *arguments]
    made = subprocess.run(command, env=quiet, stdout=subprocess.PIPE, text=True, check=True)
    return made.stdout


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
