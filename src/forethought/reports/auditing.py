"""The audit of a comparison or a grid: everything that it tells, computed anew from its runs' own records."""

from __future__ import annotations

import html
import math
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from forethought.evaluation import load_results
from forethought.evaluation.capacity import RESULT_FILE as CAPACITY_FILE
from forethought.evaluation.capacity import Key, measured
from forethought.evaluation.comparison import MEASURED, RESULT_FILE, compared
from forethought.evaluation.tuning import Score, last_score, tuning_scores, validation_score
from forethought.reports import capacity, comparison

CLOSE = 1e-9
PAGE = "report.html"
UNTOLD = re.compile(r"<(head|style)\b.*?</\1>", re.DOTALL)
"""What a reader of a page does not see."""
Entry = Mapping[str, Any]


def audit_comparison(folder: Path) -> list[str]:
    """What ``compare.json`` or its page tells that does not follow from the runs' own records, in words; [] if all
    does. Raises ``Damaged`` where it is no comparison, ``Unmatched`` for runs that may not stand in one.
    """
    found = comparison.read(folder)
    runs = {(run["arm"], run["seed"]): folder / f"{run['arm']}-{run['seed']}" for run in found["runs"]}
    arms, seeds = _arms(found), sorted({seed for _, seed in runs})
    again = compared(arms, seeds, runs, {})
    fresh = again.to_dict()
    wrong = [f"{name} is not there to recompute it from ({why})" for name, why in again.missing.items()]
    wrong += _entries("run", found["runs"], fresh["runs"], "arm", "seed")
    records = [record.to_dict() for record in load_results(folder / RESULT_FILE)]
    world = records[0]["world"] if records else ""
    wrong += _entries("figure", records, [r.to_dict() for r in again.records(world)], "arm", "metric")
    wrong += _entries("difference", found["differences"], fresh["differences"], "arm", "other", "metric")
    wrong += _entries("claim", found["claims"], fresh["claims"], "what")
    for arm, told in found["tuning"].items():
        wrong += _tuned(arm, told, folder / f"tune-{arm}", "settings", "chosen", validation_score)
    whole = [f"{arm}, seed {seed}" for arm, seed in product(arms, seeds)]
    wrong += _left_out(whole, {f"{arm}, seed {seed}" for arm, seed in runs} | set(found["missing"]))
    wrong += _unread(folder, f"*-*/{MEASURED}", set(runs.values()))
    return [*wrong, *_verdicts(found, again.verdicts), *_page(folder, comparison.page)]


def audit_capacity(folder: Path) -> list[str]:
    """The same of ``capacity.json``."""
    found = capacity.read(folder)
    keys = [Key(run["world"], run["size"], run["arm"], run["seed"]) for run in found["runs"]]
    again = measured(keys, folder, {})
    fresh = again.to_dict()
    wrong = [f"{name} is not there to recompute it from ({why})" for name, why in again.missing.items()]
    wrong += _entries("run", found["runs"], fresh["runs"], "world", "size", "arm", "seed")
    records = [record.to_dict() for record in load_results(folder / CAPACITY_FILE)]
    wrong += _entries("figure", records, [r.to_dict() for r in again.records()], "arm", "world", "metric")
    wrong += _entries("ratio", found["ratios"], fresh["ratios"], "world", "figure")
    wrong += _entries("needed", found["needed"], fresh["needed"], "world", "arm", "figure", "level")
    for cell, told in found["tuning"].items():
        wrong += _tuned(cell, told, folder / "tune" / cell.replace(":", "."), "factor", "factor", last_score)
    whole = [str(Key(*cell)) for cell in product(*(dict.fromkeys(part) for part in zip(*keys, strict=True)))]
    wrong += _left_out(whole, {*map(str, keys), *found["missing"]})
    wrong += _unread(folder, f"*/*/*/{MEASURED}", {folder / key.path for key in keys})
    return [*wrong, *_verdicts(found, again.verdicts), *_page(folder, capacity.page)]


def _arms(found: Entry) -> list[str]:
    """The arms that were asked for: where nothing could be compared, the first may be one without any run."""
    there = list(dict.fromkeys(run["arm"] for run in found["runs"]))
    gone = [name.rpartition(", seed ")[0] for name in found["missing"]]
    lost = [arm for arm in dict.fromkeys(gone) if arm not in there]
    return there + lost if found["differences"] else lost + there


def _left_out(whole: Iterable[str], told: Container[str]) -> list[str]:
    """Runs that the others imply and that are told neither as measured nor as missing."""
    return [f"{name} is told neither as measured nor as missing" for name in whole if name not in told]


def _unread(folder: Path, pattern: str, told: Container[Path]) -> list[str]:
    """Runs that were measured and are not told: figures are of all runs, not of some that were picked."""
    there = sorted(path.parent for path in folder.glob(pattern) if path.parent not in told)
    names = [str(path.relative_to(folder)) for path in there]
    return [
        f"{name} was measured and is not told; a result is of all runs in its folder"
        for name in names
        if not name.startswith("tune")
    ]


def _entries(what: str, told: Iterable[Entry], fresh: Iterable[Entry], *by: str) -> Iterator[str]:
    """What is told of things of one kind and does not come out, is told twice, or comes out and is not told."""
    left = {tuple(each[part] for part in by): each for each in fresh}
    seen = set[tuple[Any, ...]]()
    for each in told:
        key = tuple(each[part] for part in by)
        name = f"{what} {', '.join(map(str, key))}"
        if key in seen:
            yield f"{name} is told twice"
        elif key not in left:
            yield f"{name} is told and does not come out of the records"
        else:
            yield from _apart(name, each, left[key])
        seen.add(key)
    yield from (f"{what} {', '.join(map(str, key))} comes out and is not told" for key in left if key not in seen)


def _apart(where: str, told: Any, fresh: Any) -> Iterator[str]:
    """Each value told that is not the one computed anew, in words; of mappings, name by name."""
    if isinstance(told, dict) and isinstance(fresh, dict):
        for name in {**told, **fresh}:
            yield from _apart(f"{where}: {name}", told.get(name), fresh.get(name))
        return
    numbers = isinstance(told, int | float) and isinstance(fresh, int | float)
    if not (math.isclose(told, fresh, rel_tol=CLOSE, abs_tol=CLOSE) if numbers else told == fresh):
        yield f"{where} is told as {told!r} and comes out as {fresh!r}"


def _tuned(who: str, told: Entry, stem: Path, setting: str, chosen: str, score: Score) -> Iterator[str]:
    """What is told of a search's scores and of what was chosen by them."""
    scores = list(tuning_scores(stem, score).values())
    tried = told["tried"]
    yield from _apart(f"tuning of {who}: scores", dict(enumerate(t["score"] for t in tried)), dict(enumerate(scores)))
    best = tried[scores.index(max(scores))][setting] if len(scores) == len(tried) and scores else told[chosen]
    if told[chosen] != best:
        yield f"tuning of {who}: {told[chosen]!r} is told as chosen and {best!r} comes out"


def _verdicts(found: Entry, fresh: Sequence[str]) -> list[str]:
    """Verdicts that are told and do not follow, and those that follow and are not told."""
    told = found["verdicts"]
    wrong = [f"the verdict {line!r} does not follow from the numbers" for line in told if line not in fresh]
    left = [f"the verdict {line!r} follows from the numbers and is not told" for line in fresh if line not in told]
    return wrong or left


def _page(folder: Path, page: Callable[[Path], str]) -> Iterator[str]:
    """What the folder's page shows and its result does not, where there is a page."""
    path = folder / PAGE
    if path.exists():
        shown, fresh = _texts(path.read_text("utf-8", errors="replace")), _texts(page(folder))
        advice = f"'forethought report {folder}' writes the page anew"
        yield from (f"{PAGE} shows {text!r}, which the result does not tell; {advice}" for text in shown - fresh)
        yield from (f"{PAGE} does not show {text!r}, which the result tells; {advice}" for text in fresh - shown)


def _texts(page: str) -> Counter[str]:
    """The pieces of text that a reader of a page sees, but for when it was written."""
    pieces = [" ".join(html.unescape(piece).split()) for piece in re.split(r"<[^>]*>", UNTOLD.sub("", page))]
    return Counter(piece for piece in pieces if piece and not piece.startswith("Written "))
