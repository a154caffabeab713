"""Weights of the signs of news (``memory/news.py``), and how they do on what they were not made from.

    python benchmarks/updates_fit.py --data ../shared/data/locomo-dev

A logistic regression on the pairs in ``benchmarks/updates`` (all but ``mixed``) and, as pairs of which neither is news,
on what is found together for questions about LoCoMo conversations, each counting ``CHAT``. The bias is set so that of
two of these conversations, which it was not made from, one question in ``1 / MARKS`` gets a mark. It prints the weights
of all sets together. ``held out``: each set with the weights of the others, ``mixed`` with those of all; rules and
signs together, as ``memory_updates.py`` counts. ``rules``: without signs.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from memory_updates import ROOT, SETS, asked, read, summary
from numpy.typing import NDArray

from forethought.evaluation.recall.files import locomo
from forethought.evaluation.results import save_results
from forethought.memory import Memory, news
from forethought.memory.sayings import Saying
from forethought.memory.stems import Words
from forethought.memory.turns import Turn
from forethought.memory.words import take_apart

RESULT = ROOT / "benchmarks" / "results" / "updates_fit.json"
TEST = "mixed"
CHAT, MARKS, RIDGE, QUESTIONS, FOUND = 0.2, 0.25, 2.0, 40, 24
WORDS, NAMES, ENOUGH = Words(), list(news.WEIGHTS), news.ENOUGH


def main() -> None:
    """Fits the weights, without each set and with all, and measures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "locomo-dev")
    parser.add_argument("--output", type=Path, default=RESULT)
    args = parser.parse_args()
    sets = {path.stem: read(path) for path in SETS}
    tables = {name: (table([signs_of(pair) for pair in pairs]), np.array([pair["updates"] for pair in pairs], float))
              for name, pairs in sets.items()}  # fmt: skip
    chats = [found_together(path, args.data) for path in sorted(args.data.glob("*.json"))]
    seen, unseen = chats[:-2], chats[-2:]
    records, shipped = [], dict(news.WEIGHTS)
    for left_out in sets:
        weights = fit([tables[name] for name in sets if name not in (left_out, TEST)], seen, unseen)
        shipped = weights if left_out == TEST else shipped
        news.WEIGHTS, news.MOST = weights, sum(weights[name] for name in news.FOR)  # type: ignore[misc]
        for arm, enough in (("rules", math.inf), ("held out", ENOUGH)):
            news.ENOUGH = enough  # type: ignore[misc]
            measured = summary(left_out, arm, [asked(pair, "lexical", 128) for pair in sets[left_out]])
            records += measured
            for row in measured:
                told = f"{row.value:.2f} ({row.low:.2f} to {row.high:.2f})"
                print(f"{row.world:10} {row.arm:10} {row.metric:15} {told} n {row.n}", flush=True)
    save_results(args.output, records, shlex.join(["python", *sys.argv]))
    print(json.dumps({name: round(weight, 2) for name, weight in shipped.items()}, indent=4))


def signs_of(pair: dict[str, object]) -> dict[str, float] | None:
    """The signs of a pair; ``None`` where it would not be looked at."""
    first, second = (str(who) for who in pair["speakers"])  # type: ignore[attr-defined]
    old, new = Turn(1, "", first, str(pair["old"])), Turn(2, "", second, str(pair["new"]))
    known = {who.lower(): place for place, who in enumerate(dict.fromkeys((first, second)))}
    return of_two(old, new, str(pair["question"]), known)


def of_two(old: Turn, new: Turn, question: str, speakers: dict[str, int]) -> dict[str, float] | None:
    """The signs of two turns, as ``corrections`` has them."""
    words = take_apart(question, speakers, "user").words
    told = [frozenset(WORDS.covered(words, turn.text)) for turn in (old, new)]
    if not told[0] & told[1]:
        return None
    about = news.Asked(question, words, WORDS)
    first, second = (news.Told(Saying(turn, about.tells), about) for turn in (old, new))
    return news.signs(first, second, *told, about)


def table(found: Sequence[dict[str, float] | None]) -> NDArray[np.float64]:
    """Signs (N, S) of N pairs; zeros for those that would not be looked at, which teach nothing."""
    return np.array([[signs[name] if signs else 0.0 for name in NAMES] for signs in found])


def found_together(path: Path, data: Path) -> tuple[NDArray[np.float64], int]:
    """The signs of pairs of turns that are found for questions about a conversation, and of how many questions."""
    (conversation,) = (each for each in locomo(data) if each.name == path.stem)
    some = random.Random(path.stem).sample(list(conversation.questions), QUESTIONS)
    found = []
    with tempfile.TemporaryDirectory() as folder, Memory.open(Path(folder, "m.sqlite"), embed="lexical") as memory:
        memory.extend(conversation.said)
        known = {who.lower(): place for place, who in enumerate({turn.speaker: 0 for turn in conversation.said})}
        for question in some:
            turns = sorted((each.turn for each in memory.search(question.text, FOUND)), key=lambda turn: turn.id)
            pairs = [(old, new) for place, old in enumerate(turns) for new in turns[place + 1 :]]
            found += [signs for old, new in pairs if (signs := of_two(old, new, question.text, known))]
    return table(found), len(some)


def fit(
    sets: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
    seen: Sequence[tuple[NDArray[np.float64], int]],
    unseen: Sequence[tuple[NDArray[np.float64], int]],
) -> dict[str, float]:
    """Weights by Newton's method, with a ridge; the bias by how many questions about other chats get a mark."""
    x = np.concatenate([*(x for x, _ in sets), *(x for x, _ in seen)])
    chat = sum(len(x) for x, _ in seen)
    y = np.concatenate([*(y for _, y in sets), np.zeros(chat)])
    worth = np.concatenate([np.ones(len(y) - chat), np.full(chat, CHAT)])
    w = np.zeros(x.shape[1])
    for _ in range(20):
        p = 1 / (1 + np.exp(-x @ w))
        slope = x.T @ (worth * (p - y)) + RIDGE * w
        w -= np.linalg.solve((x * (worth * p * (1 - p))[:, None]).T @ x + RIDGE * np.eye(len(w)), slope)
    scores = np.sort(np.concatenate([x @ w for x, _ in unseen]))
    marks = max(1, round(MARKS * sum(asked for _, asked in unseen)))
    w[NAMES.index("bias")] -= scores[-marks - 1]
    return dict(zip(NAMES, w.tolist(), strict=True))


if __name__ == "__main__":
    main()
