"""``forethought compare``: the same start and the same budget for every arm, several seeds, one verdict by rule."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from rich.console import Console

from forethought import storage
from forethought.cli.jobs import Job
from forethought.cli.options import about, parse
from forethought.cli.sweep import (
    OF_A_RUN,
    TUNE_SEED,
    TUNE_SHARE,
    TUNING_FILE,
    carry_out,
    champion_first,
    check_numbers,
    keep_plan,
    print_json,
    recorded_in,
    save,
    settings_of,
    tell_cost,
    tell_end,
    train_command,
    work_off,
)
from forethought.config import TrainConfig
from forethought.errors import BadSetting, UnknownName

if TYPE_CHECKING:
    from forethought.evaluation.comparison import Comparison

DESCRIPTION = (
    "Trains every arm with every seed from the same weights and with the same budget, measures all of them on held-out "
    "situations, and says by rule which differences there is evidence for. The same command again goes on."
)
ARMS = ("imitation", "static-mixed", "static-same", "placebo", "developmental")
SEARCH: tuple[Mapping[str, Any], ...] = ({}, {"matrix_rate": 0.01}, {"matrix_rate": 0.02}, {"matrix_rate": 0.0025})
"""The settings that are tried for every arm alike, beginning with the recipe's own; an arm may sweep others besides."""
TUNE_PAIRS = 30
"""Validation pairs of each probe in each place."""


@dataclass(frozen=True)
class CompareOptions:
    """What is compared, and at what cost."""

    recipe: Annotated[str, tyro.conf.Positional, about("a recipe, e.g. quickstart")]
    arms: Annotated[tuple[str, ...], about("ways of training (docs/arms.md)")] = ARMS
    seeds: Annotated[tuple[int, ...], about("which seeds; a verdict needs four")] = (0, 1, 2, 3)
    folder: Annotated[Path | None, about("where everything lies (default: runs/compare-RECIPE)", "FOLDER")] = None
    budget_tokens: Annotated[int | None, about("training tokens of each run (default: the recipe's)", "INT")] = None
    budget_flops: Annotated[float, about("operations of each run, imagination included, in place of tokens")] = 0.0
    set: Annotated[tuple[str, ...], about("settings for all arms, e.g. worlds=cliff,street", "[NAME=VALUE ...]")] = ()
    tune: Annotated[int, about(f"settings tried for each arm in validation, up to {len(SEARCH)}; 0: none")] = 0
    suite: Annotated[Literal["all", "consequences"], about("what is measured; consequences: nothing acts")] = "all"
    n: Annotated[int, about("transitions and pairs of each kind measured in each place")] = 60
    episodes: Annotated[int, about("episodes acted in each place")] = 24
    horizon: Annotated[int, about("steps ahead that are imagined when acting")] = 3
    fresh: Annotated[int, about("as --n, in situations that show what picking the best would claim; 0: none")] = 30
    at_once: Annotated[int | None, about("processes of one thread (default: one for each core)", "INT")] = None
    dry_run: Annotated[bool, about("say what it would cost, and do nothing")] = False
    json: Annotated[bool, about("print the result as JSON")] = False


def run(arguments: Sequence[str]) -> int:
    """Plans, trains, measures, compares and reports."""
    from forethought.cli import measure
    from forethought.evaluation.comparison import RESULT_FILE, claims
    from forethought.reports import write_comparison

    options = parse(CompareOptions, arguments, "compare", DESCRIPTION)
    console = Console(stderr=options.json, highlight=False)
    plan = Plan(options, console)
    if options.dry_run:
        plan.cost()
        return 0
    command = shlex.join(["forethought", "compare", *arguments])
    found = carry_out(plan, command, write_comparison, console)
    if found is None:
        return 130
    if options.json:
        print_json(plan.folder / RESULT_FILE)
    else:
        from forethought.evaluation.camps import caveats
        from forethought.reports.comparison import tables

        for table in tables(found):
            console.print(measure.told(table), "")
        split = caveats((run.arm, run.figures) for run in found.runs)
        for line in [*found.verdicts, *split, *(each.words for each in claims(found.runs))]:
            console.print(line, soft_wrap=True)
    return tell_end(plan.folder, RESULT_FILE, found.missing, console)


class Plan:
    """Which runs there are to be, in which order, and what has become of them."""

    def __init__(self, options: CompareOptions, console: Console) -> None:
        from forethought.models import PRESETS
        from forethought.planning import Planner
        from forethought.training.recipes import recipe
        from forethought.worlds import make

        self.options, self.console = options, console
        self.recipe = recipe(options.recipe)
        self.arms = champion_first(options.arms, console)
        self.seeds = tuple(dict.fromkeys(options.seeds))
        if not 0 <= options.tune <= len(SEARCH):
            raise BadSetting(f"--tune {options.tune}; expected 0 to {len(SEARCH)} settings to try")
        if not self.arms or not self.seeds:
            raise BadSetting("nothing to compare; expected at least one arm and one seed")
        check_numbers(options, n=1, episodes=1, fresh=0, at_once=1)
        self.settings = settings_of(options.set, OF_A_RUN)
        self.folder = options.folder or Path("runs") / f"compare-{options.recipe}"
        self.configs = {arm: self._config(arm) for arm in self.arms}
        first = self.configs[self.arms[0]]
        for world in first.worlds:
            make(world, level=first.level, split="test")
        if first.model not in PRESETS and "/" not in first.model and not Path(first.model).exists():
            raise UnknownName.of("model", first.model, PRESETS)
        Planner(horizon=options.horizon)

    def _config(self, arm: str) -> TrainConfig:
        """What an arm is trained with, so that a wrong setting is told before anything starts."""
        from forethought.training.arms import comparable, way_of

        made = self.recipe(arm, 0, self.options.budget_tokens)
        recorded = {"recorded": "here"} if way_of(arm).yoked else {}
        flops = {"budget_flops": self.options.budget_flops}
        return comparable(TrainConfig.of(**{**made.model_dump(), **flops, **self.settings, **recorded}))

    def keep(self) -> None:
        """Writes the plan; ``BadSetting`` where another one was begun in this folder."""
        mine = {
            "recipe": self.options.recipe, "budget_tokens": self.options.budget_tokens, "set": list(self.options.set),
            "tune": self.options.tune, "n": self.options.n, "episodes": self.options.episodes,
            "suite": self.options.suite, "budget_flops": self.options.budget_flops, "fresh": self.options.fresh,
            "horizon": self.options.horizon,
        }  # fmt: skip
        keep_plan(self.folder, mine, "comparison", "Arms and seeds")

    # ---- jobs -----------------------------------------------------------------------------------------------------
    def work(self) -> dict[str, str]:
        """Tunes, trains and measures whatever is not done; returns what failed."""
        failed = self._jobs(self.tuning())
        runs = self.runs(self.chosen())
        return {**failed, **self._jobs([job for run in runs for job in (run, *self.afresh(run.name))])}

    def _jobs(self, jobs: Sequence[Job]) -> dict[str, str]:
        return work_off(jobs, self.folder, self.options.at_once, self.console)

    def tuning(self) -> list[Job]:
        """Short runs of every arm with each setting of the search, measured in validation situations."""
        from forethought.evaluation.comparison import CHAMPION

        what = ("consequences", "--split", "validation", "--n", str(TUNE_PAIRS))
        return [
            self._job(f"tune-{arm}-{k}", arm, TUNE_SEED, settings, what, f"tune-{CHAMPION}-0", TUNE_SHARE)
            for arm in self.arms
            for k, settings in enumerate(self._searched(arm))
        ]

    def _searched(self, arm: str) -> list[Mapping[str, Any]]:
        """The settings that tuning tries for an arm."""
        from forethought.training.arms import way_of

        return [*SEARCH[: self.options.tune], *way_of(arm).swept] if self.options.tune else []

    def runs(self, chosen: dict[str, dict[str, Any]]) -> list[Job]:
        """Every arm with every seed."""
        from forethought.evaluation.comparison import CHAMPION

        options = self.options
        what: tuple[str, ...] = (options.suite, "--n", str(options.n), "--episodes", str(options.episodes))
        what += ("--horizon", str(options.horizon))
        return [
            self._job(f"{arm}-{seed}", arm, seed, chosen.get(arm, {}), what, f"{CHAMPION}-{seed}")
            for seed in self.seeds
            for arm in self.arms
        ]

    def _job(
        self,
        name: str,
        arm: str,
        seed: int,
        more: Mapping[str, Any],
        what: tuple[str, ...],
        yoke: str,
        share: float = 1,
    ) -> Job:
        from forethought.evaluation.comparison import MEASURED
        from forethought.training.arms import way_of

        folder = self.folder / name
        after = (yoke,) if way_of(arm).yoked else ()
        if after:
            more = {**more, "recorded": recorded_in(folder, self.folder / yoke)}
        config = self.configs[arm]
        more = {**more, "budget_tokens": round(share * config.budget_tokens)}
        if config.budget_flops:
            more["budget_flops"] = share * config.budget_flops
        train = train_command(self.options.recipe, arm, seed, folder, {**self.settings, **more})
        measure = ("eval", *what, "--model", str(folder), "--json")
        asked = config.model_copy(update={**more, "seed": seed})
        return Job(name, (train, measure), folder / MEASURED, after, asked)

    def afresh(self, run: str) -> list[Job]:
        """A run measured once more when it is done: in other situations, and asked in other ways."""
        from forethought.evaluation.comparison import FRESH, PROMPTS_FILE

        def job(suite: str, leaves: str, *more: str) -> Job:
            folder, n = self.folder / run, str(self.options.fresh)
            measure = ("eval", suite, "--n", n, *more, "--model", str(folder), "--json")
            return Job(f"{run}, {Path(leaves).stem}", (measure,), folder / leaves, (run,))

        again = [job("consequences", FRESH, "--seed", "1"), job("prompts", PROMPTS_FILE)]
        return again if self.options.fresh else []

    def chosen(self) -> dict[str, dict[str, Any]]:
        """The settings that did best in validation situations, for each arm; written down with what was tried."""
        if not self.options.tune:
            return {}
        from forethought.evaluation.tuning import tuning_scores, validation_score

        told: dict[str, Any] = {}
        for arm in self.arms:
            scores = tuning_scores(self.folder / f"tune-{arm}", validation_score)
            best = max(scores, key=lambda k: scores[k], default=0)
            search = [dict(settings) for settings in self._searched(arm)]
            tried = [{"settings": search[k], "score": score} for k, score in scores.items()]
            told[arm] = {"chosen": search[best], "tried": tried, "seed": TUNE_SEED, "share": TUNE_SHARE}
        storage.write_json(self.folder / TUNING_FILE, told)
        return {arm: found["chosen"] for arm, found in told.items()}

    # ---- the end --------------------------------------------------------------------------------------------------
    def conclude(self, failed: dict[str, str], command: str) -> Comparison:
        """Compares what was measured and writes it down."""
        from forethought.evaluation.checks import beside
        from forethought.evaluation.comparison import AGAIN, RESULT_FILE, compared

        folders = {(arm, seed): self.folder / f"{arm}-{seed}" for arm in self.arms for seed in self.seeds}
        names, again = [folder.name for folder in folders.values()], AGAIN if self.options.fresh else ()
        there = beside(self.folder, names, self.arms, again, self.options.tune)
        found = compared(self.arms, self.seeds, folders, failed, there)
        worlds = "+".join(self.configs[self.arms[0]].worlds)
        made = found.runs[0].made if found.runs else {}
        save(self.folder, RESULT_FILE, found.records(worlds), command, found.to_dict(), made)
        return found

    def cost(self) -> None:
        """Says what all of it would take, after a moment's training on this machine."""
        from forethought.training.rehearsal import rehearse

        config = self.configs[self.arms[0]]
        with self.console.status("trying how fast this machine is"):
            tried = rehearse(config)
        jobs = self.runs({}) + self.tuning()
        flops_of_token = tried.flops / tried.tokens
        each = config.budget_flops / flops_of_token if config.budget_flops else config.budget_tokens
        tokens = each * (len(self.arms) * len(self.seeds) + len(self.tuning()) * TUNE_SHARE)
        seconds = tokens / tried.tokens * tried.seconds
        tell_cost(jobs, tokens, tokens * flops_of_token, seconds, self.console)
