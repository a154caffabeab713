"""The audit of a report: everything that it tells, computed anew from the records of its runs."""

from __future__ import annotations

import hashlib
import html
import math
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import product
from pathlib import Path
from typing import Any

from forethought import storage
from forethought.errors import Damaged
from forethought.evaluation import load_results
from forethought.evaluation.capacity import RESULT_FILE as CAPACITY_FILE
from forethought.evaluation.capacity import Key, measured
from forethought.evaluation.checks import beside
from forethought.evaluation.comparison import AGAIN, MEASURED, RESULT_FILE, Run, compared, told_as
from forethought.evaluation.tuning import Score, last_score, tuning_scores, validation_score
from forethought.reports import capacity, comparison
from forethought.reports.gather import gather
from forethought.reports.page import content, rendered

CLOSE = 1e-9
PAGE = "report.html"
WRITTEN = re.compile(r"Written \d{4}-\d\d-\d\d \d\d:\d\d UTC by forethought")
"""When a page was written: the one thing on it that does not follow."""
DATA = re.compile(r"data:[^\"'\s)]+")
"""A picture in a page."""
TUNING = "tuning.json"
LOGGED = {"tokens": "tokens", "updates": "update", "steps": "steps", "flops": "flops"}
"""What a run's summary tells of its training, and where its log has it."""
MORE = ("arms", "seeds", "versions")
"""What a comparison tells besides what its page needs."""
Entry = Mapping[str, Any]


def audit_runs(folders: Sequence[Path], page: Path) -> list[str]:
    """What the summaries of runs, or the ``page`` about them, tell that does not follow from what training logged and
    from the records of what was measured, in words; [] if all does. Raises ``Damaged`` for a run without either.
    """
    runs = gather(folders)
    wrong: list[str] = []
    for run in runs:
        if not (run.summary and run.metrics):
            raise Damaged(f"{run.folder} has no whole summary.json and metrics.jsonl; a run is audited when it is done")
        for name, logged in LOGGED.items():
            wrong += _apart(f"{run.folder}: {name}", run.summary.get(name), run.metrics[-1].get(logged))
    if not page.exists():
        raise Damaged(f"there is no {page} to audit; 'forethought report' writes it")
    return wrong + list(_page(page, lambda: rendered("report.html.j2", content(runs))))


def audit_comparison(folder: Path) -> list[str]:
    """What ``compare.json`` or its page tells that does not follow from the runs' own records, in words; [] if all
    does. Raises ``Damaged`` where it is no comparison, ``Unmatched`` for runs that may not stand in one.
    """
    found = _checked(comparison.read(folder), folder / RESULT_FILE, {"arm": str, "seed": int})
    runs = [(run["arm"], run["seed"]) for run in found["runs"]]
    gone = [_run_of(name) for name in found["missing"] if ", seed " in name]
    arms, seeds = _arms(found), _seeds(found, [*runs, *gone])
    folders = {(arm, seed): folder / f"{arm}-{seed}" for arm, seed in [*runs, *gone]}
    again = compared(arms, seeds, folders, {}, _beside(folder, arms, [path.name for path in folders.values()]))
    fresh = again.to_dict()
    wrong = _missing(found, again.missing, {told_as(*run) for run in runs})
    wrong += _entries("run", found["runs"], fresh["runs"], "arm", "seed")
    wrong += _figures(folder / RESULT_FILE, again.records(_worlds(again.runs)), "arm", "metric")
    wrong += _entries("difference", found["differences"], fresh["differences"], "arm", "other", "metric")
    wrong += _entries("claim", found["claims"], fresh["claims"], "what")
    for arm, told in found["tuning"].items():
        stem = folder / f"tune-{arm}"
        wrong += _tuned(arm, told, stem, "settings", "chosen", validation_score)
        wrong += _trained(arm, told, stem, [run for run in again.runs if run.arm == arm])
    wrong += _untold(folder, found["tuning"], {path.name.rpartition("-")[0][5:] for path in _tunings(folder)})
    whole = [told_as(arm, seed) for arm, seed in product(arms, seeds)]
    unasked = [told_as(*run) for run in [*runs, *gone] if told_as(*run) not in whole]
    wrong += [f"{name} is told, and is none of the arms and seeds that were asked for" for name in unasked]
    wrong += _left_out(whole, {*(told_as(*run) for run in runs), *found["missing"]})
    wrong += _unread(folder, f"*-*/{MEASURED}", set(folders.values()))
    wrong += [f"{name} is told, and is no part of a comparison" for name in found.keys() - {*comparison.SHAPE, *MORE}]
    wrong += _made(found, [run.made for run in again.runs])
    return [*wrong, *_verdicts(found, again.verdicts), *_page(folder / PAGE, lambda: comparison.page(folder))]


def audit_capacity(folder: Path) -> list[str]:
    """The same of ``capacity.json``."""
    found = _checked(
        capacity.read(folder), folder / CAPACITY_FILE, {"world": str, "size": str, "arm": str, "seed": int}
    )
    keys = [Key(run["world"], run["size"], run["arm"], run["seed"]) for run in found["runs"]]
    gone = [_key_of(name) for name in found["missing"] if name.count(", ") == 3 and ", seed " in name]
    again = measured([*keys, *gone], folder, {})
    fresh = again.to_dict()
    wrong = _missing(found, again.missing, {str(key) for key in keys}, ignored="tune/")
    wrong += _entries("run", found["runs"], fresh["runs"], "world", "size", "arm", "seed")
    wrong += _figures(folder / CAPACITY_FILE, again.records(), "arm", "world", "metric")
    wrong += _entries("claim", found["claims"], fresh["claims"], "what")
    wrong += _entries("claim", found["checkpoints"], fresh["checkpoints"], "what")
    wrong += _entries("ratio", found["ratios"], fresh["ratios"], "world", "figure")
    wrong += _entries("needed", found["needed"], fresh["needed"], "world", "arm", "figure", "level")
    for cell, told in found["tuning"].items():
        wrong += _tuned(cell, told, folder / "tune" / cell.replace(":", "."), "factor", "factor", last_score)
    cells = product(*(dict.fromkeys(part) for part in zip(*keys, strict=True))) if keys else ()
    whole = [str(Key(*cell)) for cell in cells]
    wrong += _left_out(whole, {*map(str, keys), *found["missing"]})
    tuned = {path.relative_to(folder / "tune").as_posix().rpartition("-")[0] for path in _tunings(folder)}
    wrong += _untold(folder, {cell.replace(":", "."): told for cell, told in found["tuning"].items()}, tuned)
    wrong += _unread(folder, f"*/*/*/{MEASURED}", {folder / key.path for key in [*keys, *gone]})
    return [*wrong, *_verdicts(found, again.verdicts), *_page(folder / PAGE, lambda: capacity.page(folder))]


def _checked(found: Entry, path: Path, parts: Mapping[str, type]) -> Entry:
    """What a result tells; ``Damaged`` where a part of a run, a verdict or a search is not of its kind."""
    odd = [part for run in found["runs"] for part, kind in parts.items() if type(run.get(part)) is not kind]
    odd += ["verdicts"] if not odd and not all(isinstance(line, str) for line in found["verdicts"]) else []
    for told in () if odd else found["tuning"].values():
        tried = told.get("tried") if isinstance(told, dict) else None
        right = isinstance(tried, list) and all(isinstance(each, dict) and "score" in each for each in tried)
        right = right and ("chosen" in told or "factor" in told)
        odd += [] if right else ["tuning"]
    if odd:
        raise Damaged(f"{path} holds {odd[0]} of another kind than expected. Run the command that made it again.")
    return found


def _arms(found: Entry) -> list[str]:
    """The arms that were asked for; of an older result, where nothing could be compared, the first may have no run."""
    if isinstance(found.get("arms"), list):
        return [str(arm) for arm in found["arms"]]
    there = list(dict.fromkeys(run["arm"] for run in found["runs"]))
    gone = [_run_of(name)[0] for name in found["missing"] if ", seed " in name]
    lost = [arm for arm in dict.fromkeys(gone) if arm not in there]
    return there + lost if found["differences"] else lost + there


def _seeds(found: Entry, runs: Iterable[tuple[str, int]]) -> list[int]:
    if isinstance(found.get("seeds"), list):
        return list(found["seeds"])
    return sorted({seed for _, seed in runs})


def _run_of(name: str) -> tuple[str, int]:
    """The run that is told as missing by this name."""
    arm, _, seed = name.rpartition(", seed ")
    return arm, int(seed) if seed.isdigit() else -1


def _key_of(name: str) -> Key:
    world, size, arm, seed = name.split(", ")
    return Key(world, size, *_run_of(f"{arm}, {seed}"))


def _beside(folder: Path, arms: Sequence[str], runs: Sequence[str]) -> dict[str, Path]:
    """What the folder's plan asks for besides runs; without one, what any of its runs has."""
    path = folder / "plan.json"
    plan = storage.read_json(path) if path.exists() else {}
    asked = plan.get("fresh", 0) if isinstance(plan, dict) else 0
    again = [name for name in AGAIN if asked or any((folder / run / name).exists() for run in runs)]
    tune = plan.get("tune", 0) if isinstance(plan, dict) else 0
    return beside(folder, runs, arms, again, tune if isinstance(tune, int) else 0)


def _missing(found: Entry, fresh: Entry, runs: Container[str], ignored: str = " ") -> list[str]:
    """What is told as measured and is missing, what is missing and not told, and what is told as missing and is not."""
    told = found["missing"]
    wrong = [
        f"{name} is not there to recompute it from ({why})" if name in runs else f"{name} is missing and is not told"
        for name, why in fresh.items()
        if name not in told
    ]
    more = [name for name in told if name not in fresh and not name.startswith(ignored)]
    return wrong + [f"{name} is told as missing and is not" for name in more]


def _worlds(runs: Sequence[Run]) -> str:
    """The worlds of runs as records name them."""
    return "+".join(runs[0].config["worlds"]) if runs else ""


def _figures(path: Path, fresh: Iterable[Any], *by: str) -> Iterator[str]:
    told = [record.to_dict() for record in load_results(path)]
    return _entries("figure", told, [record.to_dict() for record in fresh], *by)


def _made(found: Entry, made: Sequence[Entry]) -> Iterator[str]:
    """The commit and versions that are told and are not the runs'."""
    if made:
        told = {"commit": found["commit"], **found.get("versions", {})}
        yield from _apart("made by", told, dict(made[0]))


def _tunings(folder: Path) -> list[Path]:
    """Where short runs were measured."""
    return [path.parent for pattern in ("tune-*", "tune/*/*/*") for path in folder.glob(f"{pattern}/{MEASURED}")]


def _untold(folder: Path, tuning: Entry, there: Iterable[str]) -> list[str]:
    """Searches that were made and are not told, and what is told otherwise than the search left it."""
    wrong = [f"tuning of {who} was measured and is not told" for who in sorted(set(there) - set(tuning))]
    if (folder / TUNING).exists():
        left = storage.read_json(folder / TUNING)
        named = {who.replace(":", "."): told for who, told in left.items()} if isinstance(left, dict) else {}
        wrong += _apart(f"tuning ({TUNING})", dict(tuning), named)
    return wrong


def _trained(who: str, told: Entry, stem: Path, runs: Sequence[Run]) -> Iterator[str]:
    """Settings that are told as tried or chosen, and with which the runs were not trained."""
    ks = list(tuning_scores(stem, validation_score))
    tried = [(f"{stem.name}-{k}", each.get("settings")) for k, each in zip(ks, told["tried"], strict=False)]
    told_of = [(name, settings, _config(stem.parent / name)) for name, settings in tried]
    told_of += [(f"{run.arm}-{run.seed}", told["chosen"], run.config) for run in runs]
    for name, settings, config in told_of:
        for setting, value in settings.items() if isinstance(settings, dict) and config else ():
            if config.get(setting) != value:
                yield f"{name} is told as trained with {setting} {value!r} and was with {config.get(setting)!r}"


def _config(folder: Path) -> Entry:
    path = folder / "config.json"
    found = storage.read_json(path) if path.exists() else {}
    return found if isinstance(found, dict) else {}


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
    left = {tuple(str(each[part]) for part in by): each for each in fresh}
    seen = set[tuple[Any, ...]]()
    for each in told:
        key = tuple(str(each[part]) for part in by)
        name = f"{what} {', '.join(key)}"
        if key in seen:
            yield f"{name} is told twice"
        elif key not in left:
            yield f"{name} is told and does not come out of the records"
        else:
            yield from _apart(name, each, left[key])
        seen.add(key)
    yield from (f"{what} {', '.join(key)} comes out and is not told" for key in left if key not in seen)


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
    """Verdicts that are told and do not follow, those that follow and are not told, and any told in another order."""
    told = found["verdicts"]
    wrong = [f"the verdict {line!r} does not follow from the numbers" for line in told if line not in fresh]
    left = [f"the verdict {line!r} follows from the numbers and is not told" for line in fresh if line not in told]
    other = [] if told == list(fresh) else ["the verdicts are told more than once, or in another order"]
    return wrong or left or other


def _page(path: Path, page: Callable[[], str]) -> Iterator[str]:
    """Where a page, if there is one, is not what its result is shown as, piece by piece and in order."""
    if not path.exists():
        return
    fresh = _pieces(page())
    shown = _pieces(path.read_text("utf-8", errors="replace"))
    advice = f"'forethought report {path.parent}' writes the page anew"
    for what, a, b, c, d in SequenceMatcher(None, shown, fresh, autojunk=False).get_opcodes():
        if what != "equal":
            yield from (
                f"{path.name} shows {text!r}, which the result does not tell there; {advice}" for text in shown[a:b]
            )
            yield from (
                f"{path.name} does not show {text!r}, which the result tells there; {advice}" for text in fresh[c:d]
            )


def _pieces(page: str) -> list[str]:
    """All of a page in order, tags and styles too: but for when it was written, and pictures by their fingerprints."""
    whole = DATA.sub(lambda found: f"data {hashlib.sha256(found[0].encode()).hexdigest()[:16]}", page)
    pieces = re.split(r"(<[^>]*>)", WRITTEN.sub("Written by forethought", whole, count=1))
    told = [" ".join(html.unescape(piece).split()) for piece in pieces]
    return [piece for piece in told if piece]
