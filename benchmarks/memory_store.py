"""What a memory costs: durable appends, bytes, recall at 100,000 turns, and what kill -9 takes from it (nothing).

    python benchmarks/memory_store.py                     # appends, bytes, recall
    python benchmarks/memory_store.py --turns 1000000     # recall at a million
    python benchmarks/memory_store.py --kills 1000 --output benchmarks/results/memory_kills.json

- ``append_ratio``: durable appends per second over those of bare SQLite (one table, the same settings and disk, taking
  turns of 25), ``appends_per_second`` and ``batch_per_second`` (batches of 1,000) beside it;
- ``text_bytes_ratio``: compressed texts with their rows and dictionary over the raw text, after ``compact``;
  ``kept_bytes_ratio`` with who, when and where; ``index_bytes_ratio`` apart; ``fresh_bytes_ratio`` before ``compact``.
  The text is generated talk, or with ``--data`` the conversations of a folder in the reduced LoCoMo format;
- ``recall_ms``, ``plain_fts_ms`` (the same words, FTS5's own BM25, ten turns), ``vector_scan_ms`` (exact, float32, of
  the same vectors): medians of processor time over questions, taken in turns in one run, and their ratios.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import shlex
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import ModuleType

import numpy as np

from forethought.evaluation.results import save_results
from forethought.evaluation.statistics import Interval, Record, bootstrap
from forethought.memory import Memory, Said
from forethought.memory.words import match, words_of

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "memory_store.json"
TURNS_OF = 25
QUESTIONS = 60


def main() -> None:
    """Runs what was asked for and writes the records."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=100_000)
    parser.add_argument("--embed", default="wordllama")
    parser.add_argument("--data", type=Path, help="conversations to measure bytes on")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--output", type=Path, default=RESULT)
    args = parser.parse_args()
    scratch = ROOT / "runs"
    scratch.mkdir(exist_ok=True)  # on this disk, and no part of the repository
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name)
        if args.kills:
            records = killed(folder, args.kills)
        else:
            records = [*appends(folder), *sizes(folder, args.data), *recall(folder, args.turns, args.embed)]
    save_results(args.output, records, shlex.join(["python", *sys.argv]))
    for row in records:
        print(f"{row.world:16} {row.metric:22} {row.value:12.4f} ({row.low:.4f} to {row.high:.4f}) n {row.n}")


def record(world: str, metric: str, found: Interval, n: int) -> Record:
    """A number of the memory's own arm."""
    return Record("memory", world, "test", "", metric, *found, n=n)


def talk(turns: int, seed: int = 0) -> Iterator[Said]:
    """Generated talk: the patterns of the shipped dictionary, with names and numbers that are drawn for each turn."""
    patterns = module(ROOT / "benchmarks" / "memory_dictionary.py")
    rng = random.Random(seed)
    vocabulary = [
        "".join(rng.choices("bcdfghklmnprstvw", k=2)) + rng.choice("aeiou") + rng.choice("lnrst") for _ in range(9000)
    ]
    vocabulary = [a + b for a, b in zip(vocabulary, reversed(vocabulary), strict=True)]
    for i in range(turns):
        rare = " ".join(rng.choices(vocabulary, k=4))
        text = f"{patterns.filled(rng)} It is about {rare}, number {rng.randrange(100_000)}."
        yield Said("Ann" if i % 2 else "Bob", text, conversation=f"day {i // 200}")


def appends(folder: Path) -> list[Record]:
    """Single appends against bare SQLite, in turns; then batches."""
    memory = Memory.open(folder / "appends.sqlite")
    bare = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    bare.execute("PRAGMA journal_mode=WAL")
    bare.execute("PRAGMA synchronous=FULL")
    bare.execute("CREATE TABLE turns(id INTEGER PRIMARY KEY, speaker TEXT, at REAL, text TEXT)")
    said = talk(60_000)
    insert = "INSERT INTO turns(speaker, at, text) VALUES(?, ?, ?)"
    ratios, speeds = [], []
    for _ in range(24):
        some = list(islice(said, TURNS_OF))
        ours = timed(lambda some=some: [memory.append(turn.speaker, turn.text) for turn in some])
        some = list(islice(said, TURNS_OF))
        theirs = timed(lambda some=some: [bare.execute(insert, (t.speaker, time.time(), t.text)) for t in some])
        ratios.append(theirs / ours)
        speeds.append(TURNS_OF / ours)
    batches = []
    for _ in range(12):
        some = list(islice(said, 1000))
        batches.append(1000 / timed(lambda some=some: memory.extend(some)))
    memory.close()
    return [
        record("generated", "append_ratio", bootstrap(ratios), len(ratios)),
        record("generated", "appends_per_second", bootstrap(speeds), len(speeds)),
        record("generated", "batch_per_second", bootstrap(batches), len(batches)),
    ]


def sizes(folder: Path, data: Path | None) -> list[Record]:
    """Bytes on the disk over bytes of text."""
    said = list(talk(20_000)) if data is None else list(conversations(data))
    world = "generated" if data is None else data.name
    memory = Memory.open(folder / "sizes.sqlite", embed="lexical")
    for start in range(0, len(said), 1000):
        memory.extend(said[start : start + 1000])
    fresh = memory.stats()
    memory.index()
    small = memory.compact()
    memory.close()
    ratios = {
        "fresh_bytes_ratio": fresh.text_bytes,
        "text_bytes_ratio": small.text_bytes,
        "kept_bytes_ratio": small.text_bytes + small.turn_bytes,
        "index_bytes_ratio": small.index_bytes,
    }
    return [record(world, name, exact(size / small.raw_bytes), small.turns) for name, size in ratios.items()]


def conversations(folder: Path) -> Iterator[Said]:
    """The turns of every conversation in a folder."""
    for path in sorted(folder.glob("*.json")):
        found = json.loads(path.read_text("utf-8"))
        for session in found["sessions"]:
            yield from (Said(turn["speaker"], turn["text"], conversation=found["id"]) for turn in session["turns"])


def recall(folder: Path, turns: int, embed: str) -> list[Record]:
    """Recall against a plain FTS5 query and an exact scan of the vectors."""
    memory = Memory.open(folder / "recall.sqlite", embed=embed)
    said, asked = talk(turns, seed=1), []
    rng = random.Random(2)
    while some := list(islice(said, 5000)):
        memory.extend(some)
        asked += [question(rng, turn.text) for turn in rng.sample(some, 10)]
    made = timed(memory.index)
    asked = rng.sample(asked, min(QUESTIONS, len(asked)))
    memory.recall(asked[0])
    with memory._store.use() as connection:
        rows = connection.execute("SELECT vector FROM vectors").fetchall()
        vectors = np.frombuffer(b"".join(row[0] for row in rows), np.float16).astype(np.float32) if rows else None
        width = len(rows[0][0]) // 2 if rows else 0
    vectors = vectors.reshape(-1, width) if vectors is not None else None
    times: dict[str, list[float]] = {"recall_ms": [], "plain_fts_ms": [], "vector_scan_ms": []}
    for text in asked:
        times["recall_ms"].append(timed(lambda text=text: memory.recall(text, 512), time.process_time) * 1000)
        times["plain_fts_ms"].append(timed(lambda text=text: plain(memory, text), time.process_time) * 1000)
        if vectors is not None:
            times["vector_scan_ms"].append(
                timed(lambda text=text: scan(memory, vectors, text), time.process_time) * 1000
            )
    world = f"{turns} turns"
    records = [record(world, name, median(found), len(found)) for name, found in times.items() if found]
    own = np.array(times["recall_ms"])
    for name in ("plain_fts", "vector_scan"):
        if times[f"{name}_ms"]:
            ratio = own / np.array(times[f"{name}_ms"])
            records.append(record(world, f"{name}_ratio", median(ratio.tolist()), len(ratio)))
    return [*records, record(world, "indexed_per_second", exact(turns / made), turns)]


def question(rng: random.Random, text: str) -> str:
    """A question about a turn: two of its rare words and two others."""
    words = words_of(text)
    return f"What did they say about {' and '.join([*words[-6:-4], *rng.sample(words, 2)])}?"


def plain(memory: Memory, text: str) -> list[tuple[int, float]]:
    """What anybody would write for FTS5."""
    sql = "SELECT rowid, bm25(turn_words) FROM turn_words WHERE turn_words MATCH ? ORDER BY rank LIMIT 10"
    with memory._store.use() as connection:
        return connection.execute(sql, (match(words_of(text)),)).fetchall()


def scan(memory: Memory, vectors: np.ndarray, text: str) -> np.ndarray:
    """The ten nearest of all vectors, exactly."""
    assert memory._index.embedder is not None
    scores = vectors @ memory._index.embedder.embed([text])[0]
    return np.argpartition(-scores, 10)[:10]


def killed(folder: Path, rounds: int) -> list[Record]:
    """Three writers, killed again and again; how many acknowledged turns were lost, and what ``verify`` finds."""
    test = module(ROOT / "tests" / "memory" / "test_store.py")
    path, rng, acknowledged = folder / "killed.sqlite", random.Random(6), 0
    lost = 0
    for number in range(rounds):
        now = test.kill_round(path, rng)
        with Memory.open(path, embed="lexical") as memory:
            kept = memory._store.get(list(now))
        lost += sum(kept[i].text != text if i in kept else 1 for i, text in now.items())
        acknowledged += len(now)
        if number % 100 == 99:
            print(f"{number + 1} rounds, {acknowledged:,} turns acknowledged, {lost} lost", flush=True)
    with Memory.open(path, embed="lexical") as memory:
        memory.index()
        wrong = memory.verify()
        assert len(memory) >= acknowledged - lost
    world = f"{rounds} rounds"
    return [
        record(world, "lost_turns", exact(lost), acknowledged),
        record(world, "verify_problems", exact(len(wrong)), acknowledged),
    ]


def module(path: Path) -> ModuleType:
    """A file of this project as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = made
    spec.loader.exec_module(made)
    return made


def timed(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds that ``work`` takes."""
    start = clock()
    work()
    return clock() - start


def median(values: Sequence[float]) -> Interval:
    """A median with its bootstrap interval."""
    rng = np.random.default_rng(0)
    array = np.asarray(values)
    drawn = np.median(array[rng.integers(0, len(array), (2000, len(array)))], axis=1)
    return Interval(float(np.median(array)), *map(float, np.quantile(drawn, [0.025, 0.975])))


def exact(value: float) -> Interval:
    """A number that is counted, not sampled."""
    return Interval(value, value, value)


if __name__ == "__main__":
    main()
