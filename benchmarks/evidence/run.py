"""The stored comparisons that docs/evidence.md reads out: which commands made them, in one place.

    python benchmarks/evidence/run.py --folder /somewhere/with/space            # all parts, for about a day
    python benchmarks/evidence/run.py --folder /somewhere --parts errand        # one part
    python benchmarks/evidence/run.py --folder /somewhere --dry-run             # says what it would cost

Every part is one command of forethought, whose runs are jobs of a few minutes: Ctrl-C keeps the work, and the same
command goes on. Runs of different commits are never pooled, so go on with the commit that a part was begun with. A
part that has ended is audited and its result copied to ``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "results"
ARMS = ("imitation", "static-mixed", "static-same", "placebo", "developmental")
SEEDS = tuple(str(seed) for seed in range(10))
SMALL = ("--tune", "3", "--n", "60", "--episodes", "6", "--horizon", "2", "--fresh", "30")
GRID = ("--sizes", "pico", "nano", "tiny", "--seeds", "0", "1", "2", "3", "4")
PARTS: dict[str, tuple[str, ...]] = {
    "errand": ("compare", "evidence", "--arms", *ARMS, "--seeds", *SEEDS, *SMALL, "--budget-tokens", "1500000"),
    "street": ("compare", "evidence", "--arms", *ARMS, "--seeds", *SEEDS, *SMALL, "--budget-tokens", "2500000",
               "--set", "worlds=street"),
    "operations": ("compare", "evidence", "--arms", "static-mixed", "developmental", "--seeds", *SEEDS, *SMALL,
                   "--budget-flops", "3e12"),
    "sums": ("capacity", "--worlds", "sums", *GRID, "--budget-tokens", "3000000"),
    "sizes": ("capacity", "--worlds", "errand", *GRID, "--budget-tokens", "1500000", "--set", "matrix_rate=0.01"),
}  # fmt: skip
RESULT = {"compare": "compare.json", "capacity": "capacity.json"}
LARGE: dict[str, tuple[str, ...]] = {
    "large": ("compare", "three_worlds", "--seeds", *SEEDS, "--set", "model=small", "latent_weight=0.05",
              "--arms", *ARMS, "echo-sft", "imitation-then-developmental", "verbal-reasoning", "no-curiosity",
              "no-stages"),
}  # fmt: skip
"""What two cores cannot do in a day: a recipe with its computed cost (``--parts large --dry-run``)."""


def main() -> int:
    """Runs the parts one after the other."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the runs lie (some gigabytes)")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=[*PARTS, *LARGE])
    parser.add_argument("--at-once", type=int, help="processes of one thread (default: one for each core)")
    parser.add_argument("--dry-run", action="store_true", help="only say what each part would cost")
    args = parser.parse_args()
    worst = 0
    for part in args.parts:
        words = [*{**PARTS, **LARGE}[part], "--folder", str(args.folder / part)]
        words += ["--at-once", str(args.at_once)] if args.at_once else []
        words += ["--dry-run"] if args.dry_run else []
        print(f"{part}: forethought {' '.join(words)}", flush=True)
        code = forethought(words)
        if code == 0 and not args.dry_run:
            code = forethought(["report", "--audit", str(args.folder / part)])
            if code == 0:
                shutil.copyfile(args.folder / part / RESULT[words[0]], RESULTS / f"evidence_{part}.json")
        worst = max(worst, code)
        if code == 130:  # Ctrl-C
            break
    return worst


def forethought(words: list[str]) -> int:
    """The exit status of a command of this project."""
    return subprocess.call([sys.executable, "-m", "forethought", *words])


if __name__ == "__main__":
    sys.exit(main())
