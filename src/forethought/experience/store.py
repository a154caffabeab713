"""The record of what happened: a folder of Parquet parts, one row per step, that ``datasets.load_dataset`` opens.

A part is written once, whole, and never changed, so the parts that a checkpoint counts are exactly its experience.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import groupby
from operator import index, itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from forethought import storage
from forethought.errors import BadSetting, Damaged
from forethought.types import Divergence, Ending, Episode, Harm, Progress, Step

Row = dict[str, Any]
Cost = tuple[tuple[str, float], ...]

NO_STEP = -1
"""The ``index`` of the one row of an episode that ended before its first step."""

PART = re.compile(r"part-(\d{6}|[1-9]\d{6,})\.parquet")
EPISODE_TEXTS = ("world", "split", "axis", "policy", "desire", "observation", "failure")
STEP_TEXTS = ("action", "change", "outcome", "warning")
FORMAT = "2"
ROWS_AT_ONCE = 1024

_TEXT, _INT, _FLOAT = pa.string(), pa.int64(), pa.float64()
SCHEMA = pa.schema(
    [
        pa.field(name, kind, nullable=name in ("prediction", "nll", "facts", "latent"))
        for name, kind in {
            "episode": _INT,
            "index": _INT,
            "world": _TEXT,
            "level": _INT,
            "split": _TEXT,
            "axis": _TEXT,
            "seed": _INT,
            "policy": _TEXT,
            "stage": _TEXT,
            "desire": _TEXT,
            "observation": _TEXT,
            "action": _TEXT,
            "prediction": _TEXT,
            "change": _TEXT,
            "outcome": _TEXT,
            "progress": _TEXT,
            "harm": _TEXT,
            "warning": _TEXT,
            "nll": _FLOAT,
            "facts": _FLOAT,
            "latent": _FLOAT,
            "cost": _TEXT,
            "ending": _TEXT,
            "failure": _TEXT,
        }.items()
    ]
)
"""The columns: what is about the episode (``observation`` is the one before its first action) stands in each row."""


class ExperienceStore:
    """The episodes of one run in the order they were lived, as ``part-000000.parquet`` and so on in ``folder``.

    What is appended is held in memory until ``flush`` makes it the next part; ``len`` counts both.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise BadSetting(f"{self.folder} is a file; expected a folder for experience, or a path that is free")
        self._parts = max(_numbers(self.folder), default=-1) + 1
        self._flushed: int | None = None  # counted when first needed, so that a store with a damaged end still opens
        self._buffer: list[pa.RecordBatch] = []
        self._buffered = 0

    @property
    def parts(self) -> int:
        """How many parts have been written; a checkpoint notes it, and ``truncate`` goes back to it."""
        return self._parts

    def __len__(self) -> int:
        """How many episodes there are, buffered ones included; ``Damaged`` if the last part cannot be read."""
        if self._flushed is None:
            first, count, _ = _span(*_open(self._path(self._parts - 1))) if self._parts else (0, 0, 0)
            self._flushed = first + count
        return self._flushed + self._buffered

    def append(self, episodes: Sequence[Episode], stage: str) -> None:
        """Buffers episodes lived in ``stage``: all of them or, if one cannot be stored (``BadSetting``), none."""
        if episodes:
            self._buffer.append(_encode(len(self), episodes, stage))
            self._buffered += len(episodes)

    def flush(self) -> int:
        """Writes what is buffered as the next part, atomically, and returns the number of parts.

        If writing fails (``NoSpace``) the episodes stay buffered, and what was there before is intact.
        """
        if self._buffer:
            total, count = len(self), self._buffered
            table = pa.Table.from_batches(self._buffer)
            marks = {"first_episode": total - count, "episodes": count, "rows": table.num_rows}
            marked = {"forethought.format": FORMAT} | {name: str(mark) for name, mark in marks.items()}
            table = table.replace_schema_metadata(marked)
            sink = pa.BufferOutputStream()
            pq.write_table(table.combine_chunks(), sink, compression="zstd", write_page_checksum=True)
            storage.write_bytes(self._path(self._parts), sink.getvalue().to_pybytes())
            self._parts, self._flushed, self._buffer, self._buffered = self._parts + 1, total, [], 0
        return self._parts

    def truncate(self, parts: int) -> None:
        """Keeps the first ``parts`` parts and drops the rest, buffer included: what a checkpoint does not know of.

        ``Damaged`` if there are fewer parts than that: the checkpoint's own experience is missing.
        """
        if parts < 0:
            raise BadSetting(f"cannot keep {parts} parts of {self.folder}; expected 0 or more")
        if parts > self._parts:
            raise Damaged(
                f"{self.folder} has {self._parts} parts of experience; expected at least {parts}. "
                "Resume from an older checkpoint, or restore the missing parts"
            )
        for number in sorted(_numbers(self.folder), reverse=True):  # newest first: a kill leaves no hole
            if number >= parts:
                storage.remove(self._path(number))
        self._parts, self._flushed, self._buffer, self._buffered = parts, None, [], 0

    def episodes(self, parts: int | None = None) -> Iterator[Episode]:
        """Every episode in the order of appending (or those of the first ``parts`` parts), read part by part.

        Raises ``Damaged``, naming the file, where a part cannot be read as what was written.
        """
        number = 0
        for part in range(self._parts if parts is None else parts):
            for episode in _read(self._path(part), number):
                number += 1
                yield episode
        if parts is None:
            yield from _decode(iter(self._buffer), number)

    @classmethod
    def recover(cls, folder: Path | str) -> int:
        """The number of parts up to which everything in ``folder`` reads; deletes nothing.

        Where that is not all of them it warns (``UserWarning``), naming the damaged file and what is left out. The
        way back is then ``truncate`` to the parts of the last checkpoint that has no more than these.
        """
        store, number = cls(folder), 0
        for part in range(store.parts):
            try:
                number += sum(1 for _ in _read(store._path(part), number))
            except Damaged as damage:
                warnings.warn(
                    f"{damage}. The {part} parts before it read well ({number} episodes); "
                    f"from {store._path(part).name} on, {store.parts - part} of {store.parts} parts are left out",
                    stacklevel=2,
                )
                return part
        return store.parts

    def _path(self, part: int) -> Path:
        return self.folder / f"part-{part:06d}.parquet"


def storable(episode: Episode) -> Episode:
    """The episode as the store gives it back: lone surrogates, which no file can hold, become U+FFFD.

    Everything else is kept exactly; an episode without lone surrogates is returned as it is.
    """
    try:
        for text in _texts(episode):
            text.encode()
    except UnicodeEncodeError:
        about: dict[str, Any] = {name: _mended(getattr(episode, name)) for name in EPISODE_TEXTS}
        return replace(episode, **about, steps=tuple(_mended_step(step) for step in episode.steps))
    return episode


def _texts(episode: Episode) -> Iterator[str]:
    for name in EPISODE_TEXTS:
        yield getattr(episode, name)
    for step in episode.steps:
        yield from (step.action, step.change, step.outcome, step.warning, step.prediction or "")
        yield from (unit for unit, _ in step.cost)


def _mended(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _mended_step(step: Step) -> Step:
    texts: dict[str, Any] = {name: _mended(getattr(step, name)) for name in STEP_TEXTS}
    texts["prediction"] = None if step.prediction is None else _mended(step.prediction)
    return replace(step, **texts, cost=tuple((_mended(unit), amount) for unit, amount in step.cost))


# ---- episodes to rows and back ----------------------------------------------------------------------------------
def _encode(first: int, episodes: Sequence[Episode], stage: str) -> pa.RecordBatch:
    """Episodes as rows, numbered from ``first``; ``BadSetting``, naming the episode, if a value does not fit."""
    try:
        rows = [row for number, episode in enumerate(episodes, first) for row in _rows(number, episode, stage)]
        return pa.RecordBatch.from_pylist(rows, SCHEMA)
    except (pa.ArrowException, OverflowError, ValueError, TypeError, AttributeError) as error:
        if len(episodes) > 1:
            for episode in episodes:
                _encode(first, [episode], stage)
        where = f"the episode with seed {episodes[0].seed!r} of world {episodes[0].world!r}"
        raise BadSetting(f"{where} does not fit the record ({error}); see Episode and Step for what is what") from error


def _rows(number: int, episode: Episode, stage: str) -> list[Row]:
    episode = storable(episode)
    about = _episode_row(number, episode, stage)
    steps = list(enumerate(episode.steps)) or [(NO_STEP, Step("", "", ""))]
    return [about | _step_row(position, step) for position, step in steps]


def _episode_row(number: int, episode: Episode, stage: str) -> Row:
    return {
        "episode": number,
        "world": episode.world,
        "level": index(episode.level),
        "split": episode.split,
        "axis": episode.axis,
        "seed": index(episode.seed),
        "policy": episode.policy,
        "stage": _mended(stage),
        "desire": episode.desire,
        "observation": episode.observation,
        "ending": str(Ending(episode.ending)),
        "failure": episode.failure,
    }


def _step_row(position: int, step: Step) -> Row:
    return {
        "index": position,
        "action": step.action,
        "prediction": step.prediction,
        "change": step.change,
        "outcome": step.outcome,
        "progress": str(Progress(step.progress)),
        "harm": str(Harm(step.harm)),
        "warning": step.warning,
        "nll": step.divergence.nll,
        "facts": step.divergence.facts,
        "latent": step.divergence.latent,
        "cost": _cost_text(step.cost),
    }


def _decode(batches: Iterator[pa.RecordBatch], first: int) -> Iterator[Episode]:
    """The episodes that rows tell of, whose numbers must count up from ``first``; ``ValueError`` otherwise."""
    rows = (row for batch in batches for row in batch.to_pylist())
    for expected, (number, steps) in enumerate(groupby(rows, key=itemgetter("episode")), first):
        if number != expected:
            raise ValueError(f"it holds episode {number} where {expected} is expected")
        yield _decode_episode(list(steps))


def _decode_episode(rows: Sequence[Row]) -> Episode:
    about, indices = rows[0], [row["index"] for row in rows]
    if indices not in ([NO_STEP], list(range(len(rows)))):
        raise ValueError(f"the steps of episode {about['episode']} are numbered {indices[:9]}")
    return Episode(
        world=about["world"],
        level=about["level"],
        split=about["split"],
        seed=about["seed"],
        desire=about["desire"],
        observation=about["observation"],
        steps=() if indices == [NO_STEP] else tuple(_decode_step(row) for row in rows),
        ending=Ending(about["ending"]),
        policy=about["policy"],
        axis=about["axis"],
        failure=about["failure"],
    )


def _decode_step(row: Row) -> Step:
    return Step(
        action=row["action"],
        change=row["change"],
        outcome=row["outcome"],
        progress=Progress(row["progress"]),
        harm=Harm(row["harm"]),
        warning=row["warning"],
        prediction=row["prediction"],
        divergence=Divergence(row["nll"], row["facts"], row["latent"]),
        cost=_read_cost(row["cost"]),
    )


def _cost_text(cost: Cost) -> str:
    return "{" + ", ".join(f"{json.dumps(unit)}: {json.dumps(float(amount))}" for unit, amount in cost) + "}"


@lru_cache(maxsize=4096)
def _read_cost(text: str) -> Cost:
    cost: Cost = json.loads(text, object_pairs_hook=tuple)
    return cost


# ---- parts ------------------------------------------------------------------------------------------------------
def _numbers(folder: Path) -> list[int]:
    names = (PART.fullmatch(path.name) for path in folder.iterdir()) if folder.is_dir() else ()
    return [int(name[1]) for name in names if name]


def _open(path: Path) -> tuple[Path, pq.ParquetFile]:
    """The part at ``path``; ``Damaged`` if it is missing, no Parquet, or has columns other than ours."""
    if not path.exists():
        raise Damaged(f"{path} is missing; expected a part of the experience there")
    try:
        part = pq.ParquetFile(path, page_checksum_verification=True)
        schema = part.schema_arrow
    except (OSError, pa.ArrowException, ValueError) as error:
        raise _damage(path, error) from error
    marks = schema.metadata or {}
    if not schema.equals(SCHEMA) or marks.get(b"forethought.format") != FORMAT.encode():
        odd = sorted({str(field) for field in schema} ^ {str(field) for field in SCHEMA})
        raise Damaged(
            f"{path} is not a part of this version's experience (format {marks.get(b'forethought.format')!r}, columns "
            f"that differ: {', '.join(odd) or 'none'}); expected format {FORMAT!r}. Move it out of the folder"
        )
    return path, part


def _span(path: Path, part: pq.ParquetFile) -> tuple[int, int, int]:
    """The first episode's number, the number of episodes and that of rows, as the part itself states them."""
    marks = part.schema_arrow.metadata
    try:
        return int(marks[b"first_episode"]), int(marks[b"episodes"]), int(marks[b"rows"])
    except (KeyError, ValueError) as error:
        raise _damage(path, error) from error


def _read(path: Path, first: int) -> Iterator[Episode]:
    """The episodes of one part, whose first must have the number ``first``; ``Damaged`` if it cannot be read."""
    _, part = _open(path)
    span, number, rows = _span(path, part), first, 0
    try:
        with part:
            for episode in _decode(part.iter_batches(ROWS_AT_ONCE), first):
                number, rows = number + 1, rows + max(1, len(episode.steps))
                yield episode
        held = (first, number - first, rows)
        if span != held:
            raise ValueError(f"it states {span} for its first episode, episodes and rows, and holds {held}")
    except (OSError, pa.ArrowException, ValueError, TypeError) as error:
        raise _damage(path, error) from error


def _damage(path: Path, error: Exception) -> Damaged:
    return Damaged(f"{path} cannot be read as a part of the experience ({type(error).__name__}: {error})")
