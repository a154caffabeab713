"""Imagined futures per second: in latent space, in words with shared prefixes, and by a plain ``generate`` each.

    python benchmarks/imagination.py RUN_FOLDER

All imagine the same candidates in the same situations with the same language model, in turns, on one thread; a second
is a processor second. The latent dynamics are the model's own, or untrained ones beside it where it has none (their
speed is the same). ``latent`` counts the futures of states that have been read; ``latent, reading included`` reads
every transcript anew for one round of candidates, as the first decision of an episode does. ``generate`` imagines one
candidate after the other, greedily, from its whole transcript, and only a few of them. Every value is a mean over turns
with its bootstrap interval.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from forethought.cli.options import load_model, model_folder
from forethought.evaluation.metrics import Place
from forethought.evaluation.results import save_results
from forethought.evaluation.statistics import Record
from forethought.evaluation.transitions import situation_seeds
from forethought.models import Model
from forethought.planning import LatentDynamics, Situation, TokenDynamics
from forethought.training.live import babble, live
from forethought.worlds import make

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "imagination.json"
WORLDS = ("errand", "cliff", "street")
SITUATIONS, PLAIN = 16, 6
"""Situations imagined at once, and candidates that a plain ``generate`` is given."""
MOST = 64


def main() -> None:
    """Takes turns and writes the records."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, help="a finished run, or a model's folder")
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--output", type=Path, default=RESULT)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = load_model(model_folder(args.run)[0])
    trained = model.latent is not None
    model.lm.eval()
    records = [r for world in WORLDS for r in measure(model.with_latent(), world, args.turns)]
    for row in records:
        print(f"{row.world:8} {row.arm:26} {row.metric:24} {row.value:9.4g} ({row.low:.4g} to {row.high:.4g})")
    about = {"language_model": model.origin, "parameters": model.parameters, "latent_trained": trained}
    save_results(args.output, records, " ".join(["python", "benchmarks/imagination.py", *sys.argv[1:]]), about)


def measure(model: Model, world: str, turns: int) -> list[Record]:
    """The records of one world."""
    situations = halfway(model, world)
    candidates = [situation.candidates for situation in situations]
    count = sum(map(len, candidates))
    latent, words = LatentDynamics(model), TokenDynamics(model)
    states = latent.begin(situations)
    told = words.begin(situations)
    few = [(s.context.ids, a) for s in situations for a in s.candidates][:: max(1, count // PLAIN)][:PLAIN]

    def read_and_imagine() -> int:
        model.states([situation.context for situation in situations])
        return imagined(latent.imagine(states, candidates))

    ways: dict[str, Callable[[], int]] = {
        "latent": lambda: imagined(latent.imagine(states, candidates)),
        "latent, reading included": read_and_imagine,
        "words, shared prefixes": lambda: imagined(words.imagine(told, candidates)),
        "words, plain generate": lambda: sum(plain(model, ids, action) for ids, action in few),
    }
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    with torch.inference_mode():
        for turn in range(turns + 1):
            for name, way in ways.items():
                begun = time.process_time()
                done = way()
                if turn:  # the first turn warms up
                    speeds[name].append(done / (time.process_time() - begun))
    ratios = {
        ("latent", "ratio_to_words"): ("latent", "words, shared prefixes"),
        ("latent, reading included", "ratio_to_words"): ("latent, reading included", "words, shared prefixes"),
        ("words, shared prefixes", "ratio_to_generate"): ("words, shared prefixes", "words, plain generate"),
    }
    place, found = Place(world, 1, "test", ""), list[Record]()
    for arm, values in speeds.items():
        found += place.record(arm, "futures_per_core_second", values)
    for (arm, metric), (ours, theirs) in ratios.items():
        found += place.record(arm, metric, [a / b for a, b in zip(speeds[ours], speeds[theirs], strict=True)])
    return found


def halfway(model: Model, world: str) -> list[Situation]:
    """Situations after two steps of babbling, with their candidates."""
    seen: list[Situation] = []

    def watch(situations: Any, rng: random.Random) -> list[str]:
        if all(len(s.tried) == 2 for s in situations[:1]) and not seen:
            seen.extend(situations)
        return babble(situations, rng)

    worlds = [make(world, split="test") for _ in range(2 * SITUATIONS)]
    live(model, worlds, situation_seeds(2 * SITUATIONS, 0), watch, policy="", rng=random.Random(0))
    return seen[:SITUATIONS]


def plain(model: Model, ids: list[int], action: str) -> int:
    """One future by ``generate``, from the whole transcript."""
    transcript = model.transcript
    row = torch.tensor([[*ids, *transcript.action(action).ids]])
    model.lm.generate(
        input_ids=row, attention_mask=torch.ones_like(row), max_new_tokens=MOST, do_sample=False,
        eos_token_id=transcript.end_ids[0], pad_token_id=model.tokenizer.pad_token_id,
    )  # fmt: skip
    return 1


def imagined(futures: list[list[Any]]) -> int:
    """How many futures there are."""
    return sum(map(len, futures))


if __name__ == "__main__":
    main()
