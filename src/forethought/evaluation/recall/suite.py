"""The recall suite: questions of every task at every depth of conversations of every length, asked of every arm.

Each conversation x reader x arm is kept in a file when it is done, so that an interrupted run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from forethought import storage
from forethought.errors import BadSetting, UnknownName
from forethought.evaluation.recall.arms import ARMS, FINDING, Bench, Row, possible
from forethought.evaluation.recall.conversation import converse
from forethought.evaluation.recall.reader import Reader
from forethought.evaluation.recall.tasks import TASKS
from forethought.evaluation.recall.words import Split
from forethought.memory.embed import LEXICAL, Embedder, choose
from forethought.models.state import model_fingerprint

PLAN_FILE, WHO_FILE, CELLS = "plan.json", "who.json", "cells"
NO_READER = "retrieval"
ROOM = 100
"""Tokens that a question's own lines take, about; a line of pairs takes ``PAIR``."""
PAIR = 14
MOST_ASKED = 120
Watch = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked: ``n`` questions of each task at each depth of each length."""

    lengths: tuple[int, ...] = (1024, 4096, 16384, 65536, 131072)
    depths: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    tasks: tuple[str, ...] = ("needle", "multi-key", "multi-value", "update", "two-hop", "order", "abstain", "pairs-16")
    n: int = 2
    budget: int = 256
    split: Split = "test"
    seed: int = 0
    facts: float = 0.1
    near: int = 2

    def checked(self) -> Plan:
        """Itself. Raises ``UnknownName`` for a task, ``BadSetting`` for anything out of range."""
        for task in self.tasks:
            if task not in TASKS:
                raise UnknownName.of("recall task", task, TASKS)
        if not self.lengths or not self.depths or not self.tasks or self.n < 1 or self.budget < 32:
            raise BadSetting(
                f"got {len(self.lengths)} lengths, {len(self.depths)} depths, {len(self.tasks)} tasks, n={self.n} and "
                f"budget={self.budget}; expected one or more of each, and a budget of 32 tokens or more"
            )
        if min(self.lengths) < 256 or not all(0 <= depth <= 1 for depth in self.depths):
            raise BadSetting(f"got lengths {self.lengths} and depths {self.depths}; expected 256 or more, and 0 to 1")
        return self

    def conversations(self, length: int) -> list[list[tuple[str, float]]]:
        """What is asked of each conversation of a length: so much that its lines take half of it at most."""
        wanted = [(task, depth) for task in self.tasks for depth in self.depths for _ in range(self.n)]
        wanted = [each for each in wanted if room(each[0]) <= max(length // 2, ROOM)]
        Random(f"order/{self.seed}/{length}").shuffle(wanted)
        found: list[list[tuple[str, float]]] = [[]]
        used = 0
        for each in wanted:
            if found[-1] and (used + room(each[0]) > length // 2 or len(found[-1]) >= MOST_ASKED):
                found.append([])
                used = 0
            found[-1].append(each)
            used += room(each[0])
        return found


def room(task: str) -> int:
    """About how many tokens a question's own lines take."""
    return ROOM + (PAIR * int(task.partition("-")[2]) if task.startswith("pairs-") else 0)


def measure(
    plan: Plan,
    folder: Path,
    readers: Sequence[Callable[[], Reader]] = (),
    arms: Sequence[str] = ARMS,
    embed: str | None = None,
    watch: Watch | None = None,
) -> list[Row]:
    """Asks everything that ``folder`` does not have yet, and returns all rows: one for each reader, arm and question.

    Without readers only finding is measured, and when the memory abstains. Raises ``BadSetting`` where the folder was
    begun with another plan, embedder or reader of the same name, and where no arm can be measured.
    """
    for arm in arms:
        if arm not in ARMS:
            raise UnknownName.of("arm", arm, ARMS)
    embedder = choose(embed)
    if not readers and not set(arms) & set(FINDING):
        raise BadSetting(f"{', '.join(arms)}: only a reader can be measured so; name one with --model, or other --arms")
    plan.checked()
    loaded: list[Reader | None] = [None, *(load() for load in readers)]
    _keep(plan, folder)
    _keep_who(folder, embedder.name if embedder else LEXICAL, [reader for reader in loaded if reader is not None])
    cells = [(length, i, asked) for length in plan.lengths for i, asked in enumerate(plan.conversations(length))]
    for at, (length, i, asked) in enumerate(cells):
        if watch is not None:
            watch(f"{length:,} tokens, conversation {i + 1}", at, len(cells))
        _cell(plan, folder, length, i, asked, loaded, arms, embedder, watch, (at, len(cells)))
    return rows(folder)


def _cell(
    plan: Plan, folder: Path, length: int, i: int, asked: list[tuple[str, float]], readers: Sequence[Reader | None],
    arms: Sequence[str], embedder: Embedder | None, watch: Watch | None, where: tuple[int, int],
) -> None:  # fmt: skip
    """All arms and readers of one conversation."""
    missing = [
        (reader, arm, path)
        for reader in readers
        for arm in arms
        if possible(arm, reader, length) and not (path := _path(folder, length, i, reader, arm)).exists()
    ]
    if not missing:
        return
    talk = converse(length, asked, plan.split, plan.seed * 1000 + i, plan.facts, plan.near)
    bench = Bench(talk, plan.budget, embedder or LEXICAL)
    try:
        for reader, arm, path in missing:
            found: list[Row] = []
            if watch is not None:
                watch(f"{length:,} tokens, {reader.name if reader else 'finding'}: {arm}", *where)
            for item in talk.items:
                row = bench.find(arm, item) if reader is None else bench.read(arm, item, reader)
                about = {"task": item.task, "depth": item.depth, "answerable": bool(item.answer)}
                found.append({**about, "reply": talk.has_reply(item), **row})
            kept: Row = {"length": length, "conversation": i, "arm": arm, "rows": found}
            kept["reader"] = reader.name if reader else NO_READER
            if reader is None and arm == "ours":
                kept["stored"] = bench.stored
            storage.write_json(path, kept, indent=None)
    finally:
        bench.close()


def rows(folder: Path) -> list[Row]:
    """Every row that a folder has; ``place`` tells which question of all it is about."""
    found = []
    for cell in cells(folder):
        for number, row in enumerate(cell["rows"]):
            about = {name: cell[name] for name in ("length", "reader", "arm")}
            found.append({**about, "place": (cell["length"], cell["conversation"], number), **row})
    return found


def cells(folder: Path) -> Iterator[Row]:
    """Every finished cell of a folder, shorter conversations first."""
    found = [storage.read_json(path) for path in sorted((folder / CELLS).glob("*.json"))]
    yield from sorted(found, key=lambda cell: (cell["length"], cell["conversation"]))


def _path(folder: Path, length: int, i: int, reader: Reader | None, arm: str) -> Path:
    return folder / CELLS / f"{length}-{i}-{reader.name if reader else NO_READER}-{arm}.json"


def _keep(plan: Plan, folder: Path) -> None:
    """Writes the plan; lengths may be added to one that is there."""
    path, mine = folder / PLAN_FILE, asdict(plan)
    there: Any = storage.read_json(path) if path.exists() else None
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in mine.items()}
    if there is not None:
        differing = [name for name in told if name != "lengths" and told[name] != there.get(name)]
        if differing:
            raise BadSetting(
                f"{folder} was begun with another {', '.join(differing)}; only lengths, readers and arms may be added "
                "there. Name another --folder."
            )
        told["lengths"] = sorted({*there["lengths"], *told["lengths"]})
    storage.write_json(path, told)


def _keep_who(folder: Path, embedder: str, readers: Sequence[Reader]) -> None:
    """Writes whose vectors and which readers a folder's rows are of; others of the same name are refused."""
    mine = {reader.name: model_fingerprint(reader.lm) for reader in readers}
    path = folder / WHO_FILE
    there: Any = storage.read_json(path) if path.exists() else {"embedder": embedder, "readers": {}}
    other = [name for name in mine if there["readers"].get(name, mine[name]) != mine[name]]
    if there["embedder"] != embedder:
        other.append(f"embedder ({there['embedder']}, now {embedder})")
    if other or len(mine) < len(readers):
        told = f"has rows of another {', '.join(other)}" if other else "cannot keep two readers of one name apart"
        raise BadSetting(f"{folder} {told}; name another --folder for each")
    storage.write_json(path, {"embedder": embedder, "readers": {**there["readers"], **mine}})


def plan_of(folder: Path) -> Plan:
    """The plan of a folder."""
    told = storage.read_json(folder / PLAN_FILE)
    found: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    return Plan(**found)


__all__ = ["ARMS", "FINDING", "NO_READER", "Plan", "cells", "measure", "plan_of", "rows"]
