"""Passages as a reader gets them: looked up in long generated conversations, by several ways and with several budgets.

Made once for all readers and kept in a file, since looking up takes long. A passage is the evidence alone, what memory
gives back (as said, the best line last, between the question twice, or after the last turns), or what the fused search
gives; where that lacks evidence the question is left out: nobody could answer.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from forethought import storage
from forethought.evaluation.recall.arms import Bench
from forethought.evaluation.recall.conversation import converse
from forethought.evaluation.recall.words import Split, tokens

TASKS = (
    "needle", "multi-key", "multi-value", "update", "two-hop", "two-hop", "order", "order", "abstain", "pairs-16",
    "follow-up",
)  # fmt: skip
"""What is asked; what is learned last, twice as often."""
WAYS = ("oracle", "ours", "worth", "worth", "rag", "jrt", "gist")
CONVERSATIONS, ASKED = 1200, 40
BUDGETS = (48, 160)
SHORTEST, LONGEST = 1000, 64_000
"""Tokens of a conversation: the longer, the more of what is looked up tells of the same person and the same thing."""

Told = tuple[str, str, str, str, tuple[str, ...]]
"""A task, a way, a passage, a question, its answer."""


def looked_up(split: Split, seed: int, ways: tuple[str, ...] = WAYS) -> Iterator[Told]:
    """Questions about a conversation of a split, each with a passage."""
    rng = random.Random(f"passages/{split}/{seed}")
    length = round(SHORTEST * (LONGEST / SHORTEST) ** rng.random())
    some = [(rng.choice(TASKS), rng.random()) for _ in range(min(ASKED, length // 100))]
    talk = converse(length, some, split, seed, rng.choice((0.1, 0.3)), rng.choice((1, 2, 2)))
    bench = Bench(talk, rng.randint(*BUDGETS))
    try:
        for item in talk.items:
            way = rng.choice(ways)
            text = bench.passage(way, item, tokens)
            if all(f"{talk.turns[place]}\n" in text for place in item.evidence):
                yield item.task, way, text, item.question, item.answer
    finally:
        bench.close()


def training(folder: Path) -> list[Told]:
    """Those of the training split, made on the first call and then read; a call that was stopped is gone on from."""
    path = folder / f"passages-{CONVERSATIONS}.jsonl"
    made = storage.read_json_lines(path) if path.exists() else []
    storage.truncate_lines(path, len(made))
    for seed in tqdm(range(len(made), CONVERSATIONS), "passages", CONVERSATIONS, initial=len(made), mininterval=20):
        made.append(list(looked_up("train", seed)))
        storage.append_line(path, json.dumps(made[-1]))
    return [(task, way, text, asked, tuple(answer)) for rows in made for task, way, text, asked, answer in rows]


def validation(count: int) -> dict[tuple[str, str], list[Told]]:
    """So many questions of each task in another split's words: with the evidence alone, and as memory gives it back."""
    ways = tuple(way for way in dict.fromkeys(WAYS) if way != "rag")
    found: dict[tuple[str, str], list[Told]] = {(task, way): [] for task in dict.fromkeys(TASKS) for way in ways}
    seeds = iter(range(10_000))
    while any(len(rows) < count for rows in found.values()):
        for told in looked_up("validation", next(seeds), ways):
            if len(rows := found[told[:2]]) < count:
                rows.append(told)
    return found
