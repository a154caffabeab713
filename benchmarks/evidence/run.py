"""The stored comparisons that docs/evidence.md reads out: which commands made them, in one place.

    python benchmarks/evidence/run.py --folder /somewhere/with/space            # all parts, for about a day
    python benchmarks/evidence/run.py --folder /somewhere --parts errand        # one part
    python benchmarks/evidence/run.py --folder /somewhere --dry-run             # says what it would cost
    python benchmarks/evidence/run.py --folder /somewhere --keep                # keeps what is done by now, no more
    python benchmarks/evidence/run.py --folder /somewhere --audit               # recomputes every figure that is kept

Every part is one command of forethought, whose runs are jobs of a few minutes: Ctrl-C keeps the work, and the same
command goes on. What is done is kept in ``benchmarks/evidence/kept/`` too, and taken up from there on another machine.
Runs of different commits are never pooled: a part is gone on with by a checkout of the commit that it was begun with,
which is made in the folder. A part that has ended is audited and its result copied to ``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

from records import commit_of, pack, unpack

from forethought.cli.grid import ARMS as GRID_ARMS
from forethought.errors import BadSetting

ROOT = Path(__file__).resolve().parents[2]
RESULTS, KEPT = ROOT / "benchmarks" / "results", Path(__file__).resolve().parent / "kept"
ARMS = ("imitation", "static-mixed", "static-same", "placebo", "developmental")
SEEDS = tuple(str(seed) for seed in range(10))
SMALL = ("--tune", "3", "--n", "60", "--episodes", "6", "--horizon", "2", "--fresh", "30")
GRID = ("--sizes", "pico", "nano", "tiny", "--seeds", "0", "1", "2", "3", "4", "--n", "100",
        "--arms", "developmental", "imitation", "static-mixed")  # fmt: skip
PARTS: dict[str, tuple[str, ...]] = {
    "errand": ("compare", "evidence", "--arms", *ARMS, "--seeds", *SEEDS, *SMALL, "--budget-tokens", "1500000"),
    "street": ("compare", "evidence", "--arms", *ARMS, "--seeds", *SEEDS, *SMALL, "--budget-tokens", "2500000",
               "--set", "worlds=street"),
    "operations": ("compare", "evidence", "--arms", "static-mixed", "developmental", "--seeds", *SEEDS, *SMALL,
                   "--budget-flops", "3e12"),
    "controls": ("compare", "evidence", "--arms", "imitation", "placebo", "developmental", "--seeds", *SEEDS, *SMALL,
                 "--budget-tokens", "1500000"),
    "sums": ("capacity", "--worlds", "sums", *GRID, "--budget-tokens", "2000000"),
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
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="only say what each part would cost")
    what.add_argument("--keep", action="store_true", help="only keep what is done, e.g. while it runs elsewhere")
    what.add_argument("--audit", action="store_true", help="only recompute the figures of what is kept")
    args = parser.parse_args()
    worst = 0
    for part in args.parts:
        if args.keep:
            keep(part, args.folder / part)
        elif args.dry_run:
            worst = max(worst, forethought([*command(part, args), "--dry-run"], ROOT))
        elif args.audit:
            worst = max(worst, audit(part, args.folder / part))
        else:
            worst = max(worst, code := carry_out(part, args))
            if code == 130:  # Ctrl-C
                break
    return worst


def command(part: str, args: argparse.Namespace) -> list[str]:
    """The command of a part, told to the reader."""
    words = [*{**PARTS, **LARGE}[part], "--folder", str(args.folder / part)]
    words += ["--at-once", str(args.at_once)] if args.at_once else []
    print(f"{part}: forethought {' '.join(words)}", flush=True)
    return words


def carry_out(part: str, args: argparse.Namespace) -> int:
    """Begins a part or goes on with it; keeps what is done, and its result if it came to an end."""
    folder = args.folder / part
    take_up(part, folder)
    source = checkout(commit_of(folder) or git("rev-parse", "HEAD"), args.folder)
    words = command(part, args)
    code = forethought(words, source)
    keep(part, folder)
    if code == 0:
        code = forethought(["report", "--audit", str(folder)], source)
        if code == 0:
            shutil.copyfile(folder / RESULT[words[0]], RESULTS / f"evidence_{part}.json")
    return code


def audit(part: str, folder: Path) -> int:
    """Recomputes the figures of a part that came to an end, with the commit that made them."""
    take_up(part, folder)
    if not any((folder / name).exists() for name in RESULT.values()):
        print(f"{part}: nothing to audit, no records of a result are kept", flush=True)
        return 0
    return forethought(["report", "--audit", str(folder)], checkout(commit_of(folder), folder.parent))


def take_up(part: str, folder: Path) -> None:
    """Lays down what is kept of a part, where nothing of it lies yet."""
    archive = KEPT / f"{part}.tar.xz"
    if archive.exists() and not folder.exists():
        unpack(archive, folder)


def keep(part: str, folder: Path) -> None:
    """Keeps the records of what is done of a part, unless more of it is kept already."""
    if folder.exists():
        try:
            told = f"{pack(folder, KEPT / f'{part}.tar.xz', arms(part))} runs are kept"
        except BadSetting as error:
            told = str(error)
        print(f"{part}: {told}", flush=True)


def arms(part: str) -> tuple[str, ...]:
    """The arms of a part."""
    words = {**PARTS, **LARGE}[part]
    named = words[words.index("--arms") + 1 :] if "--arms" in words else ()
    return tuple(takewhile(lambda word: not word.startswith("--"), named)) or GRID_ARMS


def checkout(commit: str, folder: Path) -> Path:
    """A checkout of a commit, in a folder of its own."""
    source = folder / f"source-{commit[:12]}"
    if not source.exists():
        git("clone", "--quiet", "--no-checkout", str(ROOT), str(source))
        git("-C", str(source), "checkout", "--quiet", commit)
    return source


def git(*words: str) -> str:
    """What git says."""
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def forethought(words: list[str], source: Path) -> int:
    """The exit status of a command of this project, as it is in a checkout; Ctrl-C, which it gets too, is its own."""
    environment = {**os.environ, "PYTHONPATH": str(source / "src")}
    with subprocess.Popen([sys.executable, "-m", "forethought", *words], env=environment) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


if __name__ == "__main__":
    sys.exit(main())
