"""The audit of a report: everything that it tells, computed anew from the records of its runs."""

from __future__ import annotations

import hashlib
import html
import math
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from forethought import storage
from forethought.errors import Damaged
from forethought.evaluation import load_results
from forethought.evaluation.capacity import RESULT_FILE as CAPACITY_FILE
from forethought.evaluation.capacity import Key, grid_of, measured
from forethought.evaluation.checks import LOGGED, beside
from forethought.evaluation.comparison import AGAIN, FAILED_FILE, MEASURED, RESULT_FILE, Run, compared, told_as
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
AXES = ("worlds", "sizes", "arms", "seeds")
"""What a grid tells was asked for; a comparison tells the last two."""
RATES = ("learning_rate", "matrix_rate")
"""What a grid's tuning multiplies."""
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
    told = [(run["arm"], run["seed"]) for run in found["runs"]]
    arms, seeds = _asked(found, ("arms", "seeds"), [*told, *map(_run_of, _gone(found, 1))])
    folders = {(arm, seed): folder / f"{arm}-{seed}" for arm in arms for seed in seeds}
    there = _beside(folder, arms, [path.name for path in folders.values()])
    again = compared(arms, seeds, folders, _failed(folder), there)
    fresh = again.to_dict()
    wrong = _missing(found, again.missing, {told_as(*run) for run in told})
    wrong += _entries("run", found["runs"], fresh["runs"], "arm", "seed")
    wrong += _figures(folder / RESULT_FILE, again.records(_worlds(again.runs)), "arm", "metric")
    wrong += _entries("difference", found["differences"], fresh["differences"], "arm", "other", "metric")
    wrong += _entries("claim", found["claims"], fresh["claims"], "what")
    for arm, search in found["tuning"].items():
        stem = folder / f"tune-{arm}"
        wrong += _tuned(arm, search, stem, "settings", "chosen", validation_score, {})
        wrong += _trained(arm, search, stem, [run for run in again.runs if run.arm == arm])
    wrong += _untold(folder, found["tuning"], {path.name.rpartition("-")[0][5:] for path in _tunings(folder)})
    wrong += _unread(folder, set(folders.values()))
    wrong += _foreign(found, {*comparison.SHAPE, "arms", "seeds", "versions"}, "comparison")
    wrong += [
        f"{name} are not told: whether any was left out cannot be checked" for name in _untold_of(found, AXES[2:])
    ]
    wrong += _made(found, [run.made for run in again.runs])
    return [*wrong, *_verdicts(found, again.verdicts), *_page(folder / PAGE, lambda: comparison.page(folder))]


def audit_capacity(folder: Path) -> list[str]:
    """The same of ``capacity.json``."""
    kinds = {"world": str, "size": str, "arm": str, "seed": int}
    found = _checked(capacity.read(folder), folder / CAPACITY_FILE, kinds)
    told = [Key(run["world"], run["size"], run["arm"], run["seed"]) for run in found["runs"]]
    asked = _asked(found, AXES, [*told, *map(_key_of, _gone(found, 3))])
    again = measured(grid_of(*asked), folder, _failed(folder), _planned(folder, "tune"))
    fresh = again.to_dict()
    wrong = _missing(found, again.missing, set(map(str, told)))
    wrong += _entries("run", found["runs"], fresh["runs"], "world", "size", "arm", "seed")
    wrong += _figures(folder / CAPACITY_FILE, again.records(), "arm", "world", "metric")
    wrong += _entries("claim", found["claims"], fresh["claims"], "what")
    wrong += _entries("claim", found["checkpoints"], fresh["checkpoints"], "what")
    wrong += _entries("ratio", found["ratios"], fresh["ratios"], "world", "figure")
    wrong += _entries("needed", found["needed"], fresh["needed"], "world", "arm", "figure", "level")
    for cell, search in found["tuning"].items():
        stem = folder / "tune" / cell.replace(":", ".")
        wrong += _tuned(cell, search, stem, "factor", "factor", last_score, 1.0)
        wrong += _rated(search, stem, {str(key): run for key, run in again.runs.items() if key.cell == cell})
    tuned = {path.relative_to(folder / "tune").as_posix().rpartition("-")[0] for path in _tunings(folder)}
    wrong += _untold(folder, {cell.replace(":", "."): search for cell, search in found["tuning"].items()}, tuned)
    wrong += _unread(folder, {folder / key.path for key in again.keys})
    wrong += _foreign(found, {*capacity.SHAPE, *AXES, "versions"}, "capacity grid")
    lacking = _untold_of(found, AXES)
    wrong += [f"{name} are not told, and others that were asked for are" for name in lacking if lacking != [*AXES]]
    wrong += _made(found, [run.made for run in again.runs.values()])
    return [*wrong, *_verdicts(found, again.verdicts), *_page(folder / PAGE, lambda: capacity.page(folder))]


def unchecked(folder: Path) -> list[str]:
    """What the audit of a comparison or a grid has nothing to check by, in words."""
    runs = _measured(folder)
    bare = [str(run.relative_to(folder)) for run in runs if not (run / "metrics.jsonl").is_file()]
    told = [
        f"what {len(bare)} of {len(runs)} runs spent, but for their budget: there is no metrics.jsonl of "
        f"{', '.join(bare[:3])}{' and others' if len(bare) > 3 else ''}"
    ] * bool(bare)
    if not (folder / PAGE).exists():
        told.append(f"a page: there is no {PAGE}; 'forethought report {folder}' writes it")
    if (folder / CAPACITY_FILE).is_file() and _untold_of(capacity.read(folder), AXES) == [*AXES]:
        told.append(
            f"whether whole {', '.join(AXES)} were left out: {CAPACITY_FILE} does not tell which were asked for"
        )
    return told


def _checked(found: Entry, path: Path, parts: Mapping[str, type]) -> Entry:
    """What a result tells; ``Damaged`` where a part of a run, a verdict or a search is not of its kind."""
    odd = [part for run in found["runs"] for part, kind in parts.items() if type(run.get(part)) is not kind]
    odd += [f"{part}s" for part, kind in parts.items() for each in found.get(f"{part}s", ()) if type(each) is not kind]
    odd += ["verdicts"] if not odd and not all(isinstance(line, str) for line in found["verdicts"]) else []
    for told in () if odd else found["tuning"].values():
        tried = told.get("tried") if isinstance(told, dict) else None
        right = isinstance(tried, list) and all(isinstance(each, dict) and "score" in each for each in tried)
        right = right and ("chosen" in told or "factor" in told)
        odd += [] if right else ["tuning"]
    if odd:
        raise Damaged(f"{path} holds {odd[0]} of another kind than expected. Run the command that made it again.")
    return found


def _asked(found: Entry, axes: Sequence[str], told: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """What was asked for along each axis; of an older result, what is told of."""
    return [
        found[name] if name in found else list(dict.fromkeys(run[i] for run in told)) for i, name in enumerate(axes)
    ]


def _untold_of(found: Entry, axes: Sequence[str]) -> list[str]:
    return [name for name in axes if name not in found]


def _gone(found: Entry, commas: int) -> list[str]:
    """The names of runs among what is told as missing."""
    return [name for name in found["missing"] if name.count(", ") == commas and ", seed " in name]


def _run_of(name: str) -> tuple[str, int]:
    """The run that is told as missing by this name."""
    arm, _, seed = name.rpartition(", seed ")
    return arm, int(seed) if seed.isdecimal() else -1


def _key_of(name: str) -> Key:
    world, size, arm, seed = name.split(", ")
    return Key(world, size, *_run_of(f"{arm}, {seed}"))


def _planned(folder: Path, name: str) -> int:
    """What the folder's plan asks for by a name; 0 without one."""
    plan = storage.read_json(folder / "plan.json") if (folder / "plan.json").exists() else {}
    asked = plan.get(name) if isinstance(plan, dict) else 0
    return asked if isinstance(asked, int) else 0


def _failed(folder: Path) -> dict[str, str]:
    """Why jobs left nothing, as the command that ran them wrote it down."""
    path = folder / FAILED_FILE
    found = storage.read_json(path) if path.exists() else {}
    return {name: str(why) for name, why in found.items()} if isinstance(found, dict) else {}


def _beside(folder: Path, arms: Sequence[str], runs: Sequence[str]) -> dict[str, Path]:
    """What the folder's plan asks for besides runs; without one, what any of its runs has."""
    asked = _planned(folder, "fresh")
    again = [name for name in AGAIN if asked or any((folder / run / name).exists() for run in runs)]
    return beside(folder, runs, arms, again, _planned(folder, "tune"))


def _missing(found: Entry, fresh: Mapping[str, str], runs: Container[str]) -> list[str]:
    """What is told as measured and is missing, what is missing and not told, what is told as missing and is not, and
    what is told to be missing for another reason.
    """
    told = found["missing"]
    wrong = [
        f"{name} is not there to recompute it from ({why})" if name in runs else f"{name} is missing and is not told"
        for name, why in fresh.items()
        if name not in told
    ]
    wrong += [f"{name} is told as missing, and was measured or not asked for" for name in told if name not in fresh]
    for name in [name for name in told if name in fresh]:
        reasons = [re.sub(r"\S*/", "", str(why)) for why in (told[name], fresh[name])]  # the folder may have been moved
        wrong += [] if reasons[0] == reasons[1] else _apart(f"{name}: why it is missing", told[name], fresh[name])
    return wrong


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
        for setting, value in settings.items() if isinstance(settings, dict) else ():
            if config.get(setting) != value:
                yield f"{name} is told as trained with {setting} {value!r} and was with {config.get(setting)!r}"


def _rated(told: Entry, stem: Path, runs: Mapping[str, Run]) -> Iterator[str]:
    """Factors that are told as tried or chosen, and are not those of the rates that runs were trained with. The first
    short run has the recipe's own rates; where it was not measured, the others are held against the next one.
    """
    tried = list(zip(tuning_scores(stem, last_score), told["tried"], strict=False))
    if not tried:
        return
    told_of = [(stem.with_name(f"{stem.name}-{k}"), each.get("factor")) for k, each in tried]
    configs = [(folder.name, factor, _config(folder)) for folder, factor in told_of]
    configs += [(name, told.get("factor"), run.config) for name, run in runs.items()]
    (first, _), unit, own = tried[0], configs[0][1], configs[0][2]
    for name, factor, config in configs:
        for rate in RATES:
            times = _times(config.get(rate), own.get(rate), 1.0 if first == 0 else unit)
            yield from _apart(f"{name}: the factor of its {rate}", factor, times)


def _times(rate: Any, own: Any, unit: Any) -> float | None:
    """By what a rate was multiplied, where one that was multiplied by ``unit`` is ``own``."""
    numbers = all(isinstance(value, int | float) for value in (rate, own, unit))
    return rate * unit / own if numbers and own else None


def _config(folder: Path) -> Entry:
    path = folder / "config.json"
    found = storage.read_json(path) if path.exists() else {}
    return found if isinstance(found, dict) else {}


def _measured(folder: Path) -> list[Path]:
    """The runs of a comparison or of a grid that were measured, tuning's not counted."""
    there = [path.parent for pattern in ("*-*", "*/*/*-*") for path in folder.glob(f"{pattern}/{MEASURED}")]
    return sorted(path for path in there if not str(path.relative_to(folder)).startswith("tune"))


def _unread(folder: Path, asked: Container[Path]) -> list[str]:
    """Runs that were measured and not asked for: figures are of all runs, not of some that were picked."""
    return [
        f"{path.relative_to(folder)} was measured and not asked for; a result is of all runs in its folder"
        for path in _measured(folder)
        if path not in asked
    ]


def _foreign(found: Entry, known: Container[str], what: str) -> list[str]:
    return [f"{name} is told, and is no part of a {what}" for name in found if name not in known]


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


def _tuned(
    who: str, told: Entry, stem: Path, setting: str, chosen: str, score: Score, default: object
) -> Iterator[str]:
    """What is told of a search's scores and of what was chosen by them, or as ``default`` where there are none."""
    scores = list(tuning_scores(stem, score).values())
    tried = told["tried"]
    yield from _apart(f"tuning of {who}: scores", dict(enumerate(t["score"] for t in tried)), dict(enumerate(scores)))
    best = default if not scores else told.get(chosen)
    best = tried[scores.index(max(scores))].get(setting) if scores and len(scores) == len(tried) else best
    if told.get(chosen) != best:
        yield f"tuning of {who}: {told.get(chosen)!r} is told as chosen and {best!r} comes out"


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
    if not path.is_file():
        raise Damaged(f"{path} is a folder; expected a page. Move it away, and 'forethought report' writes it")
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
