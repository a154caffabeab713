"""Changes to the developmental method, tried in the world where it has room: each against the method as it is.

    python benchmarks/evidence/changes.py --folder /somewhere [--seeds 100 101 102] [--budget-tokens 1250000]

Every change is a setting of one run of the recipe ``evidence`` in ``street``; the runs of a seed begin with the same
weights and have the same budget of tokens. They are measured in *validation* situations, since what is tried here may
become the method. Runs are jobs: Ctrl-C keeps the work, the same command goes on. What is stored: the figures of each
change with their intervals over seeds, and each difference from the method as it is, paired by seed and corrected for
all that was asked.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

from forethought import storage
from forethought.cli.jobs import Job, cores, run_jobs
from forethought.cli.sweep import train_command
from forethought.evaluation import Record, load_results, save_results
from forethought.evaluation.comparison import MEASURED, figures
from forethought.evaluation.significance import difference, holm
from forethought.evaluation.statistics import over_seeds

RESULT = Path(__file__).resolve().parents[1] / "results" / "method_changes.json"
WORLD, SPLIT, PAIRS = "street", "validation", 100
BASE = "as it is"
UNIFORM: dict[str, Any] = {"balance": "uniform", "curiosity": "none"}
FIRST: dict[str, Any] = {"first_episodes": 6000, "live_every": 100}
CHANGES: dict[str, dict[str, Any]] = {
    BASE: {},
    "uniform": UNIFORM,
    "experience first": FIRST,
    "uniform, experience first": {**UNIFORM, **FIRST},
    "siblings": {"siblings": 4},
    "practice": {"practice_after": 0.2, "practice_share": 0.5},
    "keen": {"largest_share": 4.0},
}
"""Every step replayed equally often; as many episodes as are lived in all, nearly all of them before anything is
learned, so that early lessons are no narrower than late ones; both, which is nearly ``static-same``; each situation
lived four times, begun with different actions and learned from together; half of the spells from a fifth of the budget
on acted towards desires by imagining (as it is: a tenth, from 0.7 on); what surprises most replayed up to four times as
often.
"""
ASKED = ("held-out pair probes", "held-out outcomes", "pair probes", "outcomes")


def main() -> int:
    """Trains, measures and compares; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--changes", nargs="+", default=list(CHANGES), choices=list(CHANGES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[100, 101, 102])
    parser.add_argument("--budget-tokens", type=int, default=1_250_000)
    parser.add_argument("--at-once", type=int, default=cores())
    args = parser.parse_args()
    names = list(dict.fromkeys([BASE, *args.changes]))
    jobs = [job(args.folder, name, seed, args.budget_tokens) for seed in args.seeds for name in names]
    try:
        failed = run_jobs(jobs, args.at_once, watch=lambda name, what: print(f"{name}: {what}", flush=True))
    except KeyboardInterrupt:
        print("Stopped. The work is kept; the same command again goes on from there.")
        return 130
    found = {name: measured(args.folder, name, args.seeds) for name in names}
    records = [record for name in names for record in told(name, found[name])]
    differences = [
        difference(figure, name, [found[name][seed][figure] for seed in both], BASE,
                   [found[BASE][seed][figure] for seed in both])
        for name in names if name != BASE
        for figure in ASKED
        if len(both := sorted(set(found[name]) & set(found[BASE]))) > 1
    ]  # fmt: skip
    corrected = holm(differences)
    for each in corrected:
        print(each.verdict)
    extra = {"changes": {name: CHANGES[name] for name in names}, "missing": failed,
             "differences": [each.to_dict() for each in corrected]}  # fmt: skip
    save_results(RESULT, records, shlex.join(["python", *sys.argv]), extra)
    return 1 if failed else 0


def job(folder: Path, name: str, seed: int, budget: int) -> Job:
    """One run, measured in validation situations."""
    run = place(folder, name, seed)
    settings = {"worlds": (WORLD,), "matrix_rate": 0.01, "budget_tokens": budget, **CHANGES[name]}
    train = train_command("evidence", "developmental", seed, run, settings)
    measure = ("eval", "consequences", "--split", SPLIT, "--n", str(PAIRS), "--model", str(run), "--json")
    return Job(run.name, (train, measure), run / MEASURED)


def place(folder: Path, name: str, seed: int) -> Path:
    """Where a run lies."""
    return folder / f"{name.replace(',', '').replace(' ', '-')}-{seed}"


def measured(folder: Path, name: str, seeds: list[int]) -> dict[int, dict[str, float]]:
    """The figures of a change, seed by seed, where they were measured."""
    done = {seed: path for seed in seeds if ((path := place(folder, name, seed)) / MEASURED).exists()}
    commits = {storage.read_json(path / "summary.json")["commit"] for path in done.values()}
    assert len(commits) <= 1, f"runs of different commits are never pooled: {commits}"
    return {seed: figures(load_results(path / MEASURED)) for seed, path in done.items()}


def told(name: str, found: dict[int, dict[str, float]]) -> list[Record]:
    """The figures of a change over its seeds."""
    records = []
    for figure in ASKED:
        values = [figures[figure] for figures in found.values()]
        if values:
            value, low, high = over_seeds(values) if len(values) > 1 else (values[0],) * 3
            kept = max(0.0, low), min(1.0, high)
            records.append(Record(name, WORLD, SPLIT, "", figure, value, *kept, len(values), len(values)))
    return records


if __name__ == "__main__":
    sys.exit(main())
