"""What a grid of worlds, sizes, arms and seeds comes down to: shares by size, parameters needed, and their ratio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

from forethought.errors import Damaged, Unmatched
from forethought.evaluation import checks
from forethought.evaluation.comparison import CHAMPION, KEPT, MEASURED, UNMEASURED, Run, apart, check_matched, read_run
from forethought.evaluation.crossing import Crossing, Ratio, crossing, ratio
from forethought.evaluation.results import load_results
from forethought.evaluation.selection import CheckpointClaim, Claim, best_of, checkpoint_claim, claim
from forethought.evaluation.shares import (
    EXTRAPOLATED,
    FIGURES,
    KEPT_ASKED,
    NEW,
    PAIRS,
    figures,
    of_best,
    of_last,
    validation,
)
from forethought.evaluation.statistics import Record, share_over_seeds
from forethought.training.arms import Family, way_of
from forethought.worlds import SPLITS

RESULT_FILE = "capacity.json"
CHECKPOINTS = ("final", "best")
"""The model at the end of training, and the kept one that is best in validation situations."""
ASKED = (EXTRAPOLATED, PAIRS)
"""The figures in which ratios are told."""
HEADLINE = f"{CHECKPOINTS[0]}/{ASKED[0]}"
"""The one figure about which a verdict is spoken in each world, stated beforehand; other ratios are told beside it."""
LEAST = 0.05
"""A static arm below this share has nothing to be equalled: who learned nothing does as well at any size."""
LEVELS = (0.25, 0.5, 0.75, 0.9)
MATCHED = ("budget_tokens", "level", "architecture", "batch_steps", "target", "verdict", "keep")
"""Settings that all runs of a grid share, whatever their world and size."""


class Key(NamedTuple):
    """One run of the grid."""

    world: str
    size: str
    arm: str
    seed: int

    @property
    def path(self) -> Path:
        """Its folder within the grid's."""
        return Path(self.world.replace(":", "."), self.size, f"{self.arm}-{self.seed}")

    @property
    def cell(self) -> str:
        """What is tuned as one: a world, a size and an arm."""
        return f"{self.world}/{self.size}/{self.arm}"

    def tuned(self, k: int) -> Path:
        """The folder of its cell's short run with the ``k``-th of the rates, within the grid's."""
        return Path("tune", self.path.parent, f"{self.arm}-{k}")

    def __str__(self) -> str:
        return f"{self.world}, {self.size}, {self.arm}, seed {self.seed}"


@dataclass(frozen=True, slots=True)
class Needed:
    """The parameters that an arm needs for a level of a figure."""

    world: str
    arm: str
    figure: str
    level: float
    at: Crossing

    def to_dict(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {"world": self.world, "arm": self.arm, "figure": self.figure, "level": self.level, **self.at.to_dict()}


@dataclass(frozen=True, slots=True)
class Capacity:
    """A grid that was measured. A run's figures are named ``final/extrapolated``, ``best/memorised`` and so on, and
    ``scores`` are each run's validation scores of its models, oldest first: by them its best model is chosen, and by
    the last model's the best static arm.
    """

    keys: tuple[Key, ...]
    runs: Mapping[Key, Run]
    scores: Mapping[Key, tuple[float, ...]]
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def worlds(self) -> list[str]:
        """The worlds, in the order asked for."""
        return list(dict.fromkeys(key.world for key in self.keys))

    @property
    def arms(self) -> list[str]:
        """The arms, in the order asked for."""
        return list(dict.fromkeys(key.arm for key in self.keys))

    def sizes(self, world: str) -> list[tuple[str, int]]:
        """The sizes measured in a world with their parameters, smallest first."""
        found = {key.size: run.parameters for key, run in self.runs.items() if key.world == world}
        return sorted(found.items(), key=lambda item: item[1])

    def by_seed(self, world: str, size: str, arm: str, figure: str) -> dict[int, float]:
        """A figure of one cell by seed, where it was measured."""
        return {
            key.seed: run.figures[figure]
            for key, run in self.runs.items()
            if key[:3] == (world, size, arm) and figure in run.figures
        }

    def curve(self, world: str, arm: str, figure: str) -> tuple[list[int], dict[int, list[float]]]:
        """The parameters of every size at which the arm was measured, and the curve of each seed that has them all.

        A size with a single seed is left out where others have more: it would leave a single curve.
        """
        cells = [(p, self.by_seed(world, size, arm, figure)) for size, p in self.sizes(world)]
        least = min(2, max((len(values) for _, values in cells), default=0))
        there = [(p, values) for p, values in cells if values and len(values) >= least]
        seeds = set.intersection(*(set(values) for _, values in there)) if there else set()
        return [p for p, _ in there], {seed: [values[seed] for _, values in there] for seed in sorted(seeds)}

    # ---- what follows ---------------------------------------------------------------------------------------------
    def needed(self) -> list[Needed]:
        """The parameters that each arm needs for each level, where there are curves of two seeds."""
        found = []
        for world in self.worlds:
            for arm in self.arms:
                for figure in (f"{CHECKPOINTS[0]}/{asked}" for asked in ASKED):
                    sizes, curves = self.curve(world, arm, figure)
                    if len(sizes) < 2 or len(curves) < 2:
                        continue
                    for level in LEVELS:
                        above = [[value - level for value in values] for values in curves.values()]
                        found.append(Needed(world, arm, figure, level, crossing(sizes, above)))
        return found

    def best_static(self, world: str) -> tuple[str, str, int] | None:
        """The static arm and size to be equalled, with its parameters: chosen on validation, measured on the test.

        The smallest whose mean score is within one standard error of the best one's (the rule of one standard error,
        Breiman et al. 1984), since size that brings nothing is no merit. All are judged by the same seeds, those of
        ``seeds_shared``. ``None`` where fewer than two are shared, or there are no static arms.
        """
        seeds, cells = self.seeds_shared(world)
        if len(seeds) < 2 or not cells:
            return None
        scores = {cell: [self.scores[Key(world, cell[1], cell[0], seed)][-1] for seed in seeds] for cell in cells}
        best = max(scores.values(), key=fmean)
        least = fmean(best) - stdev(best) / len(best) ** 0.5
        near = [cell for cell, values in scores.items() if fmean(values) >= least]
        return min(near, key=lambda cell: (cell[2], -fmean(scores[cell])))

    def seeds_shared(self, world: str) -> tuple[list[int], list[tuple[str, str, int]]]:
        """The seeds that the champion's curve and all static cells have, and these cells: arm, size and parameters.

        A cell with a single seed is left out: it may be the lucky one, and no mean of others can stand beside it.
        """
        found: dict[tuple[str, str, int], set[int]] = {}
        for key, run in self.runs.items():
            if key.world == world and way_of(key.arm).family is Family.STATIC:
                found.setdefault((key.arm, key.size, run.parameters), set()).add(key.seed)
        cells = {cell: seeds for cell, seeds in found.items() if len(seeds) > 1}
        curves = set(self.curve(world, CHAMPION, HEADLINE)[1])
        return sorted(curves.intersection(*cells.values())), list(cells)

    def ratios(self) -> list[tuple[str, Ratio]]:
        """For each world, the champion's ratio against the best static arm: the headline first."""
        figures = [f"{checkpoint}/{asked}" for checkpoint in CHECKPOINTS for asked in ASKED]
        found = [(world, self._ratio(world, figure)) for world in self.worlds for figure in figures]
        return [(world, told) for world, told in found if isinstance(told, Ratio)]

    def _ratio(self, world: str, figure: str) -> Ratio | str:
        """The ratio in a figure, or in words why there is none."""
        static = self.best_static(world)
        if static is None:
            return self._no_static(world)
        other, size, parameters = static
        sizes, mine = self.curve(world, CHAMPION, figure)
        theirs = self.by_seed(world, size, other, figure)
        seeds = sorted(set(mine) & set(theirs))
        if len(sizes) < 2:
            return f"{CHAMPION} has two seeds or more at fewer than two sizes"
        if len(seeds) < 2:
            return f"{CHAMPION} and {other} at {size} share fewer than two seeds in {figure}"
        if (reached := fmean(theirs[seed] for seed in seeds)) < LEAST:
            return f"the best static arm, {other} at {size}, reaches {reached:.1%}; expected at least {LEAST:.0%}"
        curves, wanted = [mine[seed] for seed in seeds], [theirs[seed] for seed in seeds]
        return ratio(figure, CHAMPION, other, size, sizes, curves, wanted, parameters)

    def _no_static(self, world: str) -> str:
        """Why there is no static arm to be equalled."""
        static = [arm for arm in self.arms if way_of(arm).family is Family.STATIC]
        if not static:
            return "there is no static arm to be equalled"
        _, curves = self.curve(world, CHAMPION, HEADLINE)
        if len(curves) < 2:
            return f"{CHAMPION} has fewer than two seeds that all of its sizes have"
        if not self.seeds_shared(world)[1]:
            return f"no size of {', '.join(static)} has two seeds"
        return f"{CHAMPION} and {', '.join(static)} share fewer than two seeds"

    def checkpoints(self) -> list[CheckpointClaim]:
        """For each world, size and arm, what picking each run's best checkpoint would have claimed."""
        found = []
        for cell, figure, keys in self._cells():
            scores = [self.scores[key] for key in keys]
            best, last = ([self.runs[key].figures[f"{which}/{figure}"] for key in keys] for which in ("best", "final"))
            found += [checkpoint_claim(f"{cell}, over checkpoints", scores, best, last)] if len(scores[0]) > 1 else []
        return found

    def claims(self) -> list[Claim]:
        """For each world, size and arm, what picking the seed with the best last model would have claimed."""
        found = []
        for cell, figure, keys in self._cells():
            seen = {f"seed {key.seed}": [self.scores[key][-1]] for key in keys}
            tested = {f"seed {key.seed}": [self.runs[key].figures[f"final/{figure}"]] for key in keys}
            found += [claim(f"{cell}, over seeds", seen, tested)] if len(keys) > 1 else []
        return found

    def _cells(self) -> list[tuple[str, str, list[Key]]]:
        """Every world, size and arm in words, with its runs and the figure that validation asks about too."""
        found = []
        for world, size, arm in dict.fromkeys(key[:3] for key in self.runs):
            keys = [key for key in self.runs if key[:3] == (world, size, arm)]
            asked = [name for name in (EXTRAPOLATED, NEW) if f"final/{name}" in self.runs[keys[0]].figures]
            found += [(f"{world}, {size}: {figure} by {arm}", figure, keys) for figure in asked[:1]]
        return found

    @property
    def verdicts(self) -> list[str]:
        """What follows, in words: each world's headline, or why there is none, and the other ratios as mere numbers."""
        ratios, told = self.ratios(), []
        for world in self.worlds:
            headline = self._ratio(world, HEADLINE)
            nothing = f"nothing can be said about parameters at equal generalisation: {headline}."
            said = headline.verdict if isinstance(headline, Ratio) else nothing
            others = [each.described for of, each in ratios if of == world and each.figure != HEADLINE]
            told += [f"{world}: {line}" for line in (said, *others)]
        return told

    # ---- as files -------------------------------------------------------------------------------------------------
    def records(self) -> list[Record]:
        """Every figure pooled over seeds; the metric names checkpoint, figure and size: ``final/memorised/pico``."""
        made = []
        for world in self.worlds:
            for size, _ in self.sizes(world):
                for arm in self.arms:
                    for figure in (f"{checkpoint}/{name}" for checkpoint in CHECKPOINTS for name in FIGURES):
                        values = list(self.by_seed(world, size, arm, figure).values())
                        if values:
                            made.append(_pooled(arm, world, f"{figure}/{size}", values))
        return made

    def to_dict(self) -> dict[str, Any]:
        """As JSON keeps it, beside the records."""
        worlds, sizes, arms, seeds = (list(dict.fromkeys(key[part] for key in self.keys)) for part in range(4))
        return {
            "worlds": worlds,
            "sizes": sizes,
            "arms": arms,
            "seeds": seeds,
            "verdicts": self.verdicts,
            "claims": [each.to_dict() for each in self.claims()],
            "checkpoints": [each.to_dict() for each in self.checkpoints()],
            "ratios": [{"world": world, **each.to_dict()} for world, each in self.ratios()],
            "needed": [each.to_dict() for each in self.needed()],
            "missing": self.missing,
            "runs": [
                {"world": key.world, "size": key.size, "choice": scores[-1], "best": best_of(scores) + 1}
                | {name: getattr(run, name) for name in KEPT}
                for key, run in self.runs.items()
                for scores in (self.scores[key],)
            ],
        }


def _pooled(arm: str, world: str, metric: str, values: Sequence[float]) -> Record:
    value, low, high = share_over_seeds(values) if len(values) > 1 else (values[0],) * 3
    return Record(arm, world, "test", "", metric, value, low, high, len(values), len(values))


def grid_of(worlds: Sequence[str], sizes: Sequence[str], arms: Sequence[str], seeds: Sequence[int]) -> list[Key]:
    """Whole seeds one after the other, sizes in the order given: whatever is done by then, it is matched."""
    return [Key(world, size, arm, seed) for seed in seeds for size in sizes for world in worlds for arm in arms]


def measured(keys: Iterable[Key], folder: Path, failed: Mapping[str, str], tune: int = 0) -> Capacity:
    """The grid of what was measured; a run that was not is named as missing and never made up for.

    So is each of ``tune`` short runs of every cell; ``failed`` says by a job's name why it left nothing.
    Raises ``Unmatched`` for runs that differ in what a grid must hold equal: budget, versions, and within a world and
    a size initial weights, tokenizer and parameters, and all settings within an arm. Records that are not of their run,
    of a run that spent another budget, of a best model that is not the best one, or of other questions than most runs
    of their world were asked, are not counted.
    """
    runs, kept, missing, keys = dict[Key, Run](), dict[Key, tuple[float, ...]](), dict[str, str](), tuple(keys)
    for key in keys:
        path = folder / key.path / MEASURED
        if not path.exists():
            missing[str(key)] = failed.get(str(key.path), UNMEASURED)
            continue
        try:
            run, records = read_run(key.arm, key.seed, path.parent), load_results(path)
            checks.check_source(path, run.made, SPLITS)
            checks.check_spent(path.parent, run.config)
            if not (scores := validation(records)):
                raise Damaged(f"{path} tells of no validation situations; delete it and run the command again")
            _check_best(path, records, scores)
        except Damaged as error:
            missing[str(key)] = str(error)
            continue
        told = {f"final/{name}": value for name, value in figures(records).items()}
        told |= {f"best/{name}": value for name, value in figures(records, best=True).items()}
        runs[key], kept[key] = replace(run, figures=told, asked={MEASURED: _asked(records)}), tuple(scores)
    _check(runs)
    for key, why in _unlike(runs).items():
        missing[str(key)] = f"{folder / key.path}: {why}"
        del runs[key], kept[key]
    tuned = dict.fromkeys(key.tuned(k) for key in keys for k in range(tune))
    absent = [str(path) for path in tuned if not (folder / path / MEASURED).exists()]
    return Capacity(keys, runs, kept, {**missing, **{name: failed.get(name, UNMEASURED) for name in absent}})


def _check_best(path: Path, records: Sequence[Record], scores: Sequence[float]) -> None:
    """``Damaged`` unless the best model was measured as the last was, with the same results where it is the last."""
    best, last = ({record.key: record for record in of(records)} for of in (of_best, of_last))
    if apart := sorted(best.keys() ^ last.keys()):
        lacks = "best" if apart[0] in last else "last"
        raise Damaged(f"{path} lacks {', '.join(filter(None, apart[0][1:]))} of its {lacks} model. {checks.ADVICE}")
    if best_of(scores) == len(scores) - 1 and (apart := sorted(key for key in last if best[key] != last[key])):
        what, theirs = ", ".join(filter(None, apart[0][1:])), [round(score, 3) for score in scores]
        raise Damaged(
            f"{path} tells {what} of its best model as {best[apart[0]].value} and of its last as "
            f"{last[apart[0]].value}; by its validation scores, {theirs}, the last one is the best. {checks.ADVICE}"
        )


def _asked(records: Sequence[Record]) -> checks.Asked:
    """All that a run was asked, of its last model, of its best one and of all that it kept."""
    best = checks.asked_of(of_best(records), FIGURES)
    return checks.asked_of(records, {**FIGURES, **KEPT_ASKED}) | {f"best/{kind}": of for kind, of in best.items()}


def _unlike(runs: Mapping[Key, Run]) -> dict[Key, str]:
    """Which runs were not asked what most of their world were, and why; no arm may lack a kind here."""
    found: dict[Key, str] = {}
    for world in dict.fromkeys(key.world for key in runs):
        mine = [key for key in runs if key.world == world]
        wrong = checks.unlike({(world, i): runs[key].asked for i, key in enumerate(mine)})
        found |= {mine[i]: why for (_, i), why in wrong.items()}
    return found


def _check(runs: Mapping[Key, Run]) -> None:
    for cell in dict.fromkeys(key[:2] for key in runs):
        there = {(key.arm, key.seed): run for key, run in runs.items() if key[:2] == cell}
        check_matched(list(there.values()))
        checks.check_alike({key: run.config for key, run in there.items()})
    first_key, first = next(iter(runs.items()), (None, None))
    for key, run in runs.items():
        assert first is not None
        for name, got, against in [
            ("commit or versions", *apart(first.made, run.made)),
            *((setting, first.config.get(setting), run.config.get(setting)) for setting in MATCHED),
        ]:
            if got != against:
                raise Unmatched(
                    f"{first_key} and {key} differ in {name}: {got!r} and {against!r}. They cannot stand in one grid: "
                    "train both again with the same settings and version, in another folder."
                )


__all__ = ["ASKED", "CHECKPOINTS", "LEVELS", "RESULT_FILE", "Capacity", "Key", "Needed", "grid_of", "measured"]
