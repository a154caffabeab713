"""How well memory tells what is out of date, in words that nobody chose for it.

    python benchmarks/memory_updates.py

``benchmarks/updates/*.jsonl`` are pairs of turns with a question about the present: in half of them the later turn
makes the earlier one out of date, in the others it only looks as if it did. Their writers had not seen the rules
(``short`` was shown afterwards, and three of its updates are right since; ``mixed`` was written to be asked last). Each
pair stands among twelve other turns. Metrics of updates: ``marked`` (the earlier turn is said to be corrected by the
later), ``first`` (the later is found first), ``there`` (it stands in the passage of ``--budget`` tokens). Of pairs that
are both true: ``marked_wrongly``, ``first_wrongly``. Bootstrap intervals over pairs.
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tqdm import tqdm

from forethought.evaluation.results import save_results
from forethought.evaluation.statistics import Record, bootstrap
from forethought.memory import Memory, Said

ROOT = Path(__file__).resolve().parents[1]
SETS = sorted((ROOT / "benchmarks" / "updates").glob("*.jsonl"))
RESULT = ROOT / "benchmarks" / "results" / "memory_updates.json"
AROUND = (
    "The weather has been miserable lately.", "That sounds like a lot to juggle!", "I burnt my toast again.",
    "Do you know a good joke about penguins?", "Let me know if there is anything else.", "I watched a film last night.",
    "Good morning!", "Somebody spilled paint on the pavement.", "Thanks, that helps.", "I slept badly.",
    "What a day.", "The neighbours are having a barbecue.",
)  # fmt: skip
PLACES = (3, 8)
"""Turns before the earlier and the later one of a pair."""


def main() -> None:
    """Asks every question and writes the records."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sets", type=Path, nargs="+", default=SETS)
    parser.add_argument("--embed", nargs="+", default=["lexical", "wordllama"])
    parser.add_argument("--budget", type=int, default=128)
    parser.add_argument("--output", type=Path, default=RESULT)
    args = parser.parse_args()
    records = []
    for path in args.sets:
        for embed in args.embed:
            bar = tqdm(read(path), desc=f"{path.stem}, {embed}", leave=False)
            records += summary(path.stem, embed, [asked(pair, embed, args.budget) for pair in bar])
    save_results(args.output, records, shlex.join(["python", *sys.argv]))
    for row in records:
        print(
            f"{row.world:10} {row.arm:10} {row.metric:15} {row.value:.2f} ({row.low:.2f} to {row.high:.2f}) n {row.n}"
        )


def read(path: Path) -> list[dict[str, object]]:
    """The pairs of a set."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def summary(name: str, arm: str, told: Sequence[Mapping[str, float]]) -> list[Record]:
    """Shares of pairs, with intervals."""
    metrics = dict.fromkeys(metric for each in told for metric in each)
    columns = {metric: [each[metric] for each in told if metric in each] for metric in metrics}
    return [
        Record(arm, name, "test", "", metric, *bootstrap(values), n=len(values)) for metric, values in columns.items()
    ]


def asked(pair: dict[str, object], embed: str, budget: int) -> dict[str, float]:
    """What memory makes of one pair."""
    turns = [Said(("user", "assistant")[place % 2], text) for place, text in enumerate(shuffled(str(pair["old"])))]
    speakers = pair["speakers"]
    assert isinstance(speakers, list)
    for place, speaker, said in zip(PLACES, speakers, ("old", "new"), strict=True):
        turns.insert(place, Said(speaker, str(pair[said])))
    old, new = (place + 1 for place in PLACES)
    with tempfile.TemporaryDirectory() as folder, Memory.open(Path(folder, "m.sqlite"), embed=embed) as memory:
        memory.extend(turns)
        lines = {line.turn.id: line for line in memory.recall(str(pair["question"]), budget).lines}
        best = memory.search(str(pair["question"]), 1)
    marked = float(old in lines and lines[old].superseded_by == new)
    first = float(bool(best) and best[0].turn.id == new)
    if pair["updates"]:
        return {"marked": marked, "first": first, "there": float(new in lines)}
    return {"marked_wrongly": marked, "first_wrongly": first}


def shuffled(key: str) -> list[str]:
    """What is said around a pair, in an order of its own."""
    return random.Random(key).sample(AROUND, len(AROUND))


if __name__ == "__main__":
    main()
