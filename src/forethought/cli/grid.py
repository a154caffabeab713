"""The runs of ``forethought capacity``: which there are to be, in which order, and what has become of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.console import Console

from forethought import storage
from forethought.cli.jobs import Job
from forethought.cli.options import about
from forethought.cli.sweep import (
    OF_A_RUN,
    TUNE_SEED,
    TUNE_SHARE,
    TUNING_FILE,
    champion_first,
    check_numbers,
    keep_plan,
    recorded_in,
    save,
    settings_of,
    tell_left,
    train_command,
    work_off,
)
from forethought.config import TrainConfig
from forethought.errors import BadSetting, UnknownName

if TYPE_CHECKING:
    from forethought.evaluation.capacity import Capacity, Key

ARMS = ("developmental", "imitation", "static-mixed", "static-same")
FACTORS = (1.0, 0.5, 2.0)
"""What both learning rates are multiplied by, in the order in which they are tried."""
OF_A_CELL = OF_A_RUN | {"worlds": "--worlds", "model": "--sizes", "keep": "--keep", "budget_tokens": "--budget-tokens"}
TUNE_QUESTIONS = 0.5
"""The share of the questions that tuning asks."""


@dataclass(frozen=True)
class CapacityOptions:
    """The grid, and at what cost."""

    worlds: Annotated[tuple[str, ...], about("each is a grid of its own; sums: facts to memorise beside rules")] = (
        "sums", "errand",
    )  # fmt: skip
    sizes: Annotated[tuple[str, ...], about("presets: pico, nano, tiny, mini, small")] = ("pico", "nano", "tiny")
    arms: Annotated[tuple[str, ...], about("ways of training (docs/arms.md)")] = ARMS
    seeds: Annotated[tuple[int, ...], about("which seeds; a verdict needs four")] = (0, 1, 2, 3)
    folder: Annotated[Path, about("where everything lies")] = Path("runs/capacity")
    budget_tokens: Annotated[int, about("training tokens of each run")] = 3_000_000
    recipe: Annotated[str, about("where all other settings come from")] = "quickstart"
    set: Annotated[tuple[str, ...], about("settings for all runs, e.g. batch_steps=64", "[NAME=VALUE ...]")] = ()
    tune: Annotated[int, about(f"learning rates tried for each size and arm, up to {len(FACTORS)}; 0: none")] = 0
    keep: Annotated[int, about("models kept on the way, of which the best on validation is told beside the last")] = 3
    n: Annotated[int, about("questions of each kind in each place")] = 200
    at_once: Annotated[int | None, about("processes of one thread (default: one for each core)", "INT")] = None
    dry_run: Annotated[bool, about("say what it would cost, and do nothing")] = False
    json: Annotated[bool, about("print the result as JSON")] = False


class Grid:
    """Which runs there are to be, in which order, and what has become of them."""

    def __init__(self, options: CapacityOptions, console: Console) -> None:
        from forethought.evaluation.capacity import grid_of
        from forethought.evaluation.comparison import CHAMPION
        from forethought.models import PRESETS
        from forethought.training.recipes import recipe
        from forethought.worlds import make

        self.options, self.console, self.folder = options, console, options.folder
        self.champion, self.arms = CHAMPION, champion_first(options.arms, console)
        for size in options.sizes:
            if size not in PRESETS:
                raise UnknownName.of("size", size, PRESETS)
        self.sizes = sorted(set(options.sizes), key=list(PRESETS).index)
        self.worlds, self.seeds = tuple(dict.fromkeys(options.worlds)), tuple(dict.fromkeys(options.seeds))
        if not (self.arms and self.sizes and self.worlds and self.seeds):
            raise BadSetting("nothing to train; expected at least one world, size, arm and seed")
        if not 0 <= options.tune <= len(FACTORS):
            raise BadSetting(f"--tune {options.tune}; expected 0 to {len(FACTORS)} learning rates to try")
        check_numbers(options, n=1, keep=0, at_once=1)
        self.settings: dict[str, Any] = {"question_share": 0.0, **settings_of(options.set, OF_A_CELL)}
        self.recipe = recipe(options.recipe)
        for world in self.worlds:
            for arm in self.arms:
                self.level = self._config(world, self.sizes[0], arm).level
            make(world, level=self.level, split="test")
        self.keys = grid_of(self.worlds, self.sizes, self.arms, self.seeds)

    def _config(self, world: str, size: str, arm: str) -> TrainConfig:
        """What a cell is trained with, so that a wrong setting is told before anything starts."""
        from forethought.training.arms import comparable, way_of

        made = self.recipe(arm, 0, self.options.budget_tokens)
        more = {"worlds": (world,), "model": size, "keep": self.options.keep}
        more |= {"recorded": "here"} if way_of(arm).yoked else {}
        return comparable(TrainConfig.of(**{**made.model_dump(), **self.settings, **more}))

    def keep(self) -> None:
        """Writes the plan; ``BadSetting`` where another one was begun in this folder."""
        options = self.options
        mine = {name: getattr(options, name) for name in ("recipe", "budget_tokens", "tune", "keep", "n")}
        mine["set"] = list(options.set)
        keep_plan(self.folder, mine, "grid", "Worlds, sizes, arms and seeds")

    # ---- jobs -----------------------------------------------------------------------------------------------------
    def work(self) -> dict[str, str]:
        """Tunes, trains and measures whatever is not done; returns what failed."""
        failed = self._jobs(self.tuning())
        return {**failed, **self._jobs(self.runs(self.chosen()))}

    def _jobs(self, jobs: Sequence[Job]) -> dict[str, str]:
        return work_off(jobs, self.folder, self.options.at_once, self.console)

    def tuning(self) -> list[Job]:
        """Short runs of each cell with each of the learning rates, measured in validation situations."""
        cells = dict.fromkeys(key._replace(seed=TUNE_SEED) for key in self.keys)
        budget = round(TUNE_SHARE * self.options.budget_tokens)
        return [self._job(key, budget, k, tuning=True) for key in cells for k in range(self.options.tune)]

    def runs(self, chosen: dict[str, float]) -> list[Job]:
        """Every run of the grid."""
        rates = {key: FACTORS.index(chosen.get(key.cell, 1.0)) for key in self.keys}
        return [self._job(key, self.options.budget_tokens, rates[key]) for key in self.keys]

    def _job(self, key: Key, budget: int, k: int, tuning: bool = False) -> Job:
        from forethought.evaluation.comparison import MEASURED
        from forethought.training.arms import way_of

        def name(of: Key, at: int) -> str:
            return str(of.tuned(at) if tuning else of.path)

        folder, config = self.folder / name(key, k), self._config(*key[:3])
        mine: dict[str, Any] = {"matrix_rate": FACTORS[k] * config.matrix_rate, "keep": 0 if tuning else config.keep}
        mine |= {"learning_rate": FACTORS[k] * config.learning_rate, "budget_tokens": budget}
        after = (name(key._replace(arm=self.champion), 0),) if way_of(key.arm).yoked else ()
        if after:
            mine["recorded"] = recorded_in(folder, self.folder / after[0])
        settings = {**self.settings, **mine, "worlds": key.world, "model": key.size}
        train = train_command(self.options.recipe, key.arm, key.seed, folder, settings)
        n = max(1, round(TUNE_QUESTIONS * self.options.n)) if tuning else self.options.n
        measure = ("eval", "shares", "--n", str(n), "--model", str(folder), "--json")
        asked = config.model_copy(update={**mine, "seed": key.seed})
        return Job(name(key, k), (train, measure), folder / MEASURED, after, asked)

    def chosen(self) -> dict[str, float]:
        """The factor that did best in validation situations for each world, size and arm; written down with the rest.

        Cells that failed keep the recipe's own rates.
        """
        from forethought.evaluation.tuning import last_score, tuning_scores

        told: dict[str, Any] = {}
        for key in dict.fromkeys(key._replace(seed=TUNE_SEED) for key in self.keys) if self.options.tune else ():
            stem = self.folder / "tune" / key.path.parent / key.arm
            scores = {FACTORS[k]: score for k, score in tuning_scores(stem, last_score).items()}
            best = max(scores, key=lambda factor: scores[factor], default=1.0)
            tried = [{"factor": factor, "score": score} for factor, score in scores.items()]
            told[key.cell] = {"factor": best, "tried": tried, "seed": TUNE_SEED, "share": TUNE_SHARE}
        if told:
            storage.write_json(self.folder / TUNING_FILE, told)
        return {cell: found["factor"] for cell, found in told.items()}

    # ---- the end --------------------------------------------------------------------------------------------------
    def conclude(self, failed: dict[str, str], command: str) -> Capacity:
        """Reads off what was measured and writes it down."""
        from forethought.evaluation.capacity import RESULT_FILE, measured

        found = measured(self.keys, self.folder, failed, self.options.tune)
        made = next((run.made for run in found.runs.values()), {})
        save(self.folder, RESULT_FILE, found.records(), command, found.to_dict(), made)
        return found

    def cost(self) -> None:
        """Says what is left to do would take, after a moment's training of each size on this machine."""
        from forethought.training.rehearsal import rehearse

        jobs, left = self.runs({}) + self.tuning(), dict[tuple[str, str], int]()
        for config in (job.config for job in jobs if not job.done):
            assert config is not None
            cell = config.worlds[0], config.model
            left[cell] = left.get(cell, 0) + config.budget_tokens
        seconds = flops = 0.0
        with self.console.status("trying how fast this machine is"):
            for cell, tokens in left.items():
                tried = rehearse(self._config(*cell, self.champion))
                seconds += tokens / tried.tokens * tried.seconds
                flops += tokens / tried.tokens * tried.flops
        tell_left(jobs, sum(left.values()), flops, seconds, self.console)
