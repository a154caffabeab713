"""What a comparison of arms comes down to: matched runs, a few figures each, differences paired by seed, verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from forethought.errors import BadSetting, Damaged, Unmatched
from forethought.evaluation import checks
from forethought.evaluation.prompts import AFRESH, SEEN, by_prompt, prompt_claim
from forethought.evaluation.selection import Claim, claim
from forethought.evaluation.significance import Difference, difference, holm
from forethought.evaluation.statistics import BASELINES, Record, share_over_seeds

MEASURED, RESULT_FILE = "measured.json", "compare.json"
FRESH = "fresh.json"
"""A run measured again in other situations of the same kind, for what picking the best would have claimed."""
PROMPTS_FILE = "prompts.json"
"""The run's model asked in several ways."""
AGAIN = (FRESH, PROMPTS_FILE)
"""What is measured of a run once more."""
FAILED_FILE = "failed.json"
"""Why jobs left nothing when the result was written, by their names."""
KEPT = ("arm", "seed", "figures", "tokens", "flops", "steps", "seconds", "parameters", "initial")
"""What a result keeps of each run."""
PROBES, OUTCOMES = "held-out pair probes", "held-out outcomes"
POLICY, PLANNED = "success by its policy", "success by imagining"
SPLIT = "test"
UNMEASURED = "not measured yet"
Choose = Callable[[Record], bool]
FIGURES: dict[str, Choose] = {
    PROBES: lambda record: record.metric.startswith("probe/") and bool(record.axis),
    "pair probes": lambda record: record.metric.startswith("probe/") and not record.axis,
    OUTCOMES: lambda record: record.metric == "exact" and bool(record.axis),
    "outcomes": lambda record: record.metric == "exact" and not record.axis,
    POLICY: lambda record: record.metric == "policy/success",
    PLANNED: lambda record: record.metric == "act/success",
    "harm by its policy": lambda record: record.metric == "policy/harm",
    "harm by imagining": lambda record: record.metric == "act/harm",
}
"""Each figure is the mean of a model's records of one kind, every place counting alike."""
WAYS: dict[str, Choose] = {
    SEEN: lambda record: record.metric.startswith(f"{SEEN}/"),
    AFRESH: lambda record: record.metric.startswith(f"{AFRESH}/"),
}
"""The kinds of what a model is asked in several ways."""
ASKED = (PROBES, POLICY, PLANNED)
"""The figures about which verdicts are spoken, stated before anything is measured."""
CHAMPION, PLACEBO, PLAIN = "developmental", "placebo", "imitation"
MATCHED = (
    "budget_tokens", "budget_flops", "worlds", "level", "model", "architecture", "batch_steps", "target", "verdict",
)  # fmt: skip
"""Settings that runs must share to be compared."""


@dataclass(frozen=True, slots=True)
class Run:
    """One arm with one seed: what it cost, what it began with, its figures, and its single metrics of consequences,
    by ``metric, axis``, in the situations that are reported and in fresh ones, and what it foresees by each prompt.
    ``asked`` is what all of it was measured on, by file and kind.
    """

    arm: str
    seed: int
    figures: dict[str, float]
    tokens: int
    flops: int
    steps: int
    seconds: float
    parameters: int
    initial: dict[str, str]
    made: dict[str, Any]
    config: dict[str, Any]
    metrics: dict[str, float]
    fresh: dict[str, float]
    prompts: dict[str, dict[str, float]]
    asked: dict[str, checks.Asked]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs, what is missing and why, and the differences that were asked for."""

    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    runs: tuple[Run, ...]
    missing: dict[str, str] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()

    def of(self, arm: str, figure: str) -> dict[int, float]:
        """A figure of an arm by seed, where it was measured."""
        return {run.seed: run.figures[figure] for run in self.runs if run.arm == arm and figure in run.figures}

    @property
    def verdicts(self) -> list[str]:
        """What follows, in words; of what was asked and cannot be said, the reason."""
        told = [each.verdict for each in self.differences]
        lone = [arm for arm in self.arms if sum(run.arm == arm for run in self.runs) < 2]
        if lone:
            told.append(f"Nothing can be said about {', '.join(lone)}: fewer than two seeds were measured.")
        both = [pair for pair in pairs(self.arms) if not {*pair} & {*lone}]
        return told + [self._unsaid(*pair) for pair in both if self._silent(*pair)]

    def _silent(self, arm: str, other: str) -> list[str]:
        """The figures asked about, and measured of anyone, in which these two arms cannot be compared."""
        said = {each.metric for each in self.differences if (each.arm, each.other) == (arm, other)}
        return [figure for figure in ASKED if figure not in said and any(figure in run.figures for run in self.runs)]

    def _unsaid(self, arm: str, other: str) -> str:
        figures = " and ".join(self._silent(arm, other))
        return f"Nothing can be said about {arm} and {other} in {figures}: fewer than two seeds were measured of both."

    def to_dict(self) -> dict[str, Any]:
        """As JSON keeps it, beside the records."""
        return {
            "arms": list(self.arms),
            "seeds": list(self.seeds),
            "verdicts": self.verdicts,
            "claims": [each.to_dict() for each in claims(self.runs)],
            "differences": [each.to_dict() for each in self.differences],
            "missing": self.missing,
            "runs": [{name: getattr(run, name) for name in KEPT} for run in self.runs],
        }

    def records(self, world: str) -> list[Record]:
        """The figures pooled over seeds, as every result keeps them; of a single seed, all shares may hold."""
        made = []
        for arm in self.arms:
            for figure in FIGURES:
                values = list(self.of(arm, figure).values())
                if values:
                    value, low, high = share_over_seeds(values)
                    made.append(Record(arm, world, SPLIT, "", figure, value, low, high, len(values), len(values)))
        return made


def read_run(arm: str, seed: int, folder: Path) -> Run:
    """A run that was trained and measured.

    Raises ``Damaged`` where one of its files is missing or not what it should be, ``Unmatched`` for another run's.
    """
    try:
        summary, config = checks.read_summary(folder), checks.read_config(folder)
        seconds = checks.read_seconds(folder)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise Damaged(
            f"{error.filename} is missing though the run was measured; restore it from a copy, or delete {folder} and "
            "run the command again"
        ) from error
    if (theirs := (config.get("arm", arm), config.get("seed", seed))) != (arm, seed):
        raise Unmatched(
            f"{folder} holds the run of {theirs[0]} with seed {theirs[1]}; expected {arm} with seed {seed}. Delete it "
            "and run the command again."
        )
    names = [name for name in (MEASURED, *AGAIN) if name == MEASURED or (folder / name).exists()]
    told = {name: checks.read_records(folder / name, arm, config["worlds"]) for name in names}
    try:
        prompts = by_prompt(told.get(PROMPTS_FILE, []))
    except BadSetting as error:
        raise Damaged(f"{folder / PROMPTS_FILE} cannot be used: {error}. {checks.ADVICE}") from error
    return Run(
        arm, seed, figures(told[MEASURED]), summary["tokens"], summary["flops"], summary["steps"], seconds,
        summary["parameters"], summary["initial"], {"commit": summary["commit"], **summary["versions"]}, config,
        consequences(told[MEASURED]), consequences(told.get(FRESH, [])), prompts,
        {name: checks.asked_of(records, {**FIGURES, **WAYS}) for name, records in told.items()},
    )  # fmt: skip


def figures(records: Iterable[Record]) -> dict[str, float]:
    """The few figures of one model; those that nothing was measured for are left out."""
    mine = [record for record in records if record.arm not in BASELINES]
    found = {name: [record.value for record in mine if chosen(record)] for name, chosen in FIGURES.items()}
    return {name: fmean(values) for name, values in found.items() if values}


def consequences(records: Iterable[Record]) -> dict[str, float]:
    """A model's single metrics of consequences, by metric and axis: pair probes and exact outcomes."""
    mine = [record for record in records if record.arm not in BASELINES]
    chosen = [record for record in mine if record.metric.startswith("probe/") or record.metric == "exact"]
    return {f"{record.metric}, {record.axis or 'new situations'}": record.value for record in chosen}


def claims(runs: Sequence[Run]) -> list[Claim]:
    """What picking an arm's best seed or prompt would have claimed, and picking the metric in which the developmental
    arm looks best beside another; [] where nothing was measured afresh.
    """
    by_arm: dict[str, dict[int, Run]] = {}
    for run in runs:
        if run.fresh:
            by_arm.setdefault(run.arm, {})[run.seed] = run
    found = []
    for arm, mine in by_arm.items():
        shared = _shared(mine.values())
        if len(mine) > 1 and shared:
            seen = {f"seed {seed}": [run.metrics[name] for name in shared] for seed, run in mine.items()}
            afresh = {f"seed {seed}": [run.fresh[name] for name in shared] for seed, run in mine.items()}
            found.append(claim(f"consequences foreseen by {arm}, over seeds", seen, afresh))
    for arm in dict.fromkeys(run.arm for run in runs):
        asked = [run.prompts for run in runs if run.arm == arm and run.prompts]
        if asked:
            found.append(prompt_claim(arm, asked))
    for arm, theirs in by_arm.items():
        mine = by_arm.get(CHAMPION, {})
        seeds = sorted(set(mine) & set(theirs))
        if arm != CHAMPION and seeds:
            names = _shared([each[seed] for each in (mine, theirs) for seed in seeds])
            seen = {name: [mine[s].metrics[name] - theirs[s].metrics[name] for s in seeds] for name in names}
            afresh = {name: [mine[s].fresh[name] - theirs[s].fresh[name] for s in seeds] for name in names}
            found += [claim(f"{CHAMPION} above {arm}, over metrics", seen, afresh)] if names else []
    return found


def _shared(runs: Iterable[Run]) -> list[str]:
    """The single metrics that every one of these runs has, in the situations that are reported and in fresh ones."""
    first, *others = runs
    return [name for name in first.fresh if all(name in run.metrics and name in run.fresh for run in (first, *others))]


def compared(
    arms: Sequence[str],
    seeds: Sequence[int],
    folders: Mapping[tuple[str, int], Path],
    failed: Mapping[str, str],
    beside: Mapping[str, Path] | None = None,
) -> Comparison:
    """The comparison of what was measured; a run that was not, or is damaged, is missing and never made up for.

    ``beside`` are files that should be there too, by the names of their jobs; ``failed`` says why a job left nothing.
    Raises ``Unmatched`` for runs that do not share budget, initial weights, tokenizer or versions, and for those of one
    arm that do not share everything else.
    """
    runs, missing = dict[tuple[str, int], Run](), dict[str, str]()
    for (arm, seed), folder in folders.items():
        if not (folder / MEASURED).exists():
            missing[told_as(arm, seed)] = failed.get(folder.name, UNMEASURED)
            continue
        try:
            runs[arm, seed] = _sound(arm, seed, folder)
        except Damaged as error:
            missing[told_as(arm, seed)] = str(error)
    check_matched(list(runs.values()))
    checks.check_alike({key: run.config for key, run in runs.items()})
    for key, why in checks.unlike({key: run.asked for key, run in runs.items()}).items():
        missing[told_as(*key)] = f"{folders[key]}: {why}"
        del runs[key]
    missing |= _absent(beside or {}, failed)
    made = Comparison(tuple(arms), tuple(seeds), tuple(runs.values()), missing)
    asked = [(arm, other, figure) for arm, other in pairs(arms) for figure in ASKED]
    found = [told for arm, other, figure in asked if (told := _difference(made, arm, other, figure))]
    return replace(made, differences=tuple(holm(found)))


def told_as(arm: str, seed: int) -> str:
    """A run's name among what is missing."""
    return f"{arm}, seed {seed}"


def _sound(arm: str, seed: int, folder: Path) -> Run:
    """A run whose records are of its own making, of the test split, and which spent its budget; else ``Damaged``."""
    run = read_run(arm, seed, folder)
    for name in run.asked:
        checks.check_source(folder / name, run.made, (SPLIT,))
    checks.check_spent(folder, run.config)
    return run


def _absent(beside: Mapping[str, Path], failed: Mapping[str, str]) -> dict[str, str]:
    """What should lie beside the measured runs and does not, and why."""
    there = {name: path for name, path in beside.items() if path.name == MEASURED or (path.parent / MEASURED).exists()}
    return {name: failed.get(name, UNMEASURED) for name, path in there.items() if not path.exists()}


def pairs(arms: Sequence[str]) -> list[tuple[str, str]]:
    """Which arms are compared: developmental, or without it the first arm, with every other, and the placebo with plain
    imitation.
    """
    lead = CHAMPION if CHAMPION in arms else next(iter(arms), "")
    found = [(lead, arm) for arm in arms if arm != lead]
    return [*found, (PLACEBO, PLAIN)] if {PLACEBO, PLAIN} <= set(arms) - {lead} else found


def _difference(made: Comparison, arm: str, other: str, figure: str) -> Difference | None:
    mine, theirs = made.of(arm, figure), made.of(other, figure)
    seeds = sorted(set(mine) & set(theirs))
    if len(seeds) < 2:
        return None
    return difference(figure, arm, [mine[s] for s in seeds], other, [theirs[s] for s in seeds])


def check_matched(runs: Sequence[Run]) -> None:
    """``Unmatched`` for runs that do not share what makes them comparable."""
    for run in runs[1:]:
        first = runs[0]
        for name in MATCHED:
            if run.config.get(name) != first.config.get(name):
                raise _unmatched(first, run, name, first.config.get(name), run.config.get(name))
        if run.made != first.made:
            raise _unmatched(first, run, "commit or versions", *apart(first.made, run.made))
        if run.parameters != first.parameters:
            raise _unmatched(first, run, "parameters", first.parameters, run.parameters)
    starts: dict[int, Run] = {}
    for run in runs:
        first = starts.setdefault(run.seed, run)
        if run.initial != first.initial:
            raise _unmatched(first, run, "what they began with", first.initial, run.initial)


def apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What two mappings do not share, as each has it."""
    differing = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    return {name: one.get(name) for name in differing}, {name: other.get(name) for name in differing}


def _unmatched(one: Run, other: Run, what: str, got: object, against: object) -> Unmatched:
    return Unmatched(
        f"{one.arm}, seed {one.seed}, and {other.arm}, seed {other.seed}, differ in {what}: {got!r} and {against!r}. "
        "They cannot be compared: train both again with the same recipe and version, in another folder."
    )
