"""Other people's conversations measured: evidence found by each arm, what is held back, and what a reader answers."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from forethought.errors import BadSetting
from forethought.evaluation.recall import retrieval
from forethought.evaluation.recall.arms import PICKED, uncited
from forethought.evaluation.recall.files import History, exact_and_f1
from forethought.evaluation.recall.prompt import passage as written
from forethought.evaluation.recall.reader import Reader
from forethought.evaluation.recall.records import signal
from forethought.evaluation.statistics import Record, bootstrap
from forethought.memory import Memory, Said
from forethought.memory.embed import Embedder, choose


def measure(
    name: str,
    histories: Iterable[History],
    readers: Sequence[Reader] = (),
    embed: str | Embedder | None = None,
    budget: int = 512,
) -> list[Record]:
    """Shares of answerable questions whose evidence is found, by arm; ours minus reciprocal rank, paired; how well the
    memory tells which are unanswerable, with its default threshold; and with readers exact match and F1 of the answers
    that they give from what was found. Warns how many questions were left out. Raises ``BadSetting`` where none stays.
    """
    left_out = 0
    embedder = choose(embed)
    how = embedder or "lexical"
    found: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    read: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    asked: list[tuple[bool, bool]] = []
    for history in histories:
        left_out += history.left_out
        texts, lines = [turn.text for turn in history.said], list(map(_line, history.said))
        with (
            TemporaryDirectory() as folder,
            Memory.open(Path(folder, "memory.sqlite"), how) as memory,
        ):
            memory.extend(history.said)
            orders = _orders(texts, embedder, memory)
            for question in history.questions:
                asked.append((bool(question.evidence), memory.recall(question.text, budget).abstain))
                if not question.evidence:
                    continue
                for arm, order in orders.items():
                    best = list(order(question.text))
                    found[arm].append(retrieval.evidence_found(best, question.evidence))
                    for reader in readers:
                        if arm == "ours":
                            passage = _recalled(memory, question.text, reader, budget)
                        else:
                            places = retrieval.fitted(lines, best[:PICKED], budget, reader.count)
                            passage = written(lines[place] for place in places)
                        told, _ = reader.answer(passage, question.text)
                        read[arm, reader.name].append(exact_and_f1(told, question.answer))
    if left_out:
        warnings.warn(
            f"{name}: {left_out:,} questions are left out: no turn is the evidence that they name", stacklevel=2
        )
    if not asked:
        raise BadSetting(
            f"{name}: there is no question with evidence or an unanswerable one; expected conversations with questions"
        )
    held = [Record("ours", name, "validation", "", metric, *told, n) for metric, told, n in signal(asked)]
    return [*_records(name, found, read), *held]


def _orders(texts: Sequence[str], embedder: Embedder | None, memory: Memory) -> dict[str, retrieval.Order]:
    words = retrieval.fts5(texts)
    orders = {"bm25": retrieval.by(words)}
    if embedder is not None:
        dense = retrieval.cosine(embedder, texts)
        orders |= {"dense": retrieval.by(dense), "rag": retrieval.reciprocal(words, dense)}
    orders["ours"] = lambda question: [each.turn.id - 1 for each in memory.search(question, 10)]
    return orders


def _recalled(memory: Memory, question: str, reader: Reader, budget: int) -> str:
    lines = memory.recall(question, budget, count=uncited(reader.count)).lines
    return written(_line(Said(line.turn.speaker, line.text)) for line in lines)


def _line(turn: Said) -> str:
    return f"{turn.speaker}: {' '.join(turn.text.split())}"


def _records(
    name: str, found: dict[str, list[tuple[float, ...]]], read: dict[tuple[str, str], list[tuple[float, float]]]
) -> Iterable[Record]:
    for arm, rows in found.items():
        for column, metric in enumerate(retrieval.EVIDENCE):
            values = [row[column] for row in rows]
            yield Record(arm, name, "validation", "", metric, *bootstrap(values), len(values))
            if arm == "ours" and "rag" in found:
                apart = [row[column] - other[column] for row, other in zip(rows, found["rag"], strict=True)]
                yield Record(arm, name, "validation", "", f"{metric}_minus_rag", *bootstrap(apart), len(apart))
    for (arm, reader), scores in read.items():
        for column, metric in enumerate(("exact_match", "f1")):
            values = [score[column] for score in scores]
            yield Record(arm, f"{name} {reader}", "validation", "", metric, *bootstrap(values), len(values))
